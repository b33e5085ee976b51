"""One number of a table and what stands below it."""

from dataclasses import dataclass

from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.numbers import Sign
from ctpet.evaluate.statistics import Interval


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of a table.

    Attributes:
        value: formatted.
        below: its interval or limits; empty if there are none.
        worse: whether a baseline does better here.
    """

    value: str
    below: str = ""
    worse: bool = False


def mean_cell(found: Interval, sign: Sign = "-") -> Cell:
    """Return a mean over patients with its interval below."""
    return Cell(numbers.mean_of(found, sign), numbers.ends_of(found, sign))
