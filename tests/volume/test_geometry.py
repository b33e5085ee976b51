import dataclasses

import numpy as np
import pytest

from ctpet.volume import Geometry, covering_grid
from tests.volume.grids import grid


def test_index_to_lps_walks_slices_up_rows_back_columns_left():
    g = grid((6, 8, 10), (3.0, 2.0, 1.0), origin_mm=(-5, -7, 100))
    assert g.index_to_lps((0, 0, 0)).tolist() == [-5, -7, 100]
    assert g.index_to_lps((2, 0, 0)).tolist() == [-5, -7, 106]
    assert g.index_to_lps((0, 2, 0)).tolist() == [-5, -3, 100]
    assert g.index_to_lps((0, 0, 2)).tolist() == [-3, -7, 100]


def test_spacing_direction_origin_and_volume_of_a_rotated_grid():
    g = grid((2, 3, 4), (4.0, 3.0, 2.0), origin_mm=(1, 2, 3), rotate_deg=(90, 0, 0))
    assert g.spacing_mm == pytest.approx((4, 3, 2))
    assert g.origin_mm.tolist() == [1, 2, 3]
    assert g.voxel_volume_ml == pytest.approx(0.024)
    np.testing.assert_allclose(g.direction @ g.direction.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(g.direction[:, 2], (0, 1, 0), atol=1e-12)


def test_volume_of_a_sheared_voxel_is_base_times_height():
    sheared = grid((2, 3, 4), (4.0, 3.0, 2.0), shear=0.5)
    assert sheared.voxel_volume_ml == pytest.approx(0.024)
    assert sheared.spacing_mm[0] == pytest.approx(4 * np.sqrt(1.25))


def test_a_mirrored_grid_has_a_positive_voxel_volume():
    affine = grid().affine.copy()
    affine[0, 2] *= -1
    assert Geometry((6, 8, 10), affine).voxel_volume_ml == pytest.approx(0.006)


def test_corners_are_voxel_edges_not_centres():
    corners = grid((6, 8, 10), (3.0, 2.0, 1.0)).corners_mm()
    assert corners.shape == (8, 3)
    assert corners.min(axis=0).tolist() == [-0.5, -1.0, -1.5]
    assert corners.max(axis=0).tolist() == [9.5, 15.0, 16.5]


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, -2, 1), (2, 2), (1, 2, 3, 4)])
def test_refuses_a_shape_that_holds_no_voxels(shape):
    with pytest.raises(ValueError, match="three positive numbers"):
        Geometry(shape, np.eye(4))


@pytest.mark.parametrize(
    ("affine", "said"),
    [
        (np.eye(3), "4×4"),
        (np.full((4, 4), np.nan), "finite"),
        (np.diag([1.0, 1.0, np.inf, 1.0]), "finite"),
        (np.diag([1.0, 1.0, 1.0, 2.0]), r"row \(0, 0, 0, 1\)"),
        (np.diag([1.0, 1.0, 0.0, 1.0]), "invertible"),
        (np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "invertible"),
    ],
)
def test_refuses_an_affine_that_is_not_one(affine, said):
    with pytest.raises(ValueError, match=said):
        Geometry((2, 2, 2), affine)


def test_small_voxels_are_not_mistaken_for_a_singular_map():
    assert Geometry((2, 2, 2), np.diag([1e-4, 1e-4, 1e-4, 1])).spacing_mm == (1e-4, 1e-4, 1e-4)


def test_cannot_be_changed_by_anyone():
    affine = np.eye(4)
    g = Geometry((2, 2, 2), affine)
    affine[0, 0] = 7
    assert g.affine[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        g.affine[0, 0] = 7
    with pytest.raises(dataclasses.FrozenInstanceError):
        g.shape = (1, 1, 1)


def test_agrees_with_tolerates_a_micrometre_and_not_a_hundredth_of_a_millimetre():
    g = grid(origin_mm=(0, 0, 0))
    assert g.agrees_with(grid(origin_mm=(0, 0.0005, 0)))
    assert not g.agrees_with(grid(origin_mm=(0, 0.01, 0)))
    assert g.agrees_with(grid(origin_mm=(0, 0.01, 0)), tolerance_mm=0.02)


def test_agrees_with_looks_at_the_far_corner_too():
    far = grid((6, 8, 1000), (3.0, 2.0, 1.0))
    assert not far.agrees_with(grid((6, 8, 1000), (3.0, 2.0, 1.00001)))


def test_a_flipped_grid_does_not_agree_though_it_covers_the_same():
    g = grid((6, 8, 10), (3.0, 2.0, 1.0))
    affine = g.affine.copy()
    affine[:3, 3] = g.index_to_lps((0, 0, 9))
    affine[:3, 2] *= -1
    assert not g.agrees_with(Geometry(g.shape, affine))


def test_only_two_known_frames_of_reference_can_differ():
    assert grid(frame="1.2").agrees_with(grid(frame="1.2"))
    assert grid(frame="1.2").agrees_with(grid())
    assert grid().agrees_with(grid(frame="1.2"))
    assert not grid(frame="1.2").agrees_with(grid(frame="1.3"))


def test_covering_grid_of_an_aligned_field_of_view():
    source = grid((10, 20, 30), (3.0, 1.0, 1.0), origin_mm=(-10, 5, 50), frame="1.2")
    cover = covering_grid(source, (4.0, 4.0, 4.0))
    assert cover.shape == (8, 5, 8)
    assert cover.spacing_mm == (4, 4, 4)
    assert cover.frame_of_reference_uid == "1.2"
    np.testing.assert_allclose(cover.direction, np.eye(3)[:, ::-1])
    middle = cover.corners_mm().mean(axis=0)
    np.testing.assert_allclose(middle, source.corners_mm().mean(axis=0), atol=1e-9)


def test_covering_grid_does_not_add_a_voxel_for_rounding_errors():
    source = grid((10, 40, 40), (0.3, 0.1, 0.1), origin_mm=(0.1, 0.7, 1e3))
    assert covering_grid(source, (0.3, 0.4, 0.4)).shape == (10, 10, 10)


def test_covering_grid_of_a_volume_smaller_than_a_voxel_is_one_voxel():
    assert covering_grid(grid((1, 1, 1), (1.0, 1.0, 1.0)), (4.0, 4.0, 4.0)).shape == (1, 1, 1)
