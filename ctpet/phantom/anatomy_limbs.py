"""Arms, thighs and pelvis."""

from collections.abc import Sequence

import numpy as np

from ctpet.phantom.anatomy_body import Walls
from ctpet.phantom.bones import PathPoint, Sheet, both
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    Ellipsoid,
    HalfSpace,
    Intersection,
    Outside,
    Shape,
    Tube,
    Union,
)
from ctpet.phantom.structure import Structure
from ctpet.phantom.traits import Traits


def limb_bones(t: Traits, walls: Walls) -> list[Structure]:
    """Return humeri, forearms and femora."""
    n = LABELS
    slim = 0.9 if t.sex == "F" else 1.0
    arm = walls.arms
    elbow = 9 if t.arms == "up" else 8
    upper, fore = [], []
    for k, row in enumerate(arm[: elbow + 1]):
        upper.append(
            (
                *row[:3],
                slim * float(np.interp(k, (0, 2, elbow - 2, elbow), (15, 11.5, 10.5, 17))),
            )
        )
    upper[0] = (arm[0, 0] - 1, arm[0, 1], arm[0, 2] + 18, 22 * slim)
    for off in (-9, 9):
        fore += both(
            [(r[0] + off * 0.6, r[1] + off * 0.8, r[2], 6.5 * slim) for r in arm[elbow:15]]
        )
    hands = both([(*r[:3], 9 * slim) for r in arm[15:]])
    hip = 1.03 if t.sex == "F" else 1.0
    femur = [
        (88 * hip, 6, 2, 16),
        (108 * hip, 8, -18, 14.5),
        (124 * hip, 12, -40, 18),
        (121 * hip, 12, -70, 15.5),
        (114, 8, -150, 14),
        (106, 4, -240, 13.5),
        (96, 8, -340, 15),
        (88, 12, -420, 30),
    ]
    hard, soft = _thigh(femur, hip, slim, 0.0), _thigh(femur, hip, slim, 1.0)
    return [
        Structure(((n["humeri"], 0.0), (n["bone_marrow"], 4.0)), tuple(both(upper))),
        Structure(((n["forearms"], 0.0), (n["bone_marrow"], 2.6)), (*fore, *hands)),
        Structure(
            ((n["cartilage"], 0.0),),
            tuple(Ellipsoid((s * 86 * hip, 6, 3), (26.5 * slim,) * 3) for s in (-1, 1)),
        ),
        Structure(((n["femora"], 0.0),), hard),
        Structure(((n["bone_marrow"], 0.0),), soft),
    ]


def _thigh(
    line: Sequence[PathPoint],
    hip: float,
    slim: float,
    hollow: float,
) -> tuple[Shape, ...]:
    """Return both thigh bones; with ``hollow`` 1 what is inside them."""
    out = []
    for s, shaft in zip(
        (-1, 1),
        both(
            [
                (
                    x,
                    y,
                    z,
                    r * slim - hollow * float(np.interp(-z, (0, 40, 120), (2.0, 2.5, 6.0))),
                )
                for x, y, z, r in line
            ],
            15,
        ),
        strict=True,
    ):
        shrink = 1.6 * hollow
        head = Ellipsoid((s * 86 * hip, 6, 3), (24.0 * slim - shrink,) * 3)
        a, b, c = (v * slim - shrink for v in (13, 15, 20))
        knob = Ellipsoid((s * 128 * hip, 20, -16), (a, b, c))
        out.append(Union((shaft, head, knob), 6.0))
    return tuple(out)


def pelvis(t: Traits) -> list[Structure]:
    """Return iliac wings, acetabula, pubis and ischium."""
    n = LABELS
    hip = 1.03 if t.sex == "F" else 1.0
    parts: list[Shape] = []
    for side in (-1, 1):
        bowl = Ellipsoid((side * 14 * hip, -46, 98), (102 * hip, 132, 138))
        wing = Intersection(
            (
                Sheet(bowl, 0.0, 4.6),
                HalfSpace((side * 44 * hip, 0, 0), (-side, 0, 0)),
                Ellipsoid((side * 95 * hip, 8, 40), (200, 84, 96)),
                HalfSpace((0, -50, 40), (0, -0.75, -0.65)),
                HalfSpace((0, 0, 8), (0, 0, -1)),
                HalfSpace((0, 70, 20), (0, 0.75, -0.65)),
            ),
            4.0,
        )
        parts.append(wing)
        socket = Intersection(
            (
                Ellipsoid((side * 86 * hip, 7, 4), (35, 34, 36)),
                Outside(Ellipsoid((side * 92 * hip, 5, 0), (27, 27, 27))),
                HalfSpace((side * 100 * hip, 0, 0), (side * 0.8, -0.2, -0.6)),
            ),
            3.0,
        )
        parts.append(socket)
        x = side * hip
        parts.append(
            Tube(
                np.array([(x * 66, 60, 62), (x * 72, 45, 40), (x * 74, 28, 15)]),
                np.array([12.0, 15, 16]),
            )
        )
        parts.append(
            Tube(
                np.array([(x * 66, -14, 6), (x * 40, -45, -8), (x * 14, -58, -22)]),
                np.array([11.0, 8, 9]),
            )
        )
        parts.append(Tube(np.array([(x * 8, -58, -24), (x * 8, -54, -40)]), np.array([9.0, 9])))
        parts.append(
            Tube(
                np.array([(x * 12, -52, -42), (x * 36, -14, -66), (x * 52, 18, -74)]),
                np.array([7.0, 6.5, 10]),
            )
        )
        parts.append(
            Tube(
                np.array([(x * 72, 28, -10), (x * 66, 36, -40), (x * 56, 30, -68)]),
                np.array([14.0, 13, 16]),
            )
        )
    return [
        Structure(((n["pelvis"], 0.0), (n["bone_marrow"], 1.8)), tuple(parts)),
        Structure(((n["cartilage"], 0.0),), (Ellipsoid((0, -57, -32), (4, 9, 16)),)),
    ]
