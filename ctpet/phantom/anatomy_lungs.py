"""Lungs, cut by diaphragm and mediastinum, and the vessels that branch in them."""

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy_body import Walls
from ctpet.phantom.anatomy_heart import Heart, aorta_path, heart_parts
from ctpet.phantom.anatomy_spine import Spine
from ctpet.phantom.diaphragm import Diaphragm
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    Grown,
    HalfSpace,
    Intersection,
    Outside,
    Shape,
    Tube,
    Union,
    Wavy,
    draw_waves,
    spline,
    tubes,
)
from ctpet.phantom.structure import Structure


def lungs(
    walls: Walls,
    spine: Spine,
    diaphragm: Diaphragm,
    heart: Heart,
    rng: np.random.Generator,
) -> list[Structure]:
    """Return both lungs with their vessels."""
    n = LABELS
    pleura = Grown(walls.cage, -7.0)
    column = spline(
        [(*spine.at(z)[:1], spine.at(z)[1] + 4, z, 27) for z in (180, 260, 340, 430, 500, 560)],
        14,
    )
    middle = spline(
        [
            (6, -70, 350, 12),
            (2, -60, 400, 16),
            (0, -46, 440, 20),
            (0, -28, 480, 26),
            (0, -8, 520, 28),
            (0, 0, 560, 26),
        ],
        10,
    )
    gullet = spline(
        [
            (8, 25, 300, 24),
            (6, 22, 380, 27),
            (2, 16, 430, 27),
            (0, 14, 500, 24),
            (0, 14, 560, 22),
        ],
        10,
    )
    aorta = aorta_path(spine, heart)
    arch = aorta[::2].copy()
    arch[:, 3] += 3
    mediastinum = Union(
        (
            heart_parts(heart)[3],
            Tube(column[:, :3], column[:, 3], (1, 1.15, 1)),
            Tube(middle[:, :3], middle[:, 3], (1.0, 0.8, 1)),
            Tube(gullet[:, :3], gullet[:, 3], (1, 1, 1)),
            Tube(arch[:, :3], arch[:, 3]),
        ),
        16.0,
    )
    out, vessels = [], []
    for side, label in ((1, n["lung_left"]), (-1, n["lung_right"])):
        half = HalfSpace((side * 4.0, 0, 0), (-side, 0, 0))
        room = Intersection((pleura, diaphragm, half, Outside(mediastinum)), 7.0)
        out.append(Structure(((label, 0.0),), (Wavy(room, 1.0, draw_waves(rng, 4, 50, 90)),)))
        vessels += _tree(side, rng)
    return [*out, Structure(((n["lung_vessels"], 0.0),), tuple(vessels))]


def _tree(side: int, rng: np.random.Generator) -> list[Shape]:
    """Return a lung's vessels: branches that fork from the hilum towards the pleura."""
    root = np.array([side * 34.0, 14, 418])
    out: list[Shape] = []
    aims = [
        (70, 20, 515),
        (62, -40, 490),
        (95, 50, 470),
        (100, -30, 440),
        (112, 10, 425),
        (100, 62, 390),
        (92, -62, 385),
        (118, 10, 370),
        (70, 72, 320),
        (105, 45, 310),
        (100, -20, 345),
        (52, 70, 370),
        (60, 62, 450),
    ]
    for aim in aims:
        goal = np.array([side * aim[0], aim[1], aim[2]]) + rng.normal(0, 7, 3)
        span = goal - root
        bow = root + 0.45 * span + rng.normal(0, 6, 3)
        trunk = spline([(*(root + rng.normal(0, 4, 3)), 4.2), (*bow, 3.4), (*goal, 0.9)], 7)
        out += tubes(trunk, per=3)
        for at in (2, 3, 4):
            for _ in range(2):
                out += _twigs(trunk[at], span, rng)
    return out


def _twigs(
    stem: NDArray[np.float64], along: NDArray[np.float64], rng: np.random.Generator
) -> list[Shape]:
    """Return a side branch that leaves a stem (position and radius) and forks in two."""
    aside = rng.normal(0, 1, 3)
    aside -= aside @ along / (along @ along) * along
    aside /= np.linalg.norm(aside)
    tip = stem[:3] + 0.16 * along + aside * rng.uniform(14, 28)
    r = 0.6 * stem[3]
    ends = [tip + 0.10 * along + rng.normal(0, 9, 3) for _ in range(2)]
    return [
        Tube(np.array([stem[:3], tip, ends[0]]), np.array([r, 0.6 * r, 0.45])),
        Tube(np.array([tip, ends[1]]), np.array([0.6 * r, 0.45])),
    ]
