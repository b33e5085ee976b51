"""Tables and cushions of several makers, in LPS mm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.frame import Frame
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import Ellipsoid, Floats, Points
from ctpet.phantom.structure import Structure
from ctpet.phantom.table import table_at

_SHELL = ((LABELS["table"], 0.0), (LABELS["background"], 2.5))
_FOAM = ((LABELS["cushion"], 0.0),)


@dataclass(frozen=True)
class Slab:
    """A flat board, endless along z or not.

    Attributes:
        low, high: its corners, mm.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        out = np.full(p.x.shape, -np.inf, np.float32)
        for axis, low, high in zip(p, self.low, self.high, strict=True):
            for gap in (np.float32(low) - axis, axis - np.float32(high)):
                np.maximum(out, gap, out=out)
        return out

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        return np.array([self.low, self.high])


def draw_supports(
    back_mm: float, frame: Frame, rng: np.random.Generator
) -> tuple[Structure, tuple[Structure, ...]]:
    """Return a table, and a mat and cushions or none.

    Args:
        back_mm: LPS y of what the back lies on.
        frame: the patient's, to know where head and knees are.
        rng: the randomness.
    """
    mat_mm = float(rng.uniform(10, 35)) if rng.random() < 0.6 else 0.0
    top = back_mm + mat_mm
    half = float(rng.uniform(190, 265))
    thick = float(rng.uniform(25, 70))
    flat = Structure(_SHELL, (Slab((-half, top, -np.inf), (half, top + thick, np.inf)),))
    table = flat if rng.random() < 0.5 else table_at(top)
    supports = []
    if mat_mm:
        mat = Slab((-0.9 * half, back_mm, -np.inf), (0.9 * half, top, np.inf))
        supports.append(Structure(_FOAM, (mat,)))
    for z, reach, high in ((770.0, 95.0, 60.0), (-120.0, 80.0, 55.0)):
        if rng.random() < 0.4:
            middle = float(frame.to_lps((0.0, 0.0, z))[2])
            at = (float(rng.uniform(-10, 10)), back_mm - 0.2 * high, middle)
            size = (float(rng.uniform(110, 190)), high, reach)
            supports.append(Structure(_FOAM, (Ellipsoid(at, size, power=3.0),)))
    return table, tuple(supports)
