"""A share of lesions with an interval over patients, whose lesions are alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ctpet.evaluate.statistics import CONFIDENCE, LEAST_PATIENTS, Interval


def clustered_share(successes: Sequence[float], trials: Sequence[float]) -> Interval:
    """Return Σ successes / Σ trials with its 95 % interval, the patient being the unit.

    The exact binomial interval of Clopper and Pearson for an effective number of trials: trials /
    design effect, × (t of trials − 1 / t of patients − 1)² for the few patients that the design
    effect was estimated from (Korn and Graubard, Survey Methodology 1998;24:193). The variance is
    that of a ratio of sums over patients (Rao and Scott, Biometrics 1992;48:577). Where all or
    none succeed the design effect is not known; then each patient is one trial.

    Args:
        successes: found lesions of each patient.
        trials: lesions of each patient, in the same order; patients without any do not count.

    Returns:
        The share and its interval; NaN ends with fewer than ``LEAST_PATIENTS`` patients, all NaN
        without a trial.

    Raises:
        ValueError: the lengths differ, or there are more successes than trials.
    """
    found, of = np.array(successes, np.float64), np.array(trials, np.float64)
    if found.shape != of.shape or (found > of).any():
        raise ValueError(f"{successes} successes of {trials} trials")
    found, of = found[of > 0], of[of > 0]
    if not of.size:
        return Interval(np.nan, np.nan, np.nan, 0)
    share = float(found.sum() / of.sum())
    if of.size < LEAST_PATIENTS:
        return Interval(share, np.nan, np.nan, of.size)
    ends = _clopper_pearson(share, _effective_trials(found, of, share))
    return Interval(share, *ends, of.size)


def _effective_trials(found: NDArray[np.float64], of: NDArray[np.float64], share: float) -> float:
    """Return how many independent trials say as much."""
    patients, trials = of.size, float(of.sum())
    if share in (0.0, 1.0):
        return patients
    squares = float(((found - share * of) ** 2).sum())
    variance = patients / (patients - 1) * squares / trials**2
    tail = (1 - CONFIDENCE) / 2
    few = float(stats.t.isf(tail, trials - 1) / stats.t.isf(tail, patients - 1)) ** 2
    effective = share * (1 - share) / variance if variance else trials
    return min(effective, trials) * few


def _clopper_pearson(share: float, trials: float) -> tuple[float, float]:
    found, tail = share * trials, (1 - CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, found, trials - found + 1)) if found > 0 else 0.0
    high = float(stats.beta.isf(tail, found + 1, trials - found)) if found < trials else 1.0
    return low, high
