"""A series that is no PET but a bound of one."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Bound:
    """Which bound a series shows.

    Attributes:
        side: of the interval.
        quantile: of the measured SUV that it is meant to be, between 0 and 1.
    """

    side: Literal["lower", "upper"]
    quantile: float

    @property
    def in_words(self) -> str:
        """Side and quantile, such as ``lower bound 5 %``; 19 characters at most."""
        return f"{self.side} bound {100 * self.quantile:.4g} %"


def bounds_of(coverage: float) -> tuple[Bound, Bound]:
    """Return the lower and the upper bound of a central interval.

    Args:
        coverage: share that lies between them.
    """
    tail = (1 - coverage) / 2
    return Bound("lower", tail), Bound("upper", 1 - tail)
