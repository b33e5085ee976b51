"""Which instant the scanner corrected decay to, under START: agreement, order and spread."""

import json
from datetime import datetime, timedelta

import pytest

from ctpet.dicom.suv.audit import audit_suv
from ctpet.errors import InputRefused
from tests.pet_factory import (
    BED_S,
    DOSE_BQ,
    FACTOR,
    HALF_LIFE_S,
    REFERENCE,
    WEIGHT_KG,
    add_private,
    codes,
    mean_time_s,
    pet_series,
    set_all,
    shift,
)

GE_TIME = (0x0009, "GEMS_PETD_01", 0x0D, "DT")
SIEMENS_TIME = (0x0071, "SIEMENS MED PT", 0x22, "DT")


@pytest.fixture
def pet():
    return pet_series()


def names(audit):
    return {candidate.name for candidate in audit.candidates}


def factor_at(seconds_after_injection):
    return 1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-seconds_after_injection / HALF_LIFE_S))


@pytest.mark.parametrize("series_s", [0, -30, -55])
def test_what_agrees_within_a_minute_takes_the_series_time(pet, series_s):
    shift(pet, Series=series_s)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-agreed"
    assert audit.factor == pytest.approx(factor_at(3600 + series_s))


def test_more_than_a_minute_apart_is_no_agreement(pet):
    shift(pet, Series=-70)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-frame-reference"
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)


def test_series_time_of_a_reprocessing_is_left_for_the_frames(pet):
    shift(pet, Series=30 * 60)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)
    assert "series-time" not in names(audit)
    assert "series-after-acquisition" in codes(audit)


def test_series_time_microseconds_after_the_acquisition_is_the_same_instant(pet):
    shift(pet, Acquisition=-0.000015)
    assert "series-time" in names(audit_suv(pet))


def test_later_bed_alone_still_leads_to_the_series_reference(pet):
    later = pet[4:]
    audit = audit_suv(later)
    assert audit.rule == "bqml-start-frame-reference"
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)
    assert audit_suv(pet[7:]).factor == pytest.approx(FACTOR, rel=1e-5)


def test_later_bed_of_a_reprocessed_series(pet):
    shift(pet, Series=30 * 60)
    audit = audit_suv(pet[4:])
    assert audit.rule == "bqml-start-frame-reference"
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)


def test_frame_rule_counts_from_the_mean_activity_of_the_frame(pet):
    shift(pet, Series=30 * 60)
    set_all(pet, ActualFrameDuration="603000")
    for ds in pet:
        bed_s = BED_S if ds.AcquisitionTime.startswith("110230") else 0.0
        ds.FrameReferenceTime = f"{1000 * (bed_s + mean_time_s(603) + 240):.3f}"
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-frame-reference"
    assert audit.factor == pytest.approx(factor_at(3600 - 240), rel=1e-5)


def test_frame_times_of_beds_that_contradict_each_other_are_not_used(pet):
    shift(pet, Series=-300)
    for ds in pet:
        ds.FrameReferenceTime = f"{1000 * mean_time_s():.3f}"
    audit = audit_suv(pet)
    assert "frame-reference" not in names(audit)
    assert "frame-reference-inconsistent" in codes(audit)
    assert audit.rule == "bqml-start-series-time"
    assert audit.factor == pytest.approx(factor_at(3300))


def test_earliest_acquisition_is_the_last_resort(pet):
    set_all(pet, FrameReferenceTime=None)
    shift(pet, Series=30 * 60)
    audit = audit_suv(pet)
    assert names(audit) == {"earliest-acquisition"}
    assert audit.factor == pytest.approx(FACTOR)


def test_slices_in_any_order(pet):
    shift(pet, Series=30 * 60)
    assert audit_suv(pet[::-1]).factor == audit_suv(pet).factor


@pytest.mark.parametrize("duration", [None, "0", "150", "150000000"])
def test_frame_without_believable_duration_is_no_hint(pet, duration):
    set_all(pet, ActualFrameDuration=duration)
    assert names(audit_suv(pet)) == {"series-time", "earliest-acquisition"}


def test_frame_time_of_some_slices_only_is_no_hint(pet):
    set_all(pet[:2], FrameReferenceTime=None)
    assert "frame-reference" not in names(audit_suv(pet))


def test_ge_counts_frame_times_to_the_start_of_the_frame(pet):
    set_all(pet, Manufacturer="GE MEDICAL SYSTEMS")
    for ds in pet:
        ds.FrameReferenceTime = "150000" if ds.AcquisitionTime.startswith("110230") else "0"
    shift(pet, Series=30 * 60)
    audit = audit_suv(pet[4:])
    assert audit.rule == "bqml-start-frame-reference"
    assert audit.factor == pytest.approx(FACTOR)


def test_frame_time_zero_of_a_long_static_frame_is_its_start(pet):
    set_all(pet, FrameReferenceTime="0", ActualFrameDuration="1200000")
    shift(pet[4:], Acquisition=-BED_S)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-agreed"
    assert audit.factor == pytest.approx(FACTOR)


@pytest.mark.parametrize("private", [GE_TIME, SIEMENS_TIME])
def test_private_time_of_the_maker_wins(pet, private):
    add_private(pet, *private, "20260105104000.00")
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-vendor-private"
    assert audit.factor == pytest.approx(factor_at(2400))
    assert "reference-time-spread" in codes(audit)


@pytest.mark.parametrize("private", [GE_TIME, SIEMENS_TIME])
def test_private_time_wins_where_all_agree(pet, private):
    add_private(pet, *private, "20260105105940.00")
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-agreed"
    assert audit.factor == pytest.approx(factor_at(3580))


def test_private_time_of_another_creator_is_not_taken(pet):
    add_private(pet, 0x0009, "SOMEBODY_01", 0x0D, "DT", "20260105104000.00")
    assert "vendor-private" not in names(audit_suv(pet))


def test_private_time_left_as_bytes(pet):
    add_private(pet, 0x0009, "GEMS_PETD_01", 0x0D, "UN", b"20260105104000.00\0")
    assert audit_suv(pet).factor == pytest.approx(factor_at(2400))


def test_private_time_with_an_offset(pet):
    set_all(pet, TimezoneOffsetFromUTC="+0700")
    add_private(pet, *SIEMENS_TIME, "20260105034000+0000")
    assert audit_suv(pet).factor == pytest.approx(factor_at(2400))


def test_private_time_with_an_offset_that_cannot_be_placed_is_not_used(pet):
    add_private(pet, *SIEMENS_TIME, "20260105100000.000000+0000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"private-time-unplaced"}


def test_private_time_that_no_injection_fits_is_passed_over(pet):
    add_private(pet, *GE_TIME, "20260105040000.00")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"private-time-implausible"}
    factors = {each.name: each.factor for each in audit.candidates}
    assert factors["vendor-private"] is None


def test_private_time_that_differs_by_slice_is_not_used(pet):
    add_private(pet[:4], *GE_TIME, "20260105104000.00")
    add_private(pet[4:], *GE_TIME, "20260105104230.00")
    audit = audit_suv(pet)
    assert "vendor-private" not in names(audit)
    assert "private-time-varies" in codes(audit)
    assert audit.factor == pytest.approx(FACTOR)


def test_private_time_of_some_slices_only_is_not_used(pet):
    add_private(pet[:4], *GE_TIME, "20260105104000.00")
    assert "private-time-varies" in codes(audit_suv(pet))


def philips(pet, decayed_bq):
    set_all(pet, Manufacturer="Philips Medical Systems")
    add_private(pet, 0x7053, "Philips PET Private Group", 0x09, "DS", "2")
    suv = 2 * 1000 * WEIGHT_KG / decayed_bq
    add_private(pet, 0x7053, "Philips PET Private Group", 0x00, "DS", f"{suv:.10g}")
    return pet


def test_ratio_of_philips_factors_tells_the_decayed_dose(pet):
    philips(pet, DOSE_BQ * 2 ** (-3000 / HALF_LIFE_S))
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-philips-factor-ratio"
    assert audit.factor == pytest.approx(factor_at(3000), rel=1e-6)
    ratio = next(each for each in audit.candidates if each.name == "philips-factor-ratio")
    assert abs(ratio.time - datetime(2026, 1, 5, 10, 50)) < timedelta(seconds=0.1)


def test_philips_ratio_that_no_decay_explains_is_no_hint(pet):
    philips(pet, DOSE_BQ * 1.5)
    assert "philips-factor-ratio" not in names(audit_suv(pet))


def test_philips_suv_factor_with_another_reference_is_told(pet):
    philips(pet, DOSE_BQ * 2 ** (-3000 / HALF_LIFE_S))
    set_all(pet, Units="CNTS")
    audit = audit_suv(pet)
    assert audit.rule == "cnts-philips-suv"
    assert "reference-time-spread" in codes(audit)


@pytest.mark.parametrize(("seconds", "told"), [(-150, False), (-210, True), (-3000, True)])
def test_spread_over_two_percent_is_told(pet, seconds, told):
    shift(pet, Series=seconds)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-frame-reference"
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)
    spread = [each for each in audit.findings if each.code == "reference-time-spread"]
    assert bool(spread) == told
    assert all("series-time" in each.message and "%" in each.message for each in spread)


def test_candidate_before_the_injection_has_no_factor(pet):
    shift(pet, Series=-2 * 3600)
    audit = audit_suv(pet)
    factors = {each.name: each.factor for each in audit.candidates}
    assert factors["series-time"] is None
    assert factors["frame-reference"] == pytest.approx(FACTOR, rel=1e-5)
    assert json.dumps(audit.to_json())


def test_no_time_at_all_is_refused(pet):
    set_all(pet, SeriesTime=None, AcquisitionTime=None)
    with pytest.raises(InputRefused) as caught:
        audit_suv(pet)
    assert caught.value.code == "reference-time-missing"


def test_acquisition_datetime_stands_in_for_date_and_time(pet):
    shift(pet, Series=30 * 60)
    for ds in pet:
        ds.AcquisitionDateTime = ds.AcquisitionDate + ds.AcquisitionTime
    set_all(pet, AcquisitionDate=None, AcquisitionTime=None)
    assert audit_suv(pet).factor == pytest.approx(FACTOR, rel=1e-5)


def test_acquisition_time_without_date_after_midnight(pet):
    set_all(pet, AcquisitionDate=None, FrameReferenceTime=None)
    set_all(pet, SeriesTime="235900", AcquisitionTime="000130")
    for ds in pet:
        ds.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime = "225900"
        del ds.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime
    audit = audit_suv(pet)
    times = {each.name: each.time for each in audit.candidates}
    assert times["earliest-acquisition"] == REFERENCE.replace(hour=0, minute=1, second=30) + (
        timedelta(days=1)
    )
    assert audit.factor == pytest.approx(FACTOR)
