"""Ribs, sternum, collar bones and shoulder blades."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy_body import Walls
from ctpet.phantom.bones import Sheet, both
from ctpet.phantom.labels import LABELS
from ctpet.phantom.loft import Loft, loft
from ctpet.phantom.shapes import (
    Ellipsoid,
    Floats,
    HalfSpace,
    Intersection,
    Points,
    Shape,
    Tube,
)
from ctpet.phantom.structure import Structure
from ctpet.phantom.traits import Traits

_RIBS = 12
_FIRST_RIB_Z, _LAST_RIB_Z = 528.0, 248.0
_MALE_PITCH = (_FIRST_RIB_Z - _LAST_RIB_Z) / (_RIBS - 1)


@dataclass(frozen=True, eq=False)
class Ribs:
    """Twelve slanted arcs that follow the cage, as one shape.

    A rib is a flattened tube in two coordinates: how far from the cage's surface, and how far
    above or below a sheet that hangs from the vertebra and falls towards the front.

    Attributes:
        cage: the surface that their middle follows.
        part: bony ribs, or the cartilage between them and the sternum.
        half_height: mm.
        half_thickness: mm.
    """

    cage: Loft
    cartilage: bool
    half_height: float = 6.5
    half_thickness: float = 3.8

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        out = self.cage.distance(p)
        front = (np.float32(70) - p.y) * np.float32(1 / 150)
        ahead = np.float32(0.8) * front + np.abs(p.x) * np.float32(0.32 / 130)
        ahead = np.clip(ahead, 0, np.float32(1.3))
        steep = np.float32(100) * ahead - np.float32(22) * ahead**4
        steep *= np.clip((np.float32(560) - p.z) * np.float32(1 / 160), np.float32(0.4), 1)
        raised = p.z + steep
        n = np.round((np.float32(_FIRST_RIB_Z) - raised) * np.float32(1 / _MALE_PITCH))
        np.clip(n, 0, _RIBS - 1, out=n)
        off = raised - (np.float32(_FIRST_RIB_Z) - n * np.float32(_MALE_PITCH))
        off *= np.float32(0.85)
        u = out * np.float32(1 / self.half_thickness)
        v = off * np.float32(1 / self.half_height)
        gauge = np.sqrt(u * u + v * v + np.float32(1e-6))
        steepness = (
            np.sqrt(
                (u / np.float32(self.half_thickness)) ** 2 + (v / np.float32(self.half_height)) ** 2
            )
            / gauge
        )
        d = (gauge - 1) / (steepness + np.float32(1e-6))
        ends = (
            np.float32(0.98)
            - np.maximum(n - 5, 0) * np.float32(0.09)
            - (n > 8.5) * (n - 8) * np.float32(0.16)
        )
        past = (front - ends) * np.float32(120)
        if self.cartilage:
            d = np.maximum(d, -past)
            d = np.maximum(d, (n - np.float32(9.2)) * 20)
            return np.maximum(d, np.float32(14) - np.abs(p.x))
        return np.maximum(d, past)

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        box = self.cage.bounds()
        return np.array([[box[0, 0] - 6, box[0, 1] - 6, 110], [box[1, 0] + 6, box[1, 1] + 6, 540]])


def thorax_bones(t: Traits, walls: Walls) -> list[Structure]:
    """Return ribs with their cartilages, sternum, clavicles and scapulae."""
    n = LABELS
    slim = 0.85 if t.sex == "F" else 1.0
    cage = walls.cage
    breast_y = [(z, *_front(cage, z)) for z in (500, 460, 420, 380, 335)]
    rows = [
        (z, wide, y - 5, y + 6, y)
        for (z, y), wide in zip(breast_y, (26, 18, 15, 18, 10), strict=True)
    ]
    girdle = 0.92 if t.sex == "F" else 1.0
    up = 22.0 if t.arms == "up" else 0.0
    clavicle = both(
        [
            (20 * girdle, -38, 506, 8),
            (60 * girdle, -42, 516, 5.5),
            (105 * girdle, -2, 512 + up / 3, 5.5),
            (140 * girdle, 24, 512 + up / 2, 6.5),
        ],
        9,
    )
    shoulder = both(
        [
            (86 * girdle, 94, 456, 4),
            (116 * girdle, 86, 484 + up / 3, 5),
            (146 * girdle, 58, 508 + up / 2, 6.5),
            (150 * girdle, 32, 514 + up / 2, 6),
        ],
        9,
    )
    return [
        Structure(((n["cartilage"], 0.0),), (Ribs(cage, cartilage=True),)),
        Structure(
            ((n["ribs"], 0.0), (n["bone_marrow"], 1.4)),
            (Ribs(cage, cartilage=False, half_height=6.5 * slim, half_thickness=3.8),),
        ),
        Structure(((n["sternum"], 0.0), (n["bone_marrow"], 1.4)), (loft(rows),)),
        Structure(
            ((n["shoulder_girdle"], 0.0), (n["bone_marrow"], 1.6)),
            (*clavicle, *shoulder, *_blades(cage, girdle, up)),
        ),
    ]


def _front(cage: Loft, z: float) -> tuple[float]:
    """Return the cage's front y at a height."""
    return (float(np.interp(z, cage.rows[:, 0], cage.rows[:, 2])),)


def _blades(cage: Loft, girdle: float, up: float) -> list[Shape]:
    """Return the shoulder blades: thin triangles that lie on the cage."""
    out: list[Shape] = []
    for side in (-1, 1):

        def at(x: float, y: float, z: float, side: int = side) -> tuple[float, float, float]:
            return (side * x * girdle, y, z)

        sheet = Intersection(
            (
                Sheet(cage, 17.0, 2.4),
                HalfSpace(at(70, 0, 430), (-side, 0, -0.15 + up / 200)),
                HalfSpace(at(80, 0, 510), (0, 0.2, 1)),
                HalfSpace(at(118, 0, 375), (side * 0.86, -0.1, -0.5)),
                HalfSpace((0, 20, 400), (0, -1, 0)),
            ),
            3.0,
        )
        glenoid = Ellipsoid(at(140, 46, 488 + 0.4 * up), (10, 15, 18))
        neck = Tube(
            np.array([at(100, 88, 480), at(138, 50, 490 + 0.4 * up)]),
            np.array([6.0, 9.0]),
        )
        out += [sheet, glenoid, neck]
    return out
