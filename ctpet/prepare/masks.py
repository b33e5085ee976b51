"""Label maps: read from NIfTI, and put onto another grid by nearest neighbour."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import InputRefused
from ctpet.nifti import read_nifti
from ctpet.prepare.pair import LabelMap
from ctpet.volume import Geometry

_LARGEST_LABEL = 2**16 - 1


def read_label_map(path: Path) -> LabelMap:
    """Read whole numbers from a NIfTI file.

    Raises:
        InputRefused: those of :func:`ctpet.nifti.read_nifti`; ``labels-not-whole``.
    """
    volume = read_nifti(path, "HU")  # a label has no quantity; only its numbers are used
    values = volume.array
    whole = values.min() >= 0 and values.max() <= _LARGEST_LABEL and (values % 1 == 0).all()
    if not whole:
        raise InputRefused(
            "labels-not-whole",
            f"A label map holds values that are not whole numbers from 0 to {_LARGEST_LABEL}",
            remedy="Give the labels as they were drawn, not interpolated",
        )
    return LabelMap(values.astype(np.uint16), volume.geometry)


def find_label_map(folder: Path, names: Iterable[str]) -> LabelMap | None:
    """Read the first of some files that lies in a folder; None if there is none."""
    for name in names:
        if (folder / name).is_file():
            return read_label_map(folder / name)
    return None


def nearest(labels: LabelMap, onto: Geometry) -> NDArray[np.uint16]:
    """Sample labels at the voxel centres of another grid; 0 outside their field of view.

    Returns:
        uint16, (k, j, i) of ``onto``.
    """
    matrix = np.linalg.solve(labels.geometry.affine, onto.affine)
    out = np.zeros(onto.shape, np.uint16)
    j, i = np.meshgrid(*map(np.arange, onto.shape[1:]), indexing="ij")
    for k in range(onto.shape[0]):
        index = matrix[:3] @ np.stack([np.full(j.size, k), j.ravel(), i.ravel(), np.ones(j.size)])
        at = np.rint(index).astype(np.int64)
        inside = ((at >= 0) & (at < np.array(labels.array.shape)[:, None])).all(axis=0)
        out[k].ravel()[inside] = labels.array[tuple(at[:, inside])]
    return out
