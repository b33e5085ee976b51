"""The record of a conversion to SUVbw, and what is refused before any rule is asked."""

import json

import pytest

from ctpet.dicom.suv.audit import audit_suv
from tests.pet_factory import FACTOR, pet_series, refused, set_all, shift


@pytest.fixture
def pet():
    return pet_series()


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


@pytest.mark.parametrize("intercept", ["-0.5", None])
def test_intercept_is_refused(pet, intercept):
    set_all(pet[3:4], RescaleIntercept=intercept)
    assert refused(pet) == "pet-intercept"


@pytest.mark.parametrize("slope", [None, "0", "-1"])
def test_slope_that_scales_to_nothing_is_refused(pet, slope):
    set_all(pet[3:4], RescaleSlope=slope)
    assert refused(pet) == "pet-slope"
