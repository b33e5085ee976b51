"""Connected parts of a mask: their numbers, volumes, and what lies near or in them."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.evaluate.sharpness import Spacing

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int32]

BY_CORNERS = np.ones((3, 3, 3), np.bool_)
"""26 neighbours: parts that share a face, an edge or a corner are one."""

BY_EDGES = ndimage.generate_binary_structure(3, 2)
"""18 neighbours: parts that share a face or an edge are one."""

_ROUNDING_MM = 1e-6


def components(mask: Mask, neighbours: Mask = BY_CORNERS) -> tuple[Numbers, int]:
    """Return the number of the part of each voxel, from 1, and how many parts there are."""
    numbers, box, count = np.zeros(mask.shape, np.int32), box_of(mask), 0
    if box:
        count = int(ndimage.label(mask[box], structure=neighbours, output=numbers[box]))
    return numbers, count


def box_of(mask: Mask) -> tuple[slice, ...]:
    """Return the smallest box around a mask; empty if there is nothing in it."""
    if not mask.any():
        return ()
    k = _span(mask, 0)
    return k, _span(mask[k], 1), _span(mask[k], 2)


def _span(mask: Mask, axis: int) -> slice:
    marked = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
    return slice(int(marked[0]), int(marked[-1]) + 1)


def touched(numbers: Numbers, count: int, mask: Mask) -> NDArray[np.bool_]:
    """Return for each number from 1 whether one of its voxels lies in a mask."""
    return np.bincount(numbers[mask], minlength=count + 1)[1:] > 0


def volumes_ml(numbers: Numbers, count: int, spacing_mm: Spacing) -> NDArray[np.float64]:
    """Return the volume of each number from 1."""
    voxels = np.bincount(numbers[numbers > 0], minlength=count + 1)[1:]
    return np.asarray(voxels * voxel_ml(spacing_mm), np.float64)


def volume_ml(mask: Mask, spacing_mm: Spacing) -> float:
    """Return the volume of a mask."""
    return int(np.count_nonzero(mask)) * voxel_ml(spacing_mm)


def voxel_ml(spacing_mm: Spacing) -> float:
    """Return the volume of a voxel."""
    return float(np.prod(spacing_mm)) / 1000


def overlapping(mask: Mask, other: Mask, neighbours: Mask = BY_CORNERS) -> Mask:
    """Return the parts of a mask that share a voxel with another."""
    found, box = np.zeros_like(mask), box_of(mask)
    if box:
        numbers, count = components(mask[box], neighbours)
        found[box] = np.append(False, touched(numbers, count, other[box]))[numbers]
    return found


def near(mask: Mask, spacing_mm: Spacing, within_mm: float) -> Mask:
    """Return the voxels within a distance of a mask, from centre to centre.

    Distances are taken in the box around each part of the mask, so that the time grows with what
    is marked and not with the field.
    """
    found = np.zeros_like(mask)
    reach = [int(within_mm / step) + 1 for step in spacing_mm]
    for part in ndimage.find_objects(components(mask)[0]):
        box = tuple(
            slice(max(0, along.start - more), along.stop + more)
            for along, more in zip(part, reach, strict=True)
        )
        away_mm = ndimage.distance_transform_edt(~mask[box], sampling=spacing_mm)
        found[box] |= away_mm <= within_mm + _ROUNDING_MM
    return found


def dice(one: Mask, other: Mask) -> float:
    """Return the Dice coefficient of two masks; NaN if both are empty."""
    total = int(np.count_nonzero(one)) + int(np.count_nonzero(other))
    return 2 * int(np.count_nonzero(one & other)) / total if total else float("nan")
