"""Errors voxel by voxel, in SUV."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HIGH_SUV = 2.5
"""Above it uptake is often called avid; a fixed threshold of the literature, not a diagnosis."""


@dataclass(frozen=True, slots=True)
class VoxelErrors:
    """Errors over the voxels of a mask, SUVbw in g/mL; NaN where there is no such voxel.

    Attributes:
        mae: mean |predicted − measured|.
        rmse: root of the mean square of predicted − measured.
        bias: mean of predicted − measured.
        mae_measured_high: MAE where the measured SUV is above :data:`HIGH_SUV`. Alone it rewards
            predicting too much, so it stands beside the next.
        mae_predicted_high: MAE where the predicted SUV is above :data:`HIGH_SUV`.
    """

    mae: float
    rmse: float
    bias: float
    mae_measured_high: float
    mae_predicted_high: float


def voxel_errors(
    predicted: NDArray[np.float32], measured: NDArray[np.float32], mask: NDArray[np.bool_]
) -> VoxelErrors:
    """Compare two PETs on one grid inside a mask; sums are taken in float64.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        mask: where to compare, of the same shape.

    Raises:
        ValueError: the shapes differ.
    """
    if not predicted.shape == measured.shape == mask.shape:
        raise ValueError(f"shapes differ: {predicted.shape}, {measured.shape}, {mask.shape}")
    synthetic, real = predicted[mask], measured[mask].astype(np.float64)
    error = synthetic - real
    size = np.abs(error)
    return VoxelErrors(
        mae=_mean(size),
        rmse=_mean(np.square(error)) ** 0.5,
        bias=_mean(error),
        mae_measured_high=_mean(size[real > HIGH_SUV]),
        mae_predicted_high=_mean(size[synthetic > HIGH_SUV]),
    )


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")
