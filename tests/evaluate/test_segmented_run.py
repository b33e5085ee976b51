"""A segmenter's masks from files to a page."""

import csv
import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from ctpet.cli import app
from ctpet.evaluate.files import Sources
from ctpet.evaluate.run import EvaluateRequest, evaluate
from ctpet.evaluate.summary import value_of
from tests.evaluate.pairs import geometry, lesions, write, write_patient
from tests.evaluate.report.reading import Page
from tests.prepare.studies import SHAPE

FALSE = np.s_[1:3, 20:22, 20:22]


def marks(*, lesion, false):
    """A mask of one number: the lesion or not, and a block elsewhere or not."""
    mask = lesions() if lesion else np.zeros(SHAPE)
    mask[FALSE] = 1 if false else mask[FALSE]
    return mask


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Six patients: the segmenter finds all lesions on measured PETs, every second on predicted."""
    folder = tmp_path_factory.mktemp("segmented")
    for number in range(6):
        name = write_patient(folder, number)
        found = marks(lesion=number % 2 == 0, false=number < 2)
        write(found, folder / "masks" / f"{name}.nii.gz", "HU")
        write(marks(lesion=True, false=number == 0), folder / "ceiling" / f"{name}.nii.gz", "HU")
    return folder


def sources(root, **more):
    return Sources(root / "predicted", root / "measured", lesions=root / "lesions", **more)


def ctpet(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_masks_of_both_pets_are_counted_written_and_shown(root):
    run = ctpet(
        "evaluate", root / "predicted", root / "measured", "--lesions", root / "lesions",
        "--predicted-lesions", root / "masks", "--measured-lesions", root / "ceiling",
        "-o", root / "report", "--workers", 1,
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    assert "finds on the predicted PET: 3 of 6 lesions, 0.333 false positives" in run.stdout
    assert "of those found there, on the predicted PET too: 3 of 6 lesions" in run.stdout
    summary = json.loads((root / "report" / "summary.json").read_text("utf-8"))
    every = {one["judged"]: one for one in summary["detection"]["lines"] if one["least_suv"] == 0}
    assert [every[x]["found"] for x in ("predicted", "measured", "synthesis")] == [3, 6, 3]
    assert every["predicted"]["false_positives"]["mean"] == pytest.approx(2 / 6)
    assert every["measured"]["false_positives"]["mean"] == pytest.approx(1 / 6)
    assert every["synthesis"]["false_positives"]["mean"] == pytest.approx(1 / 6)
    assert every["predicted"]["ppv"]["mean"] == pytest.approx(3 / 5)
    assert (
        every["predicted"]["sensitivity"]["low"] < 0.5 < every["predicted"]["sensitivity"]["high"]
    )
    assert summary["detection"]["froc"]["predicted"][-1]["sensitivity"] == 0.5
    page = Page((root / "report" / "report.html").read_text("utf-8"))
    assert page.line("|the predicted PET|6|").startswith("|the predicted PET|6|3 / 6|50.0[")
    assert page.line("|the predicted PET|0 / 0").startswith(
        "|the predicted PET|0 / 0n 0|0 / 0n 0|3 / 6["
    )
    assert page.line("|the measured PET (ceiling)|6|6 / 6|100")
    assert page.line("|patient-0|").count("|1 / 1|1|") == 1
    assert page.line("|patient-3|").count("|0 / 1|0|") == 1
    assert "A segmenter finds 3 / 6 reference lesions on the predicted PET" in page.text
    with (root / "report" / "measurements.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    told = [row["value"] for row in rows if row["metric"] == "predicted_found"]
    assert told == ["1", "0"] * 3
    assert {row["region"] for row in rows if row["kind"] == "candidate"} >= {"predicted 1"}
    described = (root / "report" / "measurements-dictionary.csv").read_text("utf-8")
    assert all(f"\n{row['metric']},metric," in described for row in rows)


def test_a_lesion_is_told_found_by_its_own_number(root, tmp_path):
    named = 101 * lesions()
    named[FALSE] = 7
    write(named, tmp_path / "lesions" / "patient-0.nii.gz", "HU")
    mask = tmp_path / "masks" / "patient-0.nii.gz"
    write(marks(lesion=False, false=True), mask, "HU")
    found = evaluate(
        EvaluateRequest(
            Sources(
                *(root / pet / "patient-0.nii.gz" for pet in ("predicted", "measured")),
                lesions=tmp_path / "lesions" / "patient-0.nii.gz",
                predicted_lesions=mask,
            )
        )
    )
    told = [one.values for one in found.cases[0].regions if one.kind == "lesion"]
    small, large = sorted(told, key=lambda values: values["voxels"])
    assert (small["voxels"], large["voxels"]) == (8, np.count_nonzero(lesions()))
    assert (small["predicted_found"], large["predicted_found"]) == (1, 0)


def test_a_mask_that_is_lacking_is_told_and_its_patient_not_counted(root, tmp_path):
    shutil.copytree(root / "masks", tmp_path / "masks")
    (tmp_path / "masks" / "patient-0.nii.gz").unlink()
    found = evaluate(EvaluateRequest(sources(root, predicted_lesions=tmp_path / "masks")))
    assert found.cases[0].findings[-1].code == "predicted-lesions-missing"
    assert found.summary.detection.lines[0].patients == 5
    assert np.isnan(value_of(found.cases[0], "detection", "predicted", "found"))


def test_masks_on_another_grid_meet_the_lesions_where_they_lie(root, tmp_path):
    finer = geometry(tuple(2 * n for n in SHAPE), origin_mm=(-190, -158, 8), mm=4.0)
    for number in range(6):
        mask = marks(lesion=True, false=True).repeat(2, 0).repeat(2, 1).repeat(2, 2)
        write(mask, tmp_path / "masks" / f"patient-{number}.nii.gz", "HU", finer)
    found = evaluate(EvaluateRequest(sources(root, predicted_lesions=tmp_path / "masks")))
    line = found.summary.detection.lines[0]
    assert (line.found, line.candidates, line.true_candidates) == (6, 12, 6)


def test_a_table_names_masks_and_says_where_the_reference_is_lacking(root):
    row = "{0},predicted/{0}.nii.gz,measured/{0}.nii.gz,{1},masks/{0}.nii.gz"
    rows = [row.format(f"patient-{n}", lesion) for n, lesion in enumerate(
        ("lesions/patient-0.nii.gz", ""))]  # fmt: skip
    table = root / "pairs.csv"
    header = "patient,predicted,reference,lesions,predicted_lesions"
    table.write_text("\n".join([header, *rows]), "utf-8")
    found = evaluate(EvaluateRequest(table=table))
    assert [[one.code for one in case.findings] for case in found.cases] == [
        [], ["masks-without-lesions"]
    ]  # fmt: skip
    assert found.summary.detection.lines[0].lesions == 1


def test_masks_need_a_reference(root, tmp_path):
    run = ctpet(
        "evaluate", root / "predicted", root / "measured", "--predicted-lesions", root / "masks",
        "-o", tmp_path / "report",
    )  # fmt: skip
    assert run.exit_code == 2
    assert "--lesions" in run.output
