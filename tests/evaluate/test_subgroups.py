"""Who took part, and the errors in subgroups."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ctpet.cli import app
from ctpet.errors import InputRefused
from ctpet.evaluate.covariates import read_covariates
from ctpet.evaluate.files import CaseFiles
from ctpet.evaluate.report.page import write_report
from ctpet.evaluate.score import patient_key
from ctpet.evaluate.statistics import interval
from ctpet.evaluate.subgroups import participants, require_somebody
from tests.evaluate.pairs import write_patient
from tests.evaluate.report.made import evaluation
from tests.evaluate.report.reading import Page

MAES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
TABLE = """patient,site,age,bmi
case-0,Hue,50,20
case-1,Hue,54,25
case-2,Hue,58,
case-3,Hue,62,31
case-4,Hue,66,24.9
case-5,Hanoi,70,30
case-6,Hanoi,74,22
"""


def files(names, *, folder="nifti"):
    suffix = "" if folder == "dicom" else ".nii.gz"
    paths = {role: Path(f"{role}{suffix}") for role in ("predicted", "reference")}
    return [CaseFiles(name, name, paths) for name in names]


@pytest.fixture
def found(tmp_path):
    """Participants of eight patients, of a table and cuts."""
    one = evaluation(MAES)

    def found(text=TABLE, cases=one.cases, called=None, primary=None, **cuts):
        (tmp_path / "patients.csv").write_text(text, "utf-8")
        covariates = read_covariates(tmp_path / "patients.csv", cuts)
        called = called or files([case.name for case in cases])
        primary = range(len(cases)) if primary is None else primary
        return participants(covariates, called, cases, primary)

    return found


def group(found, column, name):
    (one,) = [x for x in found.subgroups if (x.column, x.group) == (column, name)]
    return one


def test_numbers_have_quartiles_and_groups_counts(found):
    site, age, bmi = found().described
    assert (site.known, site.missing, site.counts) == (7, 1, {"Hue": 5, "Hanoi": 2})
    assert (age.quartiles, age.missing) == ((56, 62, 68), 1)
    low, median, high = np.percentile([20, 25, 31, 24.9, 30, 22], (25, 50, 75))
    assert bmi.quartiles == pytest.approx((low, median, high))
    assert (bmi.known, bmi.missing) == (6, 2)


def test_errors_of_a_group_are_those_of_its_patients(found):
    hue, hanoi = (group(found(), "site", name) for name in ("Hue", "Hanoi"))
    assert (hue.patients, hanoi.patients) == (5, 2)
    assert hue.figures["mae"].interval == interval(MAES[:5])
    assert hanoi.figures["mae"].interval.mean == pytest.approx(0.65)
    assert np.isnan(hanoi.figures["mae"].interval.low)  # fewer than five
    assert hanoi.figures["bias"].interval.mean == pytest.approx(-0.325)


def test_numbers_are_split_at_the_median_of_the_scored_or_where_told(found):
    extra = TABLE + "nobody,,99,99\nnobody-2,,98,98\n"
    whole = found(extra, bmi=(25, 30))
    assert [x.group for x in whole.subgroups if x.column == "age"] == ["< 62", "≥ 62"]
    assert group(whole, "age", "≥ 62").patients == 4
    assert group(whole, "age", "≥ 62").split == "median"
    told = {x.group: (x.patients, x.split) for x in whole.subgroups if x.column == "bmi"}
    assert told == {"< 25": (3, "given"), "≥ 25, < 30": (1, "given"), "≥ 30": (2, "given")}
    assert whole.unused_lines == (9, 10)


def test_who_has_no_row_is_named(found):
    assert found().without_row == ("case-7",)


def test_only_patients_that_the_figures_are_over_are_described(found):
    some = found(primary=[0, 1, 5, 7])
    assert some.described[0].counts == {"Hue": 2, "Hanoi": 1}
    assert group(some, "site", "Hue").figures["mae"].interval.mean == pytest.approx(0.15)
    assert (some.without_row, some.unused_lines) == (("case-7",), ())


def test_a_patient_of_several_cases_is_one_participant(found):
    one = evaluation([0.1, 0.3, 0.9])
    cases = [replace(case, patient=p) for case, p in zip(one.cases, "aab", strict=True)]
    called = [replace(file, patient=p) for file, p in zip(files("xyz"), "AAB", strict=True)]
    both = found("patient,site\nA,Hue\nB,Hanoi\nC,Hue\nD,Hanoi\n", cases, called)
    assert both.described[0].counts == {"Hue": 1, "Hanoi": 1}
    assert group(both, "site", "Hue").figures["mae"].interval.mean == pytest.approx(0.2)
    by_case = found("patient,site\nx,Hue\nz,Hanoi\nC,Hue\nD,Hanoi\n", cases, called)
    assert by_case.described == both.described
    with pytest.raises(InputRefused, match="Lines 2 and 3 of the covariates are about one"):
        found("patient,site\nx,Hue\ny,Hue\n", cases, called)


def test_a_patient_id_names_its_patient(found):
    one = evaluation([0.1, 0.2])
    cases = [replace(one.cases[0], patient=patient_key("MRN 7")), one.cases[1]]
    both = found("patient,age\nMRN 7,61\ncase-1,50\n", cases)
    assert both.described[0].known == 2


def test_a_table_of_nobody_is_refused_before_anything_is_scored(found, tmp_path):
    with pytest.raises(InputRefused, match="None of 1 rows") as refusal:
        found("patient,age\nsomeone,61\n")
    assert refusal.value.code == "covariates-nobody"
    covariates = read_covariates(tmp_path / "patients.csv", {})
    with pytest.raises(InputRefused, match="None of 1 rows"):
        require_somebody(covariates, files(["a"]))
    require_somebody(covariates, files(["a"], folder="dicom"))  # the PatientID may match
    require_somebody(covariates, files(["a", "someone"]))


def test_the_page_shows_participants_subgroups_and_what_is_wanting(found, tmp_path):
    text = (
        TABLE.replace("bmi\n", "bmi,name\n")
        .replace("20\n", "20,Anna\n")
        .replace("25\n", "25,Ben\n")
    )
    one = replace(evaluation(MAES), participants=found(text + "who,,,\n", bmi=(25,)))
    write_report(one, (), tmp_path / "r.html")
    page = Page((tmp_path / "r.html").read_text("utf-8"))
    assert page.line("|age|") == "|age|62.0 [56.0; 68.0]|1"
    assert page.line("|Hue|5 (71.4 %)") == "|Hue|5 (71.4 %)|"
    assert page.line("|Hue|5|0.300").startswith("|Hue|5|0.300[")
    assert page.line("|Hanoi|2|0.650") == "|Hanoi|2|0.650n 2|−0.325n 2|0.650n 2|10.5n 2|21.0n 2"
    assert page.line("|≥ 25|3|").startswith("|≥ 25|3|0.400n 3|")
    assert "among 6 groups and five figures each" in page.text
    assert "may be names, numbers or dates of patients: name." in page.text
    assert "Without a row in the table, and missing in every line: case-7." in page.text
    assert "name nobody who was scored: 9." in page.text
    assert "Anna" not in page.text
    assert "split at the median of these patients" in page.line("|age split")
    vietnamese = Page((tmp_path / "r.html").read_text("utf-8"), "vi")
    assert "Sai số theo phân nhóm" in vietnamese.text
    assert "with 95 % confidence intervals over" not in vietnamese.text


def test_from_the_command_line(tmp_path):
    for number in range(2):
        write_patient(tmp_path, number)
    table = tmp_path / "patients.csv"
    table.write_text("patient,age\npatient-0,61\npatient-9,59.5\n", "utf-8")
    pets = (str(tmp_path / "predicted"), str(tmp_path / "measured"))

    def ctpet(*options, out="report"):
        more = ("--workers", "1", "-o", str(tmp_path / out))
        return CliRunner().invoke(app, ["evaluate", *pets, *more, *options])

    run = ctpet("--covariates", str(table), "--cut", "age=60,70")
    assert run.exit_code == 0, run.output
    assert "patients without a row in the covariates: patient-1" in run.stdout
    assert "lines of the covariates about nobody scored: 3" in run.stdout
    assert "patient-9" not in (tmp_path / "report" / "report.html").read_text("utf-8")
    summary = (tmp_path / "report" / "summary.json").read_text("utf-8")
    assert '"participants"' in summary
    assert "patient-9" not in summary
    for wrong in (["--cut", "age=60"], ["--covariates", str(table), "--cut", "age=b"]):
        assert ctpet(*wrong).exit_code == 2
    for cut in ("age=", "=60", "age", "age=70,60", "age=nan"):
        assert ctpet("--covariates", str(table), "--cut", cut).exit_code == 2
    refused = ctpet("--covariates", str(table), "--cut", "bmi=25", out="second")
    assert refused.exit_code == 3
    assert "no column of numbers called bmi" in refused.output
