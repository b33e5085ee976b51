"""Families of paired tests: p by sign flips, intervals that agree with it."""

import itertools
import math
import time

import numpy as np
import pytest
from scipy import stats

from ctpet.evaluate.paired import EXACT_PATIENTS, LEVEL, SPLITS, paired_p, paired_tests
from ctpet.evaluate.statistics import LEAST_PATIENTS
from tests.evaluate.test_statistics import standard_normal

NAN = math.nan


def excludes_zero(test) -> bool:
    return test.interval.low > 0 or test.interval.high < 0


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


@pytest.mark.parametrize("n", [6, 11, 16])
def test_p_is_that_of_scipys_exact_permutation_test(n):
    differences = np.random.default_rng(n).normal(0.5, 1, n).round(1)  # with ties
    exact = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert paired_p(differences) == pytest.approx(exact.pvalue, rel=1e-12)


def test_p_is_exact_up_to_twenty_patients_and_quick():
    # Whole numbers: the sums of all sign flips by counting, without listing them.
    differences = np.random.default_rng(2).integers(-9, 20, EXACT_PATIENTS)
    ways = np.ones(1)
    for each in np.abs(differences):
        ways = np.convolve(ways, [1.0, *[0.0] * (2 * each - 1), 1.0] if each else [2.0])
    sums = np.arange(ways.size) - np.abs(differences).sum()
    counted = ways[np.abs(sums) >= abs(differences.sum())].sum() / 2**EXACT_PATIENTS
    start = time.perf_counter()
    assert paired_p(differences) == pytest.approx(counted, rel=1e-12)
    assert time.perf_counter() - start < 20


def test_p_of_many_patients_is_near_students_and_never_zero():
    differences = standard_normal(40) + 0.3
    student = stats.ttest_1samp(differences, 0).pvalue
    assert 0.03 < student < 0.1
    assert paired_p(differences) == pytest.approx(student, abs=0.005)
    assert paired_p(np.ones(40)) == 1 / SPLITS
    assert paired_tests([differences]) == paired_tests([differences])


def test_no_difference_at_all_is_no_evidence():
    for n in (6, 40):
        (test,) = paired_tests([np.zeros(n)])
        assert (test.p, test.p_adjusted, test.sign) == (1, 1, 0)


def test_a_test_needs_five_patients_and_is_not_made_with_fewer():
    assert LEAST_PATIENTS == 5
    few = [1.0, 2.0, 3.0, 4.0, NAN, NAN, NAN, NAN]
    many = np.linspace(1, 2, 8)
    alone, beside = paired_tests([many])[0], paired_tests([few, many])
    assert math.isnan(beside[0].p)
    assert math.isnan(beside[0].p_adjusted)
    assert (beside[0].interval.mean, beside[0].interval.patients) == (2.5, 4)
    assert beside[1] == alone, "a test that is not made costs the others nothing"
    assert math.isnan(paired_p([]))
    assert paired_tests([]) == ()


def test_the_interval_of_one_test_holds_what_shifted_tests_do_not_reject():
    differences = np.random.default_rng(4).normal(0.4, 1, 9)
    (test,) = paired_tests([differences])
    for end, outward in ((test.interval.low, -1), (test.interval.high, 1)):
        assert paired_p(differences - (end - outward * 1e-6)) >= LEVEL
        assert paired_p(differences - (end + outward * 1e-6)) < LEVEL
    flips = np.array(list(itertools.product([-1, 1], repeat=9)))
    shifted = differences - (test.interval.high + 1e-6)
    extreme = np.abs(flips @ shifted) >= abs(shifted.sum()) - 1e-12
    assert extreme.mean() < LEVEL


def test_of_few_patients_no_difference_can_be_shown_and_none_be_ruled_out():
    (test,) = paired_tests([[1.0, 1.1, 1.2, 1.3, 1.4]])
    assert test.p == 2 / 32
    assert math.isnan(test.interval.low)
    assert math.isnan(test.interval.high)
    assert test.sign == 0


def families():
    """Families of many sorts: sizes, effects, ties, patients that lack a value."""
    rng = np.random.default_rng(7)
    for _ in range(400):
        patients, tests = rng.integers(5, 12), rng.integers(1, 6)
        effect = rng.choice([0.0, 0.5, 1.5], (tests, 1))
        family = rng.normal(effect, 1.0, (tests, patients)).round(rng.choice([0, 1, 8]))
        family[rng.random(family.shape) < rng.choice([0.0, 0.2])] = NAN
        yield family


def test_an_interval_leaves_out_zero_exactly_where_p_is_below_the_level():
    shown = 0
    for family in families():
        for test in paired_tests(list(family)):
            assert excludes_zero(test) == (test.p_adjusted < LEVEL)
            assert test.sign == (np.sign(test.interval.mean) if excludes_zero(test) else 0)
            assert not test.p_adjusted < test.p
            shown += excludes_zero(test)
    assert 100 < shown < 1000


def test_a_family_is_stricter_than_its_tests_but_one_test_told_twice_is_hardly():
    rng = np.random.default_rng(1)
    one = rng.normal(0.7, 1, 16)
    others = rng.normal(0, 1, (9, 16))
    alone = paired_tests([one])[0]
    twice = paired_tests([one, 2 * one])[0]
    among = paired_tests([one, *others])[0]
    assert alone.p_adjusted == alone.p
    assert alone.p <= twice.p_adjusted < 1.5 * alone.p
    assert among.p_adjusted > 2 * alone.p
    assert among.interval.low < twice.interval.low <= alone.interval.low
    assert among.interval.high > twice.interval.high >= alone.interval.high


def test_the_unit_of_a_test_does_not_matter_nor_does_its_sign():
    family = np.random.default_rng(3).normal(0.6, 1, (3, 10))
    plain = paired_tests(list(family))
    changed = paired_tests([1000 * family[0], -family[1], family[2]])
    assert [one.p_adjusted for one in changed] == [one.p_adjusted for one in plain]
    assert changed[0].interval.low == pytest.approx(1000 * plain[0].interval.low)
    assert changed[1].interval.high == pytest.approx(-plain[1].interval.low)


def false_findings(*, patients: int, real: float, shared: float, studies: int) -> tuple[float, ...]:
    """How often a family of 8 tests, half with a real difference, errs; and all intervals hold."""
    rng = np.random.default_rng(6)
    truth = np.array([0.0] * 4 + [real] * 4)
    wrong = held = 0
    for _ in range(studies):
        common = rng.normal(0, 1, patients)
        own = rng.normal(0, 1, (8, patients))
        tests = paired_tests(list(shared * common + own + truth[:, None]))
        wrong += any(test.sign for test in tests[:4])
        held += not any(
            test.interval.low > true or test.interval.high < true
            for test, true in zip(tests, truth, strict=True)
        )
    return wrong / studies, held / studies


@pytest.mark.parametrize(("patients", "real", "shared"), [(8, 2.0, 0.0), (8, 2.0, 1.5)])
def test_a_family_errs_in_at_most_one_study_of_twenty(patients, real, shared):
    wrong, held = false_findings(patients=patients, real=real, shared=shared, studies=300)
    assert wrong <= 0.05
    assert held >= 0.93  # 0.95 within what 300 studies can tell


@pytest.mark.slow
@pytest.mark.parametrize("patients", [6, 12])
@pytest.mark.parametrize("real", [0.0, 3.0])
@pytest.mark.parametrize("shared", [0.0, 1.5])
def test_the_same_in_a_large_simulation(patients, real, shared):
    wrong, held = false_findings(patients=patients, real=real, shared=shared, studies=800)
    assert wrong <= 0.055
    assert held >= 0.945


@pytest.mark.parametrize("family", [[[1.0, math.inf, 1, 1, 1]], [[1.0] * 5, [1.0] * 6]])
def test_what_is_no_family_is_refused(family):
    with pytest.raises(ValueError, match=r"finite|inhomogeneous"):
        paired_tests(family)
