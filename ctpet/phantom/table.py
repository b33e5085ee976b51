"""The table: a shallow trough with a pad, which does not follow the patient's shape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.frame import Frame
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import Floats, Points
from ctpet.phantom.structure import Structure

RIGID = Frame((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), np.zeros((0, 7)))
"""The table's frame: LPS mm."""

_RADIUS_MM = 620.0
_HALF_WIDTH_MM = 215.0
_THICK_MM = 34.0


@dataclass(frozen=True)
class Trough:
    """A curved slab, endless along z.

    Attributes:
        top_y: its surface at the middle, LPS mm.
        thick_mm: from the surface down.
    """

    top_y: float
    thick_mm: float = _THICK_MM

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        up = p.y - np.float32(self.top_y - _RADIUS_MM)
        r = np.sqrt(p.x * p.x + up * up) - np.float32(_RADIUS_MM)
        d = np.maximum(-r, r - np.float32(self.thick_mm))
        return np.asarray(np.maximum(d, np.abs(p.x) - np.float32(_HALF_WIDTH_MM)))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        rise = _HALF_WIDTH_MM**2 / (2 * _RADIUS_MM) + 3
        low = (-_HALF_WIDTH_MM, self.top_y - rise, -np.inf)
        return np.array([low, (_HALF_WIDTH_MM, self.top_y + self.thick_mm + 1, np.inf)])


def table_at(top_y: float) -> Structure:
    """Return a table whose pad meets a back at ``top_y`` mm: a skin of laminate around foam."""
    return Structure(((LABELS["table"], 0.0), (LABELS["background"], 1.8)), (Trough(top_y),))
