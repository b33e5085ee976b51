"""One number of a table and what stands below it."""

from dataclasses import dataclass

from ctpet.evaluate.endpoints import Standing
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.numbers import Sign
from ctpet.evaluate.statistics import Interval


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of a table.

    Attributes:
        value: formatted.
        below: its interval or limits; empty if there are none.
        patients: that it is of; None where it is not of patients.
        p: adjusted, with its sign; empty where no test was made.
        standing: of the model, as the test shows.
    """

    value: str
    below: str = ""
    patients: int | None = None
    p: str = ""
    standing: Standing = "untested"


def mean_cell(found: Interval, sign: Sign = "-") -> Cell:
    """Return a mean over patients with its interval and their number below."""
    return Cell(numbers.mean_of(found, sign), numbers.ends_of(found, sign), found.patients)


def tested_cell(difference: Interval, p_adjusted: float, standing: Standing) -> Cell:
    """Return a mean difference with its simultaneous interval, adjusted p and what they show.

    An interval that is of no test would not be simultaneous, and is left out.
    """
    if standing == "untested":
        return Cell(numbers.mean_of(difference, "+"), patients=difference.patients)
    return Cell(
        numbers.mean_of(difference, "+"),
        numbers.ends_of(difference, "+"),
        difference.patients,
        numbers.p_value(p_adjusted),
        standing,
    )
