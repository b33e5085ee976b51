"""Intervals cover what they say for patients who were not calibrated on."""

import numpy as np
import pytest

from ctpet.errors import CtpetError
from ctpet.learn.conformal import (
    EDGES_SUV,
    FACTORS,
    calibrate,
    count_scores,
    needed_patients,
)

CODE_MAX = 9.0
BINS = len(EDGES_SUV) + 1


def patient(rng, voxels=400, hottest=2.6):
    """Codes of a patient whose own shift moves all voxels alike: voxels are not exchangeable."""
    median = rng.uniform(0.1, hottest, voxels)
    said = 0.1 + 0.1 * median
    measured = median + rng.normal(0, 0.25) + rng.normal(0, 0.3 * median + 0.05, voxels)
    return median, median - said, median + 1.5 * said, np.clip(measured, 0, None)


def covered(one, calibration):
    median, low, high, measured = one
    bins = np.searchsorted(np.sqrt(calibration.edges_suv), median, side="right")
    factor = np.array(calibration.factors)[bins]
    inside = (measured >= median - factor * (median - low)) & (
        measured <= median + factor * (high - median)
    )
    return inside, bins


@pytest.mark.parametrize("patients", [9, 20, 60])
def test_new_patients_are_covered_as_was_said_in_every_bin(patients):
    rng = np.random.default_rng(1)
    shares, together = [], []
    for _ in range(60):
        counts = [count_scores(*patient(rng), code_max=CODE_MAX) for _ in range(patients)]
        calibration = calibrate(counts, 0.9, "made")
        for _ in range(5):
            inside, bins = covered(patient(rng), calibration)
            shares.append([inside[bins == b].mean() for b in range(BINS)])
            together.append(inside.mean())
    assert np.mean(together) > 0.885, "all voxels together"
    means = np.mean(shares, axis=0)
    assert means.min() > 0.885, "a bin covers less than was said"
    assert means.max() < 0.9 + 1.5 / (patients + 1) + 0.015, "wider than patients ask for"


def test_counts_are_by_bin_and_by_the_factor_that_just_covers():
    median = np.array([0.3, 1.2])
    counts = count_scores(median, median - 0.1, median + 0.2, np.array([0.7, 1.1]), code_max=9.0)
    assert counts.shape == (BINS, len(FACTORS) + 1)
    assert counts.sum() == 2
    (cold,) = np.flatnonzero(counts[0])
    (warm,) = np.flatnonzero(counts[3])
    assert FACTORS[cold - 1] < 2.0 <= FACTORS[cold]
    assert FACTORS[warm - 1] < 1.0 <= FACTORS[warm]


def test_what_no_interval_can_reach_is_covered_by_no_factor():
    one = np.array([1.0])
    counts = count_scores(one, one - 0.5, one + 0.5, np.array([9.1]), code_max=CODE_MAX)
    assert counts[:, -1].sum() == 1


def test_a_percentile_at_the_median_is_no_division_by_zero():
    one = np.array([1.0])
    assert count_scores(one, one, one, one, code_max=CODE_MAX)[:, 0].sum() == 1
    assert count_scores(one, one, one, one + 1, code_max=CODE_MAX)[:, -1].sum() == 1


@pytest.mark.parametrize(("coverage", "least"), [(0.9, 9), (0.8, 4), (0.95, 19), (0.5, 1)])
def test_a_coverage_needs_patients(coverage, least):
    assert needed_patients(coverage) == least
    rng = np.random.default_rng(2)
    counts = [count_scores(*patient(rng), code_max=CODE_MAX) for _ in range(least)]
    if least > 1:
        with pytest.raises(CtpetError, match=rf"needs {least} patients.* there are {least - 1}"):
            calibrate(counts[1:], coverage, "made")


def test_a_bin_of_few_patients_joins_the_colder_one():
    rng = np.random.default_rng(3)
    cold = [patient(rng, hottest=1.4) for _ in range(20)]
    hot = [patient(rng, hottest=2.6) for _ in range(5)]
    counts = [count_scores(*one, code_max=CODE_MAX) for one in cold + hot]
    calibration = calibrate(counts, 0.9, "made")
    assert calibration.patients == 25
    assert len(set(calibration.factors[4:])) == 1, "bins 5 and 6 are of 5 patients"
    assert len(set(calibration.factors[:4])) > 1


def test_intervals_that_nothing_saves_are_refused():
    one = np.full(50, 1.0)
    counts = [count_scores(one, one - 0.01, one + 0.01, one + 2, code_max=9.0)] * 12
    with pytest.raises(CtpetError, match=r"covered to 97.5%.*more patients"):
        calibrate(counts, 0.9, "made")


def test_all_voxels_together_are_covered_where_patients_differ_in_their_bins():
    """A patient has a seventh of his main bin outside, and nothing of the other.

    In each bin a fourteenth is outside in the mean over patients; of all voxels a seventh.
    """

    def one(main, other):
        median = np.array([main] * 990 + [other] * 10)
        measured = median.copy()
        measured[:148] += 0.3
        return count_scores(median, median - 0.1, median + 0.1, measured, code_max=9.0)

    calibration = calibrate([one(0.6, 2.5), one(2.5, 0.6)] * 20, 0.9, "made")
    used = [calibration.factors[b] for b in (1, 6)]
    assert min(used) >= 3 - 1e-9
    assert max(used) < 3.1


def test_zero_is_below_no_upper_bound():
    zero = np.zeros(3)
    counts = count_scores(zero - 0.2, zero - 0.3, zero - 0.15, zero, code_max=9.0)
    assert counts[0, 0] == 3


@pytest.mark.parametrize("coverage", [0.0, 1.0, 90, float("nan"), -0.5])
def test_a_coverage_is_a_share(coverage):
    with pytest.raises(CtpetError, match="between 0 and 1"):
        calibrate([], coverage, "made")


def test_a_hot_bin_that_few_could_control_does_not_stop_the_calibration():
    """In a small hot bin each patient has a twentieth of the voxels where no interval reaches."""
    rng = np.random.default_rng(7)

    def one():
        median, low, high, measured = patient(rng, voxels=2000, hottest=1.9)
        hot = np.full(60, 2.5)
        beyond = np.where(np.arange(60) < 3, 9.5, 2.5)
        parts = ((median, hot), (low, hot - 0.1), (high, hot + 0.1), (measured, beyond))
        return count_scores(*map(np.concatenate, parts), code_max=CODE_MAX)

    calibration = calibrate([one() for _ in range(12)], 0.9, "made")
    assert calibration.factors[-1] < 20
