"""What the first screen leads with: what matters to a patient, before any mean over voxels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ctpet.evaluate.lesions import HOT_SUV, LEAST_ML, NEAR_MM
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.detection_table import leading_line
from ctpet.evaluate.report.lines import interval_of
from ctpet.evaluate.report.size_table import FOCI, total
from ctpet.evaluate.report.verdict import Sentence, Tone
from ctpet.evaluate.report.words import Value
from ctpet.evaluate.summary import JUDGED_METRIC, JUDGED_TIER, Summary
from ctpet.evaluate.voxel import HIGH_SUV

MOST = 0.5
"""From which share on omitted or fabricated foci are told in red; below, in amber."""

_TONES: tuple[Tone, ...] = ("plain", "doubt", "bad")

HIGH_TIER = "measured > 2.5"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and what it is.

    Attributes:
        value: the number, with its unit.
        meaning: what it says.
    """

    value: Sentence
    meaning: Sentence


def leading_headline(summary: Summary) -> Sentence:
    """Return the first sentence of a report: what becomes of foci and of high uptake."""
    counts = {sort: total(summary, "foci", sort) for sort in FOCI}
    if not counts["measured"] + counts["predicted"]:
        return Sentence("lead.no_foci", "doubt")
    volumes = {sort: summary.totals.get(f"foci: {sort}_ml", 0.0) for sort in FOCI}
    tone = max(foci_tone(counts), foci_tone(volumes), key=_TONES.index)
    told: dict[str, Value] = {f"{sort}_ml": numbers.number(ml) for sort, ml in volumes.items()}
    return Sentence("lead.foci", tone, {**counts, **told})


def foci_tone(amounts: Mapping[str, float]) -> Tone:
    """Return how loud to be: red if :data:`MOST` of either PET is wrong, amber if anything is.

    Args:
        amounts: counts or volumes: predicted, fabricated of these, measured, omitted of these.
    """
    shares = [
        amounts[wrong] / amounts[everything]
        for wrong, everything in (("omitted", "measured"), ("fabricated", "predicted"))
        if amounts[everything]
    ]
    most = max(shares, default=0.0)
    return "bad" if most >= MOST else "doubt" if most else "plain"


def focus_words() -> dict[str, Value]:
    """Return what a focus is, for the placeholders of texts."""
    return {"hot": f"{HOT_SUV:g}", "least": f"{LEAST_ML:g}", "near": f"{NEAR_MM:g}"}


def leading_figures(summary: Summary) -> list[Figure]:
    """Return the numbers below the first sentence, the clinical ones first."""
    return [
        *_uptake(summary, "fabricated_ml", "predicted_ml"),
        *_uptake(summary, "omitted_ml", "measured_ml"),
        *_lesions(summary),
        *_error(summary, HIGH_TIER, "lead.high", lambda: _high(summary)),
        *_error(summary, JUDGED_TIER, "lead.body", dict),
    ]


def _uptake(summary: Summary, wrong: str, all_of: str) -> list[Figure]:
    """Return a volume of uptake that one PET has far from all that is hot on the other."""
    volume, everything = (summary.totals.get(f"foci: {name}", np.nan) for name in (wrong, all_of))
    if not np.isfinite(volume):
        return []
    least: dict[str, Value] = {"volume": numbers.number(volume)}
    told: dict[str, Value] = {"all": numbers.number(everything)}
    return [Figure(Sentence("lead.at_least", values=least), Sentence(f"lead.{wrong}", values=told))]


def _lesions(summary: Summary) -> list[Figure]:
    """Return how many lesions are found: by a segmenter where there is one, else by a threshold."""
    line = leading_line(summary)
    if line is not None:
        told: dict[str, Value] = {"false_positives": numbers.mean_of(line.false_positives)}
        value = Sentence("lead.of", values={"some": line.found, "all": line.lesions})
        return [Figure(value, Sentence(f"lead.lesions_{line.judged}", values=told))]
    if not any(line.kind == "lesions" for line in summary.lines):
        return []
    found, shown = (
        total(summary, "lesions", sort) for sort in ("detected_by_both", "measured_detected")
    )
    value = Sentence("lead.of", values={"some": found, "all": shown})
    return [Figure(value, Sentence("lead.lesions"))]


def _error(
    summary: Summary, tier: str, key: str, more: Callable[[], dict[str, Value]]
) -> list[Figure]:
    mae = interval_of(summary, "tier", tier, JUDGED_METRIC)
    if not np.isfinite(mae.mean):
        return []
    told: dict[str, Value] = {
        "ends": numbers.ends_of(mae),
        "patients": mae.patients,
        **more(),
    }
    value = Sentence("lead.suv", values={"value": numbers.mean_of(mae)})
    return [Figure(value, Sentence(key, values=told))]


def _high(summary: Summary) -> dict[str, Value]:
    bias = interval_of(summary, "tier", HIGH_TIER, "bias")
    return {"high": f"{HIGH_SUV:g}", "bias": numbers.mean_of(bias, "+")}
