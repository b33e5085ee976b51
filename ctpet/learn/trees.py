"""Boosted trees on what surrounds a voxel: the bar that a network must clear.

The features are the channels that :mod:`ctpet.learn.multiscale` shows to small networks, with one
window of HU: clipped HU, HU blurred at four scales, the local spread of soft tissue, and shares of
soft tissue, fat and bone at three scales, 15 in all.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from ctpet.learn.multiscale import MultiScaleChannels
from ctpet.prepare.cases import BODY, Case

VOXELS_PER_PATIENT = 8000
SETTINGS = {
    "loss": "absolute_error",
    "max_iter": 350,
    "learning_rate": 0.05,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 100,
    "l2_regularization": 1.0,
    "early_stopping": False,
    "random_state": 0,
}
_WINDOW_HU = (-1024.0, 1500.0)
_TISSUES_HU = ((0, 100), (-150, -30), (150, 3000))
_BLUR_MM, _SPREAD_MM, _SHARE_MM = (4, 8, 16, 32), 8, (4, 10, 24)


class BoostedTrees:
    """Gradient-boosted trees, fitted by absolute error on voxels of the body."""

    def __init__(self, pieces: Sequence[Case]) -> None:
        """Fit on as many voxels of each patient, drawn from all of his pieces alike.

        Args:
            pieces: of patients, whole cases or boxes, of which trees see nothing outside.
        """
        rng = np.random.default_rng(0)
        of_patient = Counter(piece.patient_hash for piece in pieces)
        drawn = [
            _draw(piece, VOXELS_PER_PATIENT // of_patient[piece.patient_hash], rng)
            for piece in pieces
        ]
        inputs, targets = (np.concatenate(part) for part in zip(*drawn, strict=True))
        self._trees = HistGradientBoostingRegressor(**SETTINGS).fit(inputs, targets)

    def predict(self, case: Case) -> NDArray[np.float32]:
        """Return SUVbw, (k, j, i), 0 outside the body."""
        body = case.array("region") == BODY
        suv = np.zeros(case.shape, np.float32)
        if body.any():
            suv[body] = np.clip(self._trees.predict(features(case, body)), 0, None)
        return suv


def features(case: Case, where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return what is shown of some voxels of a case, (voxels, 15)."""
    channels = MultiScaleChannels(
        windows_hu=[_WINDOW_HU],
        tissues_hu=_TISSUES_HU,
        blur_mm=_BLUR_MM,
        spread_mm=_SPREAD_MM,
        share_mm=_SHARE_MM,
        spacing_mm=float(np.cbrt(np.prod(case.geometry.spacing_mm))),
    )
    ct = torch.from_numpy(np.array(case.array("ct"), np.float32))[None, None]
    with torch.inference_mode():
        shown: NDArray[np.float32] = channels(ct)[0].numpy()
    return shown[:, where].T


def _draw(
    case: Case, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return features and measured SUVbw of voxels of the body."""
    body = np.flatnonzero(case.array("region") == BODY)
    taken = rng.choice(body, min(max(count, 1), body.size), replace=False)
    where = np.zeros(case.shape, np.bool_)
    where.flat[taken] = True
    return features(case, where), np.asarray(case.array("pet"))[where]
