"""How far predictions are from a phantom's PET, beside the trivial ones and the floor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.floor import Floor
from ctpet.volume import Volume, resample

FLOOR_MEAN, FLOOR_MEDIAN = "floor: conditional mean", "floor: conditional median"


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one prediction in the body.

    Attributes:
        name: of the prediction.
        mae: mean absolute error, SUVbw.
        rmse: root mean square error, SUVbw.
        bias: mean of prediction − PET, SUVbw.
    """

    name: str
    mae: float
    rmse: float
    bias: float

    def to_json(self) -> dict[str, object]:
        """Return the score as a JSON object."""
        return {"name": self.name, "mae": self.mae, "rmse": self.rmse, "bias": self.bias}


def score(
    pet: Volume, body: NDArray[np.bool_], predictions: Mapping[str, Volume | float]
) -> tuple[Score, ...]:
    """Compare predictions with a PET.

    Args:
        pet: SUVBW.
        body: bool (k, j, i) on the PET's grid: where to compare.
        predictions: SUVBW on the PET's grid, or one value for the whole body.

    Raises:
        ValueError: a prediction is not SUVBW or lies on another grid, or the body is empty.
    """
    if not body.any():
        raise ValueError("the body is empty: there is nothing to compare")
    measured = pet.array[body].astype(np.float64)
    scores = []
    for name, predicted in predictions.items():
        error = _values(name, predicted, pet, body) - measured
        rmse = float(np.sqrt(np.square(error).mean()))
        scores.append(Score(name, float(np.abs(error).mean()), rmse, float(error.mean())))
    return tuple(scores)


def compare(
    pet: Volume, body: NDArray[np.bool_], floor: Floor, models: Mapping[str, Volume]
) -> tuple[Score, ...]:
    """Score models between what needs no model and what no model can beat.

    Args:
        pet: SUVBW, the phantom's.
        body: bool (k, j, i) on the PET's grid.
        floor: of the same patient on the same grid.
        models: SUVBW on any grid; brought onto the PET's with the one resampler, 0 beyond.

    Returns:
        Nothing, body mean, body median, the models in their order, conditional mean and median.
    """
    predictions: dict[str, Volume | float] = dict(constants(pet, body))
    for name, volume in models.items():
        predictions[name] = resample(volume, pet.geometry, fill=0.0)
    predictions |= {FLOOR_MEAN: floor.mean, FLOOR_MEDIAN: floor.median}
    return score(pet, body, predictions)


def constants(pet: Volume, body: NDArray[np.bool_]) -> dict[str, float]:
    """Return the predictions without a model: nothing, and the body's own mean and median.

    The last two are the best that one value can do, as they are taken from the PET itself.
    """
    values = pet.array[body]
    return {
        "nothing": 0.0,
        "body mean": float(values.mean(dtype=np.float64)),
        "body median": float(np.median(values)),
    }


def table(scores: Sequence[Score]) -> str:
    """Return scores as a Markdown table."""
    lines = ["| prediction | MAE | RMSE | bias |", "|---|---|---|---|"]
    lines += [f"| {s.name} | {s.mae:.3f} | {s.rmse:.3f} | {s.bias:+.3f} |" for s in scores]
    return "\n".join(lines)


def _values(
    name: str, predicted: Volume | float, pet: Volume, body: NDArray[np.bool_]
) -> NDArray[np.float64]:
    if not isinstance(predicted, Volume):
        return np.full(int(body.sum()), float(predicted))
    if predicted.quantity != "SUVBW":
        raise ValueError(f"{name} is {predicted.quantity}, not SUVBW")
    if not predicted.geometry.agrees_with(pet.geometry):
        raise ValueError(f"{name} lies on another grid than the PET; resample it first")
    return predicted.array[body].astype(np.float64)
