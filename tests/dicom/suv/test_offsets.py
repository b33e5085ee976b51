"""Start DateTime of the injection with an offset from UTC, beside what the scan says of its own."""

import warnings

import pytest

from ctpet.dicom.suv.audit import audit_suv
from ctpet.errors import InputRefused
from tests.pet_factory import FACTOR, codes, pet_series, refused, set_all, set_injection


@pytest.fixture
def pet():
    return pet_series()


def inject(pet, stated, clock=None):
    with warnings.catch_warnings(action="ignore"):  # pydicom's, of what is no legal DT
        set_injection(
            pet, RadiopharmaceuticalStartDateTime=stated, RadiopharmaceuticalStartTime=clock
        )


@pytest.mark.parametrize(
    ("zone", "stated"),
    [
        ("+0100", "20260105090000+0000"),
        ("+0100", "20260105040000.000000-0500"),
        ("+0530", "20260105043000+0000"),
        ("+0545", "20260105041500.0+0000"),
        ("-0330", "20260105133000+0000"),
        ("-1000", "20260106090000+1300"),
        ("+1300", "20260104210000+0000"),
        ("+0100", "20260105100000+01:00"),
        ("+0100", "20260105100000 +0100"),
        ("+0100", "20260105100000 0100"),
        ("+0100", "20260105090000Z"),
        ("+01:00", "2026-01-05T09:00:00+00:00"),
        ("Z", "20260105110000+01"),
    ],
)
@pytest.mark.parametrize("clock", [None, "100000"])
def test_offset_is_honoured_where_the_scan_states_its_own(pet, zone, stated, clock):
    set_all(pet, TimezoneOffsetFromUTC=zone)
    inject(pet, stated, clock)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert audit.findings == ()


@pytest.mark.parametrize("zone", ["+0100", "+0545", "-0330"])
def test_zone_of_the_scan_from_its_acquisition_datetime(pet, zone):
    for ds in pet:
        ds.AcquisitionDateTime = f"{ds.AcquisitionDate}{ds.AcquisitionTime}{zone}"
    inject(pet, "20260105100000" + zone, "090000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"injection-times-disagree"}


def test_zone_of_the_scan_from_an_acquisition_datetime_in_utc(pet):
    for ds in pet:
        ds.AcquisitionDateTime = f"20260105040{ds.AcquisitionTime[3:6]}+0000"
    inject(pet, "20260105030000+0000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert audit.findings == ()


@pytest.mark.parametrize(
    "stated",
    [
        "20260105090000+0000",
        "20260105080000Z",
        "20260105110000+0200",
        "20260105043000+0000",
        "20260105094500+1245",
        "20260106000000+1400",
    ],
)
def test_start_time_goes_before_an_offset_that_cannot_be_placed(pet, stated):
    inject(pet, stated, "100000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"injection-offset-unplaced"}


def test_start_time_that_agrees_needs_no_zone(pet):
    inject(pet, "20260105100000+0700", "100000.00")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert audit.findings == ()


@pytest.mark.parametrize(
    "stated", ["20260105030000+0000", "20260105170000+0000", "20260105113000+0200"]
)
def test_offset_that_alone_gives_an_impossible_uptake_is_refused(pet, stated):
    inject(pet, stated)
    with pytest.raises(InputRefused, match=r"0008,0201") as caught:
        audit_suv(pet)
    assert caught.value.code == "injection-time-unplaced"


def test_utc_alone_is_told(pet):
    inject(pet, "20260105100000+0000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"injection-offset-unplaced"}


@pytest.mark.parametrize(
    "stated", ["20260105100000+9900", "20260105100000+07x", "202601051000000700"]
)
def test_unreadable_offset_makes_the_value_unreadable(pet, stated):
    inject(pet, stated)
    assert refused(pet) == "injection-time-missing"
    inject(pet, stated, "100000")
    assert audit_suv(pet).factor == pytest.approx(FACTOR)


def test_scan_and_injection_in_utc_need_no_zone(pet):
    for ds in pet:
        ds.AcquisitionDateTime = f"20260105040{ds.AcquisitionTime[3:6]}+0000"
    set_all(pet, AcquisitionDate=None, AcquisitionTime=None, SeriesTime=None)
    inject(pet, "20260105050000+0200")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)
    assert audit.findings == ()


def test_injection_in_utc_and_scan_in_hanoi_is_refused(pet):
    inject(pet, None, "030000")
    set_all(pet, SeriesTime="113000", AcquisitionTime="113000", FrameReferenceTime=None)
    assert refused(pet) == "uptake-implausible"
