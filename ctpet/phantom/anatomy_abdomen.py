"""The solid organs of the belly, kidneys and what lies in the pelvis."""

import numpy as np

from ctpet.phantom.anatomy_body import Walls
from ctpet.phantom.anatomy_heart import Heart, heart_parts
from ctpet.phantom.anatomy_spine import Spine
from ctpet.phantom.diaphragm import Diaphragm
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    Ellipsoid,
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
from ctpet.phantom.traits import Traits

_REFERENCE_MM = 1760.0


def under(diaphragm: Diaphragm, away: float) -> Shape:
    """Return what lies below the diaphragm by at least ``away`` mm."""
    return Outside(diaphragm, away)


def liver(
    t: Traits, walls: Walls, diaphragm: Diaphragm, heart: Heart, rng: np.random.Generator
) -> list[Structure]:
    """Return liver with its vessels, and gallbladder."""
    n = LABELS
    s = t.organ("liver")
    low = 159 - (s - 1) * 250 + (t.stature_mm - 1760) * 0.10 + rng.normal(0, 5)
    slope = float(rng.uniform(0.62, 0.74))
    room = Grown(walls.chest, -9.0)
    below = HalfSpace((-118, -20, low), (slope, 0.22, -1))
    tip = HalfSpace((66 + rng.normal(0, 12), -40, 300), (1, 0.35, 0.25))
    back = HalfSpace((0, 22, 260), (0.75, 0.9, 0.05))
    body = Intersection((room, under(diaphragm, 4.0), below, tip, back), 22.0)
    body = Intersection((body, Outside(heart_parts(heart)[3], 1.0)), 8.0)
    shape = Wavy(body, 2.0, draw_waves(rng, 4, 60, 120))
    vessels = (
        *tubes(
            spline(
                [
                    (-10, -22, 238, 6),
                    (-30, -22, 258, 6.5),
                    (-58, -15, 272, 5),
                    (-85, 5, 285, 3),
                ],
                8,
            )
        ),
        *tubes(spline([(-30, -22, 260, 5), (-10, -38, 285, 4), (15, -50, 295, 3)], 5)),
        *tubes(spline([(-28, 10, 318, 5), (-55, 5, 310, 4), (-90, -5, 285, 2.5)], 6)),
        *tubes(spline([(-26, 5, 318, 5), (-40, -30, 305, 3.5), (-50, -60, 275, 2.5)], 6)),
        *tubes(spline([(-26, 5, 320, 4.5), (0, -25, 312, 3.5), (20, -50, 305, 2.5)], 6)),
    )
    gall = float(rng.uniform(0.8, 1.2))
    bag = spline([(-42, -28, 232, 5), (-52, -45, 215, 11 * gall), (-60, -58, 195, 14 * gall)], 6)
    return [
        Structure(((n["gallbladder"], 0.0),), tubes(bag)),
        Structure(((n["liver"], 0.0),), (shape,)),
        Structure(
            ((n["great_vessels"], 0.0),),
            tuple(Intersection((v, Grown(shape, -4.0))) for v in vessels),
        ),
    ]


def spleen(
    t: Traits, walls: Walls, diaphragm: Diaphragm, rng: np.random.Generator
) -> list[Structure]:
    """Return the spleen, lying between diaphragm, ribs and stomach."""
    s = t.organ("spleen") * float(rng.uniform(0.92, 1.08))
    tilt = np.array([(0.8, 0.5, 0.0), (-0.5, 0.75, 0.4), (0.2, -0.35, 0.9)])
    axes, _ = np.linalg.qr(tilt.T)
    ball = Ellipsoid((100, 42, 282), (50 * s, 58 * s, 62 * s), axes.T)
    hollow = Ellipsoid((38, -12, 285), (57 / s, 54, 110))
    room = Grown(walls.chest, -9.0)
    shape = Intersection((ball, room, under(diaphragm, 4.0), Outside(hollow)), 12.0)
    return [Structure(((LABELS["spleen"], 0.0),), (Wavy(shape, 1.5, draw_waves(rng, 4, 40, 80)),))]


def kidneys(t: Traits, spine: Spine, rng: np.random.Generator) -> list[Structure]:
    """Return kidneys with sinus fat and renal pelvis, and adrenals."""
    n = LABELS
    out = []
    sinus, pelvis, glands = [], [], []
    legs = np.array([3.2, 2.4])
    for side, name, level in ((1, "kidney_left", 222), (-1, "kidney_right", 208)):
        s = t.organ("kidneys") * float(rng.uniform(0.97, 1.03))
        z = level + float(rng.normal(0, 6))
        y = spine.at(z)[1]
        x, y = side * 66.0, y + 12
        long = np.array([side * 0.22, -0.12, -0.96])
        long /= np.linalg.norm(long)
        out_way = np.array([side * 0.86, 0.42, 0.0])
        out_way -= out_way @ long * long
        out_way /= np.linalg.norm(out_way)
        axes = np.stack([out_way, np.cross(long, out_way), long])
        bean = Ellipsoid((x, y, z), (31 * s, 24.5 * s, 56 * s), axes, power=2.2)
        hilum = np.array([x, y, z]) - out_way * 27 * s
        notch = Ellipsoid(tuple(hilum), (17 * s, 12 * s, 25 * s), axes)
        shape = Intersection((bean, Outside(notch)), 8.0)
        out.append(Structure(((n[name], 0.0),), (Wavy(shape, 1.2, draw_waves(rng, 4, 25, 50)),)))
        sinus.append(Ellipsoid(tuple(hilum + 10 * out_way), (17 * s, 9 * s, 23 * s), axes))
        middle = hilum + 6 * out_way
        pelvis.append(
            Tube(
                np.array([middle + 14 * long * -0.9, middle, middle + 14 * long * 0.9]),
                np.array([3.0, 6, 3]),
            )
        )
        ureter = spline(
            [
                (*middle, 4),
                (side * 42, 22, 170, 2.2),
                (side * 44, 2, 90, 2.2),
                (side * 52, 25, 30, 2.2),
                (side * 22, 12, -8, 2.2),
            ],
            12,
        )
        pelvis += tubes(ureter)
        top, foot = (side * 34, y - 24, z + 56.0), y - 8
        glands += [
            Tube(np.array([top, (side * (40 + 6 * n), foot + 3 * n, z + 46)]), legs, (1, 1, 0.4))
            for n in (-1, 1)
        ]
    return [
        *out,
        Structure(((n["fat"], 0.0),), tuple(sinus)),
        Structure(((n["renal_pelvis"], 0.0),), tuple(pelvis)),
        Structure(((n["adrenals"], 0.0),), tuple(glands)),
    ]


def pancreas(rng: np.random.Generator) -> list[Structure]:
    """Return the pancreas."""
    path = spline(
        [
            (-32, -28, 192, 15),
            (-28, -32, 212, 16),
            (0, -34, 226, 11),
            (30, -16, 236, 12),
            (62, 12, 252, 11),
            (84, 28, 262, 8.5),
        ],
        13,
    )
    path[:, 2] += rng.normal(0, 4)
    return [
        Structure(
            ((LABELS["pancreas"], 0.0),),
            tuple(Wavy(p, 2.5, draw_waves(rng, 4, 10, 24)) for p in tubes(path)),
        )
    ]


def deep_muscles(t: Traits, spine: Spine) -> list[Structure]:
    """Return psoas and iliacus, the diaphragm's crura and the muscles inside the pelvis."""
    parts: list[Shape] = []
    thick = 0.85 if t.sex == "F" else 1.0
    for s in (-1, 1):
        line = spline(
            [
                (s * 30, spine.at(235)[1] + 4, 235, 9),
                (s * 40, 34, 180, 19),
                (s * 50, 30, 120, 24),
                (s * 66, 14, 60, 25),
                (s * 82, -18, 20, 21),
                (s * 92, -10, -30, 14),
                (s * 100, 10, -60, 8),
            ],
            13,
        )
        line[:, 3] *= thick
        parts += tubes(line, per=3)
        parts.append(
            Tube(
                np.array([(s * 98, 20, 110.0), (s * 96, 0, 60), (s * 88, -10, 25)]),
                np.array([12.0, 17, 15]) * thick,
            )
        )
        parts.append(
            Tube(
                np.array([(s * 58, 62, 200.0), (s * 70, 50, 125)]),
                np.array([11.0, 14]) * thick,
            )
        )
        parts.append(
            Tube(
                np.array([(s * 22, 66, 300.0), (s * 14, 22, 250), (s * 12, 14, 190)]),
                np.array([5.0, 6, 4]),
            )
        )
        parts.append(Ellipsoid((s * 54, 40, 0), (11, 34, 40)))
    return [Structure(((LABELS["muscle"], 0.0),), tuple(parts))]


def pelvic_organs(t: Traits, rng: np.random.Generator) -> list[Structure]:
    """Return bladder, and prostate or uterus."""
    n = LABELS
    r = (t.bladder_ml / (4 / 3 * np.pi * 1.10) * 1000) ** (1 / 3) * _REFERENCE_MM / t.stature_mm
    wide, deep, tall = 1.18 * r, 0.95 * r, 0.9 * r
    room = Ellipsoid((0, -24 + 0.1 * deep, -30 + tall), (wide, deep, tall), power=2.3)
    out = [Structure(((n["muscle"], 0.0), (n["bladder"], 3.0)), (Grown(room, 3.0),))]
    if t.sex == "M":
        size = float(rng.uniform(0.85, 1.3))
        gland = Ellipsoid((0, -12, -42), (23 * size, 17 * size, 17 * size))
        return [Structure(((n["prostate"], 0.0),), (gland,)), *out]
    back = max(14.0, -24 + 1.1 * deep + 16)
    womb = Union(
        (
            Ellipsoid((4, back, 30), (24, 19, 24)),
            Tube(
                np.array([(2, back + 2, 20.0), (0, back + 8, -22)]),
                np.array([14.0, 12]),
            ),
        ),
        12.0,
    )
    return [Structure(((n["uterus"], 0.0),), (womb,)), *out]
