"""Where the voxels of a volume lie in the patient: index (k, j, i) to DICOM LPS millimetres."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

Shape3 = tuple[int, int, int]
Spacing3 = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Geometry:
    """A regular grid of voxels in the patient.

    Attributes:
        shape: number of voxels along (k, j, i), that is slices, rows, columns.
        affine: 4×4 float64; maps ``(k, j, i, 1)``, voxel centres at integers, to LPS mm
            ``(x, y, z, 1)`` with x to the patient's left, y to posterior, z to superior.
            Columns need not be orthogonal (a tilted gantry shears).
        frame_of_reference_uid: volumes share coordinates only if they share this; None: unknown.

    Raises:
        ValueError: at construction, if the shape is not positive or the affine is not an
            invertible, finite affine map.
    """

    shape: Shape3
    affine: NDArray[np.float64]
    frame_of_reference_uid: str | None = None

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise ValueError(f"shape must be three positive numbers, not {self.shape}")
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise ValueError("affine must be a finite 4×4 matrix")
        if not np.array_equal(affine[3], (0, 0, 0, 1)):
            raise ValueError("affine must end in the row (0, 0, 0, 1)")
        columns = np.linalg.norm(affine[:3, :3], axis=0)
        if columns.min() <= 0 or abs(np.linalg.det(affine[:3, :3] / columns)) < 1e-6:
            raise ValueError("affine must be invertible: three independent axes of positive length")
        affine.flags.writeable = False
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine", affine)

    @property
    def spacing_mm(self) -> Spacing3:
        """Distance between neighbouring voxel centres along (k, j, i)."""
        k, j, i = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(k), float(j), float(i)

    @property
    def direction(self) -> NDArray[np.float64]:
        """3×3; column n is the LPS unit vector along which index axis n grows."""
        return np.asarray(self.affine[:3, :3] / np.asarray(self.spacing_mm))

    @property
    def axis_along_body(self) -> int:
        """The index axis nearest to the patient's length (LPS z)."""
        return int(np.argmax(np.abs(self.direction[2])))

    @property
    def origin_mm(self) -> NDArray[np.float64]:
        """LPS position of the centre of voxel (0, 0, 0)."""
        return self.affine[:3, 3]

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    def index_to_lps(self, index: ArrayLike) -> NDArray[np.float64]:
        """Map indices ``(..., 3)`` in order k, j, i to LPS millimetres ``(..., 3)``."""
        return np.asarray(index, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def lps_to_index(self, point_mm: ArrayLike) -> NDArray[np.float64]:
        """Map LPS millimetres ``(..., 3)`` to fractional indices ``(..., 3)`` (k, j, i)."""
        offset = np.asarray(point_mm, dtype=np.float64) - self.affine[:3, 3]
        return np.asarray(np.linalg.solve(self.affine[:3, :3], offset[..., None])[..., 0])

    def corners_mm(self) -> NDArray[np.float64]:
        """The 8 outer corners of the field of view (voxel edges, not centres), ``(8, 3)`` LPS."""
        edges = [(-0.5, n - 0.5) for n in self.shape]
        return self.index_to_lps(list(product(*edges)))

    def agrees_with(self, other: "Geometry", *, tolerance_mm: float = 1e-3) -> bool:
        """Whether both sample the same points of the same patient.

        Two known frames of reference must be equal; an unknown one agrees with any.
        """
        known = (self.frame_of_reference_uid, other.frame_of_reference_uid)
        if None not in known and known[0] != known[1]:
            return False
        if self.shape != other.shape:
            return False
        return bool(np.abs(self.corners_mm() - other.corners_mm()).max() <= tolerance_mm)


def covering_grid(geometry: Geometry, spacing_mm: Spacing3) -> Geometry:
    """Return the smallest LPS-aligned grid of that spacing that covers a field of view.

    Axis k points to superior, j to posterior, i to left, so the grid's meaning does not depend
    on how the source was scanned (oblique, feet first, flipped). Both share their centre.

    Args:
        geometry: the field of view to cover, with any orientation.
        spacing_mm: voxel size along (k, j, i).
    """
    corners = geometry.corners_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    size_xyz = np.asarray(spacing_mm, dtype=np.float64)[::-1]
    count_xyz = np.maximum(1, np.ceil((high - low) / size_xyz - 1e-6)).astype(int)
    first_xyz = (low + high) / 2 - (count_xyz - 1) / 2 * size_xyz
    affine = np.eye(4)
    affine[:3, :3] = np.diag(size_xyz)[:, ::-1]
    affine[:3, 3] = first_xyz
    x, y, z = (int(n) for n in count_xyz)
    return Geometry((z, y, x), affine, geometry.frame_of_reference_uid)


def lattice_grid(geometry: Geometry, spacing_mm: Spacing3) -> Geometry:
    """Return the smallest LPS-aligned grid that covers a field of view, on a lattice of the world.

    Like :func:`covering_grid`, but voxel centres lie at whole multiples of the spacing, so that two
    fields of view of one patient are sampled at the same places.

    Args:
        geometry: the field of view to cover, with any orientation.
        spacing_mm: voxel size along (k, j, i).
    """
    corners = geometry.corners_mm()
    size_xyz = np.asarray(spacing_mm, dtype=np.float64)[::-1]
    low = np.floor(corners.min(axis=0) / size_xyz + 0.5 + 1e-6).astype(int)
    high = np.ceil(corners.max(axis=0) / size_xyz - 0.5 - 1e-6).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = np.diag(size_xyz)[:, ::-1]
    affine[:3, 3] = low * size_xyz
    x, y, z = (int(n) for n in np.maximum(high - low, 0) + 1)
    return Geometry((z, y, x), affine, geometry.frame_of_reference_uid)
