"""Scans over midnight whose dates turned, and whose dates did not."""

from datetime import datetime, timedelta

import pytest

from ctpet.dicom.suv.audit import audit_suv
from tests.pet_factory import (
    BED_S,
    FACTOR,
    HALF_LIFE_S,
    codes,
    mean_time_s,
    pet_series,
    set_all,
    set_injection,
    set_time,
)

BEFORE = datetime(2026, 1, 5, 23, 58)


def over_midnight(*, begun=BEFORE, turned=False, beds=4):
    """Beds of 150 s from just before midnight, injected an hour earlier."""
    pet = pet_series(beds=beds)
    for k, ds in enumerate(pet):
        bed = k * beds // len(pet)
        acquired = begun + timedelta(seconds=bed * BED_S)
        set_time(ds, "Series", begun)
        set_time(ds, "Acquisition", acquired)
        if not turned:
            ds.AcquisitionDate = begun.strftime("%Y%m%d")
        ds.FrameReferenceTime = f"{1000 * (bed * BED_S + mean_time_s()):.3f}"
    injected = begun - timedelta(hours=1)
    set_injection(
        pet,
        RadiopharmaceuticalStartTime=injected.strftime("%H%M%S"),
        RadiopharmaceuticalStartDateTime=injected.strftime("%Y%m%d%H%M%S"),
    )
    return pet


def test_dates_that_turned_need_no_mending():
    audit = audit_suv(over_midnight(turned=True))
    assert audit.factor == pytest.approx(FACTOR)
    assert audit.findings == ()


@pytest.mark.parametrize(
    "begun", [BEFORE, datetime(2025, 12, 31, 23, 59), datetime(2028, 2, 29, 23, 57)]
)
@pytest.mark.parametrize("dated", [True, False])
def test_dates_that_stayed_are_turned_with_a_finding(begun, dated):
    pet = over_midnight(begun=begun)
    if not dated:
        set_injection(pet, RadiopharmaceuticalStartDateTime=None)
    audit = audit_suv(pet)
    assert audit.rule == "bqml-start-agreed"
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"midnight-date-kept"}
    assert {each.time.date() for each in audit.candidates} == {begun.date()}


def test_later_beds_alone_are_turned_by_the_series_time():
    audit = audit_suv(over_midnight()[4:])
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)
    assert codes(audit) == {"midnight-date-kept", "reference-time-spread"}


def test_frames_without_series_time_are_turned_by_each_other():
    pet = over_midnight()
    set_all(pet, SeriesTime=None)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)
    assert codes(audit) == {"midnight-date-kept"}


def test_uncorrected_frames_over_midnight():
    pet = over_midnight()
    set_all(pet, DecayCorrection="NONE", CorrectedImage=["ATTN"])
    audit = audit_suv(pet)
    for k, factor in enumerate(audit.factors):
        late_s = (k // 2) * BED_S + mean_time_s()
        assert factor == pytest.approx(FACTOR * 2 ** (late_s / HALF_LIFE_S))


def test_reprocessing_in_the_evening_is_no_midnight():
    pet = pet_series()
    for ds in pet:
        set_time(ds, "Series", datetime(2026, 1, 5, 23, 30))
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR, rel=1e-5)
    assert codes(audit) == {"series-after-acquisition"}


def test_two_time_points_of_one_day_are_no_midnight():
    pet = pet_series()
    for ds in pet[4:]:
        set_time(ds, "Acquisition", datetime(2026, 1, 5, 23, 30))
    assert "midnight-date-kept" not in codes(audit_suv(pet))
