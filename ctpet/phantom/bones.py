"""What several bones are made from: thin sheets, and tubes on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.shapes import (
    Floats,
    Points,
    Shape,
    Tube,
    spline,
)

PathPoint = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A thin sheet at a distance outside a surface."""

    shape: Shape
    away: float
    half: float

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        d = self.shape.distance(p)
        return np.asarray(np.abs(d - np.float32(self.away)) - np.float32(self.half))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        grow = self.away + self.half
        return np.asarray(self.shape.bounds() + np.array([[-grow] * 3, [grow] * 3]))


def both(make: Sequence[PathPoint], count: int = 0) -> list[Shape]:
    """Return a tube through (x, y, z, radius) points and its mirror image."""
    path = spline(make, count) if count else np.asarray(make, dtype=np.float64)
    out: list[Shape] = []
    for side in (-1, 1):
        mirrored = path.copy()
        mirrored[:, 0] *= side
        out.append(Tube(mirrored[:, :3], mirrored[:, 3]))
    return out
