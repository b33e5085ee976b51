"""Ratios and trends, against scipy's own tests and numbers worked by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from ctpet.evaluate.ratios import ratio_agreement, trend
from ctpet.evaluate.statistics import bland_altman

SIZES = np.array([3.0, 8.0, 20.0, 55.0, 140.0, 400.0, 900.0, 12.0])


def test_a_constant_factor_is_a_ratio_without_spread():
    found = ratio_agreement(SIZES, 0.5 * SIZES)
    assert found.ratio.mean == pytest.approx(0.5)
    assert (found.low_limit, found.high_limit) == pytest.approx((0.5, 0.5))
    assert (found.ratio.patients, found.without) == (8, 0)


def test_limits_are_those_of_the_logarithms_and_never_below_0():
    """In mL they would be; ± 1.96 SD of log₂ 2, 1, −1, −2 … by hand."""
    factors = np.array([4, 2, 0.5, 0.25, 4, 2, 0.5, 0.25])
    found = ratio_agreement(SIZES, factors * SIZES)
    sd = np.std(np.log(factors), ddof=1)
    assert found.ratio.mean == pytest.approx(1)
    assert found.high_limit == pytest.approx(math.exp(1.96 * sd))
    assert found.low_limit == pytest.approx(math.exp(-1.96 * sd))
    half = stats.t.ppf(0.975, 7) * sd / math.sqrt(8)
    assert found.ratio.high == pytest.approx(math.exp(half))
    assert bland_altman(factors * SIZES - SIZES).low_limit < -400


def test_who_has_none_on_one_pet_is_counted_and_in_no_ratio():
    found = ratio_agreement([*SIZES, 30.0, 0.0, np.nan], [*SIZES, 0.0, 5.0, 3.0])
    assert (found.ratio.patients, found.without) == (8, 2)
    assert found.ratio.mean == pytest.approx(1)


def test_few_patients_have_no_limits():
    found = ratio_agreement([1, 2, 4], [2, 4, 8])
    assert found.ratio.mean == pytest.approx(2)
    assert math.isnan(found.low_limit)
    assert math.isnan(trend([1, 2, 4], [2, 4, 8]).p)


def test_a_bias_in_proportion_is_found():
    noise = np.random.default_rng(0).normal(0, 0.5, 8)
    found = trend(SIZES, 0.7 * SIZES + noise)
    mean, difference = 0.85 * SIZES + noise / 2, noise - 0.3 * SIZES
    assert found.slope == pytest.approx(stats.theilslopes(difference, mean).slope)
    assert found.slope == pytest.approx(-0.3 / 0.85, abs=0.01)
    assert found.p == pytest.approx(stats.kendalltau(mean, difference).pvalue)
    assert found.p < 0.01


def test_a_perfect_order_of_five_has_the_exact_p():
    """One order of 120 and its reverse are as extreme."""
    assert trend([1, 2, 3, 4, 5], [1.1, 2.3, 3.6, 5.0, 6.5]).p == pytest.approx(2 / 120)


def test_a_spread_that_grows_with_size_is_found():
    random = np.random.default_rng(3)
    sizes = np.geomspace(1, 1000, 30)
    grows = trend(sizes, sizes * np.exp(random.normal(0, 0.3, 30)))
    assert grows.spread_p < 1e-4
    assert trend(sizes, sizes + random.normal(0, 3, 30)).spread_p > 0.05


def test_no_trend_is_claimed_too_often():
    """Of 400 sets without one, about 5 % have p < 0.05."""
    random = np.random.default_rng(1)
    found = [
        trend(real := random.gamma(2, 2, 12), real + random.normal(0, 1e-3, 12)).p
        for _ in range(400)
    ]
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.08


def test_equal_figures_have_no_trend():
    found = trend(SIZES, SIZES)
    assert (found.slope, found.p, found.spread_p) == (0, 1, 1)
    assert math.isnan(trend([1.0] * 6, [1.0] * 6).p)
