"""What an evaluation found, over patients: the content of ``summary.json``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.baselines import NOTHING
from ctpet.evaluate.detection_summary import DetectionSummary, detection_summary
from ctpet.evaluate.endpoints import PRIMARY, TIER_ENDPOINTS, Standing
from ctpet.evaluate.intervals import NOMINAL
from ctpet.evaluate.intervals import Standing as IntervalStanding
from ctpet.evaluate.margin import Margin, Relevance, relevance
from ctpet.evaluate.paired import paired_tests
from ctpet.evaluate.ratios import RatioAgreement, Trend, ratio_agreement, trend
from ctpet.evaluate.score import CaseScore, Kind
from ctpet.evaluate.statistics import (
    BlandAltman,
    Interval,
    bland_altman,
    by_patient,
    interval,
    minimum_detectable_difference,
)
from ctpet.evaluate.tally import TallyErrors
from ctpet.evaluate.tiers import BODY

Vector = NDArray[np.float64]
BaselineErrors = Mapping[str, Mapping[str, TallyErrors]]
"""By baseline and tier."""

BASELINE_METRICS = ("mae", "rmse", "bias", "concordance")
ALL = "all"
JUDGED_TIER, JUDGED_METRIC = PRIMARY.region, PRIMARY.metric

ORGAN_METRICS = ("suv_mean", "suv_max", "suv_peak_global")
LESION_METRICS = (*ORGAN_METRICS, "mtv_4.0", "tlg_4.0")
_LINES: Mapping[Kind, tuple[str, ...] | None] = {
    "tier": None,
    "texture": None,
    "interval": None,
    "foci": ("hot_dice", "fabricated_ml", "omitted_ml", "predicted_ml", "measured_ml"),
    "lesions": (
        *("dice", "measured_dice", "spurious_ml", "missed_ml", "autopet_dice"),
        *("autopet_false_positive_ml", "autopet_false_negative_ml"),
        "measured_autopet_false_positive_ml",
    ),
    "detection": ("sensitivity", "ppv", "false_positives", "segmentation_dice"),
}
"""Which metrics are averaged over patients; None: all. Counts are added up instead."""

INTERVAL_METRICS = ("coverage", "width")
"""Averaged over patients in organs too, where predictions have bounds."""


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of one part, over patients.

    Attributes:
        kind: of the part.
        region: name of the part.
        metric: its name.
        interval: mean over patients with its 95 % interval.
    """

    kind: Kind
    region: str
    metric: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class BaselineLine:
    """A baseline beside the model, in one tier and metric.

    Attributes:
        name: of the baseline.
        tier: where.
        metric: of :data:`BASELINE_METRICS`.
        interval: of the baseline, over patients.
        difference: model − baseline over the patients that have both; the interval is simultaneous
            for all baselines and :data:`ctpet.evaluate.endpoints.TIER_ENDPOINTS`, of which it is.
        p: of no difference, two-sided, by sign flips; NaN but for those endpoints.
        p_adjusted: for that family.
        standing: of the model beside the baseline.
        detectable: true difference that this many patients would show four times in five.
        margin_suv: that was stated, for MAE in the body; NaN: none.
        relevance: of the model beside the baseline and the margin.
    """

    name: str
    tier: str
    metric: str
    interval: Interval
    difference: Interval
    p: float = np.nan
    p_adjusted: float = np.nan
    standing: Standing = "untested"
    detectable: float = np.nan
    margin_suv: float = np.nan
    relevance: Relevance = "unstated"


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """Bland–Altman agreement of one figure of one organ, or of all lesions.

    Attributes:
        kind: organ or lesion.
        region: name of the organ; ``all`` for lesions: in each patient the mean of their SUVs, the
            sum of their MTV and TLG.
        metric: SUVmean, …
        measured: one a patient.
        predicted: one a patient.
        agreement: of predicted − measured.
        relative_error: (predicted − measured) / measured, over the patients with measured uptake.
        ratio: the same agreement of predicted / measured.
        trend: whether the differences change or spread with size.
    """

    kind: Kind
    region: str
    metric: str
    measured: tuple[float, ...]
    predicted: tuple[float, ...]
    agreement: BlandAltman
    relative_error: Interval
    ratio: RatioAgreement
    trend: Trend


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything over patients.

    Attributes:
        patients: how many.
        lines: every metric.
        baselines: every baseline.
        agreements: Bland–Altman.
        totals: sums over all cases of what is counted, such as ``foci: fabricated count <1``.
        detection: what a segmenter found; None without its masks.
        margin: that was stated; None: none.
        standing: of the predictions' intervals; None: they have none.
    """

    patients: int
    lines: tuple[Line, ...]
    baselines: tuple[BaselineLine, ...]
    agreements: tuple[AgreementLine, ...]
    totals: Mapping[str, float]
    detection: DetectionSummary | None = None
    margin: Margin | None = None
    standing: IntervalStanding | None = None


def summarise(
    cases: Sequence[CaseScore],
    baselines: Sequence[BaselineErrors],
    *,
    margin: Margin | None = None,
    nominal: float = NOMINAL,
) -> Summary:
    """Average over patients: a patient's cases first, then the patients.

    Args:
        cases: at least one.
        baselines: parallel to ``cases``; errors of each baseline fitted without the patient.
        margin: difference of MAE in the body that matters, stated beforehand.
        nominal: coverage that the predictions' intervals say.
    """
    lines = _lines(cases)
    return Summary(
        patients=len({case.patient for case in cases}),
        lines=lines,
        baselines=_beside_margin(_baseline_lines(cases, baselines), margin),
        agreements=_agreements(cases),
        totals=_totals(cases),
        detection=detection_summary(cases),
        margin=margin,
        standing=_standing(lines, nominal),
    )


def _standing(lines: Sequence[Line], nominal: float) -> IntervalStanding | None:
    found = {
        line.metric: line.interval
        for line in lines
        if (line.kind, line.region) == ("tier", BODY) and line.metric in INTERVAL_METRICS
    }
    if len(found) < len(INTERVAL_METRICS):
        return None
    return IntervalStanding(nominal, found["coverage"], found["width"])


def value_of(case: CaseScore, kind: Kind, region: str, metric: str) -> float:
    """Return a metric of a case; NaN where it has none, or an infinite one (PSNR of equals)."""
    for one in case.regions:
        if (one.kind, one.name) == (kind, region):
            value = one.values.get(metric, np.nan)
            return value if np.isfinite(value) else np.nan
    return float("nan")


def per_patient(cases: Sequence[CaseScore], of: Callable[[CaseScore], float]) -> Vector:
    """Return one value a patient, in the order of first appearance."""
    return by_patient([of(case) for case in cases], [case.patient for case in cases])


def _lines(cases: Sequence[CaseScore]) -> tuple[Line, ...]:
    keys = {
        (one.kind, one.name, metric): None
        for case in cases
        for one in case.regions
        if one.kind in _LINES
        for metric in _LINES[one.kind] or one.values
    }
    keys |= {
        (one.kind, one.name, metric): None
        for case in cases
        for one in case.regions
        if one.kind == "organ"
        for metric in INTERVAL_METRICS
        if metric in one.values
    }
    return tuple(_line(cases, *key) for key in keys)


def _line(cases: Sequence[CaseScore], kind: Kind, region: str, metric: str) -> Line:
    values = per_patient(cases, lambda case: value_of(case, kind, region, metric))
    return Line(kind, region, metric, interval(values))


def _baseline_lines(
    cases: Sequence[CaseScore], baselines: Sequence[BaselineErrors]
) -> tuple[BaselineLine, ...]:
    patients = [case.patient for case in cases]
    names = dict.fromkeys(name for one in baselines for name in one)
    lines, differences = {}, {}
    tiers = dict.fromkeys(tier for one in baselines for tier in one[NOTHING])
    for key in product(names, tiers, BASELINE_METRICS):
        of_baseline = np.array([_error(one, *key) for one in baselines])
        of_model = np.array([value_of(case, "tier", *key[1:]) for case in cases])
        differences[key] = by_patient(of_model - of_baseline, patients)
        told = interval(by_patient(of_baseline, patients)), interval(differences[key])
        lines[key] = BaselineLine(*key, *told)
    family = [
        (endpoint, (name, endpoint.region, endpoint.metric))
        for endpoint, name in product(TIER_ENDPOINTS, names)
        if endpoint.region in tiers
    ]
    tests = paired_tests([differences[key] for _, key in family])
    for (endpoint, key), test in zip(family, tests, strict=True):
        lines[key] = replace(
            lines[key],
            difference=test.interval,
            p=test.p,
            p_adjusted=test.p_adjusted,
            standing=endpoint.standing(test),
            detectable=minimum_detectable_difference(differences[key]),
        )
    return tuple(lines.values())


def _beside_margin(
    lines: Sequence[BaselineLine], margin: Margin | None
) -> tuple[BaselineLine, ...]:
    """Add to the lines of MAE in the body what they say beside a margin."""
    if margin is None:
        return tuple(lines)
    where = PRIMARY.region, PRIMARY.metric
    return tuple(
        replace(
            line,
            margin_suv=margin.in_suv(line.interval.mean),
            relevance=relevance(line.difference, margin.in_suv(line.interval.mean)),
        )
        if (line.tier, line.metric) == where and line.standing != "untested"
        else line
        for line in lines
    )


def _error(errors: BaselineErrors, name: str, tier: str, metric: str) -> float:
    found = errors.get(name, {}).get(tier)
    return np.nan if found is None else float(getattr(found, metric))


def _agreements(cases: Sequence[CaseScore]) -> tuple[AgreementLine, ...]:
    organs = dict.fromkeys(
        one.name for case in cases for one in case.regions if one.kind == "organ"
    )
    lines = [
        _agreement_line(cases, "organ", name, metric) for name in organs for metric in ORGAN_METRICS
    ]
    if any(one.kind == "lesion" for case in cases for one in case.regions):
        lines += [_agreement_line(cases, "lesion", ALL, metric) for metric in LESION_METRICS]
    return tuple(lines)


def _agreement_line(
    cases: Sequence[CaseScore], kind: Kind, region: str, metric: str
) -> AgreementLine:
    def of(suffix: str) -> Vector:
        return per_patient(cases, lambda case: _figure(case, kind, region, f"{metric}_{suffix}"))

    measured, predicted = of("measured"), of("predicted")
    relative = (predicted - measured)[measured > 0] / measured[measured > 0]
    return AgreementLine(
        kind,
        region,
        metric,
        tuple(measured.tolist()),
        tuple(predicted.tolist()),
        bland_altman(predicted - measured),
        interval(relative),
        ratio_agreement(measured, predicted),
        trend(measured, predicted),
    )


def _figure(case: CaseScore, kind: Kind, region: str, metric: str) -> float:
    """Return a metric of a region; over all regions of a kind the mean of SUVs, the sum of others.

    MTV and TLG of a patient are those of all lesions together.
    """
    names = [one.name for one in case.regions if one.kind == kind and region in (ALL, one.name)]
    found = [value_of(case, kind, name, metric) for name in names]
    known = [value for value in found if np.isfinite(value)]
    together = np.mean if metric.startswith("suv") else np.sum
    return float(together(known)) if known else float("nan")


def _totals(cases: Sequence[CaseScore]) -> dict[str, float]:
    """Return sums over all cases of counts and volumes of foci and lesions."""
    totals: dict[str, float] = {}
    for case in cases:
        for one in case.regions:
            if one.kind in ("foci", "lesions"):
                for metric, value in one.values.items():
                    if np.isfinite(value) and not metric.endswith("dice"):
                        name = f"{one.kind}: {metric}"
                        totals[name] = totals.get(name, 0.0) + value
    return totals
