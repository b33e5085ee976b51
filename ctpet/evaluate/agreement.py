"""How well a synthetic PET agrees with the measured one: errors, PSNR and correlations."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANGE_SUV = 10.0
"""Data range of PSNR and SSIM in SUVbw, fixed, so that values compare between patients and studies.
Brain and heart lie inside, excreted tracer beyond; nothing is clipped to it."""

CHUNK = 1 << 13
"""Voxels that are summed at once: their float64 copies stay in a processor's cache, and BLAS does
not start threads, which on a busy machine take longer than the sums."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement over the voxels of a mask; NaN where a figure is not defined.

    Attributes:
        voxels: how many were compared.
        mae: mean |predicted − measured|, SUVbw in g/mL.
        rmse: root of the mean square of predicted − measured, SUVbw in g/mL.
        bias: mean of predicted − measured, SUVbw in g/mL.
        nmae: Σ |predicted − measured| / Σ |measured|.
        psnr_db: 10 log₁₀(RANGE_SUV² / MSE); infinite where both are equal.
        pearson: correlation coefficient; not defined where either is constant.
        concordance: 2 s_pm / (s_p² + s_m² + (mean p − mean m)²) with population moments (Lin,
            Biometrics 1989;45:255-268); 1 only where both are equal. Not defined where both are
            one and the same constant.
    """

    voxels: int
    mae: float
    rmse: float
    bias: float
    nmae: float
    psnr_db: float
    pearson: float
    concordance: float


def agreement(
    predicted: NDArray[np.float32],
    measured: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
) -> Agreement:
    """Compare two PETs on one grid; sums are taken in float64.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        mask: where to compare, of the same shape; the whole field if None.

    Raises:
        ValueError: the shapes differ.
    """
    require_one_shape(predicted, measured, mask)
    if mask is None:
        synthetic, real = predicted.ravel(), measured.ravel()
    else:
        synthetic, real = predicted[mask], measured[mask]
    if not synthetic.size:
        return Agreement(0, *[math.nan] * 7)
    mae, uptake, mse, bias, *moments = _means(synthetic, real)
    return Agreement(
        voxels=synthetic.size,
        mae=mae,
        rmse=math.sqrt(mse),
        bias=bias,
        nmae=mae / uptake if uptake else math.nan,
        psnr_db=10 * math.log10(RANGE_SUV**2 / mse) if mse else math.inf,
        **_correlations(bias, *moments),
    )


def require_one_shape(*arrays: NDArray[Any] | None) -> None:
    """Raise ValueError unless all arrays, without those that are None, have one shape."""
    shapes = [array.shape for array in arrays if array is not None]
    if len(set(shapes)) > 1:
        raise ValueError(f"shapes differ: {', '.join(map(str, shapes))}")


def _means(synthetic: NDArray[np.float32], real: NDArray[np.float32]) -> list[float]:
    """Return the means of |e|, |m|, e², e, x, y, x², y² and xy.

    e is the error p − m. x and y are p and m less their first values: moments about a value of the
    data lose no digits where the spread is small beside the mean, and vanish where it is constant.
    """
    first_p, first_m = float(synthetic[0]), float(real[0])
    sums = np.zeros(9)
    for start in range(0, synthetic.size, CHUNK):
        p, m = (a[start : start + CHUNK].astype(np.float64) for a in (synthetic, real))
        error, size = p - m, np.abs(m).sum()
        p -= first_p
        m -= first_m
        sums += (
            *(np.abs(error).sum(), size, error @ error, error.sum()),
            *(p.sum(), m.sum(), p @ p, m @ m, p @ m),
        )
    means: list[float] = (sums / synthetic.size).tolist()
    return means


def _correlations(
    bias: float, x: float, y: float, xx: float, yy: float, xy: float
) -> dict[str, float]:
    """Return Pearson's and Lin's coefficients from the bias and mean x, y, x², y² and xy."""
    variance_x, variance_y, covariance = xx - x * x, yy - y * y, xy - x * y
    spread = math.sqrt(variance_x * variance_y)
    distance = variance_x + variance_y + bias * bias
    return {
        "pearson": covariance / spread if spread else math.nan,
        "concordance": 2 * covariance / distance if distance else math.nan,
    }
