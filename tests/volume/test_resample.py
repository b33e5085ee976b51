import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate

from ctpet.errors import InputRefused
from ctpet.volume import Geometry, covering_grid, resample
from tests.volume.grids import (
    centred_on,
    grid,
    index_in,
    noise,
    points_mm,
    ramp,
    sitk_linear,
    volume,
)

FILL = -1024.0
OBLIQUE = (20.0, -10.0, 35.0)


def blob(geometry, sigma_mm=6.0, off_mm=(1.3, -0.7, 0.4)):
    """Return a Gaussian near the centre of the field of view, and its centre in LPS mm."""
    centre = geometry.corners_mm().mean(axis=0) + off_mm
    squared = ((points_mm(geometry) - centre) ** 2).sum(axis=-1)
    return volume(1000 * np.exp(-squared / (2 * sigma_mm**2)), geometry), centre


def moments(vol):
    """Return the centre of mass in mm and the variance along x, y, z in mm²."""
    weight = vol.array.astype(np.float64)
    where = points_mm(vol.geometry)
    centre = (weight[..., None] * where).sum(axis=(0, 1, 2)) / weight.sum()
    spread = (weight[..., None] * (where - centre) ** 2).sum(axis=(0, 1, 2)) / weight.sum()
    return centre, spread


def inside(source, onto, margin=0.5):
    """Whether each new centre lies within the outer source centres plus a margin in voxels."""
    index = index_in(source, onto)
    last = np.asarray(source.shape) - 1
    return ((index >= -margin) & (index <= last + margin)).all(axis=-1)


def test_the_same_grid_gives_the_same_bits():
    source = noise(grid(rotate_deg=OBLIQUE, shear=0.2))
    source.array.base[0, 0, 0] = -0.0
    out = resample(source, grid(rotate_deg=OBLIQUE, shear=0.2), fill=FILL)
    assert out.array.tobytes() == source.array.tobytes()
    assert not np.shares_memory(out.array, source.array)


def test_a_grid_within_a_micrometre_gives_the_same_bits():
    source = noise(grid())
    moved = grid(spacing_mm=(3.00004, 2.0, 0.99996), origin_mm=(4e-4, 0, -4e-4))
    assert resample(source, moved, fill=FILL).array.tobytes() == source.array.tobytes()


def test_a_crop_larger_than_the_source_is_padded():
    source = noise(grid((3, 4, 5), (1.0, 1.0, 1.0)))
    out = resample(source, grid((4, 6, 3), (1.0, 1.0, 1.0), origin_mm=(3, -1, 1)), fill=7)
    expected = np.full((4, 6, 3), 7, np.float32)
    expected[:2, 1:5, :2] = source.array[1:, :, 3:]
    np.testing.assert_array_equal(out.array, expected)


@pytest.mark.parametrize("onto_quantity", ["HU", "SUVBW", "BQML"])
def test_keeps_quantity_target_and_source(onto_quantity):
    array = np.arange(480, dtype=np.float32).reshape(6, 8, 10)
    source = volume(array.copy(), quantity=onto_quantity)
    onto = grid((4, 4, 4), (4.0, 4.0, 4.0), rotate_deg=OBLIQUE, frame="1.2")
    out = resample(source, onto, fill=0)
    assert out.geometry is onto
    assert out.quantity == onto_quantity
    assert out.array.dtype == np.float32
    np.testing.assert_array_equal(source.array, array)


def test_refuses_two_different_known_frames_of_reference():
    source = volume(np.zeros((6, 8, 10)), grid(frame="1.2.3"))
    with pytest.raises(InputRefused, match="different frames of reference") as refusal:
        resample(source, grid(frame="1.2.4"), fill=0)
    assert refusal.value.code == "frame-of-reference-differs"
    assert "1.2.3" not in str(refusal.value)
    resample(source, grid(frame="1.2.3"), fill=0)
    resample(source, grid(), fill=0)
    resample(volume(np.zeros((6, 8, 10))), grid(frame="1.2.4"), fill=0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_field_of_view_ends_half_a_voxel_beyond_the_last_centre(axis):
    shape = [1, 1, 1]
    shape[axis] = 4
    values = volume(np.array([10, 20, 30, 40]).reshape(shape), grid(shape, (1.0, 1.0, 1.0)))
    shape[axis] = 26
    spacing = [1.0, 1.0, 1.0]
    spacing[axis] = 0.2
    start = np.zeros(3)
    start[2 - axis] = -1.0
    line = resample(values, grid(shape, spacing, origin_mm=start), fill=-5).array.ravel()
    at = -1 + 0.2 * np.arange(26)
    expected = np.interp(at, np.arange(4), (10, 20, 30, 40))
    expected[(at < -0.5 - 1e-9) | (at > 3.5 + 1e-9)] = -5
    np.testing.assert_allclose(line, expected, atol=1e-5)


def test_a_centre_on_the_very_edge_is_inside():
    source = volume(np.full((2, 2, 2), 9.0), grid((2, 2, 2), (1.0, 1.0, 1.0)))
    out = resample(source, grid((1, 1, 1), (4.0, 4.0, 4.0), origin_mm=(-0.5, 1.5, 0)), fill=-5)
    assert out.array.item() == pytest.approx(9)


@pytest.mark.parametrize("rotation", [(0, 0, 0), (90, 0, 0), (45, 0, 0)])
@pytest.mark.parametrize("end", [-0.5, 1.5])
def test_rounding_errors_do_not_push_an_edge_out_of_view(rotation, end):
    source = volume(np.full((2, 2, 2), 9.0), grid((2, 2, 2), (1.0, 1.0, 1.0)))
    for beyond_mm, expected in ((5e-4, 9), (0.02, -5)):
        x = end + np.copysign(beyond_mm, end)
        onto = grid((1, 1, 1), (0.5, 0.5, 0.5), origin_mm=(x, 0.5, 0.5), rotate_deg=rotation)
        assert resample(source, onto, fill=-5).array.item() == pytest.approx(expected)


def test_a_rotation_too_small_to_see_is_still_a_rotation():
    source = ramp(grid((40, 60, 60), (1.0, 1.0, 1.0)), slope=(100.0, -70.0, 50.0))
    onto = centred_on(source.geometry, (20, 50, 50), (1.0,) * 3, rotate_deg=(0.05, 0, 0))
    out = resample(source, onto, fill=0).array
    np.testing.assert_allclose(out, ramp(onto, slope=(100.0, -70.0, 50.0)).array, atol=0.01)


def test_nothing_in_view_is_all_fill():
    source = noise(grid())
    for rotation in ((0, 0, 0), OBLIQUE):
        away = grid((3, 4, 5), (4.0, 4.0, 4.0), origin_mm=(500, 0, 0), rotate_deg=rotation)
        assert (resample(source, away, fill=FILL).array == FILL).all()


@pytest.mark.parametrize("rotation", [(0, 0, 0), OBLIQUE], ids=["aligned", "oblique"])
@pytest.mark.parametrize("spacing", [0.7, 1.0, 2.3, 4.0, 9.0])
def test_no_darkening_towards_the_borders(rotation, spacing):
    source = volume(np.full((24, 40, 40), 50.0), grid((24, 40, 40), (3.0, 1.0, 1.0)))
    onto = centred_on(source.geometry, (20, 20, 20), (spacing,) * 3, rotate_deg=rotation)
    out = resample(source, onto, fill=FILL).array
    np.testing.assert_allclose(out[inside(source.geometry, onto)], 50, rtol=1e-6)
    assert (out[~inside(source.geometry, onto, margin=0.502)] == FILL).all()


@pytest.mark.parametrize("rotation", [(0, 0, 0), OBLIQUE], ids=["aligned", "oblique"])
@pytest.mark.parametrize("spacing", [(0.7, 0.7, 0.7), (3.1, 2.9, 4.3), (5.0, 4.0, 4.0)])
def test_a_ramp_stays_the_same_ramp(rotation, spacing):
    source = ramp(grid((30, 60, 60), (2.0, 1.0, 1.0)))
    onto = centred_on(source.geometry, (12, 9, 9), spacing, rotate_deg=rotation)
    interior = inside(source.geometry, onto, margin=-9.0)
    assert interior.sum() > 30
    out = resample(source, onto, fill=FILL).array
    np.testing.assert_allclose(out[interior], ramp(onto).array[interior], atol=1e-3)


@pytest.mark.parametrize("spacing", [0.8, 1.5, 2.5, 4.0])
@pytest.mark.parametrize(
    "how",
    [{}, {"rotate_deg": (90, 0, 180)}, {"rotate_deg": OBLIQUE}, {"shear": 0.25}],
    ids=["aligned", "turned", "oblique", "sheared"],
)
def test_a_blob_stays_where_it_is_and_widens_by_the_triangle_of_the_new_voxel(spacing, how):
    source, centre = blob(grid((30, 70, 70), (2.0, 1.0, 1.0)))
    size = tuple(int(64 / spacing) for _ in range(3))
    onto = centred_on(source.geometry, size, (spacing,) * 3, **how)
    out = resample(source, onto, fill=0)
    where, spread = moments(out)
    assert np.abs(where - centre).max() < 0.01
    if not how:
        triangle = np.maximum(spacing, (1.0, 1.0, 2.0)) ** 2 / 6
        np.testing.assert_allclose(spread, 36 + triangle, rtol=0.01)


@pytest.mark.parametrize(("thick", "limit"), [(1.0, 0.01), (3.0, 0.03)])
@pytest.mark.parametrize("rotation", [OBLIQUE, (0, 0, 45)])
def test_oblique_and_aligned_sampling_blur_alike(thick, limit, rotation):
    source, _ = blob(grid((int(60 / thick), 70, 70), (thick, 1.0, 1.0)), sigma_mm=5.0)
    for spacing in (1.5, 2.0, 2.7, 4.0):
        size = (int(60 / spacing),) * 3
        _, aligned = moments(
            resample(source, centred_on(source.geometry, size, (spacing,) * 3), fill=0)
        )
        turned = centred_on(source.geometry, size, (spacing,) * 3, rotate_deg=rotation)
        _, oblique = moments(resample(source, turned, fill=0))
        np.testing.assert_allclose(np.sqrt(oblique), np.sqrt(aligned), rtol=limit)


@pytest.mark.parametrize("spacing", [0.6, 1.0, 3.0])
def test_the_oblique_path_agrees_with_the_aligned_one(spacing):
    source, _ = blob(grid((60, 60, 60), (1.0, 1.0, 1.0)))
    size = (int(50 / spacing),) * 3
    straight = centred_on(source.geometry, size, (spacing,) * 3)
    turned = centred_on(source.geometry, size, (spacing,) * 3, rotate_deg=(0.01, 0, 0))
    one = resample(source, straight, fill=0).array
    other = resample(source, turned, fill=0).array
    assert not np.array_equal(one, other)
    np.testing.assert_allclose(other, one, atol=2.0 if spacing < 2 else 15.0)  # of 1000


@pytest.mark.parametrize(
    "onto",
    [
        grid((9, 14, 16), (1.7, 0.9, 0.8), origin_mm=(-1.1, 0.3, -2.0)),
        grid((12, 12, 12), (1.0, 0.8, 0.7), origin_mm=(2, 1, 3), rotate_deg=(15, 8, -6)),
        grid((12, 12, 12), (1.0, 0.9, 0.8), origin_mm=(0, 1, -3), shear=0.05),
        grid((9, 9, 9), (1.0, 1.0, 0.9), origin_mm=(9, 9, 9), rotate_deg=(180, 0, 0)),
    ],
    ids=["aligned", "oblique", "sheared", "flipped"],
)
@pytest.mark.parametrize("source_how", [{}, {"rotate_deg": OBLIQUE}, {"shear": -0.3}])
def test_finer_grids_match_simpleitk_borders_included(onto, source_how):
    source = noise(grid((7, 9, 11), (2.5, 2.0, 1.8), **source_how))
    steps = np.linalg.norm(np.linalg.solve(source.geometry.affine, onto.affine)[:3, :3], axis=1)
    assert steps.max() <= 1, "the grid must be finer along every source axis"
    expected = sitk_linear(source, onto, FILL)
    out = resample(source, onto, fill=FILL).array
    assert (expected != FILL).any()
    np.testing.assert_allclose(out, expected, atol=2e-4)


def hat_weight(distance, half_width):
    """Linear interpolation's hat convolved with a hat, by numerical integration."""

    def product(x):
        return max(0.0, 1 - abs(x)) * max(0.0, 1 - abs(x - distance) / half_width) / half_width

    kinks = sorted({-1.0, 0.0, 1.0, *np.clip(distance + half_width * np.arange(-1, 2), -1, 1)})
    return sum(integrate.quad(product, a, b)[0] for a, b in pairwise(kinks))


@pytest.mark.parametrize("ratio", [1.05, 1.5, 2.0, 4.096, 7.3])
def test_antialiasing_weights_are_two_hats_of_the_right_width(ratio):
    impulse = np.zeros((1, 1, 41))
    impulse[0, 0, 20] = 1
    source = volume(impulse, grid((1, 1, 41), (1.0, 1.0, 1.0)))
    count = int(30 / ratio)
    onto = grid((1, 1, count), (1.0, 1.0, ratio), origin_mm=(6.3, 0, 0))
    out = resample(source, onto, fill=0).array.ravel()
    at = 6.3 + ratio * np.arange(count)
    expected = [hat_weight(20 - x, np.sqrt(ratio**2 - 1)) for x in at]
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_downsampling_by_two_has_the_weights_worked_out_by_hand():
    """The hats' half-widths are 1 and √3; w(2) is the tip of the cubic, w(0) an easy integral."""
    impulse = np.zeros((1, 1, 21))
    impulse[0, 0, 10] = 1
    source = volume(impulse, grid((1, 1, 21), (1.0, 1.0, 1.0)))
    weights = {}
    for distance in range(-3, 4):
        onto = grid((1, 1, 1), (1.0, 1.0, 2.0), origin_mm=(10 - distance, 0, 0))
        weights[distance] = resample(source, onto, fill=0).array.item()
    assert weights[3] == weights[-3] == 0
    assert weights[2] == pytest.approx((np.sqrt(3) - 1) ** 3 / 18, abs=1e-7)
    assert weights[0] == pytest.approx((1 - 1 / (3 * np.sqrt(3))) / np.sqrt(3), abs=1e-7)
    assert weights[1] == pytest.approx(weights[-1])
    assert sum(weights.values()) == pytest.approx(1)


@pytest.mark.parametrize("rotation", [(0, 0, 0), (15, 0, 0)], ids=["aligned", "oblique"])
def test_a_checkerboard_becomes_its_mean(rotation):
    board = 100 * (np.indices((40, 40, 40)).sum(axis=0) % 2)
    source = volume(board, grid((40, 40, 40), (1.0, 1.0, 1.0)))
    onto = centred_on(source.geometry, (6, 6, 6), (4.0,) * 3, rotate_deg=rotation)
    out = resample(source, onto, fill=0).array
    np.testing.assert_allclose(out, 50, atol=0.5)


@pytest.mark.parametrize("period", [2, 2.7, 3.5])
def test_stripes_finer_than_a_new_voxel_do_not_come_back_as_wide_ones(period):
    wave = np.cos(2 * np.pi * np.arange(200) / period).reshape(1, 1, 200)
    source = volume(100 * wave, grid((1, 1, 200), (1.0, 1.0, 1.0)))
    out = resample(source, grid((1, 1, 45), (1.0, 1.0, 4.0), origin_mm=(10, 0, 0)), fill=0)
    assert np.abs(out.array).max() < 5


def test_single_voxel_and_single_slice_sources():
    point = volume(np.full((1, 1, 1), 3.0), grid((1, 1, 1), (4.0, 4.0, 4.0)))
    for rotation in ((0, 0, 0), OBLIQUE):
        onto = centred_on(point.geometry, (8, 8, 8), (1.0,) * 3, rotate_deg=rotation)
        out = resample(point, onto, fill=0).array
        within = inside(point.geometry, onto)
        np.testing.assert_allclose(out[within], 3, rtol=1e-6)
        assert (out[~within] == 0).all()
        assert 50 <= within.sum() <= 80


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)], ids=["axial", "sagittal"])
@pytest.mark.parametrize("spacing", [4.0, 1.0])
def test_memory_stays_near_input_and_output(order, spacing):
    source = noise(grid((60, 128, 128), (3.0, 2.0, 2.0)))
    cover = covering_grid(source.geometry, (spacing,) * 3)
    onto = Geometry(tuple(cover.shape[o] for o in order), cover.affine[:, [*order, 3]], None)
    tracemalloc.start()
    try:
        out = resample(source, onto, fill=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < out.array.nbytes + 0.3 * (source.array.nbytes + out.array.nbytes)


def test_memory_of_the_oblique_path_stays_near_input_and_output():
    source = noise(grid((60, 128, 128), (3.0, 2.0, 2.0)))
    onto = centred_on(source.geometry, (60, 100, 100), (3.0, 2.0, 2.0), rotate_deg=OBLIQUE)
    tracemalloc.start()
    try:
        out = resample(source, onto, fill=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.3 * (source.array.nbytes + out.array.nbytes)
