"""What a reviewer is told first: numbers in, sentences out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from ctpet.evaluate.baselines import NOTHING
from ctpet.evaluate.endpoints import PRIMARY, TIER_ENDPOINTS, Endpoint, Standing
from ctpet.evaluate.margin import Margin, Relevance
from ctpet.evaluate.paired import LEVEL
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.detection_table import detection_rows
from ctpet.evaluate.report.lines import baseline_name, endpoint_name, interval_of, some
from ctpet.evaluate.report.words import Key, Value
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.statistics import LEAST_PATIENTS
from ctpet.evaluate.summary import JUDGED_METRIC, JUDGED_TIER, BaselineLine, Summary

Tone = Literal["plain", "doubt", "bad"]


_RELEVANCE_TONES: Mapping[Relevance, Tone] = {
    "superior": "plain",
    "inferior": "bad",
    "equivalent": "doubt",
    "non_inferior": "doubt",
    "non_superior": "bad",
    "open": "doubt",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing to say.

    Attributes:
        key: of its words.
        tone: ``bad`` is shown in red, ``doubt`` in amber.
        values: of its placeholders.
    """

    key: str
    tone: Tone = "plain"
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentences of the summary.

    Attributes:
        headline: the conclusion.
        sentences: the numbers it rests on.
    """

    headline: Sentence
    sentences: tuple[Sentence, ...]


def verdict(evaluation: Evaluation) -> Verdict:
    """Return what an evaluation says of its model."""
    summary = evaluation.summary
    judged = judged_lines(summary)
    best = min(judged, key=lambda line: line.interval.mean, default=None)
    sentences = [_error(evaluation), *_best(summary, best)]
    sentences += [_worse(line) for line in judged if line.standing == "worse"]
    sentences += [_higher(line) for line in judged if _is_higher(line)]
    sentences += [one for endpoint in TIER_ENDPOINTS[1:] for one in _elsewhere(summary, endpoint)]
    sentences += _beside_margin(summary.margin, judged)
    sentences += [] if evaluation.cross_validated else _refitted(judged)
    if {line.name for line in summary.baselines} == {NOTHING}:
        sentences.append(Sentence("verdict.nothing_to_fit", "doubt"))
    sentences += [*_detection(summary), *_power(summary, best)]
    seen = any(evaluation.cases[number].in_training for number in evaluation.primary)
    return Verdict(_headline(summary, judged, best, seen=seen), tuple(sentences))


def alerts(evaluation: Evaluation) -> tuple[Sentence, ...]:
    """Return what must be known before any number: what model it is, and whom it may have seen."""
    seen, unknown = (
        tuple(case.name for case in evaluation.cases if case.in_training is state)
        for state in (True, None)
    )
    found = []
    if evaluation.model is not None and evaluation.model[0].kind == "appearance":
        found.append(Sentence("alert.appearance", "bad"))
    if evaluation.seen is not None:
        of_seen = interval_of(evaluation.seen, "tier", JUDGED_TIER, JUDGED_METRIC)
        values: dict[str, Value] = {"seen": len(seen), "all": len(evaluation.cases)}
        values |= {"cases": some(seen), "mae": numbers.mean_of(of_seen)}
        found.append(Sentence("alert.seen", "bad", values))
    elif seen:
        found.append(Sentence("alert.seen_all", "bad", {"all": len(evaluation.cases)}))
    if len(unknown) == len(evaluation.cases):
        found.append(Sentence("alert.unknown_all", "doubt"))
    elif unknown:
        found.append(Sentence("alert.unknown", "doubt", {"cases": some(unknown)}))
    return tuple(found)


def judged_lines(summary: Summary) -> tuple[BaselineLine, ...]:
    """Return the baselines' lines by which the model is judged first."""
    return tuple(
        line for line in endpoint_lines(summary, PRIMARY) if np.isfinite(line.interval.mean)
    )


def endpoint_lines(summary: Summary, endpoint: Endpoint) -> tuple[BaselineLine, ...]:
    """Return the baselines' lines of one endpoint."""
    where = endpoint.region, endpoint.metric
    return tuple(line for line in summary.baselines if (line.tier, line.metric) == where)


def tests_made(summary: Summary) -> int:
    """Return how many tests the p-values are adjusted for."""
    return sum(bool(np.isfinite(line.p_adjusted)) for line in summary.baselines)


def _headline(
    summary: Summary, judged: Sequence[BaselineLine], best: BaselineLine | None, *, seen: bool
) -> Sentence:
    if best is None or summary.patients < LEAST_PATIENTS or np.isnan(best.p_adjusted):
        return Sentence("headline.few", "doubt", {"patients": summary.patients})
    worse, unproven = (_named(judged, standing) for standing in ("worse", "open"))
    if worse:
        values: dict[str, Value] = {"number": len(worse), "all": len(judged), "baselines": worse}
        return Sentence("headline.worse", "bad", values)
    if unproven:
        return Sentence("headline.unproven", "doubt", {"baselines": unproven})
    elsewhere = tuple(
        endpoint_name(endpoint)
        for endpoint in TIER_ENDPOINTS[1:]
        if _named(endpoint_lines(summary, endpoint), "worse")
    )
    if elsewhere:
        return Sentence("headline.mixed", "bad", {"endpoints": elsewhere})
    if seen:
        return Sentence("headline.better_seen", "bad")
    return Sentence("headline.better", "plain", {"baseline": baseline_name(best.name)})


def _named(lines: Sequence[BaselineLine], standing: Standing) -> tuple[Key, ...]:
    return tuple(baseline_name(line.name) for line in lines if line.standing == standing)


def _error(evaluation: Evaluation) -> Sentence:
    found = interval_of(evaluation.summary, "tier", JUDGED_TIER, JUDGED_METRIC)
    values: dict[str, Value] = {
        "mae": numbers.mean_of(found),
        "patients": evaluation.summary.patients,
        "cases": len(evaluation.primary),
        "least": LEAST_PATIENTS,
    }
    ends = numbers.ends_of(found)
    if ends:
        return Sentence("verdict.error", "plain", {**values, "ends": ends})
    return Sentence("verdict.error_few", "plain", values)


def _refitted(judged: Sequence[BaselineLine]) -> list[Sentence]:
    """Say that the baselines know the site and the model does not, where there are such."""
    fitted = [line for line in judged if line.name != NOTHING]
    if not fitted:
        return []
    lower = any(line.difference.mean > 0 for line in fitted)
    return [Sentence("verdict.refitted", "doubt" if lower else "plain")]


def _best(summary: Summary, best: BaselineLine | None) -> list[Sentence]:
    if best is None or not np.isfinite(best.difference.mean):
        return []
    values: dict[str, Value] = {
        "baseline": baseline_name(best.name),
        "mae": numbers.mean_of(best.interval),
        "difference": numbers.mean_of(best.difference, "+"),
        "paired": best.difference.patients,
    }
    p = numbers.p_value(best.p_adjusted)
    if not p:
        return [Sentence("verdict.best_few", "plain", values)]
    values |= {"p": p, "tests": tests_made(summary)}
    ends = numbers.ends_of(best.difference, "+")
    if not ends:
        return [Sentence("verdict.best_endless", "plain", values)]
    return [Sentence("verdict.best", "plain", {**values, "ends": ends})]


def _worse(line: BaselineLine) -> Sentence:
    return Sentence(
        "verdict.worse",
        "bad",
        {
            **_compared(line),
            "ends": numbers.ends_of(line.difference, "+"),
            "p": numbers.p_value(line.p_adjusted),
        },
    )


def _higher(line: BaselineLine) -> Sentence:
    return Sentence("verdict.higher", "doubt", _compared(line))


def _is_higher(line: BaselineLine) -> bool:
    """Tell whether the model's mean error is the larger one, without evidence that it is so."""
    return line.standing == "open" and line.difference.mean > 0


def _compared(line: BaselineLine) -> dict[str, Value]:
    return {
        "baseline": baseline_name(line.name),
        "mae": numbers.mean_of(line.interval),
        "more": numbers.number(line.difference.mean),
        "paired": line.difference.patients,
    }


def _elsewhere(summary: Summary, endpoint: Endpoint) -> list[Sentence]:
    """Return what was shown of the model by an endpoint that is not the first."""
    made = [line for line in endpoint_lines(summary, endpoint) if np.isfinite(line.p_adjusted)]
    tones: tuple[tuple[Standing, Tone], ...] = (
        *(("worse", "bad"), ("open", "doubt"), ("better", "plain")),
    )
    return [
        Sentence(
            f"verdict.{standing}_elsewhere",
            tone,
            {"endpoint": endpoint_name(endpoint), "baselines": _named(made, standing)},
        )
        for standing, tone in tones
        if _named(made, standing)
    ]


def _beside_margin(margin: Margin | None, judged: Sequence[BaselineLine]) -> list[Sentence]:
    """Return what was shown beside the stated margin."""
    if margin is None:
        return []
    sentences = [Sentence("margin.stated", "plain", {"margin": str(margin)})]
    for one in get_args(Relevance):
        named = tuple(baseline_name(line.name) for line in judged if line.relevance == one)
        if named and one != "unstated":
            values: dict[str, Value] = {"margin": str(margin), "baselines": named}
            sentences.append(Sentence(f"margin.{one}_to", _RELEVANCE_TONES[one], values))
    return sentences


def _detection(summary: Summary) -> list[Sentence]:
    """Return the sentence about what a segmenter found, and the one about what it can find."""
    return [
        Sentence(
            f"verdict.detection_{row.name.name.rpartition('.')[2]}",
            "plain",
            {
                "found": row.found,
                "sensitivity": row.sensitivity.value,
                "ends": f" {row.sensitivity.below}".rstrip(),
                "false_positives": row.false_positives.value,
            },
        )
        for row in detection_rows(summary)
        if isinstance(row.name, Key)
    ]


def _power(summary: Summary, best: BaselineLine | None) -> list[Sentence]:
    """Return the sentence about how little so many patients say."""
    values: dict[str, Value] = {"patients": summary.patients, "least": LEAST_PATIENTS}
    if summary.patients < LEAST_PATIENTS:
        return [Sentence("verdict.power_few", "doubt", values)]
    if best is None or np.isnan(best.detectable):
        return []
    values |= {
        "baseline": baseline_name(best.name),
        "detectable": numbers.number(best.detectable),
        "level": LEVEL,
    }
    sentences = [Sentence("verdict.power", "plain", values)]
    paired = best.difference.patients
    least_p = 2 / 2**paired
    if least_p >= LEVEL:
        told: dict[str, Value] = {
            "patients": paired,
            "least_p": numbers.number(least_p),
            "level": LEVEL,
        }
        sentences.append(Sentence("verdict.cannot", "doubt", told))
    return sentences
