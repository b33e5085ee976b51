import numpy as np
import pytest

from ctpet.evaluate.intervals import interval_errors


def image(*values):
    return np.array(values, np.float32).reshape(1, 1, -1)


ALL = np.ones((1, 1, 4), bool)


def test_coverage_counts_both_ends_and_width_is_the_mean():
    found = interval_errors((image(0, 1, 2, 3), image(1, 2, 4, 5)), image(1, 1, 1.9, 5.1), ALL)
    assert (found.coverage, found.width) == (0.5, pytest.approx(1.5))


def test_only_the_mask_counts_and_nothing_is_nan():
    bounds = image(0, 0, 0, 0), image(1, 1, 1, 3)
    only = ALL.copy()
    only[..., :3] = False
    found = interval_errors(bounds, image(9, 9, 9, 2), only)
    assert (found.coverage, found.width) == (1, 3)
    none = interval_errors(bounds, image(9, 9, 9, 2), np.zeros_like(ALL))
    assert np.isnan([none.coverage, none.width]).all()


def test_noise_below_zero_counts_as_zero():
    bounds = image(0, 0.1, 0, 0), image(1, 1, 1, 1)
    assert interval_errors(bounds, image(-0.2, -0.2, -0.2, -0.2), ALL).coverage == 0.75


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shapes differ"):
        interval_errors((image(0), image(1)), image(0, 1), ALL)
