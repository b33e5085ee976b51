"""What the charts hold."""

import re

import numpy as np
import pytest

from ctpet.evaluate.ratios import ratio_agreement, trend
from ctpet.evaluate.report.charts import SUV_STEP, _binned, agreement_chart, case_chart
from ctpet.evaluate.report.figures import agreement_figure, case_figure
from ctpet.evaluate.report.words import load_words
from ctpet.evaluate.statistics import bland_altman
from ctpet.evaluate.summary import AgreementLine
from ctpet.evaluate.tally import HU_KEYS, hu_keys, tally
from tests.evaluate.report.made import evaluation

SAY = load_words().within("en")


def line(measured, predicted, kind="organ", region="liver", metric="suv_mean"):
    agreement = bland_altman(np.subtract(predicted, measured))
    pair = tuple(measured), tuple(predicted)
    others = ratio_agreement(*pair), trend(*pair)
    return AgreementLine(kind, region, metric, *pair, agreement, 0.1, *others)


def test_a_joint_histogram_keeps_every_voxel_in_range():
    rng = np.random.default_rng(0)
    hu, suv = rng.uniform(-990, 1470, 4000), rng.uniform(0, 12, 4000)
    hu, suv = hu.astype(np.float32), suv.astype(np.float32)
    found = _binned(tally(hu_keys(hu), suv, HU_KEYS))
    expected, _, _ = np.histogram2d(
        hu, suv, [np.arange(-1000, 1500, 25), np.arange(0, 10.1, SUV_STEP)]
    )
    assert found.sum() == (suv <= 10).sum()
    np.testing.assert_array_equal(found, expected)


def test_words_in_charts_are_text_that_is_escaped():
    svg = agreement_chart([line([1.0, 2], [2.0, 3])], ["<gan> & thận"], SAY, "one")
    assert "&lt;gan&gt; &amp; thận" in svg
    assert "Predicted − measured, g/mL" in svg


def test_limits_are_drawn_from_five_patients_on():
    measured = [1.0, 2, 3, 4, 5]
    predicted = [1.1, 2.3, 3.2, 4.6, 5.1]
    many = agreement_chart([line(measured, predicted)], ["x"], SAY, "x")
    few = agreement_chart([line(measured[:4], predicted[:4])], ["x"], SAY, "x")
    assert len(re.findall(r">[+−]\d\.\d+</text>", many)) == 3
    assert re.findall(r">([+−]\d\.\d+)</text>", few) == ["+0.300"]


def test_a_method_without_a_value_leaves_its_row_empty():
    svg = case_chart({"Model": [0.1, 0.2], "none": [np.nan, np.nan]}, SAY, "x")
    assert ">none</text>" in svg


def test_more_methods_than_colours_are_all_drawn():
    methods = {f"model {n}": [0.1, 0.2, 0.3] for n in range(8)}
    svg = case_chart(methods, SAY, "x")
    points = re.findall(r'<use [^>]*style="fill: #[^>]*stroke: #ffffff', svg)
    assert len(points) == 24


@pytest.mark.parametrize("maes", [[0.1], [0.0] * 6, [float("nan")] * 3, [0.1, float("nan")]])
def test_odd_evaluations_are_drawn(maes):
    one, words = evaluation(maes), load_words()
    assert "Model" in case_figure(one, words)["en"]
    drawn = agreement_figure(one.summary, words)
    assert (drawn is None) == bool(np.isnan(maes).all())


def test_the_same_chart_has_the_same_bytes_and_ids_of_its_own():
    one, again, other = (case_chart({"Model": [0.1, 0.2]}, SAY, name) for name in ("a", "a", "b"))
    assert one == again
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_lesions_and_organs_are_drawn_in_every_language():
    drawn = agreement_figure(evaluation([0.1] * 6).summary, load_words())
    assert "Lesions, SUVpeak" in drawn["en"]
    assert "liver, SUVmean" in drawn["en"]
    assert "Tổn thương, SUVpeak" in drawn["vi"]
    assert "gan, SUVmean" in drawn["vi"]


@pytest.mark.parametrize("panels", [1, 2, 3, 4, 5, 6])
def test_every_panel_has_its_title(panels):
    lines = [line([1.0, 2], [2.0, 3])] * panels
    titles = [f"organ {number}" for number in range(panels)]
    svg = agreement_chart(lines, titles, SAY, "x")
    assert all(f">{title}</text>" in svg for title in titles)
