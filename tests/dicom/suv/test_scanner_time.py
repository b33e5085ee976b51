"""DICOM dates, times and offsets as headers write them, legal and not."""

from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctpet.dicom.suv.scanner_time import parse_date, parse_datetime, parse_offset, parse_time

HANOI = timezone(timedelta(hours=7))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("110203.5", time(11, 2, 3, 500000)),
        ("110203.000015", time(11, 2, 3, 15)),
        ("110203.1234567", time(11, 2, 3, 123456)),
        ("110203", time(11, 2, 3)),
        ("1102", time(11, 2)),
        ("11", time(11)),
        ("11:02:03", time(11, 2, 3)),
        (" 110203 ", time(11, 2, 3)),
        ("235960", time(23, 59, 59)),
        ("", None),
        ("1102030", None),
        ("250000", None),
        ("noon", None),
    ],
)
def test_times(value, expected):
    assert parse_time(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20260105", date(2026, 1, 5)),
        ("2026.01.05", date(2026, 1, 5)),
        ("20260230", None),
        ("2026", None),
        ("", None),
    ],
)
def test_dates(value, expected):
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("+0700", HANOI),
        ("-0330", timezone(timedelta(hours=-3, minutes=-30))),
        ("", None),
        ("0700", None),
        ("+9900", None),
    ],
)
def test_offsets(value, expected):
    assert parse_offset(value) == expected


@pytest.mark.parametrize(
    ("value", "local", "expected"),
    [
        ("20260105110203.25", None, datetime(2026, 1, 5, 11, 2, 3, 250000)),
        ("2026010511", None, datetime(2026, 1, 5, 11)),
        ("20260105230000+0000", HANOI, datetime(2026, 1, 6, 6)),
        ("20260105110000+0700", HANOI, datetime(2026, 1, 5, 11)),
        ("20260105110000+0900", None, datetime(2026, 1, 5, 11)),
        ("20260105", None, None),
        ("202601", None, None),
        ("", None, None),
    ],
)
def test_datetimes(value, local, expected):
    assert parse_datetime(value, local) == expected


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), st.integers(-12, 14))
def test_every_datetime_is_read_back_in_its_own_zone(moment, hours):
    zone = timezone(timedelta(hours=hours))
    aware = moment.replace(tzinfo=zone)
    stated = aware.astimezone(HANOI)
    value = stated.strftime("%Y%m%d%H%M%S.%f") + "+0700"
    assert parse_datetime(value, zone) == moment
