"""A body drawn through cross-sections: outlines given at some heights, smooth between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from ctpet.phantom.shapes import Floats, Points

_STEP_MM = 0.5


@dataclass(frozen=True, eq=False)
class Loft:
    """Rounded sections stacked along z.

    Attributes:
        rows: ``(n, 5)`` or ``(n, 6)``, ascending in z: z, half width along x, front y, back y,
            y of the widest place, and (0 if left out) x of the middle; all mm. Monotone cubic
            between rows, so that no bump appears that was not written.
        square: 0 for elliptic sections, towards 1 for square ones (Fernandez-Guasti's squircle).
        capped: whether it ends at the first and last height (else the last section goes on).
    """

    rows: NDArray[np.float64]
    square: float = 0.0
    capped: bool = True

    @cached_property
    def _tables(self) -> tuple[Floats, Floats]:
        """Values and slopes (per mm) of the columns on a fine lattice of heights, ``(5, n)``."""
        z = self.rows[:, 0]
        count = int(np.ceil((z[-1] - z[0]) / _STEP_MM)) + 1
        at = z[0] + _STEP_MM * np.arange(count)
        middle = self.rows[:, 5] if self.rows.shape[1] > 5 else np.zeros(len(z))
        wide, front, back, widest = self.rows[:, 1:5].T
        columns = np.stack([wide, widest - front, back - widest, widest, middle], axis=1)
        curve = PchipInterpolator(z, columns, axis=0)
        at = np.minimum(at, z[-1])
        return (
            np.ascontiguousarray(curve(at).T, dtype=np.float32),
            np.ascontiguousarray(curve(at, 1).T, dtype=np.float32),
        )

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        values, slopes = self._tables
        low, high = np.float32(self.rows[0, 0]), np.float32(self.rows[-1, 0])
        n = ((p.z - low) * np.float32(1 / _STEP_MM) + np.float32(0.5)).astype(np.int32)
        np.clip(n, 0, values.shape[1] - 1, out=n)
        wide, widest, middle = values[0].take(n), values[3].take(n), values[4].take(n)
        off_x, off_y = p.x - middle, p.y - widest
        front = off_y < 0
        deep = np.where(front, values[1].take(n), values[2].take(n))
        deeper = np.where(front, slopes[1].take(n), slopes[2].take(n))
        u, v = off_x / wide, off_y / deep
        u2, v2 = u * u, v * v
        q = u2 + v2 + np.float32(1e-6)
        if self.square > 0:
            root = np.sqrt(np.maximum(q * q - np.float32(4 * self.square) * u2 * v2, 0))
            gauge = np.sqrt((q + root) * np.float32(0.5))
        else:
            gauge = np.sqrt(q)
        rise = u2 * slopes[0].take(n) / wide + v2 * deeper / deep
        rise += u * slopes[4].take(n) / wide + v * slopes[3].take(n) / deep
        steep = (u2 / (wide * wide) + v2 / (deep * deep) + rise * rise) / q
        d = (gauge - 1) / np.sqrt(steep + np.float32(1e-12))
        if self.capped:
            d = np.maximum(d, np.maximum(low - p.z, p.z - high))
        return np.asarray(d)

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        wide = self.rows[:, 1].max()
        middle = self.rows[:, 5] if self.rows.shape[1] > 5 else np.zeros(len(self.rows))
        low = (middle.min() - wide, self.rows[:, 2].min(), self.rows[0, 0])
        high = (middle.max() + wide, self.rows[:, 3].max(), self.rows[-1, 0])
        if not self.capped:
            low, high = (low[0], low[1], -np.inf), (high[0], high[1], np.inf)
        return np.array([low, high], dtype=np.float64)


def loft(rows: Sequence[Sequence[float]], *, square: float = 0.0, capped: bool = True) -> Loft:
    """Return the loft through rows in any order of height."""
    given = np.asarray(rows, dtype=np.float64)
    ordered = given[np.argsort(given[:, 0])]
    return Loft(ordered, square, capped)
