import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ctpet.evaluate.statistics import (
    LEAST_PATIENTS,
    bland_altman,
    by_patient,
    holm,
    interval,
    minimum_detectable_difference,
    paired_p,
)

NAN = math.nan


def standard_normal(n: int) -> np.ndarray:
    """n values with mean 0 and SD 1, both to the last digits."""
    values = stats.norm.ppf((np.arange(n) + 0.5) / n)
    return values / values.std(ddof=1)


def test_a_patient_counts_once_in_the_order_of_first_appearance():
    found = by_patient([1.0, 5.0, 3.0, 8.0], ["z", "a", "z", "z"])
    assert found == pytest.approx([4.0, 5.0])


def test_cases_without_a_value_are_left_out_and_a_patient_without_any_stays_nan():
    found = by_patient([NAN, 2.0, NAN, 4.0, NAN], ["a", "a", "b", "a", "b"])
    np.testing.assert_array_equal(found, [3.0, NAN])
    assert by_patient([], []).shape == (0,)


@pytest.mark.parametrize(
    ("values", "patients", "complaint"),
    [
        ([1.0, 2.0], ["a"], "2 values of 1 patients"),
        ([math.inf, -math.inf], ["a", "a"], "infinite"),
        ([[1.0], [2.0]], ["a", "b"], "shape"),
    ],
)
def test_values_that_no_patient_can_have_are_refused(values, patients, complaint):
    with pytest.raises(ValueError, match=complaint):
        by_patient(values, patients)


@pytest.mark.parametrize(
    "function", [interval, paired_p, minimum_detectable_difference, bland_altman]
)
def test_an_infinite_value_is_refused_rather_than_left_out(function):
    with pytest.raises(ValueError, match="infinite"):
        function([1.0, 2.0, 3.0, 4.0, 5.0, math.inf])


def efron_1987(values: np.ndarray, resamples: int) -> tuple[float, float]:
    """BCa ends of the mean as section 3 of the paper has them; a from the skewness."""
    draws = np.random.default_rng(7).choice(values, (resamples, values.size)).mean(axis=1)
    deviations = values - values.mean()
    a = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    z0 = stats.norm.ppf((draws < values.mean()).mean())
    z = z0 + stats.norm.ppf([0.025, 0.975])
    low, high = np.quantile(draws, stats.norm.cdf(z0 + z / (1 - a * z)))
    return low, high


def test_the_interval_is_efrons_and_reaches_further_on_the_side_of_the_tail():
    skewed = np.random.default_rng(3).exponential(size=25)
    found = interval(skewed)
    low, high = efron_1987(skewed, 100_000)
    assert found.mean == pytest.approx(skewed.mean())
    assert found.low == pytest.approx(low, abs=0.012)
    assert found.high == pytest.approx(high, abs=0.03)
    draws = np.random.default_rng(7).choice(skewed, (20_000, 25)).mean(axis=1)
    assert abs(np.quantile(draws, 0.975) - high) > 0.04, "else percentiles would pass"


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    found = [interval(rng.normal(3.0, 2.0, 20)) for _ in range(200)]
    assert 0.88 <= np.mean([one.low <= 3.0 <= one.high for one in found]) <= 0.985


def test_the_same_values_give_the_same_interval_and_p():
    values = np.random.default_rng(5).normal(0.3, 1, 30)
    assert interval(values) == interval(values)
    assert paired_p(values) == paired_p(values)


def test_an_interval_needs_five_patients_with_a_value():
    four = interval([1.0, 2.0, NAN, 3.0, 4.0])
    assert four.mean == 2.5
    assert math.isnan(four.low)
    assert math.isnan(four.high)
    five = interval([1.0, 2.0, NAN, 3.0, 4.0, 5.0])
    assert 1 < five.low < five.mean == 3 < five.high < 5
    assert all(math.isnan(end) for end in (interval([NAN]).mean, interval([]).mean))


@pytest.mark.parametrize("n", [5, 50, 200])
@pytest.mark.parametrize("value", [0.0, 0.1, -1234.567])
def test_patients_who_are_all_alike_give_an_interval_of_no_width(n, value):
    found = interval(np.full(n, value))
    assert found.low == found.high == found.mean == pytest.approx(value)


def test_values_that_differ_by_rounding_alone_have_percentiles_instead():
    found = interval([1.0] * 5 + [1 + 2.3e-16])
    assert found.low == pytest.approx(1, abs=1e-15)
    assert found.high == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("differences", "as_extreme"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0], 1),  # this arrangement alone
        ([-1.0, 2.0, 4.0, 8.0, 16.0], 2),  # this and all positive
        ([-6.0, 4.0, 5.0, 8.0, 16.0], 4),  # none, 4, 5 or 6 negative; by ranks it would be 5
    ],
)
def test_p_of_five_patients_counted_by_hand(differences, as_extreme):
    assert paired_p(differences) == pytest.approx(2 * as_extreme / 32)
    assert paired_p(np.negative(differences)) == pytest.approx(2 * as_extreme / 32)
    assert paired_p([*differences, NAN]) == pytest.approx(2 * as_extreme / 32)


def test_p_is_exact_for_thirteen_patients():
    differences = np.random.default_rng(2).normal(0.5, 1, 13).round(3)
    signs = np.array(list(itertools.product([-1, 1], repeat=13)))
    extreme = np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9
    assert paired_p(differences) == pytest.approx(extreme.mean(), rel=1e-12)


def test_p_of_many_patients_is_near_students_and_never_zero():
    differences = standard_normal(40) + 0.3
    student = stats.ttest_1samp(differences, 0).pvalue
    assert 0.03 < student < 0.1
    assert paired_p(differences) == pytest.approx(student, abs=0.01)
    assert paired_p(np.ones(40)) == pytest.approx(2 / 10_000)


def test_no_difference_at_all_is_no_evidence():
    assert paired_p(np.zeros(6)) == 1
    assert paired_p(np.zeros(40)) == 1


def test_p_needs_five_patients():
    assert LEAST_PATIENTS == 5
    assert math.isnan(paired_p([1.0, 2.0, 3.0, 4.0, NAN]))
    assert math.isnan(paired_p([]))


def test_holm_by_hand():
    p_values = np.array([0.01, 0.04, 0.03, 0.005])
    assert holm(p_values) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert p_values.tolist() == [0.01, 0.04, 0.03, 0.005], "the input is left as it was"


def test_holm_as_rs_multtest_has_it():
    # mt.rawp2adjp of R's multtest, as quoted in statsmodels/stats/tests/test_multi.py
    raw = [
        *(0.838541367553, 0.642193923795, 0.680845947633, 0.967833824309, 0.71626938238),
        *(0.177096952723, 5.23656777208e-05, 0.0202732688798, 0.00028140506198),
        0.0149877310796,
    ]
    adjusted = [
        *(1, 1, 1, 1, 1, 1, 5.23656777208e-04, 0.1419128821586, 2.53264555782e-03),
        0.1199018486368,
    ]
    assert holm(raw) == pytest.approx(adjusted, rel=1e-10)


def test_a_test_not_made_is_not_counted():
    np.testing.assert_allclose(holm([NAN, 0.01, NAN, 0.02]), [NAN, 0.02, NAN, 0.02])
    assert np.isnan(holm([NAN, NAN])).all()
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("p", [-0.01, 1.01])
def test_what_is_not_a_probability_is_refused(p):
    with pytest.raises(ValueError, match="outside 0 to 1"):
        holm([0.5, p])


def test_the_detectable_difference_is_that_of_r():
    # pwr.t.test(d=1, n=30, sig.level=0.05, type="one.sample"), as quoted in
    # statsmodels/stats/tests/test_power.py; the normal approximation gives 0.96
    found = minimum_detectable_difference(standard_normal(30), power=0.9995636009612725)
    assert found == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(("n", "power", "alpha"), [(3, 0.8, 0.05), (8, 0.8, 0.05), (20, 0.9, 0.01)])
def test_a_t_test_finds_the_detectable_difference_as_often_as_promised(n, power, alpha):
    difference = minimum_detectable_difference(4 * standard_normal(n), power, alpha)
    studies = np.random.default_rng(1).normal(difference, 4, (40_000, n))
    found = stats.ttest_1samp(studies, 0, axis=1).pvalue < alpha
    assert found.mean() == pytest.approx(power, abs=0.008)


def test_the_detectable_difference_knows_spread_and_number_but_not_the_mean():
    values = standard_normal(12)
    found = minimum_detectable_difference(values)
    assert minimum_detectable_difference([*(values + 7), NAN]) == pytest.approx(found)
    assert minimum_detectable_difference(np.full(12, 0.25)) == 0
    assert math.isnan(minimum_detectable_difference([1.0, 2.0, NAN]))


@pytest.mark.parametrize(("power", "alpha"), [(1.0, 0.05), (0.8, 0.0), (0.04, 0.05)])
def test_a_power_that_no_test_has_is_refused(power, alpha):
    with pytest.raises(ValueError, match="no test finds"):
        minimum_detectable_difference([1.0, 2.0, 4.0], power, alpha)


# Peak expiratory flow, l/min, first measurement of each: Bland and Altman, Lancet 1986;327:307
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_the_example_of_bland_and_altman():
    found = bland_altman(np.subtract(WRIGHT, MINI))
    assert found.bias.mean == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert found.bias.low == pytest.approx(-22.0, abs=0.1)
    assert found.bias.high == pytest.approx(17.8, abs=0.1)
    two_sd = 2 / 1.96  # the paper prints bias ± 2 SD, from rounded numbers
    assert found.bias.mean + two_sd * (found.low_limit - found.bias.mean) == pytest.approx(
        -79.7, abs=0.1
    )
    assert found.bias.mean + two_sd * (found.high_limit - found.bias.mean) == pytest.approx(
        75.5, abs=0.1
    )
    assert found.low_limit == pytest.approx(-78.1, abs=0.05)
    assert found.high_limit == pytest.approx(73.9, abs=0.05)


def test_with_many_patients_the_intervals_of_the_limits_are_bland_and_altmans():
    n = 20_000
    found = bland_altman(standard_normal(n))
    half_width = 1.96 * (1 / n + 1.96**2 / (2 * (n - 1))) ** 0.5  # Stat Methods Med Res 1999
    assert found.high_limit_interval == pytest.approx((1.96 - half_width, 1.96 + half_width), 1e-3)
    assert found.low_limit_interval == pytest.approx((-1.96 - half_width, -1.96 + half_width), 1e-3)


def test_with_few_patients_each_end_of_a_limits_interval_misses_one_time_in_forty():
    rng = np.random.default_rng(4)
    found = [bland_altman(rng.normal(10.0, 3.0, 6)) for _ in range(3000)]
    low, high = 10 - 1.96 * 3, 10 + 1.96 * 3
    misses = [
        np.mean([one.low_limit_interval[0] > low for one in found]),
        np.mean([one.low_limit_interval[1] < low for one in found]),
        np.mean([one.high_limit_interval[0] > high for one in found]),
        np.mean([one.high_limit_interval[1] < high for one in found]),
    ]
    assert misses == pytest.approx([0.025] * 4, abs=0.009)


def test_agreement_needs_five_patients():
    found = bland_altman([1.0, 2.0, 3.0, 6.0, NAN])
    assert found.bias.mean == 3
    rest = (found.bias.low, found.bias.high, found.sd, found.low_limit, found.high_limit)
    assert np.isnan([*rest, *found.low_limit_interval, *found.high_limit_interval]).all()
    assert math.isnan(bland_altman([]).bias.mean)
    assert bland_altman([1.0, 2.0, 3.0, 6.0, 3.0, NAN]) == bland_altman([1.0, 2.0, 3.0, 6.0, 3.0])


def test_differences_all_alike_leave_no_room_between_the_limits():
    found = bland_altman(np.full(6, 2.0))
    assert (found.low_limit, found.bias.low, found.bias.high, found.high_limit) == (2, 2, 2, 2)
    assert found.low_limit_interval == found.high_limit_interval == (2, 2)
