"""Courses run through their points, and the points move with what they are anchored to."""

import numpy as np
import pytest

from ctpet.phantom.anatomy_heart import Heart
from ctpet.phantom.anatomy_spine import draw_spine
from ctpet.phantom.courses import FORK_MM, Course, path_of, tubes_of

SPINE = draw_spine(np.random.default_rng(3))
HEART = Heart(np.array([10.0, -30.0, 350.0]), 1.2)


def ends_of(*points):
    path = path_of(Course(5, points), SPINE, HEART)
    assert path.shape == (5, 4)
    return path[0], path[-1]


def test_a_course_begins_and_ends_at_its_points_with_their_radii():
    first, last = ends_of((0, 1, 2, 3), (10, 11, 12, 13))
    np.testing.assert_allclose(first, [0, 1, 2, 3], atol=1e-9)
    np.testing.assert_allclose(last, [10, 11, 12, 13], atol=1e-9)


@pytest.mark.parametrize(
    ("point", "lies"),
    [
        ((1, 2, 3, 4, "body"), (1, 2, 3, 4)),
        ((10, 20, -5, 4, "heart"), (10 + 12, -30 + 24, 350 - 6, 4)),
        ((7, -28, 200, 4, "spine"), (7, SPINE.at(200)[1] - 28, 200, 4)),
        ((7, -28, 60, 4, "fork"), (SPINE.at(FORK_MM)[0] + 7, SPINE.at(FORK_MM)[1] - 28, 60, 4)),
    ],
)
def test_an_anchor_moves_a_point_and_leaves_its_radius(point, lies):
    first, _ = ends_of(point, (100, 100, 100, 1))
    np.testing.assert_allclose(first, lies, atol=1e-9)


def test_tubes_of_courses_keep_their_order_and_join():
    one, two = Course(7, [(0, 0, 0, 1), (0, 0, 9, 1)]), Course(4, [(5, 0, 0, 2), (5, 0, 9, 2)])
    tubes = tubes_of([one, two], SPINE, HEART)
    assert len(tubes) == 3
    np.testing.assert_allclose(tubes[0].points[-1], tubes[1].points[0])
    assert tubes[2].points[0, 0] == pytest.approx(5)
