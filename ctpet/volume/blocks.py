"""Volumes averaged over blocks: enough to tell whose outline it is, and quick."""

import numpy as np
from numpy.typing import NDArray

from ctpet.volume.geometry import Geometry, Shape3

Floats = NDArray[np.float32]


def block_factors(geometry: Geometry, block_mm: float) -> Shape3:
    """Return how many voxels along (k, j, i) make a block of about this size; at least one."""
    k, j, i = (max(1, round(block_mm / mm)) for mm in geometry.spacing_mm)
    return k, j, i


def block_means(values: NDArray[np.generic], factors: Shape3) -> Floats:
    """Average over blocks; what does not fill a block at the far ends is left out."""
    counts = [n // factor for n, factor in zip(values.shape, factors, strict=True)]
    whole = tuple(slice(0, n * factor) for n, factor in zip(counts, factors, strict=True))
    means = values[whole]
    for axis, (count, factor) in enumerate(zip(counts, factors, strict=True)):
        split = (*means.shape[:axis], count, factor, *means.shape[axis + 1 :])
        means = means.reshape(split).mean(axis=axis + 1, dtype=np.float32)
    return np.asarray(means, np.float32)


def block_grid(geometry: Geometry, factors: Shape3) -> Geometry:
    """Return the grid of the blocks' centres.

    Raises:
        ValueError: an axis is shorter than a block.
    """
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.index_to_lps([(factor - 1) / 2 for factor in factors])
    affine[:3, :3] *= factors
    k, j, i = (n // factor for n, factor in zip(geometry.shape, factors, strict=True))
    return Geometry((k, j, i), affine, geometry.frame_of_reference_uid)
