"""The bar to clear: boosted trees on 15 multi-scale features of the CT inside a box."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.ensemble import HistGradientBoostingRegressor
from sts_boxes import Box
from sts_scores import Predictor

SMOOTH_MM = (4.0, 8.0, 16.0, 32.0)
SPREAD_MM = 8.0
SHARE_MM = (4.0, 10.0, 24.0)
TISSUES_HU = ((0, 100), (-150, -30), (150, 3000))
VOXELS_PER_BOX = 1000


def features(box: Box) -> NDArray[np.float32]:
    """Return (voxels, 15): HU, smoothed HU, local spread, shares of soft tissue, fat and bone."""
    hu = np.clip(box.ct_on_pet.array, -1024, 1500).astype(np.float32)
    spacing_mm = np.array(box.pet.geometry.spacing_mm)

    def blur(image: NDArray[np.float32], sigma_mm: float) -> NDArray[np.float32]:
        return gaussian_filter(image, sigma_mm / spacing_mm, mode="nearest", truncate=3)

    soft = np.clip(hu, -200, 300)
    variance = blur(soft**2, SPREAD_MM) - blur(soft, SPREAD_MM) ** 2
    out = [hu, *(blur(hu, mm) for mm in SMOOTH_MM), np.sqrt(np.maximum(variance, 0))]
    for low, high in TISSUES_HU:
        inside = ((hu >= low) & (hu < high)).astype(np.float32)
        out += [blur(inside, mm) for mm in SHARE_MM]
    return np.stack([each.ravel() for each in out], axis=1)


def boosted_trees(train: Sequence[Box]) -> Predictor:
    """Fit on a thousand voxels of the body of each box, by absolute error."""
    rng = np.random.default_rng(0)
    inputs, targets = [], []
    for box in train:
        body = np.flatnonzero(box.body)
        taken = rng.choice(body, min(VOXELS_PER_BOX, body.size), replace=False)
        inputs.append(features(box)[taken])
        targets.append(box.pet.array.ravel()[taken])
    trees = HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=350,
        learning_rate=0.05,
        max_leaf_nodes=31,
        min_samples_leaf=100,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    ).fit(np.concatenate(inputs), np.concatenate(targets))

    def predict(box: Box) -> NDArray[np.float32]:
        found = trees.predict(features(box)).astype(np.float32)
        return found.reshape(box.pet.array.shape)

    return predict
