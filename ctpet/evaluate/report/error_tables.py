"""Errors: the model beside the baselines, every metric of every tier, and sharpness."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ctpet.evaluate.baselines import TIERS as BASELINE_TIERS
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.cell import Cell, mean_cell
from ctpet.evaluate.report.lines import baseline_name, interval_of, tier_name
from ctpet.evaluate.report.words import Key
from ctpet.evaluate.summary import BASELINE_METRICS, BaselineLine, Summary
from ctpet.evaluate.tiers import TIERS

METRICS = (
    *("mae", "rmse", "bias", "nmae", "psnr_db"),
    *("ssim", "ms_ssim", "pearson", "concordance"),
)
RATIOS = ("gradient_ratio", "power_ratio", "seam_ratio")


@dataclass(frozen=True, slots=True)
class MethodRow:
    """The model or a baseline in one tier.

    Attributes:
        method: its name; None: the model.
        mae: with its interval.
        difference: model − baseline, of the MAE; empty for the model.
        p: of the difference, adjusted; empty where it was not tested.
        rmse: the mean.
        bias: the mean.
    """

    method: Key | None
    mae: Cell
    difference: Cell
    p: str
    rmse: Cell
    bias: Cell


@dataclass(frozen=True, slots=True)
class MetricTable:
    """Every metric of every tier.

    Attributes:
        tiers: names of the columns.
        patients: that each tier has, parallel to ``tiers``.
        rows: name of a metric, and a cell for each tier.
    """

    tiers: tuple[Key, ...]
    patients: tuple[int, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def methods_by_tier(summary: Summary) -> list[tuple[Key, list[MethodRow]]]:
    """Return the model and the baselines, tier by tier."""
    names = dict.fromkeys(line.name for line in summary.baselines)
    by_key = {(line.name, line.tier, line.metric): line for line in summary.baselines}
    groups = []
    for tier in BASELINE_TIERS:
        rows = [_model_row(summary, tier)]
        for name in names:
            lines = [by_key[name, tier, metric] for metric in BASELINE_METRICS]
            rows.append(_baseline_row(name, lines))
        groups.append((tier_name(tier), rows))
    return groups


def metric_table(summary: Summary) -> MetricTable:
    """Return every metric of the tiers that any case has."""
    patients = {
        line.region: line.patients
        for line in summary.lines
        if (line.kind, line.metric) == ("tier", METRICS[0])
    }
    tiers = [tier for tier in TIERS if tier in patients]
    return MetricTable(
        tiers=tuple(map(tier_name, tiers)),
        patients=tuple(patients[tier] for tier in tiers),
        rows=tuple(
            (metric, tuple(_metric_cell(summary, tier, metric) for tier in tiers))
            for metric in METRICS
        ),
    )


def texture_rows(summary: Summary) -> list[tuple[str, Cell]]:
    """Return the ratios that tell of blur, texture and seams, where they are defined."""
    found = {name: interval_of(summary, "texture", "body", name) for name in RATIOS}
    return [(name, mean_cell(one)) for name, one in found.items() if np.isfinite(one.mean)]


def _model_row(summary: Summary, tier: str) -> MethodRow:
    mae, rmse, bias = (interval_of(summary, "tier", tier, each) for each in BASELINE_METRICS)
    return MethodRow(
        method=None,
        mae=mean_cell(mae),
        difference=Cell(""),
        p="",
        rmse=Cell(numbers.number(rmse.mean)),
        bias=Cell(numbers.number(bias.mean, "+")),
    )


def _baseline_row(name: str, lines: Sequence[BaselineLine]) -> MethodRow:
    mae, rmse, bias = lines
    return MethodRow(
        method=baseline_name(name),
        mae=mean_cell(mae.interval),
        difference=replace(mean_cell(mae.difference, "+"), worse=mae.beats_model),
        p=numbers.p_value(mae.p_holm).removeprefix("= "),
        rmse=Cell(numbers.number(rmse.interval.mean), worse=rmse.beats_model),
        bias=Cell(numbers.number(bias.interval.mean, "+")),
    )


def _metric_cell(summary: Summary, tier: str, metric: str) -> Cell:
    found = interval_of(summary, "tier", tier, metric)
    return mean_cell(found, "+" if metric == "bias" else "-")
