"""Every finding of a reading reaches text, JSON, table and record, in every command."""

import csv
import json
import warnings

import numpy as np
import pytest
from pydicom.uid import generate_uid
from typer.testing import CliRunner

from ctpet import api
from ctpet.cli import app
from ctpet.dicom.discover import discover
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.select_pet import select_pet
from ctpet.nifti import write_nifti
from ctpet.volume import Volume
from tests.dicom_factory import write_series
from tests.prepare.studies import study

BESIDE = {"files-lost", "links-broken"}
OF_HEADERS = {"uid-irregular", "control-characters"}
FLAWS = {
    "gap": {"slice-interpolated", "duplicates-dropped"},
    "uneven": {"slice-spacing-varies"},
}


def flawed(slices, flaw):
    """Give a series one flaw of its geometry, and some of its headers."""
    for ds in slices:
        ds.SeriesDescription = "Tho\x07rax"
        ds.FrameOfReferenceUID = "1.2.840.A"
    if flaw == "uneven":
        for ds in slices[12:]:
            ds.ImagePositionPatient[2] = str(float(ds.ImagePositionPatient[2]) - 3)
        return slices
    again = slices[5].copy()
    again.SOPInstanceUID = generate_uid()
    return [*slices[:9], *slices[10:], again]


@pytest.fixture(scope="module", params=FLAWS)
def case(request, tmp_path_factory):
    """A study whose CT and PET have a flaw, and the codes that must be told of it."""
    folder = tmp_path_factory.mktemp(request.param) / "study"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, slices in zip(("ct", "pet"), study(), strict=True):
            write_series(flawed(slices, request.param), folder / name)
            (folder / name / "IMG00098.dcm").write_bytes(b"")
            (folder / name / "IMG00099.dcm").symlink_to("nowhere")
    return folder, BESIDE | OF_HEADERS | FLAWS[request.param]


def run(*arguments, code=0):
    outcome = CliRunner().invoke(app, [str(one) for one in arguments])
    assert outcome.exit_code == code, outcome.output
    return outcome.stdout


def told_in(text, codes):
    return {code for code in codes if f"[{code}]" in text or f"{code}:" in text}


def codes_of(findings):
    return {one["code"] for one in findings}


def test_scan(case):
    folder, codes = case
    codes = {code.replace("duplicates-dropped", "duplicate-positions") for code in codes}
    text, report = run("scan", folder), json.loads(run("scan", folder, "--json"))
    assert told_in(text, codes) == codes
    for series in report["series"]:
        assert codes <= codes_of([*series["findings"], *report["findings"]])


def test_suv(case, tmp_path):
    folder, codes = case
    of_headers = {code.replace("duplicates-dropped", "duplicate-positions") for code in codes}
    assert told_in(run("suv", folder / "pet"), of_headers) == of_headers
    assert of_headers <= codes_of(json.loads(run("suv", folder / "pet", "--json"))["findings"])
    assert told_in(run("suv", folder / "pet", "-o", tmp_path / "a.nii"), codes) == codes
    written = run("suv", folder / "pet", "-o", tmp_path / "b.nii", "--json")
    findings = json.loads(written)["findings"]
    assert codes <= codes_of(findings)
    assert len(findings) == len({json.dumps(one) for one in findings}), "each once"
    report = api.suv(folder / "pet", out=tmp_path / "c.nii")
    assert codes <= {finding.code for finding in report.findings}


def test_synthesize(case, tmp_path):
    folder, codes = case
    text = run("synthesize", folder / "ct", "-o", tmp_path / "a", "-m", "tissue-lookup")
    assert told_in(text, codes) == codes
    record = json.loads((tmp_path / "a" / "run.json").read_text("utf-8"))
    assert codes <= codes_of(record["findings"])
    out = run("synthesize", folder / "ct", "-o", tmp_path / "b", "-m", "tissue-lookup", "--json")
    assert codes <= codes_of(json.loads(out)["findings"])


def test_prepare(case, tmp_path):
    folder, codes = case
    told = (tmp_path / "cases", "--spacing", "8", "--workers", "1", "--folds", "2")
    text = run("prepare", folder, *told)
    assert told_in(text, codes) == codes
    assert "1 taken, 0 kept, 0 refused; 1 with warnings" in text
    (outcome,) = json.loads(run("prepare", folder, *told, "--json"))["outcomes"]
    assert outcome["status"] == "kept"
    assert codes <= codes_of(outcome["findings"])
    with (tmp_path / "cases" / "table.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert codes <= set(row["codes"].split())
    page = (tmp_path / "cases" / "contact-sheet.html").read_text("utf-8")
    assert told_in(page, codes) == codes
    assert "1 with warnings" in page


def test_evaluate(case, tmp_path):
    folder, codes = case
    prediction = written_prediction(folder, tmp_path)
    told = (prediction, folder / "pet", "--ct", folder / "ct", "--resample", "--workers", "1")
    text = run("evaluate", *told, "-o", tmp_path / "a")
    assert told_in(text, codes) == codes
    summary = json.loads((tmp_path / "a" / "summary.json").read_text("utf-8"))
    assert codes <= codes_of(summary["cases"][0]["findings"])
    page = (tmp_path / "a" / "report.html").read_text("utf-8")
    assert all(code in page for code in codes)


def written_prediction(folder, tmp_path):
    """Write a prediction whose values differ from the measured ones, as NIfTI."""
    pet = read_pet(select_pet(discover(folder / "pet"))).volume
    values = (pet.array * np.float32(0.9)).astype(np.float32)
    write_nifti(Volume(values, pet.geometry, "SUVBW"), tmp_path / "predicted.nii.gz")
    return tmp_path / "predicted.nii.gz"
