"""Errors: the model beside the baselines, every metric of every tier, and sharpness."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.cell import Cell, mean_cell, tested_cell
from ctpet.evaluate.report.lines import baseline_name, interval_of, tier_name
from ctpet.evaluate.report.words import Key
from ctpet.evaluate.statistics import Interval
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
        rmse: the mean.
        bias: the mean.
        concordance: with its interval.
        concordance_difference: model − baseline; empty for the model.
    """

    method: Key | None
    mae: Cell
    difference: Cell
    rmse: Cell
    bias: Cell
    concordance: Cell
    concordance_difference: Cell

    @property
    def worse(self) -> bool:
        """Whether the model is shown to be worse than this baseline here."""
        return "worse" in (self.difference.standing, self.concordance_difference.standing)


@dataclass(frozen=True, slots=True)
class MetricTable:
    """Every metric of every tier.

    Attributes:
        tiers: names of the columns.
        rows: name of a metric, and a cell for each tier.
    """

    tiers: tuple[Key, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def methods_by_tier(summary: Summary) -> list[tuple[Key, list[MethodRow]]]:
    """Return the model and the baselines, tier by tier."""
    names = dict.fromkeys(line.name for line in summary.baselines)
    by_key = {(line.name, line.tier, line.metric): line for line in summary.baselines}
    groups = []
    told = {line.tier for line in summary.baselines}
    for tier in (each for each in TIERS if each in told):
        rows = [_model_row(summary, tier)]
        for name in names:
            lines = [by_key[name, tier, metric] for metric in BASELINE_METRICS]
            rows.append(_baseline_row(name, lines))
        groups.append((tier_name(tier), rows))
    return groups


def metric_table(summary: Summary) -> MetricTable:
    """Return every metric of the tiers that any case has."""
    scored = {line.region for line in summary.lines if line.kind == "tier"}
    tiers = [tier for tier in TIERS if tier in scored]
    return MetricTable(
        tiers=tuple(map(tier_name, tiers)),
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
    found = (interval_of(summary, "tier", tier, each) for each in BASELINE_METRICS)
    mae, rmse, bias, concordance = found
    return MethodRow(
        method=None,
        mae=mean_cell(mae),
        difference=Cell(""),
        rmse=_mean_alone(rmse),
        bias=_mean_alone(bias, "+"),
        concordance=mean_cell(concordance),
        concordance_difference=Cell(""),
    )


def _baseline_row(name: str, lines: Sequence[BaselineLine]) -> MethodRow:
    mae, rmse, bias, concordance = lines
    return MethodRow(
        method=baseline_name(name),
        mae=mean_cell(mae.interval),
        difference=_difference(mae),
        rmse=_mean_alone(rmse.interval),
        bias=_mean_alone(bias.interval, "+"),
        concordance=mean_cell(concordance.interval),
        concordance_difference=_difference(concordance),
    )


def _difference(line: BaselineLine) -> Cell:
    return tested_cell(line.difference, line.p_adjusted, line.standing)


def _mean_alone(found: Interval, sign: numbers.Sign = "-") -> Cell:
    return Cell(numbers.number(found.mean, sign), patients=found.patients)


def _metric_cell(summary: Summary, tier: str, metric: str) -> Cell:
    found = interval_of(summary, "tier", tier, metric)
    return mean_cell(found, "+" if metric == "bias" else "-")
