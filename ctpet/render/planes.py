"""Planes and projections of a volume, laid out as a radiologist looks at them.

The patient's right is on the left of the picture, anterior is up on axial and to the left on
sagittal planes, the head is up on coronal and sagittal planes, whatever the volume's own axes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.volume import Geometry, Volume, covering_grid, resample

View = Literal["axial", "coronal", "sagittal"]
Range = tuple[float, float]

_NORMAL: dict[View, int] = {"axial": 0, "coronal": 1, "sagittal": 2}
_EDGES: dict[View, tuple[str, str, str, str]] = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "H", "F"),
    "sagittal": ("A", "P", "H", "F"),
}
_UPTAKE_FROM_SUV = 1.2
_UPTAKE_UP_TO_SUV: dict[View, float] = {"axial": 2.5, "coronal": 7.0, "sagittal": 7.0}
_BRAIN_FROM_SUV = 5.0
_BODY_HU = -400.0
_SURVEY_MM = (8.0, 8.0, 8.0)


@dataclass(frozen=True, eq=False)
class Plane:
    """One picture.

    Attributes:
        pixels: float32 ``(rows, columns)``, row 0 at the top, column 0 at the left.
        view: which way it looks.
        grid: the LPS-aligned grid, one voxel thick, that was sampled.
    """

    pixels: NDArray[np.float32]
    view: View
    grid: Geometry

    @property
    def extent_mm(self) -> tuple[float, float, float, float]:
        """Outer pixel edges (left, right, bottom, top) in LPS mm, as matplotlib takes them."""
        corners = self.grid.corners_mm()
        (x0, y0, z0), (x1, y1, z1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        extents = {
            "axial": (x0, x1, y1, y0),
            "coronal": (x0, x1, z0, z1),
            "sagittal": (y0, y1, z0, z1),
        }
        return extents[self.view]

    @property
    def edges(self) -> tuple[str, str, str, str]:
        """Which side of the patient is at the left, right, top and bottom: of R L A P H F."""
        return _EDGES[self.view]

    @property
    def position_mm(self) -> float:
        """Where the plane stands along its normal, in LPS mm."""
        return float(self.grid.origin_mm[2 - _NORMAL[self.view]])


def upright_grid(geometry: Geometry) -> Geometry:
    """Return the LPS-aligned grid (k up, j back, i left) over a field of view, as fine as it.

    Where the volume's axes already run along LPS, in any order and sense, the grid shares its
    voxels, so that sampling it copies.
    """
    reach = np.abs(geometry.affine[:3, :3]).max(axis=1)
    return covering_grid(geometry, (float(reach[2]), float(reach[1]), float(reach[0])))


def cut(volume: Volume, view: View, at_mm: float, *, fill: float) -> Plane:
    """Return the slice of a volume nearest to a position along the view's normal.

    Args:
        volume: in any orientation.
        view: which way to look.
        at_mm: LPS z for axial, y for coronal, x for sagittal; moved into the field of view.
        fill: value outside the field of view.
    """
    whole = upright_grid(volume.geometry)
    axis = _NORMAL[view]
    index = np.zeros(3)
    point = whole.origin_mm.copy()
    point[2 - axis] = at_mm
    nearest = np.round(whole.lps_to_index(point)[axis])
    index[axis] = np.clip(nearest, 0, whole.shape[axis] - 1)
    return on_grid(volume, view, _moved(whole, index, axis), fill=fill)


def on_grid(volume: Volume, view: View, grid: Geometry, *, fill: float) -> Plane:
    """Return the picture of a volume on another plane's grid, pixel on pixel.

    Args:
        volume: in any orientation.
        view: the view that ``grid`` was made for.
        grid: an LPS-aligned grid, one voxel thick along the view's normal.
        fill: value outside the field of view.
    """
    return _picture(resample(volume, grid, fill=fill).array, view, grid)


def difference_of(
    reference: Volume, predicted: Volume, known: NDArray[np.bool_] | None = None
) -> Volume:
    """Return predicted − reference, and 0 where nothing was predicted.

    Raises:
        ValueError: the PETs lie on different grids.
    """
    if not predicted.geometry.agrees_with(reference.geometry):
        raise ValueError("the synthetic PET lies on another grid than its reference")
    difference = predicted.array - reference.array
    if known is not None:
        difference = np.where(known, difference, np.float32(0))
    return Volume(difference, reference.geometry, "SUVBW")


def coronal_mip(volume: Volume, *, fill: float = 0.0) -> Plane:
    """Return the maximum intensity projection along anterior-posterior."""
    whole = upright_grid(volume.geometry)
    return _projection(resample(volume, whole, fill=fill).array.max(axis=1, keepdims=True), whole)


def coronal_extreme(volume: Volume) -> Plane:
    """Return the value farthest from 0 on each ray along anterior-posterior, with its sign."""
    whole = upright_grid(volume.geometry)
    array = resample(volume, whole, fill=0.0).array
    low, high = array.min(axis=1, keepdims=True), array.max(axis=1, keepdims=True)
    return _projection(np.where(-low > high, low, high), whole)


def liveliest(pet: Volume, view: View) -> float:
    """Return the position in mm of the plane with the most uptake; the middle if there is none.

    Voxels count from an SUVbw of 1.2, above muscle, so that much background does not outweigh a
    tumour; on axial planes only up to 2.5, and not at all from 5 where there is anything else, so
    that the torso is shown rather than the brain.
    """
    whole = upright_grid(pet.geometry)
    axis = _NORMAL[view]
    suv = resample(pet, whole, fill=0).array
    counted = np.where(suv >= _UPTAKE_FROM_SUV, np.minimum(suv, _UPTAKE_UP_TO_SUV[view]), 0)
    if view == "axial" and (torso := np.where(suv < _BRAIN_FROM_SUV, counted, 0)).any():
        counted = torso
    uptake = counted.sum(axis=tuple(a for a in range(3) if a != axis), dtype=np.float64)
    index = np.zeros(3)
    index[axis] = uptake.argmax() if uptake.any() else (uptake.size - 1) // 2
    return float(whole.index_to_lps(index)[2 - axis])


def body_box(ct: Volume, *, margin_mm: float = 10.0) -> tuple[Range, Range, Range]:
    """Return the ranges of x, y and z in LPS mm that hold everything denser than lung.

    The table counts as body. Where nothing is dense, the ranges are the field of view.
    """
    survey = covering_grid(ct.geometry, _SURVEY_MM)
    dense = resample(ct, survey, fill=-1024.0).array > _BODY_HU
    corners = ct.geometry.corners_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    if dense.any():
        where = np.argwhere(dense)
        reach = np.asarray(_SURVEY_MM) / 2 + margin_mm
        low = np.maximum(low, survey.index_to_lps(where.min(axis=0)) - reach)
        high = np.minimum(high, survey.index_to_lps(where.max(axis=0)) + reach)
    x, y, z = zip(low.tolist(), high.tolist(), strict=True)
    return x, y, z


def _moved(whole: Geometry, index: NDArray[np.float64], axis: int) -> Geometry:
    """Return the one-voxel-thick slice of a grid at an index that is 0 but along the axis."""
    shape = list(whole.shape)
    shape[axis] = 1
    affine = whole.affine.copy()
    affine[:3, 3] = whole.index_to_lps(index)
    return Geometry((shape[0], shape[1], shape[2]), affine, whole.frame_of_reference_uid)


def _projection(array: NDArray[np.float32], whole: Geometry) -> Plane:
    """Return what was projected along a grid's anterior-posterior axis as a picture."""
    middle = np.array([0.0, (whole.shape[1] - 1) / 2, 0.0])
    return _picture(array, "coronal", _moved(whole, middle, 1))


def _picture(array: NDArray[np.float32], view: View, grid: Geometry) -> Plane:
    """Return a one-voxel-thick LPS-aligned array as a picture with the head up."""
    flat = array.squeeze(axis=_NORMAL[view])
    return Plane(flat if view == "axial" else flat[::-1], view, grid)
