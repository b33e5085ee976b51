"""A sampled quantity on a geometry."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.volume.geometry import Geometry

MAX_VOXELS = 2**31
"""Of a volume that is read; more would only exhaust memory."""

Quantity = Literal["HU", "BQML", "SUVBW"]
"""What the numbers are: Hounsfield units, Bq/mL, or SUV by body weight in g/mL."""


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxel values with their place and their meaning.

    Attributes:
        array: float32, index order (k, j, i), finite everywhere, read-only.
        geometry: where the voxels lie.
        quantity: what the values are.

    Raises:
        ValueError: at construction, if the array is not float32, does not have the geometry's
            shape, or holds a value that is not finite.
    """

    array: NDArray[np.float32]
    geometry: Geometry
    quantity: Quantity

    def __post_init__(self) -> None:
        if self.array.dtype != np.float32:
            raise ValueError(f"a volume holds float32, not {self.array.dtype}")
        if self.array.shape != self.geometry.shape:
            raise ValueError(
                f"the array is {self.array.shape}, its geometry {self.geometry.shape} (k, j, i)"
            )
        if not (np.isfinite(self.array.min()) and np.isfinite(self.array.max())):
            raise ValueError("a volume holds finite values only")
        view = self.array.view()
        view.flags.writeable = False
        object.__setattr__(self, "array", view)

    def in_frame_of(self, other: "Volume") -> "Volume":
        """Return the volume where it is, called by another's frame of reference.

        For who knows that both are one examination though their headers say otherwise.
        """
        frame = other.geometry.frame_of_reference_uid
        return replace(self, geometry=replace(self.geometry, frame_of_reference_uid=frame))
