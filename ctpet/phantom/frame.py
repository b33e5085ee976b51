"""From a patient's millimetres to those in which the anatomy is written down."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctpet.phantom.shapes import Points


@dataclass(frozen=True, eq=False)
class Frame:
    """A patient's size, place and build as one smooth map from LPS mm to the drawing's mm.

    The drawing is of a man of 1760 mm (ICRP Publication 89); its z = 0 is at the hip joints.

    Attributes:
        scale: patient's size over the drawing's, along x, y, z.
        shift_mm: where the drawing's origin lies in the patient's LPS.
        sway: ``(n, 7)``: wave vector (rad/mm), phase and displacement (mm) along x, y, z: slow
            waves that bend everything together, so that no two patients have the same outlines.
    """

    scale: tuple[float, float, float]
    shift_mm: tuple[float, float, float]
    sway: NDArray[np.float64]

    @property
    def size(self) -> float:
        """Patient's millimetres for one of the drawing's, the geometric mean of the axes."""
        return float(np.prod(self.scale) ** (1 / 3))

    def to_drawing(self, p: Points) -> Points:
        """Map positions from LPS mm to the drawing's mm."""
        s = [np.float32(1 / v) for v in self.scale]
        t = [np.float32(v) for v in self.shift_mm]
        flat = Points((p.x - t[0]) * s[0], (p.y - t[1]) * s[1], (p.z - t[2]) * s[2])
        x, y, z = flat
        for wx, wy, wz, phase, dx, dy, dz in self.sway.astype(np.float32):
            wave = np.sin(flat.x * wx + flat.y * wy + flat.z * wz + phase)
            x, y, z = x + wave * dx, y + wave * dy, z + wave * dz
        return Points(x, y, z)

    def to_lps(self, point: ArrayLike) -> NDArray[np.float64]:
        """Map one point of the drawing ``(3,)`` to LPS mm, by fixed-point iteration."""
        target = np.asarray(point, dtype=np.float64)
        guess = target.copy()
        for _ in range(30):
            waves = np.sin(self.sway[:, :3] @ guess + self.sway[:, 3])
            guess = target - waves @ self.sway[:, 4:]
        return np.asarray(guess * self.scale + self.shift_mm)

    def box_to_lps(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return LPS boxes ``(…, 2, 3)`` mm that hold whatever boxes of the drawing hold."""
        reach = np.abs(self.sway[:, 4:]).sum(axis=0)
        grown = boxes + np.array([-reach, reach])
        return np.asarray(grown * self.scale + self.shift_mm)
