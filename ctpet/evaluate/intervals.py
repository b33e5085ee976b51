"""How often the measured SUV lies between two bounds, and how far these are apart."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.statistics import Interval

Bounds = tuple[NDArray[np.float32], NDArray[np.float32]]
"""The lower and the upper one, SUVbw."""

NOMINAL = 0.9
"""Coverage of bounds of which nobody says another one."""

TOLERATED = 0.05
"""How far below the nominal one a coverage may be, before it is told in red."""

UPTAKE_EDGES_SUV = (0.25, 0.5, 1.0, 1.5, 2.5, 4.0)
"""Between the bins of the predicted SUVbw, in which intervals are calibrated and judged."""

_ENDS = ("0", *(f"{edge:g}" for edge in UPTAKE_EDGES_SUV))
UPTAKE_BINS = (*(f"{a}–{b}" for a, b in pairwise(_ENDS)), f"≥ {_ENDS[-1]}")


@dataclass(frozen=True, slots=True)
class IntervalErrors:
    """An interval over the voxels of a mask; NaN where there is no such voxel.

    Attributes:
        coverage: share of the voxels whose measured SUV lies in its interval, ends included.
            Noise brings a measured SUV below 0, where no interval reaches: it counts as 0.
        width: mean of upper − lower bound, SUVbw in g/mL.
    """

    coverage: float
    width: float


def interval_errors(
    bounds: Bounds,
    measured: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> IntervalErrors:
    """Compare intervals with a measured PET inside a mask.

    Args:
        bounds: the lower and the upper one, SUVbw, (k, j, i) each.
        measured: SUVbw, of the same shape.
        mask: where to compare, of the same shape.

    Raises:
        ValueError: the shapes differ.
    """
    low, high = bounds
    if not low.shape == high.shape == measured.shape == mask.shape:
        shapes = (low.shape, high.shape, measured.shape, mask.shape)
        raise ValueError(f"shapes differ: {', '.join(map(str, shapes))}")
    below, above, real = low[mask], high[mask], measured[mask].clip(min=0.0)
    if not real.size:
        return IntervalErrors(float("nan"), float("nan"))
    inside = (below <= real) & (real <= above)
    return IntervalErrors(float(inside.mean()), float((above - below).mean(dtype=np.float64)))


def interval_by_label(
    bounds: Bounds,
    measured: NDArray[np.float32],
    labels: NDArray[np.integer],
) -> dict[int, IntervalErrors]:
    """Compare intervals with a measured PET in every region of a label map.

    Args:
        bounds: the lower and the upper one, SUVbw, (k, j, i) each.
        measured: SUVbw, of the same shape.
        labels: number of the region of each voxel, 0 for none, of the same shape.

    Returns:
        By label, for the labels above 0 that occur.
    """
    there = labels > 0
    numbers = labels[there].astype(np.int64)
    low, high, real = (each[there] for each in (*bounds, measured.clip(min=0.0)))
    voxels = np.bincount(numbers)
    inside = np.bincount(numbers, (low <= real) & (real <= high))
    widths = np.bincount(numbers, (high - low).astype(np.float64))
    return {
        int(label): IntervalErrors(
            float(inside[label] / voxels[label]), float(widths[label] / voxels[label])
        )
        for label in np.flatnonzero(voxels)
    }


def interval_by_uptake(
    predicted: NDArray[np.float32],
    bounds: Bounds,
    measured: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> dict[str, IntervalErrors]:
    """Compare intervals with a measured PET by bins of the predicted SUV inside a mask.

    Returns:
        By name of the bin, such as ``0.25–0.5``, from the coldest; NaN where it has no voxel.
    """
    bins = np.where(mask, np.searchsorted(UPTAKE_EDGES_SUV, predicted, side="right") + 1, 0)
    found = interval_by_label(bounds, measured, bins)
    none = IntervalErrors(float("nan"), float("nan"))
    return {name: found.get(number, none) for number, name in enumerate(UPTAKE_BINS, start=1)}


@dataclass(frozen=True, slots=True)
class Standing:
    """What intervals keep of what they say, over patients.

    Attributes:
        nominal: coverage that they say.
        coverage: of a patient's voxels in the body: mean over patients with its 95 % interval.
        width: mean over patients, SUVbw in g/mL.
    """

    nominal: float
    coverage: Interval
    width: Interval

    @property
    def short(self) -> bool:
        """Whether the mean coverage is too far below what is said."""
        return is_short(self.coverage.mean, self.nominal)


def is_short(coverage: float, nominal: float) -> bool:
    """Tell whether a coverage is too far below the nominal one: under 85 % where that is 90 %."""
    return coverage < nominal - TOLERATED
