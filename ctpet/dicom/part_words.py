"""What tells the stacks of one series apart, in words; free of patient data."""

from collections.abc import Iterable

from ctpet.dicom.frames import Frame, frames_of, functional_groups, look_up
from ctpet.dicom.grouping import along_normal_mm
from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.suv.scanner_time import parse_time


def part_words(series: SeriesInfo) -> list[str]:
    """Say where a stack lies, and its acquisition numbers, temporal positions and times.

    Times are those of the day; a date is not told.
    """
    frames = frames_of(series)
    places = [along_normal_mm(frame) for frame in frames if frame.position_mm]
    words = [f"{min(places):.1f} to {max(places):.1f} mm along the normal"] if places else []
    words += _told("acquisition", (frame.acquisition for frame in frames))
    words += _told("temporal position", _values(series, frames, "TemporalPositionIdentifier"))
    words += _told("temporal position", _values(series, frames, "TemporalPositionIndex"))
    for keyword in ("FrameAcquisitionDateTime", "AcquisitionTime", "ContentTime"):
        times = _told("at", map(_clock, _values(series, frames, keyword)))
        if times:
            return words + times
    return words


def _values(series: SeriesInfo, frames: Iterable[Frame], keyword: str) -> list[str]:
    values = []
    for frame in frames:
        header = series.headers[frame.instance]
        groups = functional_groups(header, frame.number)
        values.append(str(look_up(header, groups, "FrameContentSequence", keyword) or ""))
    return values


def _clock(value: str) -> str:
    """Return the time of a TM, or of a DT after its date, as hours, minutes and seconds."""
    clock = parse_time(value[8:14] if len(value) >= 14 and "." not in value[:14] else value)
    return "" if clock is None else clock.strftime("%H:%M:%S")


def _told(what: str, values: Iterable[str]) -> list[str]:
    known = sorted({one for one in values if one}, key=lambda one: (len(one), one))
    if not known:
        return []
    return [f"{what} {known[0]}" if len(known) == 1 else f"{what} {known[0]} to {known[-1]}"]
