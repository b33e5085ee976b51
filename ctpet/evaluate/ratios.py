"""Agreement on the scale of ratios, and whether differences change or spread with size.

Volumes of tumour range over three powers of ten, and their differences with them: limits of
agreement in mL are then those of the largest tumour alone, and reach below 0 for every other.
Bland and Altman (Stat Methods Med Res 1999;8:135, section 3) test for it and take logarithms.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ctpet.evaluate.statistics import LEAST_PATIENTS, Interval, bland_altman


@dataclass(frozen=True, slots=True)
class RatioAgreement:
    """Agreement of predicted / measured; NaN as in :class:`ctpet.evaluate.statistics.BlandAltman`.

    Attributes:
        ratio: geometric mean with its 95 % interval.
        low_limit: lower 95 % limit of agreement, a ratio.
        high_limit: upper limit.
        without: patients with both figures of whom one is 0 or less, so that there is no ratio.
    """

    ratio: Interval
    low_limit: float
    high_limit: float
    without: int


@dataclass(frozen=True, slots=True)
class Trend:
    """How predicted − measured goes with the mean of both.

    Attributes:
        slope: change of the difference for each unit of the mean, the median over all pairs of
            patients (Theil and Sen; Sen, J Am Stat Assoc 1968;63:1379).
        p: of no proportional bias: Kendall's τ of difference and mean, two-sided.
        spread_p: of a spread that does not change: Kendall's τ of the distance from that line and
            the mean.
    """

    slope: float
    p: float
    spread_p: float


def ratio_agreement(measured: ArrayLike, predicted: ArrayLike) -> RatioAgreement:
    """Return Bland–Altman agreement of logarithms, turned back into ratios.

    Args:
        measured: one a patient; NaN: not known.
        predicted: parallel to it.
    """
    real, shown = _both(measured, predicted)
    positive = (real > 0) & (shown > 0)
    found = bland_altman(np.log(shown[positive] / real[positive]))
    mean, low, high = np.exp([found.bias.mean, found.bias.low, found.bias.high])
    return RatioAgreement(
        ratio=Interval(float(mean), float(low), float(high), found.bias.patients),
        low_limit=float(np.exp(found.low_limit)),
        high_limit=float(np.exp(found.high_limit)),
        without=int(np.count_nonzero(~positive)),
    )


def trend(measured: ArrayLike, predicted: ArrayLike) -> Trend:
    """Test for proportional bias and for a spread that grows or shrinks with size.

    Ranks are tested, as these data are skewed; exactly where there are no ties.

    Args:
        measured: one a patient; NaN: not known.
        predicted: parallel to it.

    Returns:
        NaN with fewer than :data:`ctpet.evaluate.statistics.LEAST_PATIENTS`, or where all means
        are one.
    """
    real, shown = _both(measured, predicted)
    mean, difference = (real + shown) / 2, shown - real
    if mean.size < LEAST_PATIENTS or np.ptp(mean) == 0:
        return Trend(np.nan, np.nan, np.nan)
    slope, intercept, *_ = stats.theilslopes(difference, mean)
    apart = np.abs(difference - intercept - slope * mean)
    return Trend(float(slope), _kendall_p(mean, difference), _kendall_p(mean, apart))


def _both(measured: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    real, shown = np.asarray(measured, np.float64), np.asarray(predicted, np.float64)
    known = np.isfinite(real) & np.isfinite(shown)
    return real[known], shown[known]


def _kendall_p(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    spread = np.ptp(other)
    if spread <= 1e-9 * max(1.0, float(np.abs(other).max())):
        return 1.0
    return float(stats.kendalltau(one, other).pvalue)
