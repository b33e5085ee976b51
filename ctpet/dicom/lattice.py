"""Regular places along a line, as exactly as they are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Spacings:
    """All spacings that put every place where it was written, within a slack.

    Attributes:
        low_mm: the smallest.
        high_mm: the largest.
        best_mm: of the line with the least squared distance, or the bound next to it.
    """

    low_mm: float
    high_mm: float
    best_mm: float

    def nearest_known(self, told_mm: Sequence[float]) -> float:
        """Return the first told spacing that is possible, else the best one."""
        return next((one for one in told_mm if self.low_mm <= one <= self.high_mm), self.best_mm)


def possible_spacings(
    along_mm: NDArray[np.float64], index: NDArray[np.float64], slack_mm: float
) -> Spacings | None:
    """Return the spacings s with which some origin o has |along − (o + s · index)| ≤ slack.

    Two places alone allow s within (Δalong ± 2 · slack) / Δindex. All of them are possible
    together if every two are (Helly's theorem in one dimension).

    Args:
        along_mm: places, rising.
        index: which plane of the grid each is, strictly rising; at least two.
        slack_mm: how far a place may lie from where it is written.

    Returns:
        None if there is no such spacing.
    """
    low, high = 0.0, np.inf
    for lag in range(1, len(along_mm)):
        apart = along_mm[lag:] - along_mm[:-lag]
        steps = index[lag:] - index[:-lag]
        low = max(low, float(((apart - 2 * slack_mm) / steps).max()))
        high = min(high, float(((apart + 2 * slack_mm) / steps).min()))
        if low > high:
            return None
    centred = index - index.mean()
    best = float(centred @ (along_mm - along_mm[0]) / (centred @ centred))
    return Spacings(low, high, min(max(best, low), high))
