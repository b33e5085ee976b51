"""Dynamic scans that began before the injection, and injections after the scan."""

from datetime import datetime, timedelta

import pytest

from ctpet.dicom.suv.audit import audit_suv
from tests.pet_factory import (
    DOSE_BQ,
    HALF_LIFE_S,
    REFERENCE,
    WEIGHT_KG,
    codes,
    pet_series,
    refused,
    set_all,
    set_injection,
    set_time,
)


def dynamic(*, began=REFERENCE, lead_s=54.0, frame_s=1800.0, duration_s=600.0):
    """One frame of a dynamic scan that began some seconds before the injection."""
    pet = pet_series(beds=1)
    for ds in pet:
        set_time(ds, "Series", began)
        set_time(ds, "Acquisition", began + timedelta(seconds=frame_s))
    x = duration_s / HALF_LIFE_S
    set_all(pet, ActualFrameDuration=f"{1000 * duration_s:.0f}", SeriesType=["DYNAMIC", "IMAGE"])
    set_all(pet, FrameReferenceTime=f"{1000 * (frame_s + duration_s / 2 * (1 - 0.058 * x)):.0f}")
    injected = began + timedelta(seconds=lead_s)
    set_injection(
        pet,
        RadiopharmaceuticalStartTime=injected.strftime("%H%M%S"),
        RadiopharmaceuticalStartDateTime=injected.strftime("%Y%m%d%H%M%S"),
    )
    return pet


def factor_after(seconds):
    return 1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-seconds / HALF_LIFE_S))


@pytest.mark.parametrize("stated", ["both", "clock", "datetime"])
@pytest.mark.parametrize("lead_s", [2, 54, 20 * 60])
def test_decay_runs_back_to_the_reference(stated, lead_s):
    pet = dynamic(lead_s=lead_s)
    if stated == "clock":
        set_injection(pet, RadiopharmaceuticalStartDateTime=None)
    if stated == "datetime":
        set_injection(pet, RadiopharmaceuticalStartTime=None)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(factor_after(-lead_s), rel=5e-4)
    assert "injection-during-scan" in codes(audit)
    assert "injection-date-replaced" not in codes(audit)


@pytest.mark.parametrize("dated", [True, False])
def test_over_midnight(dated):
    pet = dynamic(began=datetime(2026, 1, 5, 23, 59, 30))
    if not dated:
        set_injection(pet, RadiopharmaceuticalStartDateTime=None)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(factor_after(-54), rel=5e-4)


def test_uncorrected_frame_from_the_first_minute():
    pet = dynamic(frame_s=0, lead_s=30, duration_s=120)
    set_all(pet, DecayCorrection="NONE", CorrectedImage=["ATTN"])
    assert audit_suv(pet).factor == pytest.approx(factor_after(30), rel=1e-3)


@pytest.mark.parametrize("after_s", [0, 60, 1800])
def test_injection_after_the_scan_is_refused(after_s):
    assert refused(dynamic(frame_s=120, duration_s=600, lead_s=720 + after_s)) == "negative-uptake"


def test_injection_long_after_the_reference_is_no_dynamic_scan():
    assert refused(dynamic(frame_s=3600, lead_s=1900)) == "negative-uptake"


def test_uptake_is_that_of_the_frame_and_not_of_the_reference():
    pet = dynamic(lead_s=0, frame_s=3000, duration_s=1200)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(factor_after(0), rel=5e-4)
    assert codes(audit) <= {"reference-time-spread"}
    assert "short-uptake" in codes(audit_suv(dynamic(lead_s=0, frame_s=600)))


def test_clock_half_a_day_before_is_refused():
    pet = pet_series()
    set_injection(pet, RadiopharmaceuticalStartTime="110001", RadiopharmaceuticalStartDateTime=None)
    for ds in pet:
        for name in ("Series", "Acquisition"):
            set_time(ds, name, datetime(2026, 1, 5, 23, 30))
    assert refused(pet) == "uptake-implausible"
