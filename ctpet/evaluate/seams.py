"""Whether a prediction made window by window jumps where two windows meet.

The step between two voxels p and p + 1 of a line is how far their difference d_p stands out from
those before and behind it, |d_p − (d_{p−1} + d_{p+1}) / 2|: the difference of slope by which
Minami and Zakhor (IEEE Trans. Circuits Syst. Video Technol. 1995;5:74-82) find the blocks of
compressed pictures. A ramp has none; a bare difference would find the edges of organs instead.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ctpet.evaluate.agreement import require_one_shape
from ctpet.evaluate.components import box_of

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LEAST_LINES = 200
"""Lines of four voxels in the body that a plane must cut to count; 32 cm² at 4 mm."""

NEIGHBOURS = 4
"""Planes on either side with which a plane is compared."""

FLOOR_SUV = 1e-3
"""A mean step below it counts as this much, so that a flat field has no seams."""


def seam_ratio(predicted: Floats, measured: Floats, body: NDArray[np.bool_]) -> float:
    """Return how much more the worst plane stands out in the prediction than in the measured PET.

    A plane lies between two neighbouring voxels of an axis. Its prominence is the mean step across
    it, over lines of four voxels in the body, to the median of the four planes on either side.
    The ratio is that of the prediction to that of the measured PET there or a plane beside, where
    an edge may lie in a prediction that follows the CT; the latter counts as at least 1, since a
    plane that happens to be calm in the measured PET is no seam of the prediction.

    Planes that cut fewer than :data:`LEAST_LINES` lines, or have such a plane (or the border)
    among the four on either side, are left out.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        body: mask of the same shape.

    Returns:
        The largest ratio along any axis; NaN where no plane counts. Six PETs made in one window
        have 1.1 to 1.7, and 2.8 to 9.5 once all beyond their middle axial plane is 20 % higher.

    Raises:
        ValueError: the shapes differ.
    """
    require_one_shape(predicted, measured, body)
    if box := box_of(body):
        predicted, measured, body = predicted[box], measured[box], body[box]
    ratios = np.concatenate([_excess(predicted, measured, body, axis) for axis in range(3)])
    known = ratios[~np.isnan(ratios)]
    return float(known.max()) if known.size else float("nan")


def _excess(predicted: Floats, measured: Floats, body: NDArray[np.bool_], axis: int) -> Doubles:
    """Return the ratio of prominences of each plane across an axis; NaN where it does not count."""
    shown, real = (_prominence(_steps(pet, body, axis)) for pet in (predicted, measured))
    padded = np.pad(real, 1, constant_values=1)
    expected = np.fmax.reduce([padded[:-2], real, padded[2:], np.ones_like(real)])
    excess: Doubles = shown / expected
    return excess


def _steps(pet: Floats, body: NDArray[np.bool_], axis: int) -> Doubles:
    """Return the mean step across each plane of an axis but the outermost two."""
    slope = np.diff(np.moveaxis(pet, axis, 0), axis=0)
    step = np.abs(slope[1:-1] - (slope[:-2] + slope[2:]) / 2)
    inside = np.moveaxis(body, axis, 0)
    lines = inside[:-3] & inside[1:-2] & inside[2:-1] & inside[3:]
    count = np.count_nonzero(lines, axis=(1, 2))
    total = np.where(lines, step, np.float32(0)).sum(axis=(1, 2), dtype=np.float64)
    return np.where(count >= LEAST_LINES, total / np.maximum(count, 1), np.nan)


def _prominence(steps: Doubles) -> Doubles:
    """Return each plane's step to the median around it, without the planes at either end."""
    width = 2 * NEIGHBOURS + 1
    if len(steps) < width:
        return np.empty(0)
    around = np.delete(sliding_window_view(steps, width), NEIGHBOURS, axis=1)
    middle = np.median(around, axis=1)
    own = steps[NEIGHBOURS:-NEIGHBOURS]
    prominence: Doubles = np.maximum(own, FLOOR_SUV) / np.maximum(middle, FLOOR_SUV)
    return prominence
