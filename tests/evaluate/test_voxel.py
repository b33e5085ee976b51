import math

import numpy as np
import pytest

from ctpet.evaluate.voxel import voxel_errors

F32 = np.float32


def test_a_case_worked_by_hand():
    measured = np.array([0.0, 1.0, 3.0, 4.0, 99.0], F32)
    predicted = np.array([1.0, 1.0, 1.0, 6.0, 0.0], F32)
    mask = np.array([1, 1, 1, 1, 0], bool)
    found = voxel_errors(predicted, measured, mask)
    assert found.mae == pytest.approx((1 + 0 + 2 + 2) / 4)
    assert found.rmse == pytest.approx(math.sqrt((1 + 0 + 4 + 4) / 4))
    assert found.bias == pytest.approx((1 + 0 - 2 + 2) / 4)
    assert found.mae_measured_high == pytest.approx(2)
    assert found.mae_predicted_high == pytest.approx(2)


def test_a_tier_without_voxels_has_no_error_rather_than_none():
    found = voxel_errors(np.zeros(3, F32), np.ones(3, F32), np.ones(3, bool))
    assert math.isnan(found.mae_predicted_high)
    assert math.isnan(found.mae_measured_high)


def test_sums_do_not_lose_small_errors_in_large_volumes():
    measured = np.full(2_000_000, 0.1, F32)
    found = voxel_errors(measured + F32(1e-3), measured, np.ones(measured.shape, bool))
    assert found.bias == pytest.approx(1e-3, rel=1e-3)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="shapes differ"):
        voxel_errors(np.zeros(3, F32), np.zeros(4, F32), np.ones(3, bool))
