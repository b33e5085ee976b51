"""Closed polygons in a plane, filled: which pixels have their centre inside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_BESIDE = 1e-3 * np.array([(1, 0.6), (-0.6, 1), (-1, -0.6), (0.6, -1)])
"""Where beside a centre one looks, in pixels: a centre on the line has both sides beside it."""


@dataclass(frozen=True, eq=False)
class Polygon:
    """A closed line.

    Attributes:
        points: (n, 2) of row and column, pixel centres at integers.
        xor: what it encloses changes sides, whatever else there is (CLOSEDPLANAR_XOR).
    """

    points: NDArray[np.float64]
    xor: bool = False


def filled(polygons: Sequence[Polygon], shape: tuple[int, int]) -> Mask:
    """Return the pixels inside.

    From large to small: a polygon that lies wholly in what is filled is a hole in it, and one in
    a hole is filled again; polygons that only overlap are joined. Centres on a line are inside
    of what it encloses, and no part of a hole.
    """
    inside = np.zeros(shape, np.bool_)
    for polygon in sorted(polygons, key=_area, reverse=True):
        with_edge, without = _masks(polygon.points, shape)
        if polygon.xor:
            inside ^= with_edge
        elif without.any() and inside[with_edge].all():
            inside &= ~without
        else:
            inside |= with_edge
    return inside


def _area(polygon: Polygon) -> float:
    y, x = polygon.points.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def _masks(points: NDArray[np.float64], shape: tuple[int, int]) -> tuple[Mask, Mask]:
    """Return the pixels in a polygon, with those on its line and without."""
    low = np.clip(np.floor(points.min(axis=0)).astype(int), 0, np.asarray(shape) - 1)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int), 0, np.asarray(shape) - 1)
    window = np.s_[low[0] : high[0] + 1, low[1] : high[1] + 1]
    rows, columns = np.mgrid[window]
    centres = np.stack([rows.ravel(), columns.ravel()], axis=1)
    outline = Outline(np.vstack([points, points[:1]]), closed=True)
    near = np.array([outline.contains_points(centres + beside) for beside in _BESIDE])
    both = []
    for chosen in (near.any(axis=0), near.all(axis=0)):
        mask = np.zeros(shape, np.bool_)
        mask[window] = chosen.reshape(rows.shape)
        both.append(mask)
    return both[0], both[1]
