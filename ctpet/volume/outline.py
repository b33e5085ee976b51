"""The outline of the patient, filled: what counts as body in a case."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.volume.geometry import Geometry

Mask = NDArray[np.bool_]

BODY_ABOVE_HU = -300.0
"""Between fat (-190 HU and up; Mitsiopoulos et al., J Appl Physiol 1998; 85:115-122) and a
mattress or blanket (about -900 to -500)."""

PET_BODY_ABOVE_SUV = 0.15
"""Between fat (about 0.3) and the scatter around the body; of 0.1 to 0.4 the one that outlines the
bodies of the Soft-tissue-Sarcoma set and of our phantoms best."""

OUTLINES_ALIKE = 0.85
"""Dice of the outlines of one body in CT and PET; below it something differs. The 35
Soft-tissue-Sarcoma crops and our phantoms have 0.87 to 0.98, other people's CTs 0.5 to 0.89."""

OUTLINES_OVERLAP = 0.5
"""Below it they are not outlines of one body."""

SHIFT_MM, FARTHEST_SHIFT_MM = 12.0, 40.0
"""Two to three voxels of a PET; beyond the second the patient was moved between the scans."""

PEEL_MM = 8.0
"""Peeled off in plane before parts are told apart: tables, tubes and blankets are thinner than
16 mm, limbs are not."""

LEAST_PART = 0.05
"""Of the largest part: a leg or an arm that the field of view cuts off from the trunk has more."""


def body_of_ct(hu: NDArray[np.float32], geometry: Geometry) -> Mask:
    """Return the filled outline of the patient, (k, j, i)."""
    return filled_outline(hu > BODY_ABOVE_HU, geometry)


def body_of_pet(suv: NDArray[np.float32], known: Mask, geometry: Geometry) -> Mask:
    """Return the filled outline of the patient in what is known of a PET, (k, j, i)."""
    return filled_outline((suv > PET_BODY_ABOVE_SUV) & known, geometry)


def dice(one: Mask, other: Mask) -> float:
    """Return the Dice coefficient of two masks; 0 if both are empty."""
    both, total = int((one & other).sum()), int(one.sum()) + int(other.sum())
    return 2 * both / max(1, total)


def filled_outline(dense: Mask, geometry: Geometry) -> Mask:
    """Keep the patient of everything dense, and fill it slice by slice.

    Args:
        dense: (k, j, i) on an LPS-aligned grid.
        geometry: of the grid.

    Returns:
        The parts that remain after peeling and are at least :data:`LEAST_PART` of the largest,
        unpeeled, with their holes filled in each axial plane; empty if nothing remains.
    """
    disc = _disc([PEEL_MM / mm for mm in geometry.spacing_mm[1:]])
    peeled = np.stack([~_grown(~plane, disc) for plane in dense])
    labels, count = ndimage.label(peeled)
    if count == 0:
        return np.zeros_like(dense)
    sizes = np.bincount(labels[peeled])[1:]
    kept = np.concatenate([[False], sizes >= LEAST_PART * sizes.max()])
    bodies = (_grown(plane, disc) for plane in kept[labels])
    return np.stack([_filled(body & plane) for body, plane in zip(bodies, dense, strict=True)])


def _disc(radii_voxels: list[float]) -> list[int]:
    """Return half the length along i of each row of an ellipse, from the first j to the last."""
    rows, columns = (max(1, round(radius)) for radius in radii_voxels)
    j, i = np.ogrid[-rows : rows + 1, -columns : columns + 1]
    inside = (j / rows) ** 2 + (i / columns) ** 2 <= 1
    return [int(row.sum()) // 2 for row in inside]


def _grown(plane: Mask, disc: list[int]) -> Mask:
    """Dilate a plane: its rows are lengthened step by step, and laid where the disc has them."""
    grown, longer = np.zeros_like(plane), plane.copy()
    middle, height = len(disc) // 2, len(plane)
    for half in range(max(disc) + 1):
        if half:
            longer[:, half:] |= plane[:, :-half]
            longer[:, :-half] |= plane[:, half:]
        for step in (row - middle for row, length in enumerate(disc) if length == half):
            grown[max(0, step) : height + min(0, step)] |= longer[
                max(0, -step) : height + min(0, -step)
            ]
    return grown


def _filled(plane: Mask) -> Mask:
    """Fill all that is shut off from the border of a plane."""
    outside, _ = ndimage.label(~plane)
    border = (outside[0], outside[-1], outside[:, 0], outside[:, -1])
    return plane | ~np.isin(outside, np.unique(np.concatenate(border)))
