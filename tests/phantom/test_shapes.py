"""Shapes answer distances; what a voxel is covered by follows from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctpet.phantom.coverage import cover, grid_of, regions_of
from ctpet.phantom.frame import Frame
from ctpet.phantom.loft import loft
from ctpet.phantom.shapes import (
    Ellipsoid,
    Grown,
    HalfSpace,
    Intersection,
    Outside,
    Points,
    Tube,
    Union,
    smooth_min,
)
from ctpet.phantom.table import RIGID
from ctpet.volume import Geometry


def at(*points: tuple[float, float, float]) -> Points:
    x, y, z = np.asarray(points, dtype=np.float32).T
    return Points(x, y, z)


def cube(count: int, spacing: float) -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = spacing
    affine[:3, 3] = -(count - 1) / 2 * spacing
    affine[3, 3] = 1
    return Geometry((count, count, count), affine)


def volume_ml(shape: object, geometry: Geometry, inset: float = 0.0) -> float:
    grid = grid_of(geometry, RIGID)
    (region,) = regions_of(shape.bounds()[None], grid)
    (array,) = cover(shape, [inset], grid, region)
    return float(array.sum(dtype=np.float64)) * geometry.voxel_volume_ml


def test_sphere_distance_is_exact() -> None:
    ball = Ellipsoid((1, 2, 3), (10, 10, 10))
    d = ball.distance(at((1, 2, 18), (1, 12, 3), (5, 2, 3)))
    assert d == pytest.approx([5, 0, -6], abs=1e-3)


def test_ellipsoid_distance_is_right_at_its_poles() -> None:
    egg = Ellipsoid((0, 0, 0), (30, 20, 10))
    d = egg.distance(at((31, 0, 0), (0, 21, 0), (0, 0, 11), (0, 0, 9)))
    assert d == pytest.approx([1, 1, 1, -1], abs=0.06)


def test_tube_tapers_and_has_round_ends() -> None:
    tube = Tube(np.array([(0, 0, 0), (0, 0, 100.0)]), np.array([10.0, 20.0]))
    d = tube.distance(at((10, 0, 0), (15, 0, 50), (0, 0, 125), (0, 0, -10)))
    assert d == pytest.approx([0, 0, 5, 0], abs=1e-3)


def test_loft_follows_its_rows() -> None:
    body = loft([(0, 100, -50, 60, 0), (100, 80, -40, 70, 10), (200, 100, -50, 60, 0)])
    d = body.distance(at((100, 0, 1), (80, 10, 100), (0, -40, 100), (0, 70, 100), (0, 0, 260)))
    assert d[:4] == pytest.approx([0, 0, 0, 0], abs=0.7)
    assert d[4] >= 59


def test_square_loft_is_fuller_than_an_elliptic_one() -> None:
    rows = [(0, 100, -50, 50, 0), (100, 100, -50, 50, 0)]
    corner = at((80, 40, 50))
    assert loft(rows).distance(corner)[0] > 0
    assert loft(rows, square=0.8).distance(corner)[0] < 0


def test_smooth_min_is_below_both_and_equal_far_apart() -> None:
    a, b = np.float32([1.0, 50.0]), np.float32([1.0, 2.0])
    assert smooth_min(a, b, 8.0) == pytest.approx([1.0 - 2.0, 2.0])


def test_union_culled_by_boxes_equals_the_plain_minimum() -> None:
    parts = tuple(Ellipsoid((x, 0, 0), (20, 20, 20)) for x in (-150.0, 0.0, 150.0))
    rng = np.random.default_rng(0)
    p = Points(*rng.uniform(-180, 180, (3, 20_000)).astype(np.float32))
    plain = np.minimum.reduce([part.distance(p) for part in parts])
    near = plain < 20
    assert np.array_equal(Union(parts).distance(p)[near], plain[near])
    assert (Union(parts).distance(p)[~near] > 0).all()


def test_intersection_with_the_outside_cuts_a_hole() -> None:
    shell = Intersection(
        (Ellipsoid((0, 0, 0), (20,) * 3), Outside(Ellipsoid((0, 0, 0), (10,) * 3)))
    )
    d = shell.distance(at((0, 0, 0), (15, 0, 0), (25, 0, 0)))
    assert d[0] > 0 > d[1]
    assert d[2] > 0


@settings(max_examples=25, deadline=None)
@given(st.floats(12, 40), st.floats(-3, 3), st.floats(1.5, 6))
def test_covered_volume_is_the_balls_at_any_phase_and_voxel(
    radius: float, off: float, spacing: float
) -> None:
    ball = Ellipsoid((off, -off, 0.5 * off), (radius, radius, radius))
    exact = 4 / 3 * np.pi * radius**3 / 1000
    found = volume_ml(ball, cube(int(100 / spacing), spacing))
    assert found == pytest.approx(exact, rel=0.01 + (spacing / radius) ** 2 / 3)


def test_layers_are_the_shape_shrunk() -> None:
    ball = Ellipsoid((0, 0, 0), (30, 30, 30))
    shrunk = volume_ml(Grown(ball, -6.0), cube(70, 1.0))
    assert volume_ml(ball, cube(70, 1.0), inset=6.0) == pytest.approx(shrunk, rel=1e-5)


def test_a_flat_surface_shares_voxels_linearly() -> None:
    grid = grid_of(cube(9, 2.0), RIGID)
    half = HalfSpace((0, 0, 0.5), (0, 0, 1))
    (covered,) = cover(half, [0.0], grid, (slice(0, 9), slice(0, 9), slice(0, 9)))
    assert covered[:, 4, 4] == pytest.approx([1, 1, 1, 1, 0.75, 0, 0, 0, 0], abs=1e-5)


def test_blocks_far_from_a_surface_are_as_exact_evaluation_gives() -> None:
    egg = Ellipsoid((3, -4, 5), (60, 35, 80), power=2.4)
    geometry = cube(90, 2.0)
    grid = grid_of(geometry, RIGID)
    whole = (slice(0, 90),) * 3
    (by_blocks,) = cover(egg, [0.0], grid, whole)
    k, j, i = np.meshgrid(*(np.arange(90),) * 3, indexing="ij")
    x, y, z = np.moveaxis(geometry.index_to_lps(np.stack([k, j, i], -1)), -1, 0).astype(np.float32)
    plain = np.clip(0.5 - egg.distance(Points(x, y, z)) / grid.width_mm, 0, 1)
    assert np.abs(by_blocks - plain).max() < 1e-4


def test_frame_there_and_back() -> None:
    sway = np.array([[0.01, 0.0, 0.02, 1.0, 3.0, -2.0, 1.0]])
    frame = Frame((0.9, 0.92, 0.95), (4.0, -7.0, 100.0), sway)
    drawn = (30.0, -50.0, 400.0)
    x, y, z = frame.to_lps(drawn).astype(np.float32)
    back = frame.to_drawing(Points(*(np.array([v], np.float32) for v in (x, y, z))))
    assert [float(c[0]) for c in back] == pytest.approx(drawn, abs=1e-3)
