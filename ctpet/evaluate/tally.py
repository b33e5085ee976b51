"""How often each SUV occurs with each HU or organ: all that the baselines need of a case.

A tally is small, adds up over cases, and gives the errors of any prediction that depends on the
key alone, so that baselines are fitted without the patient scored and without reading images twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SUV_EDGES = np.unique(
    np.round(
        np.concatenate([np.arange(0, 5, 0.02), np.arange(5, 25, 0.1), np.arange(25, 126, 1.0)]), 2
    )
)
"""Upper ends of the bins of SUV, each (a, b]; a first bin holds what is 0 or less, a last one what
is above 125. 0.5 and 2.5 are among them, so that tiers are exact."""

HU_EDGES = np.arange(-1000, 1500, 25)
"""Edges between 101 bins of HU, 25 HU wide; the outer ones are open."""

_BINS = SUV_EDGES.size + 1
_LOW, _HIGH = np.append(-np.inf, SUV_EDGES), np.append(SUV_EDGES, np.inf)
_GUESS = np.concatenate([[0.0], (SUV_EDGES[:-1] + SUV_EDGES[1:]) / 2, [126.0]])


@dataclass(frozen=True, eq=False)
class Tally:
    """A joint histogram of a key and SUV, with the moments of SUV in each cell.

    Attributes:
        count: voxels, float64 (keys, SUV bins).
        total: Σ SUV, of the same shape.
        squares: Σ SUV², of the same shape.
    """

    count: NDArray[np.float64]
    total: NDArray[np.float64]
    squares: NDArray[np.float64]

    def __add__(self, other: "Tally") -> "Tally":
        """Pool two tallies."""
        return Tally(
            self.count + other.count, self.total + other.total, self.squares + other.squares
        )

    def __sub__(self, other: "Tally") -> "Tally":
        """Leave one tally out of a pool that holds it."""
        return Tally(
            self.count - other.count, self.total - other.total, self.squares - other.squares
        )

    def merged(self) -> "Tally":
        """Forget the key: one row of SUV."""
        return Tally(*(part.sum(axis=0, keepdims=True) for part in self._parts))

    @property
    def _parts(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        return self.count, self.total, self.squares


@dataclass(frozen=True, slots=True)
class TallyErrors:
    """Errors of a prediction by key, over the cells of a tier; NaN where there is no voxel.

    ``concordance`` is Lin's coefficient; NaN where prediction and PET are one value throughout.
    """

    mae: float
    rmse: float
    bias: float
    concordance: float


def tally(keys: NDArray[np.integer], suv: NDArray[np.float32], key_count: int) -> Tally:
    """Count voxels by one key; see :func:`tallies`."""
    return tallies({"": (keys, key_count)}, suv)[""]


def tallies(
    keys: Mapping[str, tuple[NDArray[np.integer], int]], suv: NDArray[np.float32]
) -> dict[str, Tally]:
    """Count voxels, by one key after the other.

    Args:
        keys: by name, 0 ≤ key < number of rows, one a voxel; and the number of rows of the tally.
        suv: SUVbw, one a voxel.
    """
    bins = np.searchsorted(SUV_EDGES, suv, side="left")
    wide = suv.astype(np.float64)
    sums = (None, wide, np.square(wide))
    found = {}
    for name, (key, count) in keys.items():
        cell = key.astype(np.int64) * _BINS + bins
        parts = (np.bincount(cell, each, count * _BINS).astype(np.float64) for each in sums)
        found[name] = Tally(*(part.reshape(-1, _BINS) for part in parts))
    return found


def hu_keys(hu: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the bin of each HU."""
    return np.searchsorted(HU_EDGES, hu, side="right").astype(np.int64)


HU_KEYS = HU_EDGES.size + 1


def medians(pool: Tally) -> NDArray[np.float64]:
    """Return the median SUV of each key, to the width of a bin; NaN for a key never seen.

    Within the bin in which it falls the median is placed by linear interpolation.
    """
    cumulative = np.cumsum(pool.count, axis=1)
    half = cumulative[:, -1] / 2
    at = np.argmax(cumulative >= half[:, None], axis=1)
    rows = np.arange(at.size)
    inside, before = pool.count[rows, at], cumulative[rows, at] - pool.count[rows, at]
    seen = cumulative[:, -1] > 0
    part = np.divide(half - before, inside, out=np.full(at.size, 0.5), where=seen & (inside > 0))
    bounded = (at > 0) & (at < _BINS - 1)
    low, high = np.where(bounded, _LOW[at], 0), np.where(bounded, _HIGH[at], 0)
    value = np.where(bounded, low + part * (high - low), _GUESS[at])
    found: NDArray[np.float64] = np.where(seen, value, np.nan)
    return found


def means(pool: Tally) -> NDArray[np.float64]:
    """Return the mean SUV of each key; NaN for a key never seen."""
    count = pool.count.sum(axis=1)
    found = np.full(count.size, np.nan)
    np.divide(pool.total.sum(axis=1), count, out=found, where=count > 0)
    return found


def errors(
    own: Tally,
    predicted: NDArray[np.float64],
    *,
    above: float = -np.inf,
    predicted_above: float = -np.inf,
) -> TallyErrors:
    """Return the errors of a prediction that depends on the key alone.

    RMSE, bias and concordance are exact. MAE is exact but for the voxels in the bin that holds the
    prediction itself, whose deviations from it may cancel: less than the bin's width (0.02 SUV
    below 5) times their share.

    Args:
        own: the tally of the case.
        predicted: SUVbw for each key.
        above: count cells whose measured SUV is above it; one of :data:`SUV_EDGES`.
        predicted_above: count keys whose prediction is above it.
    """
    counted = (predicted[:, None] > predicted_above) & (above <= _LOW)[None, :]
    value = np.broadcast_to(predicted[:, None], counted.shape)[counted]
    count, total, squares = (part[counted] for part in own._parts)
    voxels = count.sum()
    if voxels == 0:
        return TallyErrors(np.nan, np.nan, np.nan, np.nan)
    bias = value * count - total
    square = squares - 2 * value * total + np.square(value) * count
    mse = max(float(square.sum() / voxels), 0.0)
    centred = value - np.average(value, weights=count)
    product = 2 * float((centred * total).sum() / voxels)
    return TallyErrors(
        mae=float(np.abs(bias).sum() / voxels),
        rmse=mse**0.5,
        bias=float(bias.sum() / voxels),
        concordance=product / (mse + product) if mse + product else np.nan,
    )
