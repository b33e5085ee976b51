"""A margin: the difference of MAE in the body that matters, stated before anything is scored.

A difference that is shown may be too small to matter, and one that is not shown is no equality.
Beside a margin an interval says both: equivalent are methods whose whole interval lies within it
(two one-sided tests: Schuirmann, J Pharmacokinet Biopharm 1987;15:657), not inferior is one whose
interval ends before it (ICH E9, section 3.3.2). The intervals are the simultaneous ones of
:mod:`ctpet.evaluate.paired`, so that each side is tested at 2.5 % or less.
"""

import math
from dataclasses import dataclass
from typing import Literal

from ctpet.evaluate.statistics import Interval

Relevance = Literal[
    "superior", "inferior", "equivalent", "non_inferior", "non_superior", "open", "unstated"
]
"""Of the first of two methods beside the second, by an error; ``superior`` and ``inferior``: by
more than the margin."""


@dataclass(frozen=True, slots=True)
class Margin:
    """A difference that matters.

    Attributes:
        value: positive, in ``unit``.
        unit: g/mL, or per cent of the mean of the second method.
    """

    value: float
    unit: Literal["g/mL", "%"]

    def __post_init__(self) -> None:
        if not 0 < self.value < math.inf:
            raise ValueError(f"a margin is positive and finite, not {self.value:g}")

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"

    def in_suv(self, reference: float) -> float:
        """Return the margin in g/mL beside a second method of this mean."""
        return self.value if self.unit == "g/mL" else self.value / 100 * reference


def read_margin(told: str) -> Margin:
    """Return the margin that ``0.05`` (g/mL) or ``10%`` names.

    Raises:
        ValueError: it names none.
    """
    number = told.strip()
    if number.endswith("%"):
        return Margin(float(number[:-1]), "%")
    return Margin(float(number), "g/mL")


def relevance(difference: Interval, margin_suv: float) -> Relevance:
    """Return what an interval of first − second says beside a margin; lower values are better.

    Args:
        difference: with simultaneous ends; NaN where they set no limits.
        margin_suv: in the unit of the difference; NaN: none was stated.
    """
    if math.isnan(margin_suv):
        return "unstated"
    low, high = difference.low, difference.high
    if high < -margin_suv:
        return "superior"
    if low > margin_suv:
        return "inferior"
    if -margin_suv < low and high < margin_suv:
        return "equivalent"
    if high < margin_suv:
        return "non_inferior"
    return "non_superior" if low > -margin_suv else "open"
