import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import KDTree

from ctpet.evaluate.components import near

SHAPE = (15, 18, 21)


def by_search(mask, spacing_mm, within_mm):
    centres = np.argwhere(np.ones(SHAPE, bool)) * spacing_mm
    marked = np.argwhere(mask) * spacing_mm
    return (KDTree(marked).query(centres)[0] <= within_mm + 1e-9).reshape(SHAPE)


@pytest.mark.parametrize("spacing_mm", [(4.0, 4.0, 4.0), (3.27, 2.0, 5.5), (1.0, 9.0, 8.0)])
@pytest.mark.parametrize("share", [0.999, 0.97, 0.3])
def test_what_is_near_is_that_of_a_search_among_all_centres(spacing_mm, share):
    field = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=SHAPE), 0.8)
    mask = field > np.quantile(field, share)
    for within_mm in (8.0, 0.5):
        found = near(mask, spacing_mm, within_mm)
        np.testing.assert_array_equal(found, by_search(mask, spacing_mm, within_mm))


def test_nothing_is_near_nothing():
    assert not near(np.zeros(SHAPE, bool), (1.0, 1.0, 1.0), 8.0).any()
