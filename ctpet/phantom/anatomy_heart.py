"""The heart: where it lies, its walls and chambers, and the course of the aorta."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy_spine import Spine
from ctpet.phantom.diaphragm import Diaphragm
from ctpet.phantom.shapes import (
    Ellipsoid,
    Grown,
    Intersection,
    Outside,
    Shape,
    Union,
    spline,
)
from ctpet.phantom.traits import Traits


@dataclass(frozen=True, eq=False)
class Heart:
    """The heart's place: all its parts are given relative to this.

    Attributes:
        centre: mm.
        size: linear factor.
    """

    centre: NDArray[np.float64]
    size: float

    def part(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Return a point given in mm from the centre of a heart of normal size."""
        a, b, c = (self.centre + self.size * np.array([x, y, z])).tolist()
        return a, b, c

    def ball(
        self,
        at: tuple[float, float, float],
        radii: tuple[float, float, float],
        *,
        inset: float = 0.0,
    ) -> Ellipsoid:
        """Return an ellipsoid with its first axis along the heart's long axis."""
        long = np.array([0.66, -0.52, -0.54])
        long /= np.linalg.norm(long)
        side = np.cross(long, [0.0, 0.0, 1.0])
        side /= np.linalg.norm(side)
        axes = np.stack([long, side, np.cross(long, side)])
        a, b, c = (self.size * r - inset for r in radii)
        return Ellipsoid(self.part(*at), (a, b, c), axes)


def draw_heart(t: Traits, diaphragm: Diaphragm, rng: np.random.Generator) -> Heart:
    """Draw where the heart lies on the diaphragm."""
    z = diaphragm.middle_z + 46 + rng.normal(0, 3)
    front = -34 + 0.0 * t.belly
    return Heart(np.array([12 + rng.normal(0, 3), front, z]), t.organ("heart"))


def heart_parts(h: Heart) -> tuple[Shape, Shape, list[Shape], Shape]:
    """Return left ventricle, right heart and atria (outsides), their cavities, and the sac."""
    left = h.ball((24, -16, -12), (47, 37, 37))
    right = h.ball((-6, -30, -14), (50, 24, 40))
    atria = Union(
        (
            Ellipsoid(h.part(-38, -2, 6), (24 * h.size, 27 * h.size, 32 * h.size)),
            Ellipsoid(h.part(0, 26, 16), (38 * h.size, 20 * h.size, 26 * h.size)),
        ),
        12.0,
    )
    cavities: list[Shape] = [
        h.ball((22, -15, -11), (46, 37, 37), inset=10.5 * h.size),
        Intersection((Grown(right, -3.5), Outside(left, 1.0)), 6.0),
        Grown(atria, -2.5),
    ]
    sac = Grown(Union((left, right, atria), 22.0), 5.0)
    return left, Union((right, atria), 10.0), cavities, sac


def aorta_path(spine: Spine, h: Heart) -> NDArray[np.float64]:
    """Return the aorta's centre line from its valve to where it forks, ``(n, 4)``."""

    def beside(z: float, x: float, ahead: float) -> tuple[float, float]:
        sx, sy = spine.at(z)
        return sx + x, sy - ahead

    start = h.part(0, -6, 20)
    points = [
        (*start, 15.5),
        (start[0] - 12, start[1] - 8, start[2] + 25, 15.5),
        (-8, start[1] - 4, 452, 15),
        (2, -16, 476, 14),
        (14, 12, 480, 13),
        (24, 34, 466, 13),
        (*beside(430, 26, 14), 430, 12.5),
        (*beside(370, 20, 20), 370, 12),
        (*beside(300, 12, 26), 300, 11.5),
        (*beside(250, 7, 29), 250, 11),
        (*beside(180, 7, 28), 180, 9.5),
        (*beside(115, 5, 28), 115, 9),
    ]
    return spline(points, 46)
