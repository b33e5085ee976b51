"""One test for each rule that turns a PET series into SUVbw, on slices made in memory."""

import json
from datetime import timedelta

import pytest
from pydicom.sequence import Sequence

from ctpet.dicom.suv_audit import audit_suv
from ctpet.errors import InputRefused
from ctpet.suv import lean_mass_james120_kg, lean_mass_james128_kg, lean_mass_janmahasatian_kg
from tests.pet_factory import (
    DOSE_BQ,
    FACTOR,
    HALF_LIFE_S,
    INJECTED,
    REFERENCE,
    WEIGHT_KG,
    add_private,
    code_item,
    mean_time_s,
    pet_series,
    set_all,
    set_injection,
    set_time,
    shift,
)

PHILIPS = "Philips PET Private Group"


@pytest.fixture
def pet():
    return pet_series()


def codes(audit):
    return {finding.code for finding in audit.findings}


def refused(headers):
    with pytest.raises(InputRefused) as caught:
        audit_suv(headers)
    assert caught.value.exit_code == 3
    assert caught.value.message
    assert caught.value.remedy
    return caught.value.code


def test_plain_series_in_bqml(pet):
    audit = audit_suv(pet)
    assert audit.factors == pytest.approx([FACTOR] * 8)
    assert audit.rule == "bqml-start-agreed"
    assert audit.findings == ()


def test_audit_is_json_with_four_keys(pet):
    told = json.loads(json.dumps(audit_suv(pet).to_json()))
    assert set(told) == {"factor", "rule", "candidates", "findings"}
    assert told["factor"] == pytest.approx(FACTOR)
    assert told["candidates"]["series-time"]["time"] == "2026-01-05T11:00:00.000"
    assert told["candidates"]["series-time"]["factor"] == pytest.approx(FACTOR)
    assert set(told["candidates"]) == {"series-time", "earliest-acquisition", "frame-reference"}


def test_audit_tells_nothing_of_the_patient(pet):
    set_all(pet, PatientWeight="58123")
    shift(pet, Series=3000)
    told = json.dumps(audit_suv(pet).to_json(), ensure_ascii=False)
    assert "weight-in-grams" in told
    for private in ("Trần", "BN-0043", "19580407", "58123", "58.1", "A-0002"):
        assert private not in told


# --- rule 1: scaling


@pytest.mark.parametrize("intercept", ["-0.5", None])
def test_intercept_is_refused(pet, intercept):
    set_all(pet[3:4], RescaleIntercept=intercept)
    assert refused(pet) == "pet-intercept"


@pytest.mark.parametrize("slope", [None, "0", "-1"])
def test_slope_that_scales_to_nothing_is_refused(pet, slope):
    set_all(pet[3:4], RescaleSlope=slope)
    assert refused(pet) == "pet-slope"


# --- rule 2: units


@pytest.mark.parametrize("suv_type", [None, "", "BW"])
def test_suvbw_is_not_multiplied_again(pet, suv_type):
    set_all(pet, Units="GML", SUVType=suv_type, PatientWeight=None)
    audit = audit_suv(pet)
    assert audit.factors == (1.0,) * 8
    assert audit.rule == "gml-bw"


@pytest.mark.parametrize(
    ("suv_type", "formula"),
    [
        ("LBMJAMES128", lean_mass_james128_kg),
        ("LBMJANMA", lean_mass_janmahasatian_kg),
        ("LBM", lean_mass_james120_kg),
    ],
)
@pytest.mark.parametrize("sex", ["M", "F", "O"])
def test_suv_by_lean_mass_is_converted(pet, suv_type, formula, sex):
    set_all(pet, Units="GML", SUVType=suv_type, PatientSex=sex)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(WEIGHT_KG / formula(WEIGHT_KG, 1.6, sex))
    assert audit.rule == f"gml-{suv_type.lower()}"
    assert ("sex-averaged" in codes(audit)) == (sex == "O")
    assert ("suv-type-lbm" in codes(audit)) == (suv_type == "LBM")


def test_plain_lbm_is_not_james128_for_men(pet):
    set_all(pet, Units="GML", SUVType="LBM", PatientSex="M")
    plain = audit_suv(pet).factor
    set_all(pet, SUVType="LBMJAMES128")
    assert plain < audit_suv(pet).factor


def test_suv_by_ideal_weight_is_converted(pet):
    set_all(pet, Units="GML", SUVType="IBW", PatientSex="F")
    assert audit_suv(pet).factor == pytest.approx(WEIGHT_KG / (45.5 + 0.91 * 8))


@pytest.mark.parametrize("suv_type", [None, "BSA"])
def test_suv_by_surface_is_converted(pet, suv_type):
    set_all(pet, Units="CM2ML", SUVType=suv_type)
    surface_cm2 = 71.84 * WEIGHT_KG**0.425 * 160**0.725
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / surface_cm2)
    assert audit.rule == "cm2ml-bsa"


@pytest.mark.parametrize(("units", "suv_type"), [("GML", "BSA"), ("CM2ML", "BW"), ("GML", "XYZ")])
def test_suv_type_that_contradicts_the_units_is_refused(pet, units, suv_type):
    set_all(pet, Units=units, SUVType=suv_type)
    assert refused(pet) == "suv-type-unsupported"


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("PatientSize", "size-missing"),
        ("PatientSex", "sex-missing"),
        ("PatientWeight", "weight-missing"),
    ],
)
def test_lean_mass_needs_the_body(pet, missing, code):
    set_all(pet, Units="GML", SUVType="LBMJANMA")
    set_all(pet, **{missing: None})
    assert refused(pet) == code


def test_size_in_centimetres(pet):
    set_all(pet, Units="GML", SUVType="LBMJANMA", PatientSize="160")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(70 / lean_mass_janmahasatian_kg(70, 1.6, "F"))
    assert "size-in-centimetres" in codes(audit)


def test_body_without_lean_mass_is_refused(pet):
    set_all(pet, Units="GML", SUVType="LBMJAMES128", PatientSize="0.6")
    assert refused(pet) == "body-implausible"


@pytest.mark.parametrize("units", ["PROPCNTS", "PROPCPS", "CPS", "PERCENT", "NONE", "1CM"])
def test_other_units_are_refused_by_name(pet, units):
    set_all(pet, Units=units)
    with pytest.raises(InputRefused, match=f"are {units},") as caught:
        audit_suv(pet)
    assert caught.value.code == "units-unsupported"


def test_missing_units_are_refused_and_what_else_is_missing_is_named(pet):
    set_all(pet, Units=None, PatientWeight="")
    with pytest.raises(InputRefused, match=r"0054,1001.*0010,1030") as caught:
        audit_suv(pet)
    assert caught.value.code == "units-missing"


def test_enhanced_pet_is_refused_by_name(pet):
    set_all(pet, Units=None, RescaleSlope=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.130")
    assert refused(pet) == "enhanced-pet"


def test_units_that_differ_by_slice_are_refused(pet):
    pet[5].Units = "GML"
    assert refused(pet) == "mixed-headers"


# --- rule 2: Philips


def counts(pet, suv=None, activity=None):
    set_all(pet, Units="CNTS", Manufacturer="Philips Medical Systems")
    if suv is not None:
        add_private(pet, 0x7053, PHILIPS, 0x00, "DS", suv)
    if activity is not None:
        add_private(pet, 0x7053, PHILIPS, 0x09, "DS", activity)
    return pet


def test_philips_suv_factor(pet):
    set_all(pet, PatientWeight=None)
    audit = audit_suv(counts(pet, suv="0.0005", activity="2"))
    assert audit.factors == (0.0005,) * 8
    assert audit.rule == "cnts-philips-suv"


def test_philips_activity_factor(pet):
    audit = audit_suv(counts(pet, activity="2.5"))
    assert audit.factor == pytest.approx(2.5 * FACTOR)
    assert audit.rule == "cnts-philips-activity-start-agreed"
    assert audit.candidates[0].factor == pytest.approx(2.5 * FACTOR, rel=1e-3)


def test_philips_zero_means_absent(pet):
    audit = audit_suv(counts(pet, suv="0.0", activity="2.5"))
    assert audit.factor == pytest.approx(2.5 * FACTOR)


def test_philips_both_zero_is_refused(pet):
    assert refused(counts(pet, suv="0.0", activity="0.0")) == "philips-factor-missing"


def test_counts_without_factor_are_refused(pet):
    assert refused(counts(pet)) == "philips-factor-missing"


def test_philips_factor_is_found_in_any_block(pet):
    for ds in pet:
        ds.private_block(0x7053, "Somebody else", create=True).add_new(0x00, "DS", "9")
    audit = audit_suv(counts(pet, suv="0.0005"))
    assert audit.factor == 0.0005


def test_factor_of_another_creator_is_not_taken(pet):
    add_private(pet, 0x7053, "Somebody else", 0x00, "DS", "9")
    assert refused(counts(pet)) == "philips-factor-missing"


def test_philips_factor_without_creator_is_taken_with_a_finding(pet):
    counts(pet)
    for ds in pet:
        ds.add_new((0x7053, 0x1000), "DS", "0.0005")
    audit = audit_suv(pet)
    assert audit.factor == 0.0005
    assert "private-creator-missing" in codes(audit)
    set_all(pet, Manufacturer="SIEMENS")
    assert refused(pet) == "philips-factor-missing"


def test_philips_factor_left_as_bytes(pet):
    counts(pet)
    add_private(pet, 0x7053, PHILIPS, 0x00, "UN", b"0.0005 ")
    assert audit_suv(pet).factor == 0.0005


def test_philips_factor_by_slice(pet):
    counts(pet)
    for k, ds in enumerate(pet):
        add_private([ds], 0x7053, PHILIPS, 0x00, "DS", f"{1 + k}")
    assert audit_suv(pet).factors == (1, 2, 3, 4, 5, 6, 7, 8)


# --- rule 3: decay correction


def test_admin_takes_the_dose_as_injected(pet):
    set_all(pet, DecayCorrection="ADMIN")
    audit = audit_suv(pet)
    assert audit.factors == pytest.approx([1000 * WEIGHT_KG / DOSE_BQ] * 8)
    assert audit.rule == "bqml-admin"


def test_admin_does_not_need_the_times(pet):
    set_all(pet, DecayCorrection="ADMIN")
    set_injection(pet, RadiopharmaceuticalStartTime="113000", RadiopharmaceuticalStartDateTime=None)
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / DOSE_BQ)
    assert "negative-uptake" in codes(audit)


def test_none_undoes_decay_during_the_frame_and_since_injection(pet):
    set_all(pet, DecayCorrection="NONE", CorrectedImage=["ATTN", "SCAT"])
    audit = audit_suv(pet)
    for ds, factor in zip(pet, audit.factors, strict=True):
        late_s = 150 if ds.AcquisitionTime.startswith("110230") else 0
        uptake_s = 3600 + late_s + mean_time_s()
        dose = DOSE_BQ * 2 ** (-uptake_s / HALF_LIFE_S)
        assert factor == pytest.approx(1000 * WEIGHT_KG / dose)
    assert len(set(audit.factors)) == 2
    assert audit.rule == "bqml-none"
    assert codes(audit) == {"factor-by-slice"}
    assert min(audit.factors) < audit.factor < max(audit.factors)


@pytest.mark.parametrize("missing", ["ActualFrameDuration", "AcquisitionTime"])
def test_none_without_frame_times_is_refused(pet, missing):
    set_all(pet, DecayCorrection="NONE")
    set_all(pet[4:5], **{missing: None})
    assert refused(pet) == "frame-times-missing"


@pytest.mark.parametrize("kind", [None, "", "YES"])
def test_unknown_decay_correction_is_refused(pet, kind):
    set_all(pet, DecayCorrection=kind)
    assert refused(pet) == "decay-correction-unknown"


@pytest.mark.parametrize(
    ("kind", "flags", "told"),
    [
        ("START", ["ATTN"], True),
        ("NONE", ["ATTN", "DECY"], True),
        ("START", ["ATTN", "DECY"], False),
        ("NONE", ["ATTN"], False),
    ],
)
def test_contradicting_decay_flags_are_told(pet, kind, flags, told):
    set_all(pet, DecayCorrection=kind, CorrectedImage=flags)
    assert ("decay-flags-disagree" in codes(audit_suv(pet))) == told


# --- rule 6: weight, dose, half-life


@pytest.mark.parametrize("weight", [None, "", "0", "-70"])
def test_missing_weight_is_refused_and_never_imputed(pet, weight):
    set_all(pet, PatientWeight=weight)
    assert refused(pet) == "weight-missing"


def test_weight_in_grams(pet):
    set_all(pet, PatientWeight="70000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"weight-in-grams"}


def test_weight_of_nobody_is_told(pet):
    set_all(pet, PatientWeight="700")
    assert codes(audit_suv(pet)) == {"weight-implausible"}


def test_weight_that_differs_by_slice_is_refused(pet):
    pet[0].PatientWeight = "71"
    assert refused(pet) == "mixed-headers"


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


@pytest.mark.parametrize("dose", ["10", "5e9"])
def test_unusual_dose_is_told(pet, dose):
    set_injection(pet, RadionuclideTotalDose=dose)
    assert "dose-implausible" in codes(audit_suv(pet))


def test_dose_that_differs_by_slice_is_refused(pet):
    set_injection(pet[2:3], RadionuclideTotalDose="371e6")
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


def test_half_life_in_minutes_is_refused(pet):
    set_injection(pet, RadionuclideHalfLife="109.77")
    assert refused(pet) == "half-life-implausible"


# --- rule 5: time of injection


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


def test_times_zeroed_by_deidentification_are_refused(pet):
    set_all(pet, SeriesTime="000000", AcquisitionTime="000000")
    set_injection(pet, RadiopharmaceuticalStartTime="000000", RadiopharmaceuticalStartDateTime=None)
    assert refused(pet) == "times-zeroed"


def test_series_time_zeroed_but_not_the_injection_is_refused(pet):
    set_all(pet, SeriesTime="000000", AcquisitionTime=None)
    assert refused(pet) == "negative-uptake"


def test_injection_constants_of_the_factory():
    assert INJECTED < REFERENCE
