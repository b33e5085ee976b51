"""Laws of geometry and resampling that hold for every grid."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ctpet.volume import Geometry, covering_grid, resample
from tests.volume.grids import centred_on, index_in, noise, ramp, volume

sizes = st.tuples(*[st.integers(1, 9)] * 3)
spacings = st.tuples(*[st.floats(0.4, 8.0)] * 3)
angles = st.tuples(*[st.floats(-180, 180)] * 3)
origins = st.tuples(*[st.floats(-2000, 2000)] * 3)
orders = st.permutations([0, 1, 2])
flips = st.tuples(*[st.sampled_from([-1, 1])] * 3)


@st.composite
def geometries(draw, shapes=sizes):
    """Any grid: turned, mirrored, sheared up to 30 degrees."""
    axes = np.diag(draw(spacings)) @ np.diag(draw(flips)).astype(float)
    axes[:, 0] += draw(st.floats(-0.5, 0.5)) * axes[:, 1]
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", draw(angles), degrees=True).as_matrix() @ axes
    affine[:3, 3] = draw(origins)
    return Geometry(draw(shapes), affine)


def relabelled(geometry, order, flip, start, shape):
    """Return a grid on the same lattice: new axis n runs along axis order[n], maybe backwards."""
    matrix = np.zeros((4, 4))
    for new, old in enumerate(order):
        matrix[old, new] = flip[new]
        matrix[old, 3] = start[new]
    matrix[3, 3] = 1
    return Geometry(shape, geometry.affine @ matrix, geometry.frame_of_reference_uid)


@given(geometries(), st.tuples(*[st.floats(-50, 50)] * 3))
def test_index_and_lps_are_inverse(geometry, index):
    there = geometry.index_to_lps(index)
    np.testing.assert_allclose(geometry.lps_to_index(there), index, atol=1e-7)


@given(geometries(), spacings)
def test_a_covering_grid_covers_and_is_the_smallest(geometry, spacing):
    cover = covering_grid(geometry, spacing)
    need, have = geometry.corners_mm(), cover.corners_mm()
    assert (have.min(axis=0) <= need.min(axis=0) + 1e-5).all()
    assert (have.max(axis=0) >= need.max(axis=0) - 1e-5).all()
    excess = (have.max(axis=0) - have.min(axis=0)) - (need.max(axis=0) - need.min(axis=0))
    assert (excess < np.asarray(spacing)[::-1]).all()
    np.testing.assert_allclose(cover.spacing_mm, spacing)


@given(geometries(), orders, flips)
def test_flips_and_permutations_are_exact_and_undo_themselves(geometry, order, flip):
    source = noise(geometry)
    shape = tuple(geometry.shape[o] for o in order)
    start = [0 if f > 0 else n - 1 for f, n in zip(flip, shape, strict=True)]
    turned = resample(source, relabelled(geometry, order, flip, start, shape), fill=0)
    expected = source.array.transpose(order)[tuple(slice(None, None, f) for f in flip)]
    assert np.array_equal(turned.array, expected)
    assert resample(turned, geometry, fill=0).array.tobytes() == source.array.tobytes()


@given(geometries(), st.tuples(*[st.integers(-4, 10)] * 3), sizes, flips)
def test_crops_and_pads_on_the_lattice_are_exact(geometry, start, shape, flip):
    source = noise(geometry)
    out = resample(source, relabelled(geometry, (0, 1, 2), flip, start, shape), fill=-9)
    expected = np.full(shape, -9, np.float32)
    for index in np.ndindex(shape):
        old = tuple(s + f * n for s, f, n in zip(start, flip, index, strict=True))
        if all(0 <= o < n for o, n in zip(old, geometry.shape, strict=True)):
            expected[index] = source.array[old]
    np.testing.assert_array_equal(out.array, expected)


@settings(max_examples=200)
@given(geometries(), sizes, spacings, angles, st.booleans())
def test_never_overshoots_and_fills_only_outside(geometry, shape, spacing, angle, turned):
    source = noise(geometry)
    onto = centred_on(geometry, shape, spacing, rotate_deg=angle if turned else (0, 0, 0))
    out = resample(source, onto, fill=100).array
    index = index_in(geometry, onto)
    beyond = (np.abs(index - (np.asarray(geometry.shape) - 1) / 2)
              - np.asarray(geometry.shape) / 2).max(axis=-1)  # fmt: skip
    assert (out[beyond > 0.011] == 100).all()
    seen = out[beyond < -1e-6]
    assert (seen <= source.array.max() + 1e-5).all()
    assert (seen >= source.array.min() - 1e-5).all()


@given(geometries(), sizes, spacings, angles, st.floats(-2000, 3000, width=32))
def test_constants_stay_constant(geometry, shape, spacing, angle, value):
    source = volume(np.full(geometry.shape, value), geometry)
    onto = centred_on(geometry, shape, spacing, rotate_deg=angle)
    out = resample(source, onto, fill=value)
    np.testing.assert_allclose(out.array, value, rtol=1e-6, atol=1e-6)


@given(geometries(st.tuples(*[st.integers(5, 30)] * 3)), st.floats(0.3, 1.0), angles)
def test_ramps_are_kept_by_interpolation(geometry, finer, angle):
    source = ramp(geometry)
    per_mm = np.linalg.norm(np.linalg.inv(geometry.affine)[:3, :3], axis=1).max()
    onto = centred_on(geometry, (5, 5, 5), (finer / per_mm,) * 3, rotate_deg=angle)
    index = index_in(geometry, onto)
    within = ((index >= 0) & (index <= np.asarray(geometry.shape) - 1)).all(axis=-1)
    out = resample(source, onto, fill=0).array
    np.testing.assert_allclose(out[within], ramp(onto).array[within], rtol=1e-5, atol=2e-3)


@given(geometries(), geometries())
def test_is_linear_in_the_values(one, other):
    onto = centred_on(one, other.shape, other.spacing_mm)
    a, b = noise(one, 1), noise(one, 2)
    total = resample(volume(a.array + 2 * b.array, one), onto, fill=0).array
    parts = resample(a, onto, fill=0).array + 2 * resample(b, onto, fill=0).array
    np.testing.assert_allclose(total, parts, atol=1e-4)
