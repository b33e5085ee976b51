import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import KDTree

from ctpet.evaluate.peak import PEAK_RADIUS_MM, sphere_means, sphere_offsets

F32 = np.float32


@pytest.fixture(scope="module")
def pet():
    return np.random.default_rng(3).gamma(2.0, 1.0, (11, 13, 9)).astype(F32)


@pytest.mark.parametrize("spacing_mm", [(4.0, 4.0, 4.0), (3.0, 2.0, 2.5), (7.0, 2.0, 3.1)])
def test_means_are_those_of_a_search_among_all_centres(pet, spacing_mm):
    centres = np.argwhere(np.ones(pet.shape, bool)) * spacing_mm
    tree = KDTree(centres)
    radius_mm = (1000 * 3 / (4 * np.pi)) ** (1 / 3)
    wanted = [pet.ravel()[near].mean() for near in tree.query_ball_point(centres, radius_mm)]
    found = sphere_means(pet, spacing_mm)
    assert found.dtype == F32
    np.testing.assert_allclose(found.ravel(), wanted, rtol=1e-5)


@pytest.mark.parametrize("spacing_mm", [(4.0, 4.0, 4.0), (3.0, 2.0, 2.5)])
def test_what_is_not_known_is_in_no_mean(pet, spacing_mm):
    known = np.indices(pet.shape).sum(axis=0) < 17
    centres = np.argwhere(np.ones(pet.shape, bool)) * spacing_mm
    near = KDTree(centres).query_ball_point(centres, PEAK_RADIUS_MM)
    flat, told = pet.ravel(), known.ravel()
    some = [bool(told[each].any()) for each in near]
    wanted = [
        flat[each][told[each]].mean() if any_known else np.nan
        for each, any_known in zip(near, some, strict=True)
    ]
    found = sphere_means(np.where(known, pet, F32(99)), spacing_mm, known)
    np.testing.assert_allclose(found.ravel(), wanted, rtol=1e-5)
    assert not all(some)


def test_what_is_not_wanted_need_not_be_worked_out(pet):
    wanted = np.zeros(pet.shape, bool)
    wanted[2, 3, 4] = wanted[9, 11, 2] = True
    found = sphere_means(pet, (3.0, 2.0, 2.5), wanted=wanted)
    np.testing.assert_array_equal(found[wanted], sphere_means(pet, (3.0, 2.0, 2.5))[wanted])


def test_means_at_4_mm_are_a_convolution_with_19_voxels(pet):
    """√2 voxels lie within 6.2 mm, √3 do not: a cube of 27 without its 8 corners."""
    kernel = ndimage.generate_binary_structure(3, 2).astype(float)
    inside = ndimage.convolve(np.ones(pet.shape), kernel, mode="constant")
    wanted = ndimage.convolve(pet.astype(float), kernel, mode="constant") / inside
    np.testing.assert_allclose(sphere_means(pet, (4.0, 4.0, 4.0)), wanted, rtol=1e-5)


def test_voxels_beyond_the_image_do_not_count_as_zero():
    flat = np.full((3, 8, 2), 2.5, F32)
    np.testing.assert_allclose(sphere_means(flat, (2.0, 4.0, 3.0)), 2.5, rtol=1e-6)


def test_an_image_smaller_than_the_sphere():
    pet = np.array([1, 2, 6], F32).reshape(1, 3, 1)
    np.testing.assert_allclose(sphere_means(pet, (1.0, 1.0, 1.0)), 3.0, rtol=1e-6)
    np.testing.assert_allclose(sphere_means(pet, (1.0, 4.0, 1.0)).ravel(), [1.5, 3, 4], rtol=1e-6)
    np.testing.assert_array_equal(sphere_means(pet, (7.0, 7.0, 7.0)), pet)


def test_the_sphere_has_one_millilitre():
    voxels = len(sphere_offsets(PEAK_RADIUS_MM, (0.4, 0.5, 0.6)))
    assert voxels * 0.4 * 0.5 * 0.6 / 1000 == pytest.approx(1, rel=0.01)


def test_the_input_is_left_as_it_is(pet):
    before = pet.copy()
    sphere_means(pet, (4.0, 4.0, 4.0))
    np.testing.assert_array_equal(pet, before)
