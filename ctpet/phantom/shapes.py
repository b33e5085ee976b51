"""Shapes as pointwise distance functions, so that any grid can sample them at any angle.

A shape answers how far a point is from its surface, negative inside, in mm. The answer need only
be right near the surface: far away it may be any number of the right sign and about the right
size, within ``SLACK``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Triple = tuple[float, float, float]

SLACK = 1.6
"""By how much a distance may be overstated (it bounds what culling may skip)."""

EVERYWHERE = np.array([[-np.inf] * 3, [np.inf] * 3])
_TINY = np.float32(1e-6)


class Points(NamedTuple):
    """Positions in mm, three arrays of one shape."""

    x: Floats
    y: Floats
    z: Floats


class Shape(Protocol):
    """Something with an inside."""

    def distance(self, p: Points, /) -> Floats:
        """Return the signed distance of each point to the surface, in mm, negative inside."""

    def bounds(self) -> NDArray[np.float64]:
        """Return the lowest and highest x, y, z it may reach, ``(2, 3)`` mm."""


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid, rounder or more like a box.

    Attributes:
        centre: mm.
        radii: half axes along the rows of ``axes``, mm.
        axes: 3×3, rows are orthonormal directions; None: x, y, z.
        power: 2 is an ellipsoid, 3 or 4 are ever more like a box (superquadric).
    """

    centre: Triple
    radii: Triple
    axes: NDArray[np.float64] | None = None
    power: float = 2.0

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        q = [a - np.float32(c) for a, c in zip(p, self.centre, strict=True)]
        if self.axes is not None:
            m = self.axes.astype(np.float32)
            q = [m[n, 0] * q[0] + m[n, 1] * q[1] + m[n, 2] * q[2] for n in range(3)]
        scaled = [a * np.float32(1 / r) for a, r in zip(q, self.radii, strict=True)]
        squares = [a * a for a in scaled]
        total = squares[0] + squares[1] + squares[2] + _TINY
        steep = sum(s * np.float32(1 / r**2) for s, r in zip(squares, self.radii, strict=True))
        if self.power == 2.0:
            gauge = np.sqrt(total)
        else:
            half = np.float32(self.power / 2)
            raised = squares[0] ** half + squares[1] ** half + squares[2] ** half
            gauge = (raised + _TINY) ** np.float32(1 / self.power)
        return np.asarray((gauge - 1) * np.sqrt(total / (steep + _TINY**2)))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        axes = np.eye(3) if self.axes is None else self.axes
        stretched = np.asarray(self.radii)[:, None] * axes
        reach = (
            np.abs(stretched).sum(axis=0) if self.power > 2 else np.linalg.norm(stretched, axis=0)
        )
        return np.asarray(np.asarray(self.centre) + np.array([-reach, reach]))


@dataclass(frozen=True, eq=False)
class Tube:
    """A round tube along straight pieces, its radius changing linearly along each.

    Attributes:
        points: ``(n, 3)`` mm.
        radii: ``(n,)`` mm.
        squash: factor by which distances along x, y, z are stretched before they are measured:
            2 makes the tube half as thick along that axis.
    """

    points: NDArray[np.float64]
    radii: NDArray[np.float64]
    squash: Triple = (1.0, 1.0, 1.0)

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        squash = np.asarray(self.squash)
        scaled = (
            p
            if self.squash == (1.0, 1.0, 1.0)
            else Points(*(a * np.float32(s) for a, s in zip(p, self.squash, strict=True)))
        )
        ends = self.points * squash
        pieces = [
            _piece(scaled, ends[n], ends[n + 1], self.radii[n], self.radii[n + 1])
            for n in range(len(ends) - 1)
        ]
        return np.asarray(reduce(np.minimum, pieces) * np.float32(1 / squash.max()))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        reach = self.radii[:, None] / np.asarray(self.squash)
        return np.array([(self.points - reach).min(axis=0), (self.points + reach).max(axis=0)])


def _piece(
    p: Points, a: NDArray[np.float64], b: NDArray[np.float64], ra: float, rb: float
) -> Floats:
    """Return the distance to one straight piece of a tube with round ends."""
    along = (b - a).astype(np.float32)
    q = [c - np.float32(o) for c, o in zip(p, a, strict=True)]
    length2 = np.float32(max(float(along @ along), 1e-6))
    t = (q[0] * along[0] + q[1] * along[1] + q[2] * along[2]) / length2
    np.clip(t, 0, 1, out=t)
    off = [c - t * v for c, v in zip(q, along, strict=True)]
    gap = np.sqrt(off[0] * off[0] + off[1] * off[1] + off[2] * off[2])
    return np.asarray(gap - (np.float32(ra) + t * np.float32(rb - ra)))


@dataclass(frozen=True, eq=False)
class HalfSpace:
    """Everything behind a plane: ``normal · (p - point) < 0``."""

    point: Triple
    normal: Triple

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        n = np.asarray(self.normal) / np.linalg.norm(self.normal)
        level = np.float32(n @ np.asarray(self.point))
        x, y, z = n.astype(np.float32)
        return np.asarray(p.x * x + p.y * y + p.z * z - level)

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        box = EVERYWHERE.copy()
        away = np.flatnonzero(self.normal)
        if away.size == 1:
            axis = int(away[0])
            box[int(self.normal[axis] > 0), axis] = self.point[axis]
        return box


@dataclass(frozen=True, eq=False)
class Union:
    """What lies in any of the parts; where they meet, a fillet of ``blend`` mm."""

    parts: tuple[Shape, ...]
    blend: float = 0.0

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        away = 20.0 + self.blend
        return reduce(
            lambda a, b: smooth_min(a, b, self.blend),
            (_nearby(s, p, away) for s in self.parts),
        )

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        boxes = np.stack([s.bounds() for s in self.parts])
        grow = self.blend / 4
        return np.array([boxes[:, 0].min(axis=0) - grow, boxes[:, 1].max(axis=0) + grow])


@dataclass(frozen=True, eq=False)
class Intersection:
    """What lies in all of the parts; edges rounded over ``blend`` mm."""

    parts: tuple[Shape, ...]
    blend: float = 0.0

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        return -reduce(
            lambda a, b: smooth_min(a, b, self.blend),
            (-s.distance(p) for s in self.parts),
        )

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        boxes = np.stack([s.bounds() for s in self.parts])
        return np.array([boxes[:, 0].max(axis=0), boxes[:, 1].min(axis=0)])


@dataclass(frozen=True, eq=False)
class Outside:
    """The complement of a shape, which first grows by ``grow`` mm."""

    shape: Shape
    grow: float = 0.0

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        return np.asarray(np.float32(self.grow) - self.shape.distance(p))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        return EVERYWHERE


@dataclass(frozen=True, eq=False)
class Grown:
    """A shape grown by ``by`` mm on all sides (shrunk if negative)."""

    shape: Shape
    by: float

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        return np.asarray(self.shape.distance(p) - np.float32(self.by))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        return np.asarray(self.shape.bounds() + np.array([[-self.by] * 3, [self.by] * 3]))


@dataclass(frozen=True, eq=False)
class Wavy:
    """A shape whose surface moves in and out by up to ``size`` mm, in waves.

    Attributes:
        shape: the smooth shape.
        size: largest displacement, mm.
        waves: ``(n, 4)``: wave vector in rad/mm and phase in rad.
    """

    shape: Shape
    size: float
    waves: NDArray[np.float64]

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        moved = ripple(p, self.waves) * np.float32(self.size)
        return np.asarray(self.shape.distance(p) + moved)

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        return np.asarray(self.shape.bounds() + np.array([[-self.size] * 3, [self.size] * 3]))


def _nearby(shape: Shape, p: Points, away: float) -> Floats:
    """Return a shape's distance where its box is near, and the box's distance elsewhere."""
    low, high = shape.bounds().astype(np.float32)
    if p.x.size < 4000 or not np.isfinite(low).all():
        return shape.distance(p)
    out = np.full(p.x.shape, -np.inf, dtype=np.float32)
    for axis, a, b in zip(p, low, high, strict=True):
        np.maximum(out, a - axis, out=out)
        np.maximum(out, axis - b, out=out)
    near = out < away
    if near.any():
        out[near] = shape.distance(Points(*(axis[near] for axis in p)))
    return out


def ripple(p: Points, waves: NDArray[np.float64]) -> Floats:
    """Return the mean of some sine waves at each point, within -1 and 1."""
    total = np.zeros_like(p.x)
    for x, y, z, phase in waves.astype(np.float32):
        total += np.sin(p.x * x + p.y * y + p.z * z + phase)
    return np.asarray(total * np.float32(1 / len(waves)))


def draw_waves(
    rng: np.random.Generator, count: int, shortest_mm: float, longest_mm: float
) -> NDArray[np.float64]:
    """Draw waves in random directions, ``(count, 4)``: wave vector (rad/mm) and phase (rad)."""
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = np.exp(rng.uniform(np.log(shortest_mm), np.log(longest_mm), count))
    phase = rng.uniform(0, 2 * np.pi, count)
    return np.column_stack([direction * (2 * np.pi / length)[:, None], phase])


def smooth_min(a: Floats, b: Floats, blend: float) -> Floats:
    """Return the smaller of two distances, rounded where they differ by less than ``blend`` mm.

    The quadratic polynomial of Quilez (2013, "smooth minimum").
    """
    if blend <= 0:
        return np.minimum(a, b)
    h = np.maximum(np.float32(blend) - np.abs(a - b), 0)
    return np.asarray(np.minimum(a, b) - h * h * np.float32(0.25 / blend))


def spline(points: Sequence[ArrayLike], count: int) -> NDArray[np.float64]:
    """Return ``count`` points along a smooth curve through the given ones, any columns."""
    from scipy.interpolate import make_interp_spline

    given = np.asarray(points, dtype=np.float64)
    steps = np.linalg.norm(np.diff(given[:, :3], axis=0), axis=1)
    at = np.concatenate([[0], np.cumsum(np.sqrt(steps))])
    degree = min(3, len(given) - 1)
    curve = make_interp_spline(at, given, k=degree)
    return np.asarray(curve(np.linspace(0, at[-1], count)))


def tubes(
    path: NDArray[np.float64], squash: Triple = (1.0, 1.0, 1.0), *, per: int = 3
) -> tuple[Tube, ...]:
    """Cut a path ``(n, 4)`` of positions and radii (mm) into tubes of a few pieces each."""
    starts = range(0, len(path) - 1, per)
    return tuple(Tube(path[s : s + per + 1, :3], path[s : s + per + 1, 3], squash) for s in starts)
