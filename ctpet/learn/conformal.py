"""Make intervals cover what they say, for a patient who was not seen.

A network's own 5th and 95th percentile are widened, or narrowed, by a factor for each bin of its
median: the smallest with which the share of a patient's voxels of the bin that lie outside is, in
the mean over the patients calibrated on, at most 1 − coverage. Then all factors grow by one step of
:data:`FACTORS` after the other until all of a patient's voxels together are controlled: conformal
risk control (Angelopoulos et al., ICLR 2024, arXiv 2208.02814) with the patient as the unit and
(n · mean share outside + 1) / (n + 1) ≤ 1 − coverage. Over patients who are exchangeable with
those calibrated on, the expected share outside is then at most 1 − coverage. To ask the same of
every bin would ask more of few patients than any interval gives.

Distances are those of codes, the roots of SUVbw, in which networks are taught.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import IntervalPromise
from ctpet.errors import CtpetError
from ctpet.evaluate.intervals import UPTAKE_EDGES_SUV as EDGES_SUV

Floats = NDArray[np.floating]

FACTORS: NDArray[np.float64] = np.geomspace(0.1, 20, 400)
"""What the distances to the percentiles may be multiplied by."""

LEAST_DISTANCE = 1e-6
"""Of a percentile from the median, in codes; nothing that is divided by is smaller."""

_SLACK = 1e-12


def needed_patients(coverage: float) -> int:
    """Return how many patients a coverage needs at least, were every voxel of theirs inside."""
    return math.ceil(round(1 / (1 - coverage), 9)) - 1


def refuse_no_coverage(coverage: float) -> None:
    """Refuse what is no share of voxels that intervals can cover.

    Raises:
        CtpetError: saying what it must be.
    """
    if not 0 < coverage < 1:
        raise CtpetError(f"A coverage lies between 0 and 1, such as 0.9; it is {coverage:g}.")


def count_scores(
    median: Floats, low: Floats, high: Floats, measured: Floats, *, code_max: float
) -> NDArray[np.int64]:
    """Count voxels of one patient by bin and by the factor that just covers them.

    Args:
        median: codes of a patient's voxels, (n,), unclipped as all codes of the network.
        low: codes of the 5th percentile, at most the median.
        high: codes of the 95th percentile, at least the median.
        measured: codes of what was measured, from 0.
        code_max: the largest code that an interval can reach.

    Returns:
        (bins, len(FACTORS) + 1): how many voxels each factor covers and the one before does not;
        the last are covered by none.
    """
    below, above = (np.maximum(d, LEAST_DISTANCE) for d in (median - low, high - median))
    score = np.where(measured < median, (median - measured) / below, (measured - median) / above)
    score = np.where(measured > code_max, np.inf, score)
    score = np.where((measured <= 0) & (median <= 0), 0, score)  # no upper bound is below 0
    bins = np.searchsorted(np.sqrt(EDGES_SUV), median, side="right")
    columns = len(FACTORS) + 1
    flat = bins * columns + np.searchsorted(FACTORS, score)
    counts = np.bincount(flat, minlength=(len(EDGES_SUV) + 1) * columns)
    return counts.reshape(-1, columns)


def calibrate(
    patients: Sequence[NDArray[np.int64]], coverage: float, calibrated_on: str
) -> IntervalPromise:
    """Choose the factors.

    A bin that too few patients have takes its factor together with the colder one beside it.

    Args:
        patients: from :func:`count_scores`, one for each.
        coverage: that is meant.
        calibrated_on: who the patients are, in words.

    Raises:
        CtpetError: too few patients for that coverage, or intervals that no factor makes cover.
    """
    refuse_no_coverage(coverage)
    least = needed_patients(coverage)
    if len(patients) < least:
        raise CtpetError(
            f"A coverage of {coverage:.0%} needs {least} patients to calibrate on; there are "
            f"{len(patients)} ({calibrated_on}). Hold out more of them (fewer folds), name others "
            "with --calibrate-on, or ask for less with --coverage."
        )
    counts = np.stack(patients)
    chosen = np.zeros(counts.shape[1], np.int64)
    for bins in _groups((counts.sum(axis=2) > 0).sum(axis=0), least):
        mean = _outside(counts[:, bins].sum(axis=1)).mean(axis=0)
        chosen[bins] = _first(mean <= 1 - coverage + _SLACK, len(FACTORS) - 1)
    steps = np.minimum(chosen[:, None] + np.arange(len(FACTORS)), len(FACTORS) - 1)
    together = np.stack([counts[:, bin_].cumsum(axis=1)[:, at] for bin_, at in enumerate(steps)])
    voxels = counts.sum(axis=(1, 2))
    risks = 1 - together.sum(axis=0)[voxels > 0] / voxels[voxels > 0, None]
    chosen = steps[:, _controlled(risks, coverage)]
    factors = tuple(float(factor) for factor in FACTORS[chosen])
    return IntervalPromise(coverage, calibrated_on, len(patients), EDGES_SUV, factors)


def _groups(patients: NDArray[np.int64], least: int) -> list[slice]:
    """Join bins, from the coldest, until each group has patients enough; the rest joins the last.

    Args:
        patients: that have voxels in each bin.
        least: that a group needs; a sufficient one is a bin of its that has as many.
    """
    stops = [number + 1 for number, count in enumerate(patients) if count >= least] or [0]
    stops[-1] = len(patients)
    return [slice(start, stop) for start, stop in pairwise([0, *stops])]


def _outside(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of each patient's voxels that a factor leaves outside, (patients, factors).

    Args:
        counts: (patients, len(FACTORS) + 1) of one group of bins; without voxels no patient.
    """
    there = counts[counts.sum(axis=1) > 0]
    inside: NDArray[np.float64] = there[:, :-1].cumsum(axis=1) / there.sum(axis=1, keepdims=True)
    return 1 - inside


def _first(true: NDArray[np.bool_], otherwise: int) -> int:
    """Return the first position that is true."""
    found = np.flatnonzero(true)
    return int(found[0]) if found.size else otherwise


def _controlled(outside: NDArray[np.float64], coverage: float) -> int:
    """Return which factor is the first whose risk over patients is controlled.

    Args:
        outside: (patients, factors), falling along the factors.
        coverage: that is meant.

    Raises:
        CtpetError: none is.
    """
    risk = (outside.sum(axis=0) + 1) / (len(outside) + 1)
    controlled = np.flatnonzero(risk <= 1 - coverage + _SLACK)
    if not controlled.size:
        asked = 1 - _most_outside(len(outside), coverage)
        raise CtpetError(
            f"Even {FACTORS[-1]:g} times as wide, intervals cover too little: for {coverage:.0%} "
            f"{len(outside)} patients must be covered to {asked:.1%}. Calibrate on more patients, "
            "train longer, or look at the cases held out."
        )
    return int(controlled[0])


def _most_outside(patients: int, coverage: float) -> float:
    """Return the mean share outside that so many patients may have to promise a coverage."""
    return max(((patients + 1) * (1 - coverage) - 1) / max(patients, 1), 0.0)
