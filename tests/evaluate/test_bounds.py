"""Bounds beside a prediction are found, checked, and scored by patient, region, organ, lesion."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ctpet import cli
from ctpet.errors import InputRefused
from ctpet.evaluate.bounds import bounds_beside, without_bounds
from ctpet.evaluate.files import Refused, Sources, find_cases
from ctpet.evaluate.outputs import write_cases
from ctpet.evaluate.run import EvaluateRequest, evaluate
from ctpet.evaluate.score import ScoreTask, score_case
from ctpet.evaluate.summary import value_of
from tests.evaluate.pairs import geometry, measured, write, write_patients
from tests.prepare.studies import ORIGIN_MM, trunk

PATIENTS = 6


def write_bounds(root: Path, number: int, *, inside: float) -> None:
    """Bounds that hold the measured SUV in a share of the body's voxels, 2 wide."""
    body = trunk() > -950
    real = measured(number)
    predicted = real + 0.1 * (number + 1) * body
    hit = np.random.default_rng(number).uniform(size=body.shape) < inside
    low = np.where(body, np.where(hit, real - 0.5, predicted - 0.05), 0)
    for name, bound in (("low", low), ("high", low + 2 * body)):
        write(bound, root / "predicted" / f"patient-{number}_{name}.nii.gz")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = write_patients(tmp_path_factory.mktemp("bounds"))
    (folder / "labels" / "labels.json").write_text('{"5": "Liver"}', "utf-8")
    for number in range(PATIENTS):
        write_bounds(folder, number, inside=0.9 if number else 0.3)
    return folder


def sources(root):
    return Sources(*(root / name for name in ("predicted", "measured", "ct", "labels", "lesions")))


@pytest.fixture(scope="module")
def evaluation(root):
    return evaluate(EvaluateRequest(sources(root)))


def test_bounds_are_no_cases_of_their_own(root):
    cases, refused = find_cases(sources(root))
    assert [case.name for case in cases] == [f"patient-{n}" for n in range(PATIENTS)]
    assert refused == []
    names = [path.name for path in cases[0].bounds]
    assert names == ["patient-0_low.nii.gz", "patient-0_high.nii.gz"]


def test_coverage_and_width_are_by_patient_tier_organ_and_lesion(evaluation):
    body = [value_of(case, "tier", "body", "coverage") for case in evaluation.cases]
    assert body[0] == pytest.approx(0.3, abs=0.02)
    assert body[1:] == pytest.approx([0.9] * (PATIENTS - 1), abs=0.02)
    assert value_of(evaluation.cases[1], "tier", "body", "width") == pytest.approx(2, abs=1e-3)
    assert value_of(evaluation.cases[1], "organ", "liver", "coverage") == pytest.approx(
        0.9, abs=0.05
    )
    (lesion,) = [one for one in evaluation.cases[1].regions if one.kind == "lesion"]
    assert lesion.values["coverage"] == pytest.approx(0.9, abs=0.1)
    standing = evaluation.summary.standing
    assert standing.nominal == 0.9
    assert standing.coverage.mean == pytest.approx(np.mean(body))
    assert standing.coverage.patients == PATIENTS
    assert standing.short == (np.mean(body) < 0.85)
    bins = [line for line in evaluation.summary.lines if line.kind == "interval"]
    assert any(line.interval.patients for line in bins)


def test_the_table_of_cases_holds_them(evaluation, tmp_path):
    write_cases(evaluation, tmp_path / "cases.csv")
    with (tmp_path / "cases.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    organ = next(row for row in rows if row["kind"] == "organ")
    assert float(organ["width"]) == pytest.approx(2, abs=1e-3)


def test_the_command_warns_and_writes_it_in_red(root, tmp_path):
    folders = [f"--{name}={root / name}" for name in ("ct", "labels", "lesions")]
    out = tmp_path / "report"
    done = CliRunner().invoke(
        cli.app,
        ["evaluate", str(root / "predicted"), str(root / "measured"), *folders, "-o", str(out)],
    )
    assert done.exit_code == 0, done.output
    assert "[coverage-short]" in done.output
    told = json.loads((out / "summary.json").read_text("utf-8"))["interval"]
    assert told["short"] is True
    assert "do not cover what they say" in (out / "report.html").read_text("utf-8")


def case(folder, *, low=0.5, high=0.5, on=None, both=True):
    """One patient whose prediction is exact, and bounds so far from it."""
    real = measured()
    write(real, folder / "measured" / "one.nii.gz")
    write(real, folder / "predicted" / "one.nii.gz")
    write(trunk(), folder / "ct" / "one.nii.gz", "HU")
    write(real - low, folder / "predicted" / "one_low.nii.gz", on=on)
    if both:
        write(real + high, folder / "predicted" / "one_high.nii.gz", on=on)
    return EvaluateRequest(Sources(*(folder / name for name in ("predicted", "measured", "ct"))))


def test_exact_predictions_are_covered(tmp_path):
    assert evaluate(case(tmp_path)).summary.standing.coverage.mean == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"low": -0.5}, "bounds-crossed"),
        ({"high": -0.02}, "bounds-crossed"),
        ({"on": geometry(origin_mm=np.add(ORIGIN_MM, (0, 0, 8)))}, "bounds-differ"),
    ],
)
def test_bounds_that_are_none_are_refused(tmp_path, change, code):
    cases, _ = find_cases(case(tmp_path, **change).sources)
    found = score_case(ScoreTask(cases[0], {}, False, None))
    assert isinstance(found, Refused)
    assert found.code == code


def test_one_bound_alone_is_refused(tmp_path):
    with pytest.raises(InputRefused, match=r"lies one_low.nii.gz and no one_high.nii.gz") as told:
        evaluate(case(tmp_path, both=False))
    assert told.value.code == "bound-missing"


def test_a_patient_called_low_is_no_bound():
    assert without_bounds({"a", "a_low"}) == {"a", "a_low"}
    assert without_bounds({"a", "a_low", "a_high", "b_high"}) == {"a", "b_high"}
    assert without_bounds({"a_low", "a_high"}) == {"a_low", "a_high"}


def test_dicom_folders_have_bounds_beside_them(tmp_path):
    for name in ("pet", "pet_low", "pet_high"):
        (tmp_path / name).mkdir()
    assert bounds_beside(tmp_path / "pet") == (tmp_path / "pet_low", tmp_path / "pet_high")
    assert bounds_beside(tmp_path / "pet_low") is None
