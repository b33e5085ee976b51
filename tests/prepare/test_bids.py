"""BIDS: subjects and sessions, and SUV by the side-car or a refusal that says what is missing."""

import math

import numpy as np
import pytest

from ctpet.errors import InputRefused
from ctpet.prepare.cases import list_cases
from ctpet.prepare.suv_scale import suv_scale
from tests.prepare.layouts import Writer, codes, marks, prepare, told_apart
from tests.prepare.studies import on_ct, trunk, uptake

FDG = {
    "TracerName": "FDG",
    "TracerRadionuclide": "F18",
    "Units": "Bq/mL",
    "InjectedRadioactivity": 370.0,
    "InjectedRadioactivityUnits": "MBq",
    "InjectionStart": 0,
    "ImageDecayCorrected": True,
    "ImageDecayCorrectionTime": 3600,
    "TimeZero": "10:00:00",
    "ScanStart": 3600,
    "AttenuationCorrection": "CT",
}
LEFT_BQ = 370e6 * math.exp(-math.log(2) * 3600 / 6586.2)
BQML_PER_SUV = LEFT_BQ / 75_000
SUV = {"TracerName": "FDG", "Units": "SUV"}


@pytest.fixture
def raw(tmp_path):
    return Writer(tmp_path / "raw")


def subject(raw, name, told, *, ct="ct", scale=1.0, session="", lesions=None):
    folder = f"{name}/{session}" if session else name
    stem = f"{name}_{session}" if session else name
    raw.pair(
        f"{folder}/{ct}/{stem}_ct.nii.gz", f"{folder}/pet/{stem}_pet.nii.gz", lesions, scale=scale
    )
    if told is not None:
        raw.json(f"{folder}/pet/{stem}_pet.json", told)


def participants(raw, rows, columns="participant_id\tage\tweight"):
    raw.json("participants.tsv", "\n".join([columns, *rows]) + "\n")


def test_subjects_and_sessions(raw, tmp_path):
    lesions = "derivatives/manual/sub-02/pet/sub-02_label-lesion_mask.nii.gz"
    subject(raw, "sub-01", SUV, session="ses-1")
    subject(raw, "sub-01", SUV, session="ses-2", ct="anat")
    subject(raw, "sub-02", SUV, lesions=lesions)
    raw.json("dataset_description.json", {"Name": "n", "BIDSVersion": "1.9.0"})
    raw.pair("sub-03/anat/sub-03_T1w.nii.gz", None)
    raw.pair("sub-04/ct/sub-04_ct.nii.gz", None)
    raw.pair(None, "sub-05/pet/sub-05_pet.nii.gz")
    raw.json("sub-05/pet/sub-05_pet.json", SUV)
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {
        "raw/sub-01/ses-1": "",
        "raw/sub-01/ses-2": "",
        "raw/sub-02": "",
        "raw/sub-04": "no-pet",
        "raw/sub-05": "no-ct",
    }
    assert told_apart(result) == (3, 2)
    assert result.info.sources == ("bids",)
    assert [note.code for note in result.notes] == ["files-left"]
    marked = [case for case in list_cases(result.out) if case.has("lesions")]
    assert len(marked) == 1
    np.testing.assert_array_equal(on_ct(marked[0], "lesions"), marks())


@pytest.mark.parametrize(
    ("changes", "scale"),
    [
        ({}, BQML_PER_SUV),
        ({"Units": "kBq/ml"}, BQML_PER_SUV / 1000),
        ({"InjectedRadioactivity": 10.0, "InjectedRadioactivityUnits": "mCi"}, BQML_PER_SUV),
        ({"TracerRadionuclide": "18F", "TracerName": "[18F]fluorodeoxyglucose"}, BQML_PER_SUV),
        ({"InjectionStart": -3600, "ImageDecayCorrectionTime": 0}, BQML_PER_SUV),
        ({"ImageDecayCorrectionTime": 0}, 370e6 / 75_000),
    ],
)
def test_becquerels_become_suv_where_everything_is_known(raw, tmp_path, changes, scale):
    subject(raw, "sub-01", {**FDG, **changes}, scale=scale)
    participants(raw, ["sub-02\t50\t20", "sub-01\t61\t75"])
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {"raw/sub-01": ""}
    (case,) = list_cases(result.out)
    np.testing.assert_allclose(on_ct(case, "pet"), uptake(trunk()), rtol=1e-5)
    assert "suv-by-sidecar" in case.findings


def test_pounds_and_the_weight_of_a_session(raw, tmp_path):
    subject(raw, "sub-01", FDG, scale=BQML_PER_SUV, session="ses-1")
    participants(raw, ["sub-01\t61\t100"])
    table = "session_id\tbody_weight\nses-2\t10\nses-1\t165.3467\n"
    raw.json("sub-01/sub-01_sessions.tsv", table)
    raw.json("sub-01/sub-01_sessions.json", {"body_weight": {"Units": "lbs"}})
    (case,) = list_cases(prepare(raw.root, tmp_path / "out").out)
    np.testing.assert_allclose(on_ct(case, "pet"), uptake(trunk()), rtol=1e-5)


def test_a_side_car_above_holds_for_those_below(raw, tmp_path):
    subject(raw, "sub-01", {"Units": "SUV"})
    raw.json("pet.json", {**FDG, "Units": "Bq/mL"})
    raw.json("task-rest_pet.json", {"Units": "CNTS"})
    assert codes(prepare(raw.root, tmp_path / "out")) == {"raw/sub-01": ""}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Units": None}, "units-unknown"),
        ({"Units": "CNTS"}, "units-unsupported"),
        ({"Units": "SUL"}, "units-unsupported"),
        ({"InjectedRadioactivity": None}, "dose-missing"),
        ({"InjectedRadioactivity": "n/a"}, "dose-missing"),
        ({"InjectedRadioactivityUnits": None}, "dose-missing"),
        ({"InjectedRadioactivity": 0.37}, "dose-implausible"),
        ({"InjectionStart": None}, "times-missing"),
        ({"InjectionStart": "10:00:00"}, "times-missing"),
        ({"InjectionStart": 7200}, "times-implausible"),
        ({"ImageDecayCorrected": False}, "not-decay-corrected"),
        ({"ImageDecayCorrected": None}, "not-decay-corrected"),
        ({"TracerName": "PSMA-1007"}, "tracer-not-fdg"),
        ({"TracerRadionuclide": "Ga68"}, "tracer-not-fdg"),
        ({"TracerName": None}, "tracer-unknown"),
        ({"AttenuationCorrection": "none"}, "not-attenuation-corrected"),
        ({"PatientWeight": 750}, "weight-implausible"),
        ({"PatientWeight": None}, "weight-missing"),
    ],
)
def test_what_is_missing_is_named(changes, code):
    with pytest.raises(InputRefused) as caught:
        suv_scale({**FDG, "PatientWeight": 75, **changes})
    assert caught.value.code == code


def test_a_subject_without_side_car_or_weight_is_refused_by_name(raw, tmp_path):
    subject(raw, "sub-01", None)
    subject(raw, "sub-02", FDG)
    subject(raw, "sub-03", "{")
    participants(raw, ["sub-02\t61\tn/a"])
    assert codes(prepare(raw.root, tmp_path / "out")) == {
        "raw/sub-01": "tracer-unknown",
        "raw/sub-02": "weight-missing",
        "raw/sub-03": "sidecar-unreadable",
    }


def test_of_several_pets_the_corrected_fdg_is_taken(raw, tmp_path):
    subject(raw, "sub-01", None)
    (raw.root / "sub-01/pet/sub-01_pet.nii.gz").rename(
        raw.root / "sub-01/pet/sub-01_trc-FDG_rec-ac_pet.nii.gz"
    )
    raw.pair(None, "sub-01/pet/sub-01_trc-FDG_rec-nac_pet.nii.gz")
    raw.pair(None, "sub-01/pet/sub-01_trc-PSMA_pet.nii.gz")
    raw.json("pet.json", {"Units": "SUVbw"})
    assert codes(prepare(raw.root, tmp_path / "out")) == {"raw/sub-01": ""}
    raw.pair(None, "sub-01/pet/sub-01_trc-FDG_run-2_pet.nii.gz")
    assert codes(prepare(raw.root, tmp_path / "two")) == {"raw/sub-01": "several-pets"}


def test_a_side_car_counts_in_plain_folders_too(raw, tmp_path):
    raw.pair("p1/ct.nii.gz", "p1/pet.nii.gz", scale=BQML_PER_SUV / 1000)
    raw.json("p1/pet.json", {**FDG, "Units": "kBq/mL", "PatientWeight": 75})
    raw.pair("p2/ct.nii.gz", "p2/pet.nii.gz", scale=3)
    raw.json("p2/pet.json", {"Units": "kBq/mL"})
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {"p1": "", "p2": "weight-missing"}
    (case,) = list_cases(result.out)
    np.testing.assert_allclose(on_ct(case, "pet"), uptake(trunk()), rtol=1e-5)
