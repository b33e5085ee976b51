"""Where a prediction is scored."""

import numpy as np
import pytest

from ctpet.evaluate.tiers import DOME_MM, dome_slab, tier_masks


def test_tiers_follow_their_names():
    predicted = np.array([[[0, 3, 0, 3, 3]]], np.float32)
    measured = np.array([[[0.5, 0.6, 2.6, 2.5, 9]]], np.float32)
    body = np.array([[[1, 1, 1, 1, 0]]], bool)
    known = np.ones_like(body)
    dome, lesions = (np.array([[each]], bool) for each in ([0, 1, 0, 0, 0], [0, 0, 0, 1, 1]))
    masks = tier_masks(predicted, measured, body, known, dome=dome, lesions=lesions)
    assert {name: mask.ravel().astype(int).tolist() for name, mask in masks.items()} == {
        "field": [1, 1, 1, 1, 1],
        "body": [1, 1, 1, 1, 0],
        "measured > 0.5": [0, 1, 1, 1, 0],
        "measured > 2.5": [0, 0, 1, 0, 0],
        "predicted > 2.5": [0, 1, 0, 1, 0],
        "in lesions": [0, 0, 0, 1, 0],
        "body without dome": [1, 0, 1, 1, 0],
    }
    without = tier_masks(predicted, measured, body, known)
    assert not {"body without dome", "in lesions"} & set(without)


@pytest.mark.parametrize("slice_mm", [4.0, 5.0])
def test_the_slab_reaches_4_cm_from_the_top_of_the_liver(slice_mm):
    liver = np.zeros((60, 4, 4), bool)
    liver[10:31, 1:3, 1:3] = True
    slab = dome_slab(liver, slice_mm)
    reach = int(DOME_MM / slice_mm)
    assert np.flatnonzero(slab[:, 0, 0]).tolist() == list(range(30 - reach, 30 + reach + 1))
    assert dome_slab(np.zeros_like(liver), slice_mm) is None
