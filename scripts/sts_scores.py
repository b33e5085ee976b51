"""Scores of predictions on the boxes: errors of one box, means over patients, intervals."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sts_boxes import Box

from ctpet.evaluate.voxel import voxel_errors

Predictor = Callable[[Box], NDArray[np.float32]]
Rows = NDArray[np.float64]
COLUMNS = ("MAE", "MAE, measured > 2.5", "MAE, predicted > 2.5", "bias", "r")
RESAMPLES = 4000


def score_patient(boxes: Sequence[Box], predict: Predictor) -> Rows:
    """Return the columns of one patient: means over the boxes where they are defined."""
    return nan_mean([_score_box(box, predict(box)) for box in boxes])


def _score_box(box: Box, predicted: NDArray[np.float32]) -> list[float]:
    errors = voxel_errors(predicted, box.pet.array, box.body)
    measured, predicted = box.pet.array[box.body], predicted[box.body]
    flat = predicted.size == 0 or np.ptp(predicted) == 0
    r = np.nan if flat else float(np.corrcoef(measured, predicted)[0, 1])
    return [errors.mae, errors.mae_measured_high, errors.mae_predicted_high, errors.bias, r]


def line(rows: Rows) -> str:
    """Return a row of a table: means over patients, with an interval of the first column."""
    mean = nan_mean(rows)
    low, high = interval(rows[:, 0])
    cells = [f"{mean[0]:.3f} [{low:.3f}, {high:.3f}]", *(f"{v:.2f}" for v in mean[1:])]
    return " | ".join(cell.replace("nan", "–") for cell in cells)


def interval(values: Rows) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean over patients; NaN is no patient."""
    values = values[np.isfinite(values)]
    if not values.size:
        return np.nan, np.nan
    draws = np.random.default_rng(0).integers(values.size, size=(RESAMPLES, values.size))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def nan_mean(rows: Rows | list[list[float]] | list[Rows]) -> Rows:
    values = np.asarray(rows, dtype=np.float64)
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
