"""Volumes on disk as the page draws them: NIfTI that is not packed, so that parts can be read."""

# nibabel declares itself typed but annotates few of its methods.
# mypy: disable-error-code="no-untyped-call"

from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from ctpet.nifti import RAS_TO_LPS
from ctpet.volume import Geometry, Volume

Point = tuple[float, float, float]


def write_shown(volume: Volume, path: Path) -> None:
    """Write a volume; whole numbers take half the room, and nothing is rounded.

    Args:
        volume: HU or SUVbw.
        path: ends in .nii; it appears whole or not at all.
    """
    affine = RAS_TO_LPS @ volume.geometry.affine[:, [2, 1, 0, 3]]
    image = nib.Nifti1Image(_smallest(volume.array).T, affine)
    image.header.set_xyzt_units("mm")
    part = path.with_suffix(".part.nii")
    nib.save(image, part)
    part.replace(path)


def read_box(path: Path, centre_mm: Point, reach_mm: float) -> tuple[NDArray[np.float32], Geometry]:
    """Read the part of a volume that holds a sphere; no more of the file is read.

    Args:
        path: NIfTI.
        centre_mm: of the sphere, LPS.
        reach_mm: its radius.

    Returns:
        Values (k, j, i), maybe none, and where the whole volume's voxels would lie if the first
        one read were its first.
    """
    image = nib.Nifti1Image.from_filename(path)
    i, j, k = image.shape[:3]
    geometry = Geometry((k, j, i), (RAS_TO_LPS @ image.affine)[:, [2, 1, 0, 3]])
    centre = geometry.lps_to_index(np.asarray(centre_mm))
    steps = np.linalg.norm(np.linalg.inv(geometry.affine[:3, :3]), axis=1) * reach_mm
    low = np.clip(np.floor(centre - steps), 0, geometry.shape).astype(int)
    high = np.clip(np.ceil(centre + steps) + 1, 0, geometry.shape).astype(int)
    along = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
    values = np.asarray(image.dataobj[along], np.float32).T
    moved = geometry.affine.copy()
    moved[:3, 3] = geometry.index_to_lps(low)
    return np.ascontiguousarray(values), Geometry(geometry.shape, moved)


def _smallest(array: NDArray[np.float32]) -> NDArray[np.float32] | NDArray[np.int16]:
    limits = np.iinfo(np.int16)
    if array.min() < limits.min or array.max() > limits.max:
        return array
    whole = array.astype(np.int16)
    return whole if np.array_equal(whole, array) else array
