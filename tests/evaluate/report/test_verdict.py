"""What a reviewer is told first."""

from dataclasses import replace

import pytest

from ctpet.evaluate.baselines import NOTHING, TIERS
from ctpet.evaluate.report.verdict import alerts, verdict
from ctpet.evaluate.report.words import Key
from ctpet.evaluate.statistics import minimum_detectable_difference
from ctpet.evaluate.tally import TallyErrors
from tests.evaluate.report.made import assembled, evaluation, score

MANY = [0.1, 0.2, 0.15, 0.12, 0.18, 0.11, 0.16, 0.14, 0.19, 0.13]


def sentence(found, key):
    (one,) = [each for each in found.sentences if each.key == key]
    return one


def keys(found):
    return [each.key for each in found.sentences]


def test_a_model_below_all_baselines_is_better():
    found = verdict(evaluation(MANY))
    assert (found.headline.key, found.headline.tone) == ("headline.better", "plain")
    assert keys(found) == [
        *("verdict.error", "verdict.best", *["verdict.better_elsewhere"] * 3),
        *("verdict.refitted", "verdict.power"),
    ]
    assert sentence(found, "verdict.refitted").tone == "plain"
    assert sentence(found, "verdict.error").values["mae"] == "0.148"
    assert sentence(found, "verdict.best").values["difference"] == "−0.852"


def test_a_model_that_draws_appearance_is_told_first():
    one = evaluation(MANY, model=True, seen=[False] * len(MANY))
    assert alerts(one) == ()
    contract, digest = one.model
    drawn = replace(one, model=(replace(contract, kind="appearance"), digest))
    assert [(each.key, each.tone) for each in alerts(drawn)] == [("alert.appearance", "bad")]


def test_a_difference_that_may_be_chance_is_not_shown():
    found = verdict(evaluation([0.1, 0.2, 0.1, 1.2, 0.9, 0.4, 1.2, 1.3]))
    assert (found.headline.key, found.headline.tone) == ("headline.unproven", "doubt")


def test_five_patients_cannot_prove_anything_and_six_can():
    # The smallest two-sided p of five sign flips is 2/32.
    found = verdict(evaluation(MANY[:5]))
    assert found.headline.key == "headline.unproven"
    assert sentence(found, "verdict.cannot").values["least_p"] == "0.0625"
    assert sentence(found, "verdict.best_endless").values["p"] == "= 0.062"
    found = verdict(evaluation(MANY[:6]))
    assert found.headline.key == "headline.better"
    assert "verdict.cannot" not in keys(found)


def test_a_model_above_a_baseline_is_worse_and_each_baseline_is_named():
    found = verdict(evaluation([1.5] * 6, baselines=(NOTHING, "HU bins")))
    assert (found.headline.key, found.headline.tone) == ("headline.worse", "bad")
    assert found.headline.values["baselines"] == (Key("baseline.nothing"), Key("baseline.HU bins"))
    worse = [each for each in found.sentences if each.key == "verdict.worse"]
    assert [each.values["baseline"] for each in worse] == list(found.headline.values["baselines"])
    assert {each.tone for each in worse} == {"bad"}
    assert {each.values["more"] for each in worse} == {"0.500"}
    assert sentence(found, "verdict.refitted").tone == "doubt", "said beside the red"
    alone = verdict(evaluation([1.5] * 6, baselines=(NOTHING,)))
    assert "verdict.refitted" not in keys(alone), "no uptake is fitted on nothing"


def test_in_a_cross_validation_the_model_knows_the_site_as_the_baselines_do():
    assert "verdict.refitted" in keys(verdict(evaluation([1.5] * 6)))
    assert "verdict.refitted" not in keys(verdict(evaluation([1.5] * 6, cross_validated=True)))


def test_worse_needs_the_evidence_that_better_needs():
    worse = [2.0 - mae for mae in MANY]  # as far above the baselines as MANY is below
    assert verdict(evaluation(worse)).headline.key == "headline.worse"
    assert verdict(evaluation(MANY)).headline.key == "headline.better"
    chance = [0.1, 0.2, 0.1, 1.2, 0.9, 0.4, 1.2, 1.3]
    for maes in (chance, [2.0 - mae for mae in chance]):
        found = verdict(evaluation(maes))
        assert found.headline.key == "headline.unproven"
        assert "verdict.worse" not in keys(found)
        assert "bad" not in {each.tone for each in found.sentences}
    higher = [each for each in found.sentences if each.key == "verdict.higher"]
    assert [each.tone for each in higher] == ["doubt"] * 5
    assert {each.values["more"] for each in higher} == {"0.325"}


def test_measures_by_which_a_baseline_is_better_are_told():
    found = verdict(evaluation([1.5] * 6))
    told = [e.values["endpoint"] for e in found.sentences if e.key == "verdict.worse_elsewhere"]
    assert told == [
        Key("endpoint.measured > 2.5 mae"),
        Key("endpoint.predicted > 2.5 mae"),
    ]


def test_a_model_that_is_better_in_the_body_and_worse_where_it_is_hot_is_not_called_better():
    found = [
        {
            "nothing": {
                tier: TallyErrors(0.01 if tier == "measured > 2.5" else 1.0, 1.0, 0.0, 0.0)
                for tier in TIERS
            }
        }
        for _ in MANY
    ]
    cases = [score(f"case-{n}", mae) for n, mae in enumerate(MANY)]
    headline = verdict(assembled(cases, found)).headline
    assert (headline.key, headline.tone) == ("headline.mixed", "bad")
    assert headline.values["endpoints"] == (Key("endpoint.measured > 2.5 mae"),)


@pytest.mark.parametrize("patients", [1, 4])
def test_few_patients_get_no_interval_no_p_and_no_conclusion(patients):
    found = verdict(evaluation(MANY[:patients]))
    assert (found.headline.key, found.headline.tone) == ("headline.few", "doubt")
    assert keys(found) == [
        "verdict.error_few",
        "verdict.best_few",
        "verdict.refitted",
        "verdict.power_few",
    ]
    assert not any("ends" in each.values or "p" in each.values for each in found.sentences)


def test_few_patients_are_not_enough_to_be_worse_either():
    assert verdict(evaluation([1.5] * 4)).headline.key == "headline.few"


def test_without_another_patient_only_nothing_is_compared():
    assert "verdict.nothing_to_fit" in keys(verdict(evaluation([0.1], baselines=(NOTHING,))))
    assert "verdict.nothing_to_fit" not in keys(verdict(evaluation([0.1])))


def test_the_detectable_difference_is_that_of_the_best_baseline():
    found = sentence(verdict(evaluation(MANY)), "verdict.power")
    differences = [mae - 1 for mae in MANY]
    assert float(found.values["detectable"]) == pytest.approx(
        minimum_detectable_difference(differences), rel=5e-3
    )


def test_cases_in_training_are_named():
    seen, unknown = alerts(evaluation([0.1] * 3, seen=[True, False, None], model=True))
    assert (seen.key, seen.tone, seen.values["cases"]) == ("alert.seen", "bad", ("case-0",))
    assert (unknown.key, unknown.values["cases"]) == ("alert.unknown", ("case-2",))


def test_cases_that_were_not_in_training_raise_no_alarm():
    assert alerts(evaluation([0.1] * 3, seen=[False] * 3, model=True)) == ()


def test_an_unknown_model_is_told_once():
    (one,) = alerts(evaluation([0.1] * 3))
    assert (one.key, one.tone) == ("alert.unknown_all", "doubt")


def test_a_baseline_against_which_nothing_is_proven_is_named_though_another_is_best():
    maes = [0.1] * 10
    found = [
        {name: dict.fromkeys(TIERS, TallyErrors(mae, mae, 0.0, 0.5)) for name, mae in each.items()}
        for each in ({"nothing": 5.0 * (n % 5 == 0), "body mean": 0.4} for n in range(10))
    ]
    cases = [score(f"case-{n}", mae) for n, mae in enumerate(maes)]
    headline = verdict(assembled(cases, found)).headline
    assert headline.key == "headline.unproven"
    assert headline.values["baselines"] == (Key("baseline.nothing"),)


def test_a_model_that_has_seen_the_patients_is_not_called_better():
    found = verdict(evaluation(MANY, seen=[True] * 10, model=True)).headline
    assert (found.key, found.tone) == ("headline.better_seen", "bad")
    (seen,) = alerts(evaluation(MANY, seen=[True] * 10, model=True))
    assert (seen.key, seen.tone, seen.values["all"]) == ("alert.seen_all", "bad", 10)


def test_patients_that_the_model_has_seen_are_in_no_figure():
    """Their error is ten times smaller; it is told apart, and nothing else changes."""
    maes = [0.02] * 5 + MANY
    with_seen = evaluation(maes, seen=[True] * 5 + [False] * 10, model=True)
    without = evaluation(MANY, seen=[False] * 10, model=True)
    assert verdict(with_seen) == verdict(without)
    (seen,) = alerts(with_seen)
    assert (seen.key, seen.values["seen"], seen.values["mae"]) == ("alert.seen", 5, "0.0200")
    assert with_seen.summary == without.summary
