"""Validate a network on a whole case, through the engine that hospitals run."""

from dataclasses import asdict

import numpy as np

from ctpet.contract import ModelContract
from ctpet.evaluate.voxel import voxel_errors
from ctpet.learn.torch_backend import TorchBackend, predict_array
from ctpet.prepare.cases import BODY, Case
from ctpet.volume import Volume


def validate_case(
    case: Case, backend: TorchBackend, contract: ModelContract
) -> tuple[dict[str, float], Volume]:
    """Predict a case and compare with its measured PET inside the body.

    Returns:
        The errors of :class:`ctpet.evaluate.voxel.VoxelErrors` by name, and the predicted PET.
    """
    ct = np.asarray(case.array("ct"), np.float32)
    predicted = predict_array(ct, backend, contract)
    body = np.asarray(case.array("region")) == BODY
    errors = voxel_errors(predicted, np.asarray(case.array("pet")), body)
    return asdict(errors), Volume(predicted, case.geometry, "SUVBW")
