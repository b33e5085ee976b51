"""Dose, half-life and time of the injection."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.sequence import Sequence

from ctpet.dicom.suv.audit import audit_suv
from ctpet.errors import InputRefused
from tests.pet_factory import (
    DOSE_BQ,
    FACTOR,
    HALF_LIFE_S,
    REFERENCE,
    WEIGHT_KG,
    code_item,
    codes,
    pet_series,
    refused,
    set_all,
    set_injection,
    set_time,
    suv_pattern,
)


@pytest.fixture
def pet():
    return pet_series()


def test_dose_in_mbq(pet):
    set_injection(pet, RadionuclideTotalDose="370")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"dose-in-mbq"}


@pytest.mark.parametrize("dose", [None, "", "0", "-1"])
def test_missing_dose_is_refused(pet, dose):
    set_injection(pet, RadionuclideTotalDose=dose)
    assert refused(pet) == "dose-missing"


def test_dose_between_units_is_refused(pet):
    set_injection(pet, RadionuclideTotalDose="370000")
    assert refused(pet) == "dose-unit-unclear"


@pytest.mark.parametrize("dose", ["9.51", "10", "0.37", "10.27e6", "2.2e9", "9999"])
def test_dose_that_nobody_of_that_weight_gets_is_refused_and_units_are_named(pet, dose):
    set_injection(pet, RadionuclideTotalDose=dose)
    with pytest.raises(InputRefused, match=r"in Bq: 1 mCi is 3\.7e7, 1 MBq is 1e6") as caught:
        audit_suv(pet)
    assert caught.value.code == "dose-implausible"


@pytest.mark.parametrize("dose", ["11", "15", "20"])
def test_number_that_may_be_mbq_or_mci_is_refused(pet, dose):
    set_injection(pet, RadionuclideTotalDose=dose)
    assert refused(pet) == "dose-unit-unclear"


@pytest.mark.parametrize("dose", ["10000", "370000", "99999"])
def test_dose_in_kilobecquerel_or_microcurie_is_refused(pet, dose):
    set_injection(pet, RadionuclideTotalDose=dose)
    assert refused(pet) == "dose-unit-unclear"


@pytest.mark.parametrize("dose_bq", [10.6e6, 26e6, 185e6, 740e6, 1400e6])
def test_low_dose_total_body_and_high_doses_are_believed(pet, dose_bq):
    set_injection(pet, RadionuclideTotalDose=f"{dose_bq:g}")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR * DOSE_BQ / dose_bq)
    assert audit.findings == ()


def test_short_lived_tracers_are_given_in_more(pet):
    rubidium = Sequence([code_item("79197006", "SCT", "^82^Rubidium")])
    set_injection(pet, RadionuclideCodeSequence=rubidium, RadionuclideHalfLife="76.4")
    set_injection(pet, RadionuclideTotalDose="2.2e9", RadiopharmaceuticalStartTime="105800")
    set_injection(pet, RadiopharmaceuticalStartDateTime=None)
    left = 2 ** (-120 / 76.4)
    assert audit_suv(pet).factor == pytest.approx(1000 * WEIGHT_KG / (2.2e9 * left))


@pytest.mark.parametrize("weight", ["7", "8.38", "8380"])
def test_weight_a_tenth_of_an_adult_s_does_not_go_with_the_dose(pet, weight):
    set_all(pet, PatientWeight=weight, PatientSize=None)
    assert refused(pet) == "dose-implausible"


@pytest.mark.parametrize(("dose", "weight"), [("14", "3"), ("26", "6.5"), ("110", "70")])
def test_small_number_of_mbq_is_believed_where_mci_would_be_too_much(pet, dose, weight):
    set_injection(pet, RadionuclideTotalDose=dose)
    set_all(pet, PatientWeight=weight, PatientSize=None)
    expected = FACTOR * (float(weight) / WEIGHT_KG) / (float(dose) * 1e6 / DOSE_BQ)
    assert audit_suv(pet).factor == pytest.approx(expected)


def test_dose_that_differs_by_slice_is_refused(pet):
    set_injection(pet[2:3], RadionuclideTotalDose="371e6")
    assert refused(pet) == "mixed-headers"


def test_injection_of_some_slices_only_is_refused(pet):
    set_all(pet[5:6], RadiopharmaceuticalInformationSequence=None)
    assert refused(pet) == "mixed-headers"


def test_missing_injection_is_refused(pet):
    set_all(pet, RadiopharmaceuticalInformationSequence=None)
    assert refused(pet) == "injection-missing"


def test_two_injections_are_refused(pet):
    for ds in pet:
        item = ds.RadiopharmaceuticalInformationSequence[0]
        ds.RadiopharmaceuticalInformationSequence = Sequence([item, item])
    assert refused(pet) == "several-injections"


def test_half_life_comes_from_the_code_of_fluorine_only(pet):
    set_injection(pet, RadionuclideHalfLife=None)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"half-life-from-code"}
    gallium = Sequence([code_item("C-131A3", "SRT", "^68^Gallium")])
    set_injection(pet, RadionuclideCodeSequence=gallium)
    assert refused(pet) == "half-life-missing"
    set_injection(pet, RadionuclideCodeSequence=None)
    assert refused(pet) == "half-life-missing"


def test_half_life_of_another_nuclide_is_used(pet):
    gallium = Sequence([code_item("35337001", "SCT", "^68^Gallium")])
    set_injection(
        pet,
        RadionuclideCodeSequence=gallium,
        RadionuclideHalfLife="4062.6",
        Radiopharmaceutical="PSMA-11",
    )
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-3600 / 4062.6)))
    assert codes(audit) == {"tracer-not-fdg"}


def test_implausible_half_life_is_told(pet):
    set_injection(pet, RadionuclideHalfLife="6800")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-3600 / 6800)))
    assert codes(audit) == {"half-life-implausible"}
    set_injection(pet, RadionuclideHalfLife="6588")
    assert codes(audit_suv(pet)) == set()


@pytest.mark.parametrize("half_life", ["109.77", "110", "1.83", "6586200", "7200", "1221.8"])
@pytest.mark.parametrize("named_by", ["code", "compound"])
def test_half_life_that_is_not_the_nuclide_s_is_refused(pet, half_life, named_by):
    if named_by == "compound":
        set_injection(pet, RadionuclideCodeSequence=None)
    set_injection(pet, RadionuclideHalfLife=half_life)
    assert refused(pet) == "half-life-implausible"


@pytest.mark.parametrize("half_life", ["109.77", "1.83", "67.7", "6586200"])
def test_half_life_of_an_unnamed_nuclide_in_another_unit_is_refused(pet, half_life):
    set_injection(pet, RadionuclideHalfLife=half_life)
    set_injection(pet, RadionuclideCodeSequence=None, Radiopharmaceutical="Solution")
    assert refused(pet) == "half-life-implausible"


def test_half_life_of_no_common_nuclide_is_told(pet):
    set_injection(pet, RadionuclideHalfLife="9000")
    set_injection(pet, RadionuclideCodeSequence=None, Radiopharmaceutical="Solution")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-3600 / 9000)))
    assert "half-life-unknown" in codes(audit)


def test_start_time_alone_is_on_the_day_of_the_scan(pet):
    set_injection(pet, RadiopharmaceuticalStartDateTime=None)
    assert audit_suv(pet).factor == pytest.approx(FACTOR)


def test_start_datetime_alone(pet):
    set_injection(pet, RadiopharmaceuticalStartTime=None)
    assert audit_suv(pet).factor == pytest.approx(FACTOR)


@pytest.mark.parametrize("stated", [None, "20260104233000"])
def test_midnight_between_injection_and_scan(pet, stated):
    for ds in pet:
        for name in ("Series", "Acquisition"):
            time = REFERENCE - timedelta(hours=10, minutes=30)
            late = 150 if ds[f"{name}Time"].value.startswith("110230") else 0
            set_time(ds, name, time + timedelta(seconds=late))
    set_injection(
        pet, RadiopharmaceuticalStartTime="233000", RadiopharmaceuticalStartDateTime=stated
    )
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert audit.findings == ()


def test_injection_after_the_scan_is_refused(pet):
    set_injection(pet, RadiopharmaceuticalStartTime="110500", RadiopharmaceuticalStartDateTime=None)
    assert refused(pet) == "negative-uptake"


def test_injection_datetime_after_the_scan_is_refused(pet):
    set_injection(
        pet, RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime="20260105110500"
    )
    assert refused(pet) == "negative-uptake"


@pytest.mark.parametrize("day", ["20260106", "20251231", "19000101"])
def test_wrong_date_of_injection_is_replaced_with_a_finding(pet, day):
    set_injection(pet, RadiopharmaceuticalStartDateTime=f"{day}100000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"injection-date-replaced"}


def test_disagreeing_clocks_of_injection_are_told(pet):
    set_injection(pet, RadiopharmaceuticalStartTime="093000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"injection-times-disagree"}


def test_clocks_of_injection_seconds_apart_around_midnight_agree(pet):
    for ds in pet:
        for name in ("Series", "Acquisition"):
            set_time(ds, name, datetime(2026, 1, 5, 1, 0))
    set_injection(
        pet,
        RadiopharmaceuticalStartTime="000010",
        RadiopharmaceuticalStartDateTime="20260104235950",
    )
    assert "injection-times-disagree" not in codes(audit_suv(pet))


def test_missing_time_of_injection_is_refused(pet):
    set_injection(pet, RadiopharmaceuticalStartTime="", RadiopharmaceuticalStartDateTime="")
    assert refused(pet) == "injection-time-missing"


@pytest.mark.parametrize(("minutes", "told"), [(29, True), (31, False)])
def test_short_uptake_is_told(pet, minutes, told):
    clock = (REFERENCE - timedelta(minutes=minutes)).strftime("%H%M%S")
    set_injection(pet, RadiopharmaceuticalStartTime=clock, RadiopharmaceuticalStartDateTime=None)
    assert ("short-uptake" in codes(audit_suv(pet))) == told
    set_all(pet, Units="GML")
    assert ("short-uptake" in codes(audit_suv(pet))) == told


def test_long_uptake_is_told(pet):
    set_injection(pet, RadiopharmaceuticalStartTime="043000", RadiopharmaceuticalStartDateTime=None)
    assert "long-uptake" in codes(audit_suv(pet))


def test_long_lived_tracer_needs_a_date(pet):
    zirconium = Sequence([code_item("63360001", "SCT", "^89^Zirconium")])
    set_injection(pet, RadionuclideHalfLife="282280", RadionuclideCodeSequence=zirconium)
    set_injection(pet, RadiopharmaceuticalStartDateTime="20260102100000")
    days = 1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-(3600 + 3 * 86400) / 282280))
    assert audit_suv(pet).factor == pytest.approx(days)
    set_injection(pet, RadiopharmaceuticalStartDateTime=None)
    assert refused(pet) == "injection-time-missing"


@pytest.mark.parametrize(
    ("zone", "stated"),
    [
        ("+0700", "20260105100000+0700"),
        ("+0700", "20260105030000+0000"),
        ("+0700", "20260105100000"),
        (None, "20260105100000+0700"),
        ("-0530", "20260105153000.000000+0000"),
    ],
)
def test_offsets_from_utc(pet, zone, stated):
    set_all(pet, TimezoneOffsetFromUTC=zone)
    set_injection(pet, RadiopharmaceuticalStartDateTime=stated, RadiopharmaceuticalStartTime=None)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert audit.findings == ()


@pytest.mark.parametrize("kind", ["START", "NONE"])
def test_times_zeroed_by_deidentification_are_refused(pet, kind):
    set_all(pet, ActualFrameDuration="0", DecayCorrection=kind)
    set_all(pet, SeriesTime="000000", AcquisitionTime="000000")
    set_injection(pet, RadiopharmaceuticalStartTime="000000", RadiopharmaceuticalStartDateTime=None)
    assert refused(pet) == "times-zeroed"


def test_series_time_zeroed_but_not_the_injection_is_refused(pet):
    set_all(pet, SeriesTime="000000", AcquisitionTime=None)
    assert refused(pet) == "negative-uptake"


@settings(max_examples=60, deadline=None)
@given(
    scanned=st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),
    uptake_s=st.integers(1800, 6 * 3600),
    dated=st.booleans(),
)
def test_uptake_is_found_on_any_day_and_over_midnight(scanned, uptake_s, dated):
    pet = pet_series(suv_pattern((2, 4, 4)), beds=1)
    scanned = scanned.replace(microsecond=0)
    injected = scanned - timedelta(seconds=uptake_s)
    for ds in pet:
        set_time(ds, "Series", scanned)
        set_time(ds, "Acquisition", scanned)
    set_injection(
        pet,
        RadiopharmaceuticalStartTime=injected.strftime("%H%M%S"),
        RadiopharmaceuticalStartDateTime=injected.strftime("%Y%m%d%H%M%S") if dated else None,
    )
    audit = audit_suv(pet)
    left = 2 ** (-uptake_s / HALF_LIFE_S)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / (DOSE_BQ * left))
    assert audit.findings == ()
