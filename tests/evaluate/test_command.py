"""`ctpet evaluate` and `ctpet compare` as a reviewer runs them."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from ctpet.cli import app
from tests.evaluate.pairs import geometry, write, write_patient

OUT = {
    *("report.html", "summary.json"),
    *("cases.csv", "measurements.csv", "measurements-dictionary.csv", "checklist.csv"),
}


@pytest.fixture
def root(tmp_path):
    for number in (0, 1):
        write_patient(tmp_path, number)
    return tmp_path


def ctpet(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def evaluated(root, *options, out="report"):
    return ctpet(
        "evaluate", root / "predicted", root / "measured", "-o", root / out, "--workers", 1,
        "-q", *options,
    )  # fmt: skip


def test_a_report_is_written_and_told(root):
    run = ctpet(
        "evaluate", root / "predicted", root / "measured", "--ct", root / "ct", "-o",
        root / "report", "--title", "mine", "--workers", 1,
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    assert {path.name for path in (root / "report").iterdir()} == OUT
    assert re.search(r"mine +0\.100", run.stdout)
    assert "2 cases of 2 patients" in run.stdout
    assert "HU bins" in run.stdout


def test_json_is_what_the_summary_holds(root):
    run = evaluated(root, "--json")
    assert json.loads(run.stdout) == json.loads((root / "report" / "summary.json").read_text())


def test_a_refused_case_ends_with_3_and_a_report(root):
    write(np.ones((3, 3, 3)), root / "predicted" / "patient-1.nii.gz", on=geometry((3, 3, 3)))
    run = evaluated(root)
    assert run.exit_code == 3
    assert {path.name for path in (root / "report").iterdir()} == OUT
    html = (root / "report" / "report.html").read_text("utf-8")
    assert html.index("grids-differ") < html.index('id="summary"')


def test_nothing_to_score_leaves_nothing(root):
    for path in (root / "predicted").iterdir():
        path.write_bytes(b"")
    run = evaluated(root)
    assert run.exit_code == 3
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("ctpet: None of 2 cases could be scored")
    assert not (root / "report").exists()
    assert not [path for path in root.iterdir() if "partial" in path.name]


def test_nothing_is_overwritten(root):
    assert evaluated(root).exit_code == 0
    before = (root / "report" / "summary.json").read_bytes()
    run = evaluated(root)
    assert run.exit_code == 3
    assert "nothing is overwritten" in run.stderr
    assert (root / "report" / "summary.json").read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["only-one"],
        ["a", "b", "--table", "pairs.csv"],
        ["--table", "t.csv", "--ct", "ct"],
        ["a", "b", "--workers", "0"],
    ],
)
def test_usage_is_told_as_usage(tmp_path, arguments):
    assert ctpet("evaluate", *arguments, "-o", tmp_path / "report").exit_code == 2


def test_two_reports_are_compared(root):
    assert evaluated(root, "--title", "one").exit_code == 0
    assert evaluated(root, "--title", "two", out="again").exit_code == 0
    run = ctpet("compare", root / "report", root / "again", "-o", root / "compare.html")
    assert run.exit_code == 0, run.output
    assert run.stdout.count("MAE 0.100 n=2 SUVbw  training data not known") == 2
    assert "two" in (root / "compare.html").read_text("utf-8")


def test_reports_on_other_patients_are_refused_in_one_line(root):
    assert evaluated(root).exit_code == 0
    (root / "predicted" / "patient-1.nii.gz").unlink()
    assert evaluated(root, out="fewer").exit_code == 3
    run = ctpet("compare", root / "report", root / "fewer", "-o", root / "compare.html")
    assert run.exit_code == 3
    assert "not about the same patients: patient-1" in run.stderr
    assert run.stderr.count("\n") == 1
    assert not (root / "compare.html").exists()
