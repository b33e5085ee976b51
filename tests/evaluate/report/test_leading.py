"""What the first screen leads with."""

from dataclasses import replace

import pytest

from ctpet.evaluate.lesions import SIZE_CLASSES
from ctpet.evaluate.report.leading import foci_tone, leading_figures, leading_headline
from ctpet.evaluate.report.size_table import FOCI
from tests.evaluate.report.made import assembled, evaluation, score
from tests.evaluate.report.test_verdict import MANY


def counts(omitted, measured, fabricated, predicted):
    return {
        "omitted": omitted, "measured": measured, "fabricated": fabricated, "predicted": predicted,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "tone"),
    [
        (counts(43, 44, 0, 1), "bad"),
        (counts(22, 44, 0, 40), "bad"),
        (counts(21, 44, 0, 40), "doubt"),
        (counts(0, 44, 1, 40), "doubt"),
        (counts(0, 44, 20, 40), "bad"),
        (counts(0, 0, 1, 1), "bad"),
        (counts(0, 44, 0, 40), "plain"),
        (counts(0, 0, 0, 0), "plain"),
    ],
)
def test_foci_are_told_in_red_from_half_of_them_on(told, tone):
    assert foci_tone(told) == tone


def test_foci_and_fabricated_uptake_lead_over_all_cases():
    found = leading_headline(evaluation(MANY).summary)
    assert (found.key, found.tone) == ("lead.foci", "doubt")
    assert {sort: found.values[sort] for sort in FOCI} == counts(20, 50, 10, 40)
    assert found.values["fabricated_ml"] == "105"


def test_uptake_invented_around_one_voxel_is_told_though_no_focus_is_fabricated():
    one = evaluation(MANY).summary
    foci = {f"foci: {sort} count {size}": 0.0 for sort in FOCI for size in SIZE_CLASSES}
    foci |= {"foci: measured count <1": 1, "foci: predicted count >20": 1}
    volumes = {"foci: fabricated_ml": 111.0, "foci: predicted_ml": 115.0, "foci: measured_ml": 1.0}
    found = leading_headline(replace(one, totals={**foci, **volumes}))
    assert {sort: found.values[sort] for sort in FOCI} == counts(0, 1, 0, 1)
    assert (found.values["fabricated_ml"], found.tone) == ("111", "bad")


def test_without_any_focus_nothing_is_told_of_lesions():
    found = leading_headline(replace(evaluation(MANY).summary, totals={}))
    assert (found.key, found.tone) == ("lead.no_foci", "doubt")


def test_clinical_figures_come_before_the_body():
    found = leading_figures(evaluation(MANY).summary)
    assert [each.meaning.key for each in found] == [
        *("lead.fabricated_ml", "lead.omitted_ml"),
        *("lead.lesions", "lead.high", "lead.body"),
    ]
    fabricated, omitted, lesions, high, body = found
    assert (fabricated.value.values, fabricated.meaning.values) == (
        {"volume": "105"},
        {"all": "420"},
    )
    assert (omitted.value.values, omitted.meaning.values) == ({"volume": "210"}, {"all": "525"})
    assert lesions.value.values == {"some": 10, "all": 10}
    assert high.value.values["value"] == body.value.values["value"] == "0.148"
    assert high.meaning.values["bias"] == "−0.0740"
    assert high.meaning.values["patients"] == 10


def test_what_is_not_known_is_left_out():
    cases = [score("one", float("nan"), lesions=0)]
    summary = assembled(cases, evaluation([0.1]).baselines).summary
    assert leading_figures(replace(summary, totals={})) == []
