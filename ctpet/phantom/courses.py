"""Vessels, airways and gullet as descriptions: the points they run through, and their anchors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy_heart import Heart
from ctpet.phantom.anatomy_spine import Spine
from ctpet.phantom.shapes import Tube, spline, tubes

Anchor = Literal["body", "heart", "spine", "fork"]
"""What a point moves with: nothing; the heart, in its own mm; the spine's front at the point's
height, sideways fixed; or the spine where the great vessels of the belly divide."""

FORK_MM = 115.0
"""Height at which aorta and lower vena cava divide."""

Point = tuple[float, float, float, float] | tuple[float, float, float, float, Anchor]
"""x, y, z and radius in mm, and the anchor, ``body`` if none is given."""


@dataclass(frozen=True)
class Course:
    """One tube through the body.

    Attributes:
        count: points of the smooth curve.
        points: that it runs through.
    """

    count: int
    points: Sequence[Point]


def path_of(course: Course, spine: Spine, heart: Heart) -> NDArray[np.float64]:
    """Return the curve of a course in one patient, (count, 4): x, y, z and radius, mm."""
    return spline([_placed(point, spine, heart) for point in course.points], course.count)


def tubes_of(courses: Sequence[Course], spine: Spine, heart: Heart) -> tuple[Tube, ...]:
    """Return the tubes of some courses in one patient, in their order."""
    return tuple(tube for course in courses for tube in tubes(path_of(course, spine, heart)))


def _placed(point: Point, spine: Spine, heart: Heart) -> tuple[float, float, float, float]:
    x, y, z, radius = point[:4]
    anchor = point[4] if len(point) == 5 else "body"
    if anchor == "heart":
        return (*heart.part(x, y, z), radius)
    if anchor == "spine":
        return x, spine.at(z)[1] + y, z, radius
    if anchor == "fork":
        fork_x, fork_y = spine.at(FORK_MM)
        return fork_x + x, fork_y + y, z, radius
    return x, y, z, radius
