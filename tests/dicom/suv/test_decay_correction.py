"""Decay correction ADMIN, START and NONE, and the body they need."""

import pytest

from ctpet.dicom.suv.audit import audit_suv
from ctpet.errors import InputRefused
from tests.pet_factory import (
    DOSE_BQ,
    FACTOR,
    HALF_LIFE_S,
    WEIGHT_KG,
    add_private,
    codes,
    mean_time_s,
    pet_series,
    refused,
    set_all,
    set_injection,
)


@pytest.fixture
def pet():
    return pet_series()


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


@pytest.mark.parametrize("duration_ms", ["0", "150", "15000000"])
def test_none_with_a_frame_of_no_believable_length_is_refused(pet, duration_ms):
    set_all(pet, DecayCorrection="NONE", ActualFrameDuration=duration_ms)
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


@pytest.mark.parametrize("weight", [None, "", "0", "-70"])
def test_missing_weight_is_refused_and_never_imputed(pet, weight):
    set_all(pet, PatientWeight=weight)
    assert refused(pet) == "weight-missing"


def test_weight_in_grams(pet):
    set_all(pet, PatientWeight="70000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(FACTOR)
    assert codes(audit) == {"weight-in-grams"}


@pytest.mark.parametrize("weight", ["0.0838", "0.07", "1.9", "351", "700", "999", "1200", "700000"])
def test_weight_of_nobody_is_refused_and_units_are_named(pet, weight):
    set_all(pet, PatientWeight=weight, PatientSize=None)
    with pytest.raises(InputRefused, match=r"in kg, not in pounds, stones, tonnes") as caught:
        audit_suv(pet)
    assert caught.value.code == "weight-implausible"


@pytest.mark.parametrize("size", ["1.6", "160"])
def test_weight_in_pounds_does_not_go_with_the_size(pet, size):
    set_all(pet, PatientWeight=f"{WEIGHT_KG * 2.20462:.1f}", PatientSize=size)
    assert refused(pet) == "weight-implausible"


@pytest.mark.parametrize(
    ("weight", "size"),
    [("120", "1.6"), ("150", "1.8"), ("38", "1.7"), ("70", "0.69"), ("70", "5.9")],
)
def test_weight_that_is_rare_or_whose_size_is_wrong_is_believed(pet, weight, size):
    set_all(pet, PatientWeight=weight, PatientSize=size)
    assert audit_suv(pet).factor == pytest.approx(FACTOR * float(weight) / WEIGHT_KG)


@pytest.mark.parametrize(
    ("weight", "age", "dose", "size"),
    [
        ("2", "003D", "14e6", "0.45"),
        ("3.2", "002W", "14e6", "0.5"),
        ("9", "010M", "48e6", None),
        ("19", "005Y", "92e6", "1.1"),
        ("3200", "002W", "14e6", "50"),
        ("110", "014Y", "400e6", "1.75"),
    ],
)
def test_children_are_believed(pet, weight, age, dose, size):
    set_all(pet, PatientWeight=weight, PatientAge=age, PatientSize=size)
    set_injection(pet, RadionuclideTotalDose=dose)
    kg = float(weight) if float(weight) < 1000 else float(weight) / 1000
    expected = FACTOR * (kg / WEIGHT_KG) / (float(dose) / DOSE_BQ)
    assert audit_suv(pet).factor == pytest.approx(expected)


@pytest.mark.parametrize(
    ("age", "told"), [("054Y", True), ("018Y", True), ("017Y", False), ("", False)]
)
def test_weight_of_a_child_is_not_that_of_a_grown_person(pet, age, told):
    set_all(pet, PatientWeight="8.38", PatientAge=age, PatientSize=None)
    set_injection(pet, RadionuclideTotalDose="37e6")
    if told:
        assert refused(pet) == "weight-implausible"
    else:
        assert audit_suv(pet).findings == ()


def test_weight_that_differs_by_slice_is_refused(pet):
    pet[0].PatientWeight = "71"
    assert refused(pet) == "mixed-headers"


def test_decay_factor_that_contradicts_admin_is_told(pet):
    set_all(pet, DecayCorrection="ADMIN")
    for ds in pet:
        late_s = 150 if ds.AcquisitionTime.startswith("110230") else 0
        ds.DecayFactor = f"{2 ** ((late_s + mean_time_s()) / HALF_LIFE_S):.6g}"
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / DOSE_BQ)
    (told,) = audit.findings
    assert told.code == "reference-time-spread"
    assert "decay-factor" in told.message
    assert "+46.1 %" in told.message
    factors = {each.name: each.factor for each in audit.candidates}
    assert factors["decay-factor"] == pytest.approx(FACTOR, rel=1e-4)


def test_decay_factor_that_agrees_with_admin_is_no_finding(pet):
    set_all(pet, DecayCorrection="ADMIN")
    for ds in pet:
        late_s = 150 if ds.AcquisitionTime.startswith("110230") else 0
        ds.DecayFactor = f"{2 ** ((3600 + late_s + mean_time_s()) / HALF_LIFE_S):.6g}"
    assert audit_suv(pet).findings == ()


def test_none_with_a_decay_factor_is_refused_where_the_flags_say_corrected(pet):
    set_all(pet, DecayCorrection="NONE", CorrectedImage=["ATTN", "DECY"], DecayFactor="1.0159")
    assert refused(pet) == "decay-correction-contradicted"
    set_all(pet, CorrectedImage=["ATTN"])
    assert audit_suv(pet).rule == "bqml-none"


@pytest.mark.parametrize(
    ("maker", "creator", "group", "element", "told"),
    [
        ("SIEMENS", "SIEMENS MED PT", 0x0071, 0x22, True),
        ("GE MEDICAL SYSTEMS", "GEMS_PETD_01", 0x0009, 0x0D, False),
    ],
)
def test_private_time_that_contradicts_admin(pet, maker, creator, group, element, told):
    set_all(pet, DecayCorrection="ADMIN", Manufacturer=maker)
    add_private(pet, group, creator, element, "DT", "20260105110000")
    audit = audit_suv(pet)
    assert audit.factor == pytest.approx(1000 * WEIGHT_KG / DOSE_BQ)
    assert ("reference-time-spread" in codes(audit)) == told
    add_private(pet, group, creator, element, "DT", "20260105100000")
    assert audit_suv(pet).findings == ()


@pytest.mark.parametrize(("uptake_s", "told"), [(0, False), (3600, True)])
def test_ratio_of_philips_factors_beside_admin(pet, uptake_s, told):
    set_all(pet, DecayCorrection="ADMIN", Manufacturer="Philips")
    suv = 2 * 1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-uptake_s / HALF_LIFE_S))
    add_private(pet, 0x7053, "Philips PET Private Group", 0x00, "DS", f"{suv:.8g}")
    add_private(pet, 0x7053, "Philips PET Private Group", 0x09, "DS", "2")
    assert ("reference-time-spread" in codes(audit_suv(pet))) == told
