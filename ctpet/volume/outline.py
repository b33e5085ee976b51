"""The outline of the patient, filled: what counts as body in a case."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.volume.geometry import Geometry

Mask = NDArray[np.bool_]

BODY_ABOVE_HU = -300.0
"""Between fat (-190 HU and up; Mitsiopoulos et al., J Appl Physiol 1998; 85:115-122) and a
mattress or blanket (about -900 to -500)."""

PEEL_MM = 8.0
"""Peeled off in plane before parts are told apart: tables, tubes and blankets are thinner than
16 mm, limbs are not."""

LEAST_PART = 0.05
"""Of the largest part: a leg or an arm that the field of view cuts off from the trunk has more."""


def body_of_ct(hu: NDArray[np.float32], geometry: Geometry) -> Mask:
    """Return the filled outline of the patient, (k, j, i)."""
    return filled_outline(hu > BODY_ABOVE_HU, geometry)


def filled_outline(dense: Mask, geometry: Geometry) -> Mask:
    """Keep the patient of everything dense, and fill it slice by slice.

    Args:
        dense: (k, j, i) on an LPS-aligned grid.
        geometry: of the grid.

    Returns:
        The parts that remain after peeling and are at least :data:`LEAST_PART` of the largest,
        unpeeled, with their holes filled in each axial plane; empty if nothing remains.
    """
    peel = _disc([PEEL_MM / mm for mm in geometry.spacing_mm[1:]])
    peeled = ndimage.binary_erosion(dense, peel, border_value=1)
    labels, count = ndimage.label(peeled)
    if count == 0:
        return np.zeros_like(dense)
    sizes = np.bincount(labels.ravel())[1:]
    kept = np.concatenate([[False], sizes >= LEAST_PART * sizes.max()])
    body = ndimage.binary_dilation(kept[labels], peel) & dense
    return np.stack([ndimage.binary_fill_holes(plane) for plane in body])


def _disc(radii_voxels: list[float]) -> Mask:
    """Return a disc in the plane (j, i), one voxel thick along k."""
    reach = [max(1, round(radius)) for radius in radii_voxels]
    j, i = np.ogrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1]
    return np.asarray(((j / reach[0]) ** 2 + (i / reach[1]) ** 2 <= 1)[None])
