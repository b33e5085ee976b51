"""Stomach, duodenum, coils of small bowel, and the colon with its pouches and gas."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    EVERYWHERE,
    Floats,
    Grown,
    HalfSpace,
    Intersection,
    Points,
    Shape,
    Tube,
    draw_waves,
    ripple,
    spline,
    tubes,
)
from ctpet.phantom.structure import Structure
from ctpet.phantom.traits import Traits

_WALL_MM = 2.6


def stomach(rng: np.random.Generator) -> list[Structure]:
    """Return the stomach: a J with fluid at the back and a bubble in front."""
    n = LABELS
    full = float(rng.uniform(0.75, 1.05))
    line = spline(
        [
            (64, 22, 306, 38 * full),
            (70, 6, 282, 39 * full),
            (70, -26, 252, 31 * full),
            (56, -48, 222, 23 * full),
            (28, -58, 205, 18 * full),
            (0, -52, 206, 15 * full),
            (-24, -42, 214, 11),
        ],
        13,
    )
    line[:, 2] += float(rng.normal(0, 5))
    parts = tuple(tubes(line, per=2))
    level = float(rng.uniform(-62, -20))
    bubble = tuple(
        Intersection((Grown(part, -5.0), HalfSpace((0, level, 0), (0, 1, 0))), 2.0)
        for part in parts
    )
    return [
        Structure(((n["stomach_wall"], 0.0), (n["stomach_content"], 4.2)), parts),
        Structure(((n["bowel_gas"], 0.0),), bubble),
    ]


def small_bowel(t: Traits, rng: np.random.Generator) -> list[Structure]:
    """Return the duodenum and coils of jejunum and ileum in front of the spine."""
    n = LABELS
    forward = 0.75 * max(t.belly, 0.0)
    duodenum = spline(
        [
            (-24, -42, 214, 11),
            (-46, -30, 212, 13),
            (-56, -8, 190, 12),
            (-50, 0, 160, 12),
            (-20, -6, 150, 11),
            (20, -8, 156, 11),
            (42, -22, 178, 12),
        ],
        15,
    )
    coils = [duodenum, _coils(forward, rng)]
    parts = tuple(piece for path in coils for piece in tubes(path))
    gas = tuple(
        Intersection(
            (
                Grown(p, -3.5),
                HalfSpace((0, float(p.points[:, 1].mean()) - 4, 0), (0, 1, 0)),
            )
        )
        for p in parts
        if rng.random() < 0.10
    )
    return [
        Structure(((n["bowel_wall"], 0.0), (n["bowel_content"], _WALL_MM)), parts),
        Structure(((n["bowel_gas"], 0.0),), gas),
    ]


def _coils(forward: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a path that wanders through the middle of the belly and leaves no large gap."""
    cells = [
        (x, y, z)
        for z in np.arange(6, 186, 27.0)
        for y in (-66.0, -40.0, -14.0)
        for x in np.arange(-81, 82, 27.0)
        if abs(x) < np.interp(z, (0, 60, 120, 180), (42, 76, 84, 72))
        and not (y > -30 and (abs(x) < 42 or z < 20 or z > 150))
        and not (z < 45 and y < -50)
    ]
    left = np.asarray(cells) + rng.normal(0, 4.5, (len(cells), 3))
    order = [int(np.argmax(left[:, 2] + left[:, 0]))]
    free = set(range(len(left))) - set(order)
    pull = rng.uniform(0.6, 1.5, 3)
    while free:
        here = left[order[-1]]
        if rng.random() < 0.3:
            pull = rng.uniform(0.6, 1.5, 3)
        order.append(
            min(
                free,
                key=lambda n: float(np.sum(((left[n] - here) * pull) ** 2)) - 3 * left[n, 2],
            )
        )
        free.remove(order[-1])
    path = left[order]
    path[:, 1] -= (
        forward
        * np.clip((-5 - path[:, 1]) / 61, 0, 1.2)
        * np.exp(-(((path[:, 2] - 140) / 90) ** 2))
    )
    radius = np.clip(rng.normal(12.2, 1.4, len(path)), 9, 15.5)
    keep = np.concatenate([[True], np.linalg.norm(np.diff(path, axis=0), axis=1) < 75])
    return spline(np.column_stack([path, radius])[keep], 3 * int(keep.sum()))


def colon(t: Traits, rng: np.random.Generator) -> list[Structure]:
    """Return caecum to rectum: pouches along a frame around the small bowel."""
    n = LABELS
    f = 0.8 * max(t.belly, 0.0)
    wide = 1 + 0.0025 * max(t.belly, 0)
    sag = float(rng.uniform(-25, 20))
    line = [
        (-84 * wide, -34 - 0.6 * f, 62, 25),
        (-90 * wide, -28 - 0.6 * f, 90, 27),
        (-98 * wide, -8 - 0.3 * f, 130, 24),
        (-98 * wide, -2, 165, 23),
        (-86, -38 - 0.5 * f, 176, 22),
        (-52, -68 - f, 172 + sag / 2, 20),
        (0, -78 - f, 158 + sag, 20),
        (48, -68 - f, 178 + sag / 2, 20),
        (84, -34 - 0.5 * f, 222, 20),
        (102, 8, 250, 20),
        (106 * wide, 26, 215, 17),
        (106 * wide, 22, 160, 16),
        (100 * wide, 6 - 0.2 * f, 100, 16),
        (82, -12, 56, 15),
        (58, -16, 36, 15),
        (32, 0, 58, 15),
        (8, 14, 62, 15),
        (-14, 34, 46, 15),
        (-4, 56, 24, 15),
        (0, 62, -5, 18),
        (0, 54, -34, 15),
        (0, 52, -62, 9),
    ]
    path = spline(line, 110)
    along = np.arange(len(path))
    pouch = 1 + 0.11 * np.sin(along * 2 * np.pi / 3.4 + rng.uniform(0, 6))
    path[:, 3] *= np.where(along < 88, pouch, 1.0) * float(rng.uniform(0.9, 1.1))
    path[:, :3] += rng.normal(0, 1.2, path[:, :3].shape)
    parts = tubes(path, per=3)
    return [
        Structure(((n["bowel_wall"], 0.0), (n["bowel_content"], _WALL_MM)), parts),
        Structure(((n["bowel_gas"], 0.0),), _pockets(parts, rng)),
    ]


def _pockets(parts: Sequence[Tube], rng: np.random.Generator) -> tuple[Shape, ...]:
    """Return gas that floats to the front of some stretches, and bubbles within stool."""
    out: list[Shape] = []
    gassy = float(rng.uniform(0.25, 0.6))
    state = False
    bubbles = draw_waves(rng, 6, 8, 16)
    for part in parts:
        if rng.random() < 0.35:
            state = rng.random() < gassy
        inner = Grown(part, -_WALL_MM - 1.0)
        if state:
            y = float(part.points[:, 1].mean()) + float(rng.uniform(-8, 8))
            out.append(Intersection((inner, HalfSpace((0, y, 0), (0, 1, 0))), 2.0))
        elif rng.random() < 0.6:
            out.append(Intersection((inner, _Foam(bubbles, 0.47)), 1.0))
    return tuple(out)


@dataclass(frozen=True, eq=False)
class _Foam:
    """Small bubbles: where a sum of waves is above a level."""

    waves: NDArray[np.float64]
    above: float

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        return np.asarray((np.float32(self.above) - ripple(p, self.waves)) * np.float32(5.0))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        return EVERYWHERE
