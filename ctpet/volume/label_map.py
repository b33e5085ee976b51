"""Whole numbers on a grid, such as organs and lesions, and their way onto another grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.volume.geometry import Geometry


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Whole numbers on a grid of their own.

    Attributes:
        array: uint16, (k, j, i); 0 is background.
        geometry: where the voxels lie.
    """

    array: NDArray[np.uint16]
    geometry: Geometry


def nearest(labels: LabelMap, onto: Geometry) -> NDArray[np.uint16]:
    """Sample labels at the voxel centres of another grid; 0 outside their field of view.

    Returns:
        uint16, (k, j, i) of ``onto``.
    """
    if labels.geometry.agrees_with(onto):
        return labels.array.copy()
    matrix = np.linalg.solve(labels.geometry.affine, onto.affine)
    out = np.zeros(onto.shape, np.uint16)
    j, i = np.meshgrid(*map(np.arange, onto.shape[1:]), indexing="ij")
    for k in range(onto.shape[0]):
        index = matrix[:3] @ np.stack([np.full(j.size, k), j.ravel(), i.ravel(), np.ones(j.size)])
        at = np.rint(index).astype(np.int64)
        inside = ((at >= 0) & (at < np.array(labels.array.shape)[:, None])).all(axis=0)
        out[k].ravel()[inside] = labels.array[tuple(at[:, inside])]
    return out
