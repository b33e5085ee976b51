"""A margin that was stated: what an interval says beside it."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from ctpet.errors import InputRefused
from ctpet.evaluate.compare import compare
from ctpet.evaluate.endpoints import PRIMARY
from ctpet.evaluate.margin import Margin, read_margin, relevance
from ctpet.evaluate.outputs import write_summary
from ctpet.evaluate.paired import paired_tests
from ctpet.evaluate.statistics import Interval
from ctpet.evaluate.summary import summarise
from tests.evaluate.report.made import assembled, evaluation
from tests.evaluate.test_command import ctpet

NAN = math.nan
MAES = [0.30, 0.35, 0.28, 0.33, 0.31, 0.36, 0.29, 0.34]


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (-0.3, -0.12, "superior"),
        (-0.3, -0.1, "non_inferior"),
        (-0.09, 0.09, "equivalent"),
        (-0.09, -0.01, "equivalent"),
        (-0.3, 0.09, "non_inferior"),
        (-0.09, 0.3, "non_superior"),
        (-0.3, 0.3, "open"),
        (0.12, 0.3, "inferior"),
        (NAN, NAN, "open"),
    ],
)
def test_what_an_interval_says_beside_a_margin_of_a_tenth(low, high, told):
    assert relevance(Interval(0.0, low, high, 8), 0.1) == told
    assert relevance(Interval(0.0, low, high, 8), NAN) == "unstated"


def test_a_margin_is_read_in_suv_or_per_cent():
    assert read_margin("0.05") == Margin(0.05, "g/mL")
    assert read_margin(" 10 %") == Margin(10.0, "%")
    assert (str(read_margin("10%")), str(read_margin("0.05"))) == ("10 %", "0.05 g/mL")
    assert read_margin("10%").in_suv(0.4) == pytest.approx(0.04)
    assert read_margin("0.05").in_suv(0.4) == 0.05


@pytest.mark.parametrize("told", ["", "x", "0", "-1", "nan", "inf", "-5%", "1 SUV"])
def test_what_is_no_margin_is_refused(told):
    with pytest.raises(ValueError, match=r"margin|convert"):
        read_margin(told)
    run = ctpet("compare", "a", "b", "-o", "c.html", "--margin", told)
    assert run.exit_code == 2
    assert ("write 0.05 for g/mL, or 10%" if told else "--margin is empty") in run.output


def test_equivalent_are_those_whom_two_tests_of_scipy_call_so():
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(40):
        differences = rng.normal(0.02, 0.1, 8)
        (test,) = paired_tests([differences])
        found = relevance(test.interval, 0.1)
        both = [
            stats.permutation_test(
                (differences + shift,), np.mean, permutation_type="samples", n_resamples=np.inf
            ).pvalue
            < 0.05
            for shift in (-0.1, 0.1)
        ]
        inside = abs(differences.mean()) < 0.1
        assert (found == "equivalent") == (all(both) and inside)
        verdicts.append(found)
    assert {"equivalent", "non_superior"} <= set(verdicts)


def test_a_model_stands_beside_each_baseline_and_the_margin():
    for margin, told in ((Margin(0.2, "g/mL"), "superior"), (Margin(90, "%"), "equivalent")):
        one = evaluation(MAES)
        summary = summarise(one.cases, one.baselines, margin=margin)
        lines = [line for line in summary.baselines if line.relevance != "unstated"]
        assert {(line.tier, line.metric) for line in lines} == {("body", "mae")}
        assert {line.relevance for line in lines} == {told}
        assert lines[0].margin_suv == pytest.approx(margin.in_suv(1.0))


@pytest.fixture
def reports(tmp_path):
    """Return a function that writes the reports of two models, with the margin given."""

    def write(margin, second=0.02):
        for name, more in (("a", 0.0), ("b", second)):
            one = evaluation([mae + more for mae in MAES], title=name)
            one = assembled(one.cases, one.baselines, title=name, margin=margin)
            write_summary(one, tmp_path / f"{name}.json")
        return [tmp_path / "a.json", tmp_path / "b.json"]

    return write


def test_the_margin_of_the_reports_is_that_of_the_comparison(reports):
    paths = reports(Margin(0.05, "g/mL"))
    told = json.loads(paths[0].read_text("utf-8"))
    assert told["settings"]["margin"] == {"value": 0.05, "unit": "g/mL"}
    found = compare(paths)
    assert found.margin == Margin(0.05, "g/mL")
    assert [pair.relevance for pair in found.pairs] == [
        "equivalent" if pair.endpoint == PRIMARY else "unstated" for pair in found.pairs
    ]
    assert found.pairs[0].standing == "better", "shown, and too small to matter"
    with pytest.raises(InputRefused, match=r"0.05 g/mL, not 0.1 g/mL") as refused:
        compare(paths, margin=Margin(0.1, "g/mL"))
    assert refused.value.code == "margin-differs"


def test_a_margin_in_per_cent_is_of_the_second_models_mean(reports):
    paths = reports(None, second=0.2)
    assert compare(paths).pairs[0].relevance == "unstated"
    found = compare(paths, margin=Margin(30, "%")).pairs[0]
    assert found.margin_suv == pytest.approx(0.3 * (np.mean(MAES) + 0.2))
    assert found.relevance == "superior"
    assert compare(paths, margin=Margin(50, "%")).pairs[0].relevance == "equivalent"
