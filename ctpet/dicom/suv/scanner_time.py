"""Times in DICOM headers as the scanner's own clock: naive datetimes, all in one local zone.

Every time of a series is compared with others of the same series only, so the zone matters just
where one value states an offset and another does not.
"""

import re
from datetime import date, datetime, time, timedelta, timezone

from pydicom import Dataset

from ctpet.dicom.suv.header import text

_DATE = re.compile(r"(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6})\d*)?)?)?")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?|(Z)")
_DATETIME = re.compile(r"([\d.\-]{8,10}?)[T ]?(\d[\d:.]*)\s*((?<=\s)\d{4}|[+-][\d:]+|Z)?")
_QUARTER_S = 900.0

YEARS = (1900, 2200)
"""De-identification sets 1900; the years beyond are no dates."""
_LARGEST_OFFSET = timedelta(hours=14)


def parse_date(value: str) -> date | None:
    """Return a DA value (PS3.5 section 6.2), also in the old dotted form; None if unreadable.

    So is a year outside :data:`YEARS`: nobody scanned then.
    """
    found = _DATE.fullmatch(value.strip())
    try:
        day = date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None
    return day if day is not None and YEARS[0] <= day.year <= YEARS[1] else None


def parse_time(value: str) -> time | None:
    """Return a TM value (PS3.5 section 6.2), also with colons; None if unreadable."""
    found = _TIME.fullmatch(value.strip())
    if not found:
        return None
    hour, minute, second, fraction = found.groups(default="0")
    try:
        return time(int(hour), int(minute), min(int(second), 59), int(fraction.ljust(6, "0")))
    except ValueError:
        return None


def parse_offset(value: str) -> timezone | None:
    """Return an offset from UTC such as ``+0700``, ``+07:00`` or ``Z``; None if unreadable."""
    found = _OFFSET.fullmatch(value.strip())
    if not found:
        return None
    sign, hours, minutes, _ = found.groups(default="0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset > _LARGEST_OFFSET:
        return None
    return timezone(-offset if sign == "-" else offset)


def parse_datetime(value: str, local: timezone | None) -> datetime | None:
    """Return a DT value (PS3.5 section 6.2) on the scanner's clock; None if unreadable.

    Args:
        value: ``YYYYMMDDHHMMSS.FFFFFF&ZZXX``; at least the hour must be there, for a date alone
            says no time.
        local: the zone of the data set's other times. A value that states another offset is moved
            into it; where it is unknown, the value's own clock is taken as the scanner's.
    """
    naive, offset = _split(value)
    if naive is None or offset is None or local is None:
        return naive
    return naive.replace(tzinfo=offset).astimezone(local).replace(tzinfo=None)


def stated_offset(value: str) -> timezone | None:
    """Return the offset from UTC that a DT value states, None if it states none."""
    return _split(value)[1]


def zone(ds: Dataset) -> timezone | None:
    """Return the zone of the data set's times, None where it cannot be told.

    Timezone Offset From UTC (0008,0201); else what lies between Acquisition DateTime (0008,002A),
    where that states an offset, and Acquisition Date and Time, which are local. Where these are
    absent, Acquisition DateTime is the scan's clock, and so is its offset.
    """
    told = parse_offset(text(ds, "TimezoneOffsetFromUTC"))
    if told is not None:
        return told
    stated, offset = _split(text(ds, "AcquisitionDateTime"))
    local = _combine(ds, "AcquisitionDate", "AcquisitionTime")
    if stated is None or offset is None:
        return None
    if local is None:
        return offset
    apart_s = (local - (stated - (offset.utcoffset(None)))).total_seconds()
    whole = timedelta(seconds=round(apart_s / _QUARTER_S) * _QUARTER_S)
    if abs(apart_s - whole.total_seconds()) > 60 or abs(whole) > _LARGEST_OFFSET:
        return None
    return timezone(whole)


def _split(value: str) -> tuple[datetime | None, timezone | None]:
    """Return the clock of a DT value and its offset, each None where absent or unreadable."""
    found = _DATETIME.fullmatch(value.strip())
    if not found:
        return None, None
    day, clock = parse_date(found.group(1)), parse_time(found.group(2))
    written = found.group(3) or ""
    offset = parse_offset(f"+{written}" if written.isdigit() else written)
    if day is None or clock is None or (written and offset is None):
        return None, None
    return datetime.combine(day, clock), offset


def series_datetime(ds: Dataset) -> datetime | None:
    """Return Series Date and Time (0008,0021) (0008,0031), DICOM's Series Reference Time."""
    return _combine(ds, "SeriesDate", "SeriesTime")


def acquisition_datetime(ds: Dataset) -> datetime | None:
    """Return when the acquisition of this slice started.

    Acquisition Date and Time (0008,0022) (0008,0032), else Acquisition DateTime (0008,002A). A
    time without a date is taken on the series' date, the next day if that puts it half a day
    before the series.
    """
    found = _combine(ds, "AcquisitionDate", "AcquisitionTime")
    if found is None:
        found = parse_datetime(text(ds, "AcquisitionDateTime"), zone(ds))
    if found is not None:
        return found
    series, clock = series_datetime(ds), parse_time(text(ds, "AcquisitionTime"))
    if series is None or clock is None:
        return None
    found = datetime.combine(series.date(), clock)
    return found + timedelta(days=1) if series - found > timedelta(hours=12) else found


def _combine(ds: Dataset, date_keyword: str, time_keyword: str) -> datetime | None:
    day, clock = parse_date(text(ds, date_keyword)), parse_time(text(ds, time_keyword))
    return None if day is None or clock is None else datetime.combine(day, clock)
