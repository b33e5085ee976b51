"""Which charts an evaluation gets, each drawn once in every language."""

from collections.abc import Callable

import numpy as np
from markupsafe import Markup

from ctpet.evaluate.report.charts import Say, agreement_chart, case_chart, joint_chart
from ctpet.evaluate.report.froc_chart import froc_chart
from ctpet.evaluate.report.lines import baseline_name
from ctpet.evaluate.report.words import LANGUAGES, Language, Words
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.summary import (
    JUDGED_METRIC,
    JUDGED_TIER,
    AgreementLine,
    Summary,
    value_of,
)

Drawn = dict[Language, Markup]

PANELS = 6
FIRST_ORGANS = ("liver", "brain", "myocardium", "heart", "spleen", "kidney_left", "bone_marrow")
"""Drawn before others that as many patients have."""


def agreement_figure(summary: Summary, words: Words) -> Drawn | None:
    """Draw the agreement of lesions' SUVpeak and of the SUVmean of some organs.

    Of the organs those that most patients have; None if there is neither an organ nor a lesion.
    """
    lesions = _known(summary, "lesion", "suv_peak_global")
    organs = sorted(_known(summary, "organ", "suv_mean"), key=_rank)
    lines = [*lesions, *organs][:PANELS]
    if not lines:
        return None

    def draw(language: Language, say: Say, name: str) -> Markup:
        titles = [
            say("chart.lesions") if line.kind == "lesion" else _organ(words, line, language)
            for line in lines
        ]
        return agreement_chart(lines, titles, say, name)

    return in_all_languages(words, "agreement", draw)


def case_figure(evaluation: Evaluation, words: Words) -> Drawn:
    """Draw the MAE in the body of each case, of the model and the baselines."""

    def draw(_: Language, say: Say, name: str) -> Markup:
        return case_chart(_by_method(evaluation, say), say, name)

    return in_all_languages(words, "strip", draw)


def joint_figure(evaluation: Evaluation, words: Words) -> Drawn | None:
    """Draw the joint histograms of HU and SUV; None where no case has a CT."""
    measured, predicted = (evaluation.pooled[pet].get("hu") for pet in ("measured", "predicted"))
    if measured is None or predicted is None:
        return None
    pair = measured, predicted

    def draw(_: Language, say: Say, name: str) -> Markup:
        return joint_chart(*pair, say, name)

    return in_all_languages(words, "joint", draw)


def froc_figure(summary: Summary, words: Words) -> Drawn | None:
    """Draw what a segmenter finds as its candidates may be less hot; None without a lesion."""
    found = summary.detection
    if found is None or not any(found.froc.values()):
        return None
    curves = {pet: curve for pet, curve in found.froc.items() if curve}

    def draw(_: Language, say: Say, name: str) -> Markup:
        return froc_chart(curves, say, name)

    return in_all_languages(words, "froc", draw)


def in_all_languages(
    words: Words, name: str, draw: Callable[[Language, Say, str], Markup]
) -> Drawn:
    """Draw a chart in every language; ``draw`` takes it, its words, and a name of its own."""
    return {each: draw(each, words.within(each), f"{name}-{each}") for each in LANGUAGES}


def _organ(words: Words, line: AgreementLine, language: Language) -> str:
    return f"{words.organ(line.region).of(language).unescape()}, SUVmean"


def _by_method(evaluation: Evaluation, say: Say) -> dict[str, list[float]]:
    """Return the MAE in the body of each case, by the method's name as shown."""
    found = {
        say("chart.model"): [
            value_of(evaluation.cases[number], "tier", JUDGED_TIER, JUDGED_METRIC)
            for number in evaluation.primary
        ]
    }
    baselines = [evaluation.baselines[number] for number in evaluation.primary]
    for name in dict.fromkeys(name for one in baselines for name in one):
        found[say(baseline_name(name).name)] = [
            one[name][JUDGED_TIER].mae if name in one else np.nan for one in baselines
        ]
    return found


def _known(summary: Summary, kind: str, metric: str) -> list[AgreementLine]:
    return [
        line
        for line in summary.agreements
        if (line.kind, line.metric) == (kind, metric) and line.agreement.bias.patients
    ]


def _rank(line: AgreementLine) -> tuple[int, int]:
    known = line.region in FIRST_ORGANS
    place = FIRST_ORGANS.index(line.region) if known else len(FIRST_ORGANS)
    return -line.agreement.bias.patients, place
