"""The diaphragm: where chest and belly part."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.shapes import (
    EVERYWHERE,
    Floats,
    Points,
)


@dataclass(frozen=True)
class Diaphragm:
    """What lies above the diaphragm: two domes that fall to the ribs, deepest at the back.

    Attributes:
        right_z, left_z, middle_z: heights of the domes and of the saddle between them, mm.
        fall: how far it falls from a dome to the ribs, mm.
    """

    right_z: float
    left_z: float
    middle_z: float
    fall: float

    def height(self, x: Floats, y: Floats) -> Floats:
        """Return its z at x, y."""
        side = np.clip(x * np.float32(1 / 70), -1, 1)
        apart = side * side
        peak = np.where(x < 0, np.float32(self.right_z), np.float32(self.left_z))
        top = np.float32(self.middle_z) + apart * (peak - np.float32(self.middle_z))
        u, v = x * np.float32(1 / 138), (y + 12) * np.float32(1 / 100)
        rho2 = u * u + v * v
        back = np.clip(y * np.float32(1 / 80), np.float32(-0.35), 1)
        fall = np.float32(self.fall) * (1 + np.float32(0.32) * back)
        steep = rho2 * (np.float32(0.25) + np.float32(0.75) * rho2 * rho2 * rho2)
        return np.asarray(top - fall * steep)

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        return np.asarray((self.height(p.x, p.y) - p.z) * np.float32(0.6))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        box = EVERYWHERE.copy()
        box[0, 2] = min(self.right_z, self.left_z) - 260
        return box


def draw_diaphragm(rng: np.random.Generator) -> Diaphragm:
    """Draw how deeply the patient breathes in."""
    right = float(rng.normal(338, 9))
    left = right - float(rng.uniform(6, 20))
    return Diaphragm(right, left, left - float(rng.uniform(0, 10)), float(rng.uniform(75, 95)))
