import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter, minimum_filter
from skimage.measure import block_reduce
from skimage.metrics import structural_similarity

from ctpet.evaluate.agreement import RANGE_SUV
from ctpet.evaluate.ssim import mean_ms_ssim, mean_ssim, similarity, ssim_map

F32 = np.float32
WEIGHTS = np.array([0.0448, 0.2856, 0.3001]) / 0.6305
SHAPE = (37, 20, 45)
MULTISCALE_SHAPE = (47, 45, 50)
SMALL = arrays(F32, (6, 5, 7), elements=st.integers(0, 800).map(lambda n: n / 10))


def ssim(predicted, measured, mask=None):
    return mean_ssim(similarity(predicted, measured), mask)


def ms_ssim(predicted, measured, mask=None):
    return mean_ms_ssim(similarity(predicted, measured), mask)


def hard_pets(shape=SHAPE):
    """A flat hot bladder beside air, a little and differently textured, and noise around."""
    random = np.random.default_rng(5)
    measured, predicted = random.gamma(1.0, 1.0, (2, *shape))
    measured[:, :8] = predicted[:, :8] = 0
    hot = np.s_[8:30, 2:18, 10:36]
    measured[hot] = 80 + random.normal(0, 0.1, measured[hot].shape)
    predicted[hot] = measured[hot] - 3 + random.normal(0, 0.1, measured[hot].shape)
    return predicted.astype(F32), measured.astype(F32)


def soft_pets(shape=MULTISCALE_SHAPE):
    random = np.random.default_rng(6)
    measured = gaussian_filter(random.gamma(1.0, 4.0, shape), 1.0)
    predicted = gaussian_filter(measured, 0.8) + random.normal(0, 0.3, shape)
    return predicted.astype(F32), measured.astype(F32)


def with_skimage(predicted, measured):
    return structural_similarity(
        predicted.astype(np.float64),
        measured.astype(np.float64),
        data_range=RANGE_SUV,
        gaussian_weights=True,
        use_sample_covariance=False,
        full=True,
    )


def with_scipy(predicted, measured):
    """The maps of SSIM and of its contrast-structure term, as the paper writes them."""

    def smooth(field):
        return gaussian_filter(field, 1.5, truncate=3.5, mode="reflect")

    p, m = predicted.astype(np.float64), measured.astype(np.float64)
    mean_p, mean_m, c1, c2 = smooth(p), smooth(m), 0.01, 0.09
    covariance = smooth(p * m) - mean_p * mean_m
    variances = smooth(p * p) - mean_p**2 + smooth(m * m) - mean_m**2
    structure = (2 * covariance + c2) / (variances + c2)
    return (2 * mean_p * mean_m + c1) / (mean_p**2 + mean_m**2 + c1) * structure, structure


def three_scales(predicted, measured, taken):
    """Multi-scale SSIM in float64 from the part of each scale that is taken."""
    result = 1.0
    for scale, part in enumerate(taken):
        whole = tuple(slice(n // 2**scale * 2**scale) for n in predicted.shape)
        pooled = (
            block_reduce(pet[whole].astype(np.float64), (2**scale,) * 3, np.mean)
            for pet in (predicted, measured)
        )
        similarity, structure = with_scipy(*pooled)
        term = (similarity if scale == 2 else structure)[part].mean()
        result *= term ** WEIGHTS[scale]
    return result


def test_the_map_is_scikit_images_on_a_hot_bladder_beside_air():
    predicted, measured = hard_pets()
    mean, whole = with_skimage(predicted, measured)
    found = ssim_map(predicted, measured)
    assert found.dtype == F32
    np.testing.assert_allclose(found, whole, rtol=0, atol=2e-7)
    assert ssim(predicted, measured) == pytest.approx(mean, abs=1e-8)
    assert whole.min() < 0 < 0.99 > mean, "a case that is too easy shows nothing"


def test_a_mask_takes_its_voxels_up_to_the_border():
    predicted, measured = hard_pets()
    mask = np.zeros(SHAPE, bool)
    mask[:5, 3:9, 20:] = True
    expected = with_skimage(predicted, measured)[1][mask].mean()
    assert ssim(predicted, measured, mask) == pytest.approx(expected, abs=1e-7)
    assert np.array_equal(similarity(predicted, measured).ssim, ssim_map(predicted, measured))


@pytest.mark.parametrize("shape", [(3, 4, 17), (1, 1, 2)])
def test_a_field_smaller_than_a_window_is_mirrored_as_often_as_needed(shape):
    predicted, measured = np.random.default_rng(7).gamma(1.0, 3.0, (2, *shape)).astype(F32)
    expected = with_scipy(predicted, measured)[0]
    np.testing.assert_allclose(ssim_map(predicted, measured), expected, rtol=0, atol=1e-6)


def test_a_field_counts_where_a_whole_window_fits():
    predicted, measured = hard_pets((11, 11, 11))
    middle = ssim_map(predicted, measured)[5, 5, 5]
    assert ssim(predicted, measured) == pytest.approx(float(middle))
    assert math.isnan(ssim(predicted[:10], measured[:10]))


def test_no_voxel_has_no_similarity():
    predicted, measured = soft_pets()
    nowhere = np.zeros(MULTISCALE_SHAPE, bool)
    assert math.isnan(ssim(predicted, measured, nowhere))
    assert math.isnan(ms_ssim(predicted, measured, nowhere))


@pytest.mark.parametrize("compare", [ssim, ms_ssim])
@pytest.mark.parametrize("odd", [0, 1, 2])
def test_arrays_of_several_shapes_are_refused(compare, odd):
    given_arrays = [np.zeros((4, 5, 6), F32), np.zeros((4, 5, 6), F32), np.ones((4, 5, 6), bool)]
    given_arrays[odd] = given_arrays[odd][:1]
    with pytest.raises(ValueError, match="shapes differ"):
        compare(*given_arrays)


@settings(max_examples=25)
@given(SMALL, SMALL)
def test_laws_of_the_map(predicted, measured):
    found = ssim_map(predicted, measured)
    np.testing.assert_allclose(ssim_map(measured, predicted), found, atol=1e-6)
    np.testing.assert_allclose(ssim_map(predicted.T, measured.T).T, found, atol=1e-6)
    np.testing.assert_allclose(ssim_map(predicted[::-1], measured[::-1])[::-1], found, atol=1e-6)
    np.testing.assert_allclose(ssim_map(predicted, predicted), 1, atol=1e-6)
    assert np.abs(found).max() <= 1 + 1e-6


def test_three_scales_are_monais():
    """MONAI's own error, of the squares of float32, is 4e-5 here; the next test's is none."""
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("monai.metrics")
    predicted, measured = soft_pets()
    metric = metrics.MultiScaleSSIMMetric(3, data_range=RANGE_SUV, weights=WEIGHTS.tolist())
    expected = metric(*(torch.from_numpy(pet)[None, None] for pet in (predicted, measured)))
    assert ms_ssim(predicted, measured) == pytest.approx(float(expected), abs=1e-4)
    assert expected < 0.95, "a case that is too easy shows nothing"


def test_three_scales_are_those_of_the_paper_where_windows_fit():
    predicted, measured = soft_pets()
    expected = three_scales(predicted, measured, [np.s_[5:-5, 5:-5, 5:-5]] * 3)
    assert ms_ssim(predicted, measured) == pytest.approx(expected, abs=1e-7)


def test_a_mask_takes_coarser_voxels_of_which_half_lies_in_it():
    """Its first 21 planes are 10 1/2 of the middle scale and 5 1/4 of the coarsest."""
    predicted, measured = soft_pets()
    mask = np.zeros(predicted.shape, bool)
    mask[:21] = True
    expected = three_scales(predicted, measured, np.s_[:21, :11, :5])
    assert ms_ssim(predicted, measured, mask) == pytest.approx(expected, abs=1e-7)


def test_three_scales_need_44_voxels():
    predicted, measured = soft_pets((44, 44, 45))
    assert 0 < ms_ssim(predicted, measured) < 1
    for short in np.s_[:43, :, :], np.s_[:, :43, :], np.s_[:, :, :43]:
        for mask in (None, np.ones(measured.shape, bool)[short]):
            assert math.isnan(ms_ssim(predicted[short], measured[short], mask))


def test_equal_pets_are_alike_on_every_scale():
    _, measured = soft_pets()
    assert ms_ssim(measured, measured) == pytest.approx(1, abs=1e-6)


def test_opposite_structure_is_no_similarity_rather_than_a_complex_number():
    _, measured = soft_pets()
    assert ms_ssim(F32(8) - measured, measured) == 0


COVERED = np.s_[1:, :44, 3:-1]


def covered(predicted, part=COVERED):
    """A prediction that is 0 and not known beyond a part."""
    known = np.zeros(predicted.shape, bool)
    known[part] = True
    return np.where(known, predicted, F32(0)), known


@pytest.mark.parametrize("mask", [None, "body"])
def test_a_part_is_scored_as_if_the_rest_had_been_cropped(mask):
    """By scikit-image's mean and map of the part alone; and by ours of the cropped PETs."""
    predicted, measured = soft_pets()
    part, known = covered(predicted)
    body = None if mask is None else measured > np.median(measured)
    found = similarity(part, measured, known)
    mean, whole = with_skimage(predicted[COVERED], measured[COVERED])
    expected = mean if body is None else whole[body[COVERED]].mean()
    assert mean_ssim(found, body) == pytest.approx(expected, abs=1e-7)
    alone = similarity(predicted[COVERED], measured[COVERED])
    inside = None if body is None else body[COVERED]
    assert mean_ms_ssim(found, body) == mean_ms_ssim(alone, inside)
    assert mean_ssim(found, body) == mean_ssim(alone, inside)
    assert ssim(part, measured, body) < expected - 0.01, "0 beyond the part would cost this much"


def slanted(shape):
    """Two thirds of a field, cut off by an oblique plane, whose box is the field."""
    k, j, i = np.meshgrid(*(np.linspace(0, 1, n) for n in shape), indexing="ij")
    return k + 0.7 * j + 0.4 * i < 1.2


def test_a_perfect_part_is_1_whatever_its_shape():
    _, measured = soft_pets()
    box, known = covered(measured, np.s_[:, :36, :40])
    assert known.mean() == pytest.approx(0.64)
    slant = slanted(measured.shape)
    assert 0.6 < slant.mean() < 0.75
    for part, where in ((box, known), (np.where(slant, measured, F32(0)), slant)):
        found = similarity(part, measured, where)
        for mask in (None, measured > 4, where):
            assert mean_ssim(found, mask) == 1
        if min(np.ptp(np.argwhere(where), axis=0)) >= 43:
            assert mean_ms_ssim(found, measured > 4) == 1


def test_an_oblique_part_is_that_of_scikit_image_where_the_whole_window_is_known():
    predicted, measured = soft_pets()
    known = slanted(measured.shape)
    whole = minimum_filter(known, 11, mode="constant", cval=False)
    expected = with_skimage(predicted, measured)[1][whole].mean()
    found = similarity(np.where(known, predicted, F32(0)), measured, known)
    assert mean_ssim(found) == pytest.approx(expected, abs=1e-7)
    assert not np.isnan(found.ssim[known]).any()
    assert np.isnan(found.ssim[~known]).all()


def test_a_window_at_the_edge_of_an_oblique_part_is_its_known_voxels_alone():
    """Gaussian moments over the known voxels, as the paper's formula has them."""
    predicted, measured = soft_pets()
    known = slanted(measured.shape)
    found = similarity(np.where(known, predicted, F32(0)), measured, known)
    edge = (known & ~minimum_filter(known, 3))[5:-5, 5:-5, 5:-5]
    at = tuple(np.argwhere(edge)[200] + 5)
    offsets = np.argwhere(known) - at
    near = (np.abs(offsets) <= 5).all(axis=1)
    assert near.sum() < 11**3
    weights = np.exp(-(offsets[near] ** 2).sum(axis=1) / (2 * 1.5**2))
    p, m = (pet[known][near].astype(np.float64) for pet in (predicted, measured))
    mean_p, mean_m = np.average(p, weights=weights), np.average(m, weights=weights)
    covariance = np.cov(p, m, aweights=weights, ddof=0)
    structure = (2 * covariance[0, 1] + 0.09) / (covariance[0, 0] + covariance[1, 1] + 0.09)
    luminance = (2 * mean_p * mean_m + 0.01) / (mean_p**2 + mean_m**2 + 0.01)
    assert found.ssim[at] == pytest.approx(luminance * structure, abs=1e-6)


def test_nothing_known_has_no_similarity():
    _, measured = soft_pets((20, 20, 20))
    nowhere = np.zeros(measured.shape, bool)
    found = similarity(measured, measured, nowhere)
    for mask in (None, ~nowhere):
        assert math.isnan(mean_ssim(found, mask))
        assert math.isnan(mean_ms_ssim(found, mask))
