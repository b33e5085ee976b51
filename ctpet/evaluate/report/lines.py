"""Find one figure in a summary, and the words for what it is about."""

from collections.abc import Sequence

import numpy as np

from ctpet.evaluate.baselines import BASELINES
from ctpet.evaluate.endpoints import Endpoint
from ctpet.evaluate.report.words import GIVEN, Key
from ctpet.evaluate.score import Kind
from ctpet.evaluate.statistics import Interval
from ctpet.evaluate.summary import Summary

MOST_NAMES = 8
"""Listed in a sentence; the table of cases marks every one."""

_NONE = Interval(np.nan, np.nan, np.nan, 0)


def interval_of(summary: Summary, kind: Kind, region: str, metric: str) -> Interval:
    """Return the mean over patients of a metric; NaN where there is none."""
    for line in summary.lines:
        if (line.kind, line.region, line.metric) == (kind, region, metric):
            return line.interval
    return _NONE


def baseline_name(name: str) -> Key:
    """Return the words for a baseline; what a table brought has the name it was given."""
    return Key(f"baseline.{name}" if name in BASELINES else GIVEN + name)


def endpoint_name(endpoint: Endpoint) -> Key:
    """Return the words for what is tested."""
    return Key(f"endpoint.{endpoint.region} {endpoint.metric}")


def tier_name(name: str) -> Key:
    """Return the words for a tier."""
    return Key(f"tier.{name}")


def some(names: Sequence[str]) -> tuple[str, ...]:
    """Return names to list in a sentence: all of a few, else the first and an ellipsis."""
    return tuple(names) if len(names) <= MOST_NAMES else (*names[:MOST_NAMES], "…")
