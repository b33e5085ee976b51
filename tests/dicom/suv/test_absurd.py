"""Header values that no scanner writes: read or refused, never a failure."""

from contextlib import suppress

import pytest

from ctpet.dicom.suv.audit import audit_suv
from ctpet.errors import InputRefused
from tests.pet_factory import FACTOR, pet_series, set_injection

OF_SLICES = [
    ("SeriesDate", "00010101"),
    ("AcquisitionDate", "99991231"),
    ("AcquisitionDateTime", "00010101000000-1400"),
    ("FrameReferenceTime", "1e20"),
    ("FrameReferenceTime", "-1e300"),
    ("ActualFrameDuration", "1e300"),
    ("DecayFactor", "1e308"),
    ("DecayFactor", "1.0000000000000000000001"),
    ("DecayFactor", "1e-400"),
    ("PatientAge", "9Y"),
    ("PatientSize", "inf"),
    ("TimezoneOffsetFromUTC", "+9999"),
]

OF_THE_INJECTION = [
    ("RadiopharmaceuticalStartDateTime", "99991231235959+1400"),
    ("RadiopharmaceuticalStartDateTime", "00010101000000"),
    ("RadiopharmaceuticalStartTime", "1e20"),
]


@pytest.mark.parametrize("kind", ["START", "ADMIN", "NONE"])
@pytest.mark.parametrize(("keyword", "value"), OF_SLICES)
def test_absurd_value_of_the_slices(kind, keyword, value):
    pet = pet_series()
    for ds in pet:
        ds.add_new(keyword, "LO", value)
        ds.DecayCorrection = kind
    with suppress(InputRefused):
        assert audit_suv(pet).factor == pytest.approx(FACTOR, rel=0.6)


@pytest.mark.parametrize(("keyword", "value"), OF_THE_INJECTION)
def test_absurd_time_of_the_injection_is_passed_over(keyword, value):
    pet = pet_series()
    for ds in pet:
        ds.RadiopharmaceuticalInformationSequence[0].add_new(keyword, "LO", value)
    assert audit_suv(pet).factor == pytest.approx(FACTOR)


@pytest.mark.parametrize("half_life", ["1e308", "1e-300", "0.5"])
@pytest.mark.parametrize("code", [True, False])
def test_absurd_half_life_is_refused(half_life, code):
    pet = pet_series()
    set_injection(pet, RadionuclideHalfLife=half_life)
    if not code:
        set_injection(pet, RadionuclideCodeSequence=None, Radiopharmaceutical="Solution")
    with pytest.raises(InputRefused) as caught:
        audit_suv(pet)
    assert caught.value.code == "half-life-implausible"


def test_times_of_the_injection_may_be_written_differently_by_slice():
    pet = pet_series()
    set_injection(pet[:3], RadiopharmaceuticalStartTime="100000.000000")
    set_injection(pet[:3], RadiopharmaceuticalStartDateTime="20260105100000.00")
    assert audit_suv(pet).factor == pytest.approx(FACTOR)
