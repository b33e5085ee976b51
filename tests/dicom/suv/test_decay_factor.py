"""Decay Factor (0054,1321) as a witness of the instant to which decay was corrected."""

from datetime import timedelta

import pytest

from ctpet.dicom.suv.audit import audit_suv
from tests.pet_factory import (
    BED_S,
    FACTOR,
    HALF_LIFE_S,
    REFERENCE,
    codes,
    mean_time_s,
    pet_series,
    refused,
    set_all,
    set_injection,
    set_time,
    shift,
)


@pytest.fixture
def pet():
    return pet_series()


def factor_after(seconds):
    """SUVbw per Bq/mL if decay was corrected to so long after the injection."""
    return FACTOR * 2 ** ((seconds - 3600) / HALF_LIFE_S)


def set_decay_factors(pet, *, reference=REFERENCE, duration_s=BED_S, digits=6):
    """Write what a scanner writes that corrects decay to the reference."""
    for ds in pet:
        clock = ds.AcquisitionTime
        acquired = REFERENCE.replace(
            hour=int(clock[:2]), minute=int(clock[2:4]), second=int(clock[4:6])
        )
        late_s = (acquired - reference).total_seconds() + mean_time_s(duration_s)
        ds.DecayFactor = f"{2 ** (late_s / HALF_LIFE_S):.{digits}g}"


def candidates(audit):
    return {each.name: each for each in audit.candidates}


def test_it_is_recorded_beside_the_others(pet):
    set_decay_factors(pet)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-agreed"
    assert audit.findings == ()
    witness = candidates(audit)["decay-factor"]
    assert abs(witness.time - REFERENCE) < timedelta(seconds=1)
    assert witness.factor == pytest.approx(FACTOR, rel=1e-4)


@pytest.mark.parametrize("value", [None, "", "1", "1.0", "0.98", "none", "inf", "0"])
def test_it_says_nothing(pet, value):
    set_all(pet, DecayFactor=None)
    for ds in pet:
        if value is not None:
            ds.add_new("DecayFactor", "LO", value)
    audit = audit_suv(pet)
    assert "decay-factor" not in candidates(audit)
    assert audit.findings == ()


def test_too_few_decimals_say_nothing(pet):
    set_all(pet, DecayFactor="1.1")
    assert "decay-factor" not in candidates(audit_suv(pet))


def late_frame(pet, *, series):
    """A frame of 20 min, 50 min into a scan that began at 11:00 as the tracer was injected."""
    for ds in pet:
        set_time(ds, "Acquisition", REFERENCE + timedelta(minutes=50))
        set_time(ds, "Series", series)
    set_all(pet, ActualFrameDuration="1200000", FrameReferenceTime="0", DecayFactor="1.45951")
    set_injection(
        pet,
        RadiopharmaceuticalStartTime="110000",
        RadiopharmaceuticalStartDateTime="20260105110000",
    )


def test_frame_reference_time_of_zero_yields_to_it(pet):
    late_frame(pet, series=REFERENCE)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-decay-factor"
    assert audit.factor == pytest.approx(factor_after(0), rel=1e-3)
    assert codes(audit) == {"reference-time-spread"}


def test_frame_reference_time_of_zero_yields_to_it_without_any_other_witness(pet):
    late_frame(pet, series=REFERENCE + timedelta(minutes=50))
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-decay-factor"
    assert audit.factor == pytest.approx(factor_after(0), rel=1e-3)
    assert "reference-time-spread" in codes(audit)


def test_it_finds_the_reference_of_a_reprocessed_series_without_frame_times(pet):
    set_decay_factors(pet)
    set_all(pet, FrameReferenceTime=None)
    shift(pet, Series=30 * 60)
    audit = audit_suv(pet[4:])
    assert audit.rule == "bqml-start-decay-factor"
    assert audit.factor == pytest.approx(FACTOR, rel=1e-4)


def test_frame_reference_time_that_the_series_bears_out_goes_before_it(pet):
    set_decay_factors(pet, reference=REFERENCE - timedelta(minutes=20))
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-frame-reference"
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)
    assert codes(audit) == {"reference-time-spread"}


def test_it_goes_before_a_frame_reference_time_that_nothing_bears_out(pet):
    set_decay_factors(pet)
    for ds in pet:
        ds.FrameReferenceTime = f"{float(ds.FrameReferenceTime) + 1200e3:.3f}"
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-decay-factor"
    assert audit.factor == pytest.approx(FACTOR, rel=1e-4)


def test_three_witnesses_of_three_references_are_refused(pet):
    set_decay_factors(pet, reference=REFERENCE - timedelta(minutes=20))
    shift(pet, Series=-40 * 60)
    for ds in pet:
        ds.FrameReferenceTime = f"{float(ds.FrameReferenceTime) + 600e3:.3f}"
    assert refused(pet) == "reference-time-contradicted"


def test_beds_that_do_not_lead_to_one_instant_are_not_used(pet):
    set_all(pet, DecayFactor="1.00791")
    audit = audit_suv(pet)
    assert "decay-factor" not in candidates(audit)
    assert codes(audit) == {"decay-factor-inconsistent"}


def test_slice_between_beds_may_bear_the_factor_of_its_neighbour(pet):
    set_decay_factors(pet)
    pet[3].DecayFactor = pet[4].DecayFactor
    audit = audit_suv(pet)
    assert abs(candidates(audit)["decay-factor"].time - REFERENCE) < timedelta(seconds=1)


def test_ge_whose_slices_all_bear_the_series_time_is_not_counted_back(pet):
    """Discovery ST: Frame Reference Time 1098 s, acquisition time that of the series."""
    set_all(pet, Manufacturer="GE MEDICAL SYSTEMS", ActualFrameDuration="180000")
    set_all(pet, FrameReferenceTime="1098000", DecayFactor="1.13312")
    for ds in pet:
        set_time(ds, "Acquisition", REFERENCE)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-agreed"
    assert audit.factor == pytest.approx(FACTOR)
