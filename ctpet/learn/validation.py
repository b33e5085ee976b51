"""Validate a network on held-out patients, through the engine that hospitals run."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from lightning import LightningModule

from ctpet.contract import ModelContract
from ctpet.evaluate.intervals import interval_errors
from ctpet.evaluate.sharpness import sharpness
from ctpet.evaluate.voxel import voxel_errors
from ctpet.infer.backend import Precision
from ctpet.learn.data import Judged
from ctpet.learn.mixture import DataSet
from ctpet.learn.network import SuvNetwork
from ctpet.learn.torch_backend import TorchBackend, predict_array
from ctpet.prepare.cases import BODY, UNMEASURED, Case
from ctpet.volume import Volume

Errors = dict[str, float]


class Validation:
    """Validates a network on held-out patients, and means their errors.

    Errors are means over a patient's pieces, then over the patients of a data set, then over data
    sets by their weights, each over those where they are defined.
    """

    def __init__(self, contract: ModelContract, precision: Precision) -> None:
        """Take what rules validation.

        Args:
            contract: of the model in training; its grid, multiple and halo.
            precision: of the arithmetic.
        """
        self._contract, self._precision = contract, precision
        self._patients: dict[DataSet, list[Errors]] = {}

    def step(self, module: LightningModule, network: SuvNetwork, number: int) -> dict[str, Any]:
        """Validate on a patient.

        Args:
            module: whose data module has the patients.
            network: of the module.
            number: of the patient.

        Returns:
            ``case`` and ``predicted`` of the patient's first piece, for pictures, and the data
            set's ``prefix`` if it is the first patient of it, else None.
        """
        judged: Judged = module.trainer.datamodule.judged[number]  # type: ignore[attr-defined]
        backend = TorchBackend(network, module.device, self._precision)
        found = [validate_case(piece, backend, self._contract) for piece in judged.pieces]
        patients = self._patients.setdefault(judged.dataset, [])
        first = not patients
        patients.append(mean_errors([errors for errors, _ in found]))
        return {
            "case": judged.pieces[0],
            "predicted": found[0][1],
            "prefix": judged.dataset.prefix if first else None,
        }

    def log(self, module: LightningModule) -> None:
        """Log the means of an epoch: of each data set by its name, and over the data sets."""
        patients, self._patients = self._patients, {}
        means = {dataset: mean_errors(errors) for dataset, errors in patients.items()}
        weights = [dataset.validation_weight for dataset in means]
        logged = {
            f"val/{name}": v for name, v in mean_errors(list(means.values()), weights).items()
        }
        for dataset, errors in means.items():
            logged |= {f"val/{dataset.prefix}{name}": value for name, value in errors.items()}
        module.log_dict(logged, sync_dist=True, prog_bar=False)


def mean_errors(found: Sequence[Errors], weights: Sequence[float] | None = None) -> Errors:
    """Return the mean of each error over where it is defined; without those defined nowhere.

    Args:
        found: errors by name.
        weights: of each; None: all alike.
    """
    pairs = [
        (errors, weight)
        for errors, weight in zip(found, weights or [1.0] * len(found), strict=True)
        if weight > 0
    ]
    means: Errors = {}
    for name in dict.fromkeys(name for errors, _ in pairs for name in errors):
        there = [(errors[name], weight) for errors, weight in pairs if name in errors]
        means[name] = sum(e * w for e, w in there) / sum(w for _, w in there)
    return means


def validate_case(
    case: Case, backend: TorchBackend, contract: ModelContract
) -> tuple[dict[str, float], Volume]:
    """Predict a case and compare with its measured PET.

    Returns:
        The errors of :class:`ctpet.evaluate.voxel.VoxelErrors` inside the body, the ratios of
        :class:`ctpet.evaluate.sharpness.Sharpness` and, of a network with bounds,
        :class:`ctpet.evaluate.intervals.IntervalErrors` by name, without those that are not defined
        here: one NaN would make a mean over cases NaN. And the predicted PET.
    """
    ct, measured = np.asarray(case.array("ct"), np.float32), np.asarray(case.array("pet"))
    region = np.asarray(case.array("region"))
    body, known = region == BODY, region != UNMEASURED
    predicted, *bounds = predict_array(ct, backend, contract)
    found = asdict(voxel_errors(predicted, measured, body)) | asdict(
        sharpness(predicted, measured, body, known, case.geometry.spacing_mm)
    )
    if bounds:
        found |= asdict(interval_errors((bounds[0], bounds[1]), measured, body))
    defined = {name: value for name, value in found.items() if not math.isnan(value)}
    return defined, Volume(predicted, case.geometry, "SUVBW")
