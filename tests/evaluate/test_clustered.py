"""A share of lesions with an interval over patients."""

import numpy as np
import pytest
from scipy import stats

from ctpet.evaluate.clustered import clustered_share


def exact(found, of):
    """Clopper and Pearson, as SciPy has it."""
    return stats.binomtest(found, of).proportion_ci(method="exact")


def test_patients_of_one_lesion_each_are_nearly_the_binomial():
    found = clustered_share([1] * 30 + [0] * 10, [1] * 40)
    low, high = exact(30, 40)
    assert found.mean == 0.75
    assert (found.low, found.high) == (
        pytest.approx(low, abs=0.003),
        pytest.approx(high, abs=0.003),
    )


def test_hand_worked_numbers():
    # Shares 1, 0, 1, 0, 1 of 2 lesions each: p = 0.6, variance 5/4 × (3 × 0.8² + 2 × 1.2²) / 100
    # = 0.06, so that 10 lesions are worth 0.24 / 0.06 = 4, × (t of 9 / t of 4)².
    trials = 4 * (stats.t.isf(0.025, 9) / stats.t.isf(0.025, 4)) ** 2
    found = clustered_share([2, 0, 2, 0, 2], [2] * 5)
    assert trials == pytest.approx(4 * (2.26216 / 2.77645) ** 2, rel=1e-4)
    assert found.low == pytest.approx(stats.beta.ppf(0.025, 0.6 * trials, 0.4 * trials + 1))
    assert found.high == pytest.approx(stats.beta.ppf(0.975, 0.6 * trials + 1, 0.4 * trials))


def test_lesions_of_one_patient_are_not_many_patients():
    clustered = clustered_share([10, 0] * 5, [10] * 10)
    spread = clustered_share([5] * 10, [10] * 10)
    assert clustered.mean == spread.mean == 0.5
    assert clustered.high - clustered.low > 2 * (spread.high - spread.low)


def test_all_found_is_not_certain():
    found = clustered_share([7, 2, 1, 4, 6], [7, 2, 1, 4, 6])
    assert (found.mean, found.high) == (1, 1)
    assert found.low == pytest.approx(exact(5, 5).low)
    assert clustered_share([0] * 5, [3] * 5).high == pytest.approx(exact(0, 5).high)


def test_few_patients_have_no_interval_and_none_no_share():
    few = clustered_share([1, 2, 0, 5], [2, 2, 2, 0.0 + 5])
    assert few.mean == pytest.approx(8 / 11)
    assert np.isnan([few.low, few.high]).all()
    assert np.isnan(clustered_share([0, 0], [0, 0]).mean)


def test_patients_without_lesions_do_not_count():
    some = clustered_share([1, 0, 2, 1, 1], [2, 1, 2, 3, 1])
    assert clustered_share([1, 0, 0, 2, 1, 0, 1], [2, 1, 0, 2, 3, 0, 1]) == some


def test_more_found_than_there_are_is_a_mistake():
    with pytest.raises(ValueError, match="successes of"):
        clustered_share([3], [2])
    with pytest.raises(ValueError, match="successes of"):
        clustered_share([1], [2, 2])


@pytest.mark.parametrize("patients", [5, 16])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_interval_covers_the_truth(patients, share):
    """Lesions alike within patients (intraclass correlation 0.3): at least 93 in 100."""
    rng = np.random.default_rng(1)
    ends = []
    for _ in range(600):
        of = rng.geometric(0.25, patients)
        found = rng.binomial(of, rng.beta(share * 7 / 3, (1 - share) * 7 / 3, patients))
        one = clustered_share(found, of)
        ends.append(one.low <= share <= one.high)
    assert np.mean(ends) > 0.93
