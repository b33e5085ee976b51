import math

import numpy as np
import pytest
from scipy import stats

from ctpet.evaluate.statistics import (
    bland_altman,
    by_patient,
    interval,
    mean_ends,
    minimum_detectable_difference,
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


@pytest.mark.parametrize("function", [interval, minimum_detectable_difference, bland_altman])
def test_an_infinite_value_is_refused_rather_than_left_out(function):
    with pytest.raises(ValueError, match="infinite"):
        function([1.0, 2.0, 3.0, 4.0, 5.0, math.inf])


LAWS = {
    "normal": (lambda rng, size: rng.normal(3.0, 1.0, size), 3.0),
    "gamma, shape 4": (lambda rng, size: rng.gamma(4.0, 1.0, size), 4.0),
    "gamma, shape 2": (lambda rng, size: rng.gamma(2.0, 1.0, size), 2.0),
    "exponential": (lambda rng, size: rng.exponential(1.0, size), 1.0),
    "lognormal, 0.5": (lambda rng, size: rng.lognormal(0.0, 0.5, size), math.exp(0.125)),
    "lognormal, 0.75": (lambda rng, size: rng.lognormal(0.0, 0.75, size), math.exp(0.75**2 / 2)),
    "lognormal, 1": (lambda rng, size: rng.lognormal(0.0, 1.0, size), math.exp(0.5)),
    "mirrored gamma": (lambda rng, size: -rng.gamma(2.0, 1.0, size), -2.0),
}
HELD = ("normal", "gamma, shape 4", "gamma, shape 2", "exponential", "lognormal, 0.5")


def coverage(law: str, n: int, *, studies: int) -> float:
    """How often the interval of n patients holds the true mean."""
    draw, truth = LAWS[law]
    low, high = mean_ends(draw(np.random.default_rng(8), (studies, n)))
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.parametrize("n", [5, 8, 16, 35])
@pytest.mark.parametrize("law", [*HELD, "mirrored gamma"])
def test_intervals_cover_95_of_100_means_also_of_few_and_skewed_values(law, n):
    # 40,000 studies tell the coverage to ± 0.2 %
    assert 0.94 <= coverage(law, n, studies=40_000) <= 0.96


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 6, 7, 10, 12, 20, 25, 50, 100])
@pytest.mark.parametrize("law", HELD)
def test_the_same_in_a_large_simulation(law, n):
    assert 0.94 <= coverage(law, n, studies=150_000) <= 0.96


@pytest.mark.parametrize(
    ("law", "n", "told"),
    [
        *(("lognormal, 0.75", 5, 0.93), ("lognormal, 0.75", 10, 0.94)),
        *(("lognormal, 1", 5, 0.91), ("lognormal, 1", 16, 0.93), ("lognormal, 1", 35, 0.94)),
    ],
)
def test_where_tails_are_heavy_the_coverage_is_as_the_documents_tell(law, n, told):
    assert coverage(law, n, studies=40_000) == pytest.approx(told, abs=0.006)


def test_the_interval_reaches_further_on_the_side_of_the_tail_and_mirrors():
    skewed = np.random.default_rng(3).exponential(size=25)
    found, mirrored = interval(skewed), interval(-skewed)
    assert found.mean == pytest.approx(skewed.mean())
    assert found.high - found.mean > 1.2 * (found.mean - found.low)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_ends_of_a_table_are_those_of_its_rows_and_scale_with_the_unit():
    table = np.random.default_rng(9).lognormal(size=(4, 7))
    low, high = mean_ends(table)
    for row, ends in zip(table, zip(low, high, strict=True), strict=True):
        found = interval(row)
        assert (found.low, found.high) == pytest.approx(ends)
        scaled = interval(100 * row + 3)
        assert (scaled.low, scaled.high) == pytest.approx([100 * end + 3 for end in ends])


def test_halls_interval_by_hand():
    # 1, 2, 3, 4, 10: mean 4, SD √12.5, skewness 36/10^1.5 = 1.1384, times 20/9 is k = 2.5298
    t_hall, t_student = (stats.t.ppf((1 + p) / 2, 4) / 5**0.5 for p in (0.96, 0.91))
    k, sd = 36 / 10**1.5 * 20 / 9, 12.5**0.5
    lower, upper = (3 / k * (np.cbrt(1 + k * (t - k / 30)) - 1) for t in (t_hall, -t_hall))
    found = interval([1.0, 2.0, 3.0, 4.0, 10.0])
    assert found.low == pytest.approx(4 - sd * max(lower, t_student))
    assert found.high == pytest.approx(4 - sd * min(upper, -t_student))


def test_with_many_patients_the_interval_is_students():
    values = standard_normal(2000)
    found = interval(values)
    half_width = stats.t.ppf(0.975, 1999) / 2000**0.5
    assert (found.low, found.high) == pytest.approx((-half_width, half_width), rel=2e-3)


def test_an_interval_needs_five_patients_with_a_value():
    four = interval([1.0, 2.0, NAN, 3.0, 4.0])
    assert four.mean == 2.5
    assert math.isnan(four.low)
    assert math.isnan(four.high)
    five = interval([1.0, 2.0, NAN, 3.0, 4.0, 5.0])
    assert 0.8 < five.low < five.mean == 3 < five.high < 5.2
    assert (four.patients, five.patients, interval([NAN]).patients) == (4, 5, 0)
    assert all(math.isnan(end) for end in (interval([NAN]).mean, interval([]).mean))


@pytest.mark.parametrize("n", [5, 50, 200])
@pytest.mark.parametrize("value", [0.0, 0.1, -1234.567])
def test_patients_who_are_all_alike_give_an_interval_of_no_width(n, value):
    found = interval(np.full(n, value))
    assert found.low == found.high == found.mean == pytest.approx(value)


def test_values_that_differ_by_rounding_alone_have_an_interval_of_rounding():
    found = interval([1.0] * 5 + [1 + 2.3e-16])
    assert found.low == pytest.approx(1, abs=1e-15)
    assert found.high == pytest.approx(1, abs=1e-15)


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
