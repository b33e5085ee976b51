"""autoPET's figures against scikit-image's components, of which connectivity 2 is 18 neighbours."""

import math

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import label

from ctpet.evaluate.autopet import autopet_agreement

SHAPE = (16, 20, 24)
SPACING_MM = (3.0, 2.0, 4.0)
VOXEL_ML = 0.024


def blobs(seed, share=0.08):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 1.0)
    return field > np.quantile(field, 1 - share)


def apart_ml(mask, other):
    """As the challenge's script writes it: component by component."""
    numbers = label(mask, connectivity=2)
    parts = (numbers == n for n in range(1, numbers.max() + 1))
    return sum(int(part.sum()) for part in parts if not (part & other).any()) * VOXEL_ML


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_volumes_are_those_of_components_of_18_neighbours(seed):
    predicted, reference = blobs(seed), blobs(seed + 10)
    found = autopet_agreement(predicted, reference, SPACING_MM)
    assert found.false_positive_ml == pytest.approx(apart_ml(predicted, reference))
    assert found.false_negative_ml == pytest.approx(apart_ml(reference, predicted))
    assert found.false_positive_ml > 0 < found.false_negative_ml
    both = (predicted & reference).sum()
    assert found.dice == pytest.approx(2 * both / (predicted.sum() + reference.sum()))


def test_parts_that_meet_at_a_corner_are_two_and_at_an_edge_one():
    reference = np.zeros(SHAPE, bool)
    reference[2, 2, 2] = True
    for other, false_ml in (((3, 3, 3), VOXEL_ML), ((2, 3, 3), 0.0)):
        predicted = reference.copy()
        predicted[other] = True
        found = autopet_agreement(predicted, reference, SPACING_MM)
        assert found.false_positive_ml == pytest.approx(false_ml)


def test_the_smallest_part_counts():
    predicted, reference = np.zeros((2, *SHAPE), bool)
    predicted[1, 1, 1] = True
    found = autopet_agreement(predicted, reference, SPACING_MM)
    assert found.false_positive_ml == pytest.approx(VOXEL_ML)
    assert math.isnan(found.dice)
    assert math.isnan(found.false_negative_ml)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="shapes differ"):
        autopet_agreement(blobs(0), blobs(1)[1:], SPACING_MM)
