"""Paired comparisons over patients: a family of sign-flip tests, and the intervals they imply.

If neither of two methods is better, a patient's difference is as likely with the other sign:
Fisher, The Design of Experiments, 1935, chapter III. So every way to split the patients in two, one
part flipped, is as likely as what was seen. A true mean difference of δ is as far from what was
seen as from a split if δ lies between the means of its two parts; p of δ is the share of such
splits. The interval holds every δ with p ≥ 0.05: one computation gives both, and the interval
excludes 0 exactly where p < 0.05.

Tests of one family share the splits. A split counts against a test also where another test of the
family stands out more in it than this one does in the data: the single-step maxT of Westfall and
Young, Resampling-Based Multiple Testing, 1993, chapter 2, whose adjusted p hold the chance of any
false finding, whichever of the differences are real. Tests that go along, as of two baselines that
are alike, cost little.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctpet.evaluate.statistics import LEAST_PATIENTS, Interval

LEVEL: Final = 0.05
"""Of the adjusted p below which a difference is taken for one."""

EXACT_PATIENTS: Final = 20
"""Up to so many every split is counted; with more, a sample."""

SPLITS: Final = 100_000
"""Of the sample, the split that leaves all as it was among them."""

SEED: Final = 0

_ROUNDING: Final = 1e-10
"""Means that differ by less, as a share of the largest difference, are equal."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Differences of one quantity between two methods.

    Attributes:
        interval: mean difference and 95 % interval, simultaneous for the family; NaN ends where no
            true difference, however large, could reach p < 0.05.
        p: two-sided, of this test alone; NaN with fewer than :data:`LEAST_PATIENTS` differences.
        p_adjusted: for all tests of the family; NaN likewise.
    """

    interval: Interval
    p: float
    p_adjusted: float

    @property
    def sign(self) -> int:
        """1 or −1: which side of 0 the difference was shown to be on; 0: on neither."""
        if not self.p_adjusted < LEVEL:
            return 0
        return 1 if self.interval.mean > 0 else -1


def paired_tests(family: Sequence[ArrayLike]) -> tuple[PairedTest, ...]:
    """Test each mean difference against 0; see the head of this module.

    Args:
        family: differences of each test, (patients,), all over the same patients in the same
            order; NaN where a patient has none.

    Raises:
        ValueError: a difference is infinite, or the tests are not of as many patients.
    """
    if not family:
        return ()
    table = np.array([np.asarray(each, np.float64) for each in family])
    if table.ndim != 2 or np.isinf(table).any():
        raise ValueError("differences must be finite or NaN, one a patient for each test")
    made = (~np.isnan(table)).sum(axis=1) >= LEAST_PATIENTS
    splits = _Splits(table.shape[1])
    rivals = _Rivals(splits, table[made])
    tests = iter(range(int(made.sum())))
    return tuple(
        _test(splits, row, rivals.beside(next(tests))) if enough else _no_test(row)
        for row, enough in zip(table, made, strict=True)
    )


def paired_p(differences: ArrayLike) -> float:
    """Return the p of one test alone; see :func:`paired_tests`."""
    return paired_tests([differences])[0].p


class _Splits:
    """Ways to split patients in two; in the first, all of them are in one part."""

    def __init__(self, patients: int) -> None:
        self._drawn: NDArray[np.bool_] | None = None
        if patients > EXACT_PATIENTS:
            rng = np.random.default_rng(SEED)
            self._drawn = rng.integers(0, 2, (SPLITS, patients), dtype=np.bool_)
            self._drawn[0] = True

    def sums(self, values: Vector) -> Vector:
        """Return the sum of a value a patient over one part of each split, (splits,)."""
        if self._drawn is not None:
            parts = np.array_split(self._drawn, 20)  # bounds the memory of bool made float
            return np.concatenate([part @ values for part in parts])
        sums = values[:1]
        for value in values[1:]:
            sums = np.concatenate([sums + value, sums])
        return sums


class _Rivals:
    """How far the tests of a family stand out in each split: the first of them, and the second."""

    def __init__(self, splits: _Splits, table: NDArray[np.float64]) -> None:
        self._first = self._second = self._leader = np.zeros(1)
        for number, row in enumerate(table):
            found = _outstanding(splits, row)
            self._second = np.maximum(self._second, np.minimum(self._first, found))
            self._leader = np.where(found > self._first, number, self._leader)
            self._first = np.maximum(self._first, found)

    def beside(self, test: int) -> Vector:
        """Return in each split how far the others stand out at most."""
        return np.where(self._leader == test, self._second, self._first)


def _outstanding(splits: _Splits, row: Vector) -> Vector:
    """Return how far a mean stands out in each split, comparable between numbers of patients.

    It is the squared normal deviate as rare as t, c²ν log(1 + t²/ν) with c = (8ν + 1)/(8ν + 3):
    Wallace, Ann Math Stat 1959;30:1121. Of the differences as they are and without their mean, the
    larger counts: with the first alone the intervals of real differences would be too short.
    """
    known = row[~np.isnan(row)]
    share = np.maximum(_share(splits, row), _share(splits, row - known.mean()))
    with np.errstate(divide="ignore"):
        found: Vector = -_scale(known.size) * np.log1p(-share)
    return found


def _share(splits: _Splits, row: Vector) -> Vector:
    """Return t²/(t² + ν) in each split, 1 where all differences are alike."""
    known = row[~np.isnan(row)]
    most = known.size * float((known**2).sum())
    if not most:
        return np.zeros(1)
    share: Vector = (2 * splits.sums(np.nan_to_num(row)) - known.sum()) ** 2 / most
    return np.where(share > 1 - _ROUNDING, 1.0, share)


def _scale(patients: int) -> float:
    freedom = patients - 1
    return freedom * ((8 * freedom + 1) / (8 * freedom + 3)) ** 2


def _test(splits: _Splits, row: Vector, rivals: Vector) -> PairedTest:
    known = row[~np.isnan(row)]
    mean = float(known.mean())
    low, high = _between(splits, row)
    p = _p(low, high)
    variance = float(known.var()) if np.ptp(known) else 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        reach = np.sqrt(variance * np.expm1(rivals / _scale(known.size)))
    reach = np.where(np.isinf(rivals), np.inf, reach)
    rounding = _ROUNDING * float(np.abs(known).max())
    low = _snapped(np.minimum(low, mean - reach), rounding)
    high = _snapped(np.maximum(high, mean + reach), rounding)
    ends = _held(low, high)
    return PairedTest(Interval(mean, *ends, known.size), p, _p(low, high))


def _between(splits: _Splits, row: Vector) -> tuple[Vector, Vector]:
    """Return the lower and the higher mean of the two parts of each split."""
    known = ~np.isnan(row)
    inside, count = splits.sums(np.nan_to_num(row)), splits.sums(known.astype(np.float64))
    outside, rest = float(np.nansum(row)) - inside, known.sum() - count
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = inside / count, outside / rest
    empty = (count == 0) | (rest == 0)
    rounding = _ROUNDING * float(np.nanmax(np.abs(row)))
    low = np.where(empty, -np.inf, np.minimum(one, other))
    high = np.where(empty, np.inf, np.maximum(one, other))
    return _snapped(low, rounding), _snapped(high, rounding)


def _snapped(means: Vector, rounding: float) -> Vector:
    return np.where(np.abs(means) <= rounding, 0.0, means)


def _p(low: Vector, high: Vector) -> float:
    return float(((low <= 0) & (high >= 0)).mean())


def _held(low: Vector, high: Vector) -> tuple[float, float]:
    """Return the differences that at least 5 % of the splits are as far from."""
    needed = math.ceil(LEVEL * low.size)
    ends = (
        float(np.partition(low, needed - 1)[needed - 1]),
        float(np.partition(high, low.size - needed)[low.size - needed]),
    )
    return ends if np.isfinite(ends).all() else (np.nan, np.nan)


def _no_test(row: Vector) -> PairedTest:
    known = row[~np.isnan(row)]
    mean = float(known.mean()) if known.size else np.nan
    return PairedTest(Interval(mean, np.nan, np.nan, known.size), np.nan, np.nan)
