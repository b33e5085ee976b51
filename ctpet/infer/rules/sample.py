"""The part of a CT that the guard looks at: every few millimetres a voxel, and a histogram."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.volume import Volume
from ctpet.volume.geometry import Spacing3

SAMPLE_MM = 4.0
"""About this far apart are the voxels looked at: an aorta, the thinnest thing looked for, is 20 mm
wide."""

PADDING_BELOW_HU = -1500
"""Nothing scanned is darker; scanners pad the corners with -2000 or -3024 and calibrate air to
-1000 (definition of the Hounsfield unit, DICOM PS3.3 C.11.1.1.2)."""

HIGHEST_HU = 4000
"""End of the histogram; 12-bit scanners end at 3071."""


@dataclass(frozen=True, eq=False)
class CtSample:
    """Every few millimetres one voxel of a CT, unfiltered.

    Attributes:
        array: HU, float32; axis 0 is the one nearest to the body's length (LPS z), the others
            keep their order.
        spacing_mm: along the axes of ``array``.
        counts: voxels at each whole HU from :data:`PADDING_BELOW_HU` to :data:`HIGHEST_HU`;
            what is above counts as the last, what is below is padding and not counted.
    """

    array: NDArray[np.float32]
    spacing_mm: Spacing3
    counts: NDArray[np.int64]

    @property
    def voxel_ml(self) -> float:
        """Volume that one voxel of the sample stands for, in millilitres."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    @property
    def width_mm(self) -> float:
        """The wider side of the field across the body."""
        sides = zip(self.array.shape[1:], self.spacing_mm[1:], strict=True)
        return float(max(count * mm for count, mm in sides))

    @property
    def impossible(self) -> float:
        """Part of all voxels that is darker than anything scanned and is not the one padding."""
        dark = self.array.size - self.size
        if dark == 0:
            return 0.0
        padding = int(np.count_nonzero(self.array <= self.array.min() + 0.5))
        return (dark - padding) / self.array.size

    @property
    def size(self) -> int:
        """Number of voxels that are not padding."""
        return int(self.counts.sum())

    @property
    def lowest(self) -> int:
        """The lowest HU that is not padding; :data:`HIGHEST_HU` if all is."""
        return PADDING_BELOW_HU + int(np.argmax(self.counts > 0)) if self.size else HIGHEST_HU

    @property
    def highest(self) -> int:
        """The highest HU; :data:`PADDING_BELOW_HU` if all is padding."""
        return HIGHEST_HU - int(np.argmax(self.counts[::-1] > 0)) if self.size else PADDING_BELOW_HU

    def count(self, low: int, high: int) -> int:
        """Number of voxels with ``low <= HU < high``."""
        return int(self.counts[low - PADDING_BELOW_HU : high - PADDING_BELOW_HU].sum())

    def share(self, low: int, high: int, *, above: int = PADDING_BELOW_HU) -> float:
        """Part of the voxels of at least ``above`` HU with ``low <= HU < high``; 0 if none."""
        return self.count(low, high) / max(1, self.count(above, HIGHEST_HU + 1))

    def mirrored(self) -> "CtSample":
        """The same with bright and dark exchanged."""
        array = -self.array
        return CtSample(array, self.spacing_mm, _histogram(array))


def take_sample(ct: Volume) -> CtSample:
    """Take every few millimetres one voxel; fast and small at any size of the CT."""
    geometry = ct.geometry
    along = geometry.axis_along_body
    order = [along, *(axis for axis in range(3) if axis != along)]
    steps = [max(1, round(SAMPLE_MM / mm)) for mm in geometry.spacing_mm]
    view = ct.array[tuple(slice(None, None, step) for step in steps)]
    array = np.ascontiguousarray(view.transpose(order))
    k, j, i = (geometry.spacing_mm[axis] * steps[axis] for axis in order)
    return CtSample(array, (k, j, i), _histogram(array))


def _histogram(array: NDArray[np.float32]) -> NDArray[np.int64]:
    """Count whole HU; the cell below :data:`PADDING_BELOW_HU` is counted and dropped."""
    whole = np.clip(array, PADDING_BELOW_HU - 1, HIGHEST_HU)
    np.rint(whole, out=whole)
    whole -= PADDING_BELOW_HU - 1
    cells = HIGHEST_HU - PADDING_BELOW_HU + 2
    return np.bincount(whole.ravel().astype(np.int16), minlength=cells)[1:].astype(np.int64)
