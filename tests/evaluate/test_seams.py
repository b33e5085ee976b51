import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctpet.evaluate.seams import FLOOR_SUV, seam_ratio

F32 = np.float32
SHAPE = (24, 24, 24)
MIDDLE = 11
RIPPLE_SUV, JUMP_SUV = 0.25, 1.0


def everywhere(shape=SHAPE):
    return np.ones(shape, bool)


def rippled(jump_suv=0.0, plane=MIDDLE, axis=0, shape=SHAPE):
    """0, ¼, 0, ¼ … along an axis, so that each mean step is ½, and all beyond a plane raised.

    A jump s beyond voxel `plane`, where the ripple falls or rises, makes its step ½ + s (s signed
    as the ripple is there) and that of the planes beside it ½ + s/2.
    """
    index = np.arange(shape[axis])
    sign = 1 if plane % 2 == 0 else -1
    line = RIPPLE_SUV * (index % 2) + sign * jump_suv * (index > plane)
    along = [1, 1, 1]
    along[axis] = -1
    return np.broadcast_to(line.reshape(along), shape).astype(F32)


FLAT = np.zeros(SHAPE, F32)
EXPECTED = (2 * RIPPLE_SUV + JUMP_SUV) / (2 * RIPPLE_SUV)


def test_a_smooth_field_has_no_seams():
    k, j, i = np.meshgrid(*map(np.arange, (40, 40, 40)), indexing="ij")
    waves = (3 + np.sin(0.9 * (k + j + i))).astype(F32)
    assert seam_ratio(waves, waves * 0, everywhere(waves.shape)) == pytest.approx(1, abs=0.1)


def test_a_ramp_is_no_seam_however_steep_nor_where_it_begins():
    ramp = np.broadcast_to(np.arange(24, dtype=F32) * 4, SHAPE)
    assert seam_ratio(ramp, FLAT, everywhere()) == 1


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("plane", [8, 11])
def test_a_jump_of_known_size(axis, plane):
    pet = rippled(JUMP_SUV, plane, axis)
    assert seam_ratio(pet, FLAT, everywhere()) == pytest.approx(EXPECTED)
    assert seam_ratio(rippled(0.0, plane, axis), FLAT, everywhere()) == 1


@pytest.mark.parametrize("beside", [-1, 0, 1])
def test_an_edge_that_the_measured_pet_has_there_or_beside_is_none(beside):
    real = rippled(JUMP_SUV, MIDDLE + beside)
    assert seam_ratio(rippled(JUMP_SUV), real, everywhere()) == pytest.approx(1)


def test_an_edge_of_the_measured_pet_elsewhere_does_not_excuse_a_seam():
    real = rippled(JUMP_SUV, MIDDLE + 3)
    assert seam_ratio(rippled(JUMP_SUV), real, everywhere()) == pytest.approx(EXPECTED)


def test_only_what_exceeds_the_measured_edge_counts():
    found = seam_ratio(rippled(4 * JUMP_SUV), rippled(JUMP_SUV), everywhere())
    assert found == pytest.approx((0.5 + 4 * JUMP_SUV) / (0.5 + JUMP_SUV))


def test_a_calm_plane_of_the_measured_pet_is_no_seam_of_the_prediction():
    calm = rippled()
    calm = np.concatenate([calm[:10], np.repeat(calm[10:11], 6, axis=0), calm[16:]])
    assert seam_ratio(rippled(), calm, everywhere()) == 1


def test_what_is_not_in_the_body_does_not_count():
    body = everywhere()
    body[:, :, 15:] = False
    pet = rippled()
    pet = np.where(body, pet, rippled(JUMP_SUV) + F32(7))
    assert seam_ratio(pet, FLAT, body) == 1
    assert seam_ratio(pet, FLAT, everywhere()) > 1.5


@pytest.mark.parametrize("air", [np.s_[:12, :12], np.s_[12:, :12]])
def test_the_skin_is_no_seam(air):
    body = everywhere()
    body[air] = False
    assert seam_ratio(np.where(body, rippled(), F32(50)), FLAT, body) == 1


@pytest.mark.parametrize(("width", "expected"), [(14, 1.0), (15, EXPECTED)])
def test_a_plane_of_fewer_than_200_lines_is_left_out(width, expected):
    body = np.zeros(SHAPE, bool)
    body[:, :width, :width] = True
    assert seam_ratio(rippled(JUMP_SUV), FLAT, body) == pytest.approx(expected)


@pytest.mark.parametrize("start", [0, 4])
def test_a_plane_without_four_on_either_side_is_left_out(start):
    body = everywhere()
    body[:start] = False
    seen = [seam_ratio(rippled(JUMP_SUV, start + n), FLAT, body) for n in (3, 4, 5)]
    half_seen = (2 * RIPPLE_SUV + JUMP_SUV / 2) / (2 * RIPPLE_SUV)
    assert seen == pytest.approx([1, half_seen, EXPECTED])


def test_a_jump_below_the_floor_is_none():
    faint = np.broadcast_to((np.arange(24) > MIDDLE)[:, None, None], SHAPE)
    for jump_suv, expected in ((FLOOR_SUV / 2, 1), (10 * FLOOR_SUV, 10)):
        found = seam_ratio((faint * jump_suv).astype(F32), FLAT, everywhere())
        assert found == pytest.approx(expected)


def test_nothing_to_look_at_has_no_ratio():
    assert math.isnan(seam_ratio(FLAT, FLAT, np.zeros(SHAPE, bool)))
    for shape in ((11, 11, 11), (2, 3, 1)):
        assert math.isnan(seam_ratio(np.ones(shape, F32), np.ones(shape, F32), everywhere(shape)))


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_arrays_of_several_shapes_are_refused(odd):
    given_arrays = [FLAT, FLAT, everywhere()]
    given_arrays[odd] = given_arrays[odd][:1]
    with pytest.raises(ValueError, match="shapes differ"):
        seam_ratio(*given_arrays)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 4), st.floats(-4, 4), st.permutations([0, 1, 2]), st.integers(0, 2**32 - 1))
def test_neither_scale_nor_offset_nor_the_order_of_axes_matters(scale, offset, axes, seed):
    predicted, measured = np.random.default_rng(seed).normal(3, 1, (2, *SHAPE)).astype(F32)
    before = seam_ratio(predicted, measured, everywhere())
    moved = (predicted * scale + offset).astype(F32).transpose(axes)
    after = seam_ratio(moved, measured.transpose(axes), everywhere())
    assert after == pytest.approx(before, rel=1e-4)
