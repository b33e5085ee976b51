"""Decay correction ADMIN, START and NONE, and the body they need."""

import pytest

from ctpet.dicom.suv.audit import audit_suv
from tests.pet_factory import (
    DOSE_BQ,
    FACTOR,
    HALF_LIFE_S,
    WEIGHT_KG,
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


def test_weight_of_nobody_is_told(pet):
    set_all(pet, PatientWeight="700")
    assert codes(audit_suv(pet)) == {"weight-implausible"}


def test_weight_that_differs_by_slice_is_refused(pet):
    pet[0].PatientWeight = "71"
    assert refused(pet) == "mixed-headers"
