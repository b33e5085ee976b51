import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio

from ctpet.evaluate.agreement import CHUNK, RANGE_SUV, agreement

F32 = np.float32
SHAPE = (3, 4, 5)
PETS = arrays(F32, SHAPE, elements=st.integers(0, 200).map(lambda n: n / 8))


def pets(size=2 * CHUNK + 5):
    random = np.random.default_rng(3)
    measured = random.gamma(1.2, 1.5, size).astype(F32)
    return (0.8 * measured + random.normal(0.4, 0.5, size)).astype(F32), measured


def test_a_case_worked_by_hand():
    """Means are 9/4 and 2, variances 75/16 and 5/2, the covariance is 5/2."""
    predicted = np.array([1.0, 1.0, 1.0, 6.0, 7.0], F32)
    measured = np.array([0.0, 1.0, 3.0, 4.0, 99.0], F32)
    found = agreement(predicted, measured, np.array([1, 1, 1, 1, 0], bool))
    assert found.voxels == 4
    assert found.mae == pytest.approx(5 / 4)
    assert found.rmse == pytest.approx(3 / 2)
    assert found.bias == pytest.approx(1 / 4)
    assert found.nmae == pytest.approx(5 / 8)
    assert found.psnr_db == pytest.approx(10 * math.log10(100 / (9 / 4)))
    assert found.pearson == pytest.approx(5 / 2 / math.sqrt(75 / 16 * 5 / 2))
    assert found.concordance == pytest.approx(2 * 5 / 2 / (75 / 16 + 5 / 2 + 1 / 16))


def test_references_agree_over_more_than_one_chunk():
    predicted, measured = pets()
    found = agreement(predicted, measured)
    p, m = predicted.astype(np.float64), measured.astype(np.float64)
    assert found.voxels == p.size
    assert found.mae == pytest.approx(np.abs(p - m).mean(), rel=1e-10)
    assert found.bias == pytest.approx((p - m).mean(), rel=1e-10)
    assert found.nmae == pytest.approx(np.abs(p - m).sum() / m.sum(), rel=1e-10)
    assert found.rmse == pytest.approx(math.sqrt(mean_squared_error(p, m)), rel=1e-10)
    psnr = peak_signal_noise_ratio(m, p, data_range=RANGE_SUV)
    assert found.psnr_db == pytest.approx(psnr, rel=1e-10)
    assert found.pearson == pytest.approx(np.corrcoef(p, m)[0, 1], rel=1e-10)
    (s_p, s_pm), (_, s_m) = np.cov(p, m, bias=True)
    concordance = 2 * s_pm / (s_p + s_m + (p.mean() - m.mean()) ** 2)
    assert found.concordance == pytest.approx(concordance, rel=1e-10)


def test_a_mask_compares_as_if_the_rest_were_not_there():
    predicted, measured = (pet[:60].reshape(SHAPE) for pet in pets())
    mask = np.random.default_rng(0).random(SHAPE) > 0.5
    assert agreement(predicted, measured, mask) == agreement(predicted[mask], measured[mask])
    everywhere = np.ones(SHAPE, bool)
    assert agreement(predicted, measured) == agreement(predicted, measured, everywhere)


def test_a_small_spread_about_a_large_mean_keeps_its_correlation():
    steps = np.random.default_rng(4).integers(0, 8, (2, 5000)) * F32(2**-13)
    predicted, measured = (F32(1000) + steps).astype(F32)
    found = agreement(predicted, measured)
    assert found.pearson == pytest.approx(np.corrcoef(*steps.astype(np.float64))[0, 1], rel=1e-7)


def test_uptake_below_zero_counts_by_its_size():
    found = agreement(np.array([0, 0], F32), np.array([-1, 2], F32))
    assert found.nmae == pytest.approx(1)


def test_nothing_to_compare_has_no_figures():
    found = asdict(agreement(np.zeros(3, F32), np.ones(3, F32), np.zeros(3, bool)))
    assert found.pop("voxels") == 0
    assert len(found) == 7
    assert all(math.isnan(value) for value in found.values())


def test_equal_pets_agree_wholly():
    _, measured = pets(500)
    found = agreement(measured, measured)
    assert (found.mae, found.rmse, found.bias, found.nmae) == (0, 0, 0, 0)
    assert found.psnr_db == math.inf
    assert found.pearson == pytest.approx(1, abs=1e-12)
    assert found.concordance == pytest.approx(1, abs=1e-12)


def test_a_constant_correlates_with_nothing():
    varied, flat, other = pets(500)[0], np.full(500, 0.1, F32), np.full(500, 0.7, F32)
    for predicted, measured in ((varied, flat), (flat, varied), (flat, other)):
        found = agreement(predicted, measured)
        assert math.isnan(found.pearson)
        assert found.concordance == 0
    same = agreement(flat, flat)
    assert math.isnan(same.pearson)
    assert math.isnan(same.concordance)


def test_no_measured_uptake_has_no_relative_error():
    found = agreement(np.ones(4, F32), np.zeros(4, F32))
    assert math.isnan(found.nmae)
    assert found.mae == 1


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_arrays_of_several_shapes_are_refused(odd):
    given_arrays = [np.zeros((2, 3, 4), F32), np.zeros((2, 3, 4), F32), np.ones((2, 3, 4), bool)]
    given_arrays[odd] = given_arrays[odd][:1]
    with pytest.raises(ValueError, match=r"shapes differ.*\(1, 3, 4\)"):
        agreement(*given_arrays)


@settings(max_examples=40)
@given(PETS, PETS)
def test_only_the_bias_tells_predicted_from_measured(predicted, measured):
    there, back = agreement(predicted, measured), agreement(measured, predicted)
    assert back.bias == -there.bias
    for name in ("mae", "rmse", "psnr_db", "pearson", "concordance"):
        assert getattr(back, name) == pytest.approx(getattr(there, name), nan_ok=True)


@settings(max_examples=40)
@given(PETS, PETS)
def test_concordance_is_no_better_than_correlation(predicted, measured):
    found = agreement(predicted, measured)
    if not math.isnan(found.pearson):
        assert abs(found.concordance) <= abs(found.pearson) + 1e-12
        assert abs(found.pearson) <= 1 + 1e-12


@settings(max_examples=40)
@given(PETS, PETS, st.integers(1, 5), st.integers(-8, 8))
def test_correlation_knows_neither_scale_nor_offset(predicted, measured, scale, offset):
    moved = (predicted * F32(scale) + F32(offset)).astype(F32)
    before, after = agreement(predicted, measured), agreement(moved, measured)
    assert after.pearson == pytest.approx(before.pearson, abs=1e-9, nan_ok=True)
