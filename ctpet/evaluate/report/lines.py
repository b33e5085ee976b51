"""Find one figure in a summary, and the words for what it is about."""

import numpy as np

from ctpet.evaluate.report.words import Key
from ctpet.evaluate.score import Kind
from ctpet.evaluate.statistics import Interval
from ctpet.evaluate.summary import Summary

_NONE = Interval(np.nan, np.nan, np.nan)


def interval_of(summary: Summary, kind: Kind, region: str, metric: str) -> Interval:
    """Return the mean over patients of a metric; NaN where there is none."""
    for line in summary.lines:
        if (line.kind, line.region, line.metric) == (kind, region, metric):
            return line.interval
    return _NONE


def baseline_name(name: str) -> Key:
    """Return the words for a baseline."""
    return Key(f"baseline.{name}")


def tier_name(name: str) -> Key:
    """Return the words for a tier."""
    return Key(f"tier.{name}")
