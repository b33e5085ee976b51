"""Validate a network on a whole case, through the engine that hospitals run."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np
from lightning import LightningModule

from ctpet.contract import ModelContract
from ctpet.evaluate.sharpness import sharpness
from ctpet.evaluate.voxel import voxel_errors
from ctpet.infer.backend import Precision
from ctpet.learn.network import SuvNetwork
from ctpet.learn.torch_backend import TorchBackend, predict_array
from ctpet.prepare.cases import BODY, UNMEASURED, Case
from ctpet.volume import Volume


def validation_step(
    module: LightningModule,
    network: SuvNetwork,
    number: int,
    contract: ModelContract,
    precision: Precision,
) -> dict[str, Any]:
    """Validate a module on one of its cases and log the errors; Lightning means them over cases.

    Args:
        module: that logs; its data module has the cases.
        network: of the module.
        number: of the case.
        contract: of the model in training.
        precision: of the arithmetic.

    Returns:
        ``case`` and ``predicted``, for pictures.
    """
    case: Case = module.trainer.datamodule.validation_cases[number]  # type: ignore[attr-defined]
    backend = TorchBackend(network, module.device, precision)
    errors, predicted = validate_case(case, backend, contract)
    logged = {f"val/{name}": value for name, value in errors.items()}
    module.log_dict(logged, batch_size=1, sync_dist=True, prog_bar=False)
    return {"case": case, "predicted": predicted}


def validate_case(
    case: Case, backend: TorchBackend, contract: ModelContract
) -> tuple[dict[str, float], Volume]:
    """Predict a case and compare with its measured PET.

    Returns:
        The errors of :class:`ctpet.evaluate.voxel.VoxelErrors` inside the body and the ratios of
        :class:`ctpet.evaluate.sharpness.Sharpness` by name, without those that are not defined
        here: one NaN would make a mean over cases NaN. And the predicted PET.
    """
    ct, measured = np.asarray(case.array("ct"), np.float32), np.asarray(case.array("pet"))
    region = np.asarray(case.array("region"))
    body, known = region == BODY, region != UNMEASURED
    predicted = predict_array(ct, backend, contract)
    found = asdict(voxel_errors(predicted, measured, body)) | asdict(
        sharpness(predicted, measured, body, known, case.geometry.spacing_mm)
    )
    defined = {name: value for name, value in found.items() if not math.isnan(value)}
    return defined, Volume(predicted, case.geometry, "SUVBW")
