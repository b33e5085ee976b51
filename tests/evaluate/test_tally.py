"""Tallies give the errors of predictions by key, as voxels do."""

import numpy as np
import pytest

from ctpet.evaluate.baselines import TIERS, baseline_errors
from ctpet.evaluate.tally import (
    HU_EDGES,
    HU_KEYS,
    SUV_EDGES,
    errors,
    hu_keys,
    means,
    medians,
    tally,
)

WIDTH = 0.02


def drawn(seed=0, size=20000, keys=7):
    rng = np.random.default_rng(seed)
    key = rng.integers(keys, size=size)
    suv = rng.gamma(2.0, 0.5 + 0.2 * key).astype(np.float32)
    suv[:50] = -0.2
    suv[50:60] = 200.0
    return key, suv


def brute(suv, predicted, counted):
    error = (predicted - suv.astype(np.float64))[counted]
    return np.abs(error).mean(), np.sqrt(np.square(error).mean()), error.mean()


@pytest.mark.parametrize("tier", list(TIERS))
def test_errors_are_those_of_the_voxels(tier):
    key, suv = drawn()
    predicted = np.array([0.0, 0.31, 0.9, 2.5, 2.51, 3.333, 7.0])
    limits = TIERS[tier]
    counted = np.ones(suv.size, bool)
    if "above" in limits:
        counted = suv > limits["above"]
    if "predicted_above" in limits:
        counted = predicted[key] > limits["predicted_above"]
    mae, rmse, bias = brute(suv, predicted[key], counted)
    found = errors(tally(key, suv, 7), predicted, **limits)
    assert found.mae == pytest.approx(mae, abs=WIDTH / 10)
    assert found.mae <= mae + 1e-9
    assert found.rmse == pytest.approx(rmse, rel=1e-9)
    assert found.bias == pytest.approx(bias, rel=1e-9)


def test_a_voxel_exactly_at_a_limit_is_not_above_it():
    suv = np.array([0.5, 2.5, np.nextafter(np.float32(2.5), np.float32(3))], np.float32)
    own = tally(np.zeros(3, int), suv, 1)
    assert errors(own, np.zeros(1), above=2.5).bias == pytest.approx(-2.5, abs=1e-6)
    assert errors(own, np.zeros(1), above=0.5).bias == pytest.approx(-2.5, abs=1e-6)
    assert np.isnan(errors(own, np.array([2.5]), predicted_above=2.5).mae)


def test_medians_and_means_by_key():
    key, suv = drawn()
    pool = tally(key, suv, 9)
    for k in range(7):
        assert medians(pool)[k] == pytest.approx(np.median(suv[key == k]), abs=WIDTH)
        assert means(pool)[k] == pytest.approx(suv[key == k].mean(dtype=np.float64))
    assert np.isnan(medians(pool)[7:]).all()
    assert np.isnan(means(pool)[7:]).all()


def test_the_median_of_the_outer_bins_is_finite():
    low = tally(np.zeros(3, int), np.full(3, -1, np.float32), 1)
    high = tally(np.zeros(3, int), np.full(3, 500, np.float32), 1)
    assert medians(low)[0] == 0
    assert medians(high)[0] > SUV_EDGES[-1]


def test_pooling_and_leaving_out_are_inverse():
    (key, suv), (other, more) = drawn(0), drawn(1)
    one, two = tally(key, suv, 7), tally(other, more, 7)
    both = tally(np.concatenate([key, other]), np.concatenate([suv, more]), 7)
    assert np.array_equal((one + two).count, both.count)
    np.testing.assert_allclose((one + two).squares, both.squares, rtol=1e-12)
    assert np.array_equal((both - two).count, one.count)


def test_hu_bins_are_25_wide_and_open_at_both_ends():
    hu = np.array([-3000, -1000.1, -1000, -975.1, -975, 0, 24.9, 1475, 9000], np.float32)
    assert hu_keys(hu).tolist() == [0, 0, 1, 1, 2, 41, 41, HU_EDGES.size, HU_EDGES.size]
    assert hu_keys(hu).max() < HU_KEYS


def tallies(suv, hu):
    suv, keys = np.array(suv, np.float32), np.array(hu)
    return {"body": tally(np.zeros(suv.size, int), suv, 1), "hu": tally(keys, suv, 3)}


def test_baselines_are_fitted_on_the_others_alone():
    own = tallies([10, 10, 10, 10], [0, 0, 1, 2])
    others = tallies([1, 1, 1, 3, 3, 3, 3], [0, 0, 0, 1, 1, 1, 1])
    found = baseline_errors(own, others)
    assert found["nothing"]["body"].mae == pytest.approx(10)
    assert found["body mean"]["body"].mae == pytest.approx(10 - 15 / 7)
    assert found["body median"]["body"].mae == pytest.approx(7, abs=2 * WIDTH)
    # HU bins 0 and 1 have medians 1 and 3; bin 2 is unknown to the others and gets their median.
    assert found["HU bins"]["body"].mae == pytest.approx((9 + 9 + 7 + 7) / 4, abs=2 * WIDTH)
    assert found["HU bins"]["predicted > 2.5"].mae == pytest.approx(7, abs=2 * WIDTH)
    assert "organ mean" not in found


def test_organ_means_need_labels():
    own = tallies([2, 4], [0, 1]) | {"organ": tally(np.array([0, 1]), np.array([2, 4], "f4"), 2)}
    others = tallies([1, 3], [0, 1]) | {"organ": tally(np.array([0, 1]), np.array([1, 3], "f4"), 2)}
    assert baseline_errors(own, others)["organ mean"]["body"].mae == pytest.approx(1)


def test_without_other_patients_only_nothing_is_left():
    own = tallies([1, 2], [0, 1])
    none = {key: one - one for key, one in own.items()}
    assert list(baseline_errors(own, none)) == ["nothing"]
