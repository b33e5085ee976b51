"""What a test set lets one say: means with intervals, and agreement; the patient is the unit.

A case is one PET/CT; a patient may have several, which are alike. So cases are averaged by patient
first (:func:`by_patient`), and every other function here takes one value a patient. A NaN is a
value that does not exist, such as the error in a lesion of a patient without lesions, and is left
out. An infinite value is refused: it can be neither averaged nor left out honestly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

LEAST_PATIENTS: Final = 5
"""With fewer, no interval and no p: a two-sided sign-flip test of four cannot reach p < 0.125."""

CONFIDENCE: Final = 0.95
STUDENT_LEVEL: Final = 0.91
"""Of the interval that stands in where the skewness of a sample leads astray."""

LIMITS_SD: Final = 1.96
"""Limits of agreement in SD from the bias, as Bland and Altman 1999 print it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over patients and its 95 % confidence interval, in the unit of the values.

    Attributes:
        mean: over the patients with a value; NaN without any.
        low: lower end; NaN with fewer than :data:`LEAST_PATIENTS` values.
        high: upper end; NaN likewise.
        patients: that have a value.
    """

    mean: float
    low: float
    high: float
    patients: int


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Agreement of two measurements of one quantity, in its unit.

    All but the mean of ``bias`` are NaN with fewer than :data:`LEAST_PATIENTS` differences.

    Attributes:
        bias: mean difference with its 95 % interval.
        sd: of the differences, n - 1 in the denominator.
        low_limit: bias - 1.96 SD.
        high_limit: bias + 1.96 SD; between the two lie about 95 % of normal differences.
        low_limit_interval: 95 % interval of the lower limit, low and high end.
        high_limit_interval: the same of the upper limit.
    """

    bias: Interval
    sd: float
    low_limit: float
    high_limit: float
    low_limit_interval: tuple[float, float]
    high_limit_interval: tuple[float, float]


def by_patient(values: ArrayLike, patients: Sequence[str]) -> NDArray[np.float64]:
    """Average a patient's cases, so that each patient counts once.

    Args:
        values: one a case, (cases,); NaN cases are left out.
        patients: the patient of each case, of the same length.

    Returns:
        One mean a patient, (patients,), in the order of first appearance; NaN where all cases are.

    Raises:
        ValueError: the lengths differ, or a value is infinite.
    """
    cases = _vector(values)
    if len(cases) != len(patients):
        raise ValueError(f"{len(cases)} values of {len(patients)} patients' cases")
    rows = {patient: row for row, patient in enumerate(dict.fromkeys(patients))}
    row_of_case = np.array([rows[patient] for patient in patients], np.intp)
    known = ~np.isnan(cases)
    counts = np.bincount(row_of_case[known], minlength=len(rows))
    sums = np.bincount(row_of_case[known], weights=cases[known], minlength=len(rows))
    means = np.full(len(rows), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def interval(values: ArrayLike) -> Interval:
    """Mean over patients with its 95 % interval; see :func:`mean_ends`.

    Args:
        values: one a patient, (patients,).

    Raises:
        ValueError: a value is infinite.
    """
    known = _known(values)
    if not known.size:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(known.mean())
    if known.size < LEAST_PATIENTS:
        return Interval(mean, np.nan, np.nan, known.size)
    low, high = mean_ends(known)
    return Interval(mean, float(low), float(high), known.size)


def mean_ends(values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of 95 % intervals of the mean, wider towards the tail of skewed values.

    With T = (mean − μ) / SD, Hall's T + kT²/3 + k²T³/27 + k/6n (J R Stat Soc B 1992;54:221) takes
    the skewness k out of the distribution of T; the ends are its inverse at Student's quantiles.
    k is that of the sample times n(n − 1)/(n − 2)², for few values look less skewed than their
    law. Where the sample leans the wrong way, Student's own interval of a lower level stands in.
    That factor, this level and Hall's of 0.95 + 0.05/n were chosen by simulation: 94 to 96 % are
    covered from n = 5 on of normal, gamma (shape 2 or more) and lognormal (σ up to 0.5) values.
    Heavier tails need more patients: ``docs/decisions/0010-evidence.md`` has the table.

    Args:
        values: (…, patients), at least :data:`LEAST_PATIENTS` of them; all finite.
    """
    known = np.asarray(values, np.float64)
    n = known.shape[-1]
    mean = known.mean(axis=-1)
    deviations = np.where(np.ptp(known, axis=-1) > 0, known.T - mean, 0.0).T
    variance = (deviations**2).mean(axis=-1)
    third = (deviations**3).mean(axis=-1)
    skewness = np.divide(third, variance**1.5, out=np.zeros_like(mean), where=variance > 0)
    k = skewness * n * (n - 1) / (n - 2) ** 2
    t_hall, t_student = (
        special.stdtrit(n - 1, (1 + level) / 2) / n**0.5
        for level in (CONFIDENCE + (1 - CONFIDENCE) / n, STUDENT_LEVEL)
    )
    sd = (variance * n / (n - 1)) ** 0.5
    low = mean - sd * np.maximum(_without_skewness(t_hall, k, n), t_student)
    high = mean - sd * np.minimum(_without_skewness(-t_hall, k, n), -t_student)
    return low, high


def _without_skewness(t: float, k: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return T of which Hall's transformation is ``t``: (3/k) (∛(1 + k(t − k/6n)) − 1)."""
    shifted = t - k / (6 * n)
    root = np.cbrt(1 + k * shifted)
    found: NDArray[np.float64] = 3 * shifted / (root**2 + root + 1)
    return found


def minimum_detectable_difference(
    differences: ArrayLike, power: float = 0.8, alpha: float = 0.05
) -> float:
    """The true mean difference that a test of this many patients would find this often.

    For normal differences of this SD and a two-sided paired t test. t then follows the noncentral t
    distribution with noncentrality difference · √n / SD: Cohen, Statistical Power Analysis, 2nd
    ed. 1988, chapter 2. A significant difference of the wrong sign does not count as found (R's
    ``power.t.test`` with ``strict = FALSE``).

    Args:
        differences: one a patient, (patients,), in any unit.
        power: chance to find it.
        alpha: two-sided level of the test.

    Returns:
        The difference, not negative, in the same unit; NaN with fewer than 3 differences.

    Raises:
        ValueError: not 0 < alpha ≤ power < 1, or a difference is infinite.
    """
    if not 0 < alpha <= power < 1:
        raise ValueError(f"no test finds with power {power} at level {alpha}")
    known = _known(differences)
    if known.size < 3:
        return np.nan
    freedom = known.size - 1
    critical_t = stats.t.isf(alpha / 2, freedom)
    noncentrality = special.nctdtrinc(freedom, 1 - power, critical_t)
    return float(noncentrality * known.std(ddof=1) / np.sqrt(known.size))


def bland_altman(differences: ArrayLike) -> BlandAltman:
    """Bias and 95 % limits of agreement: Bland and Altman, Lancet 1986;327:307.

    The intervals hold for normal differences. That of the bias is Student's, as there. Those of
    the limits are exact, each limit by itself, from the noncentral t distribution: Carkeet, Optom
    Vis Sci 2015;92:e71. They lie further out than the paper's limit ± t √(3/n) SD, which is too
    sure of the outer end with few patients (Carkeet and Goh, Stat Methods Med Res 2018;27:1559).

    Args:
        differences: one a patient, (patients,), such as predicted - measured.

    Raises:
        ValueError: a difference is infinite.
    """
    known = _known(differences)
    bias = float(known.mean()) if known.size else np.nan
    if known.size < LEAST_PATIENTS:
        unknown = (np.nan, np.nan)
        few = Interval(bias, *unknown, known.size)
        return BlandAltman(few, np.nan, *unknown, unknown, unknown)
    sd = float(known.std(ddof=1))
    freedom, root_n = known.size - 1, known.size**0.5
    low_tail, high_tail = _tails(1 - CONFIDENCE)
    half_width = float(stats.t.ppf(high_tail, freedom)) * sd / root_n
    near = float(stats.nct.ppf(low_tail, freedom, LIMITS_SD * root_n)) * sd / root_n
    far = float(stats.nct.ppf(high_tail, freedom, LIMITS_SD * root_n)) * sd / root_n
    return BlandAltman(
        bias=Interval(bias, bias - half_width, bias + half_width, known.size),
        sd=sd,
        low_limit=bias - LIMITS_SD * sd,
        high_limit=bias + LIMITS_SD * sd,
        low_limit_interval=(bias - far, bias - near),
        high_limit_interval=(bias + near, bias + far),
    )


def _tails(outside: float) -> tuple[float, float]:
    return outside / 2, 1 - outside / 2


def _known(values: ArrayLike) -> NDArray[np.float64]:
    vector = _vector(values)
    return vector[~np.isnan(vector)]


def _vector(values: ArrayLike) -> NDArray[np.float64]:
    vector = np.array(values, np.float64)
    if vector.ndim != 1:
        raise ValueError(f"one value a patient or case, got an array of shape {vector.shape}")
    if np.isinf(vector).any():
        raise ValueError("a value is infinite")
    return vector
