"""How unlike its training what a network sees is: the map is the distance, and only beside SUV."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ctpet.errors import CtpetError
from ctpet.learn.familiarity import Deepest, Familiar, fit_space


class Down(nn.Module):
    """Features at a quarter of the size, and a wide output from them."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv3d(1, 2, 1)
        self.deep = nn.Conv3d(1, 6, 4, stride=4)
        self.narrow = nn.Conv3d(6, 1, 1)
        self.up = nn.Upsample(scale_factor=4)

    def forward(self, hu):
        return self.wide(hu)[:, :1] + self.up(self.narrow(self.deep(hu)))


@pytest.fixture
def network():
    torch.manual_seed(3)
    return Down().eval().requires_grad_(requires_grad=False)


def some_features(count=400):
    return np.random.default_rng(5).normal(2, 3, (count, 6)).astype(np.float32)


def test_the_map_is_the_distance_and_the_rest_is_untouched(network):
    deepest, space = Deepest(network, (4, 4, 4)), fit_space(some_features(), 0)
    assert (deepest.level, deepest.step) == ("deep", (4, 4, 4))
    hu = torch.randn(1, 1, 8, 12, 16) * 10
    both = Familiar(deepest, space)(hu)
    assert torch.equal(both[:, :1], network(hu))
    features = network.deep(hu)[0].flatten(1).T.numpy()
    seen = both[0, 1].numpy()
    np.testing.assert_allclose(seen[::4, ::4, ::4].ravel(), space.unlike(features), rtol=1e-3)
    np.testing.assert_array_equal(seen[:4, :4, :4], seen[0, 0, 0])


def test_the_order_of_places_changes_nothing():
    space, seen = fit_space(some_features(), 0), some_features(20)
    order = np.random.default_rng(1).permutation(len(space.places))
    mixed = replace(space, places=space.places[order], usual=space.usual[order])
    np.testing.assert_allclose(mixed.unlike(seen), space.unlike(seen), rtol=1e-6)


def test_what_was_trained_on_is_usual_and_what_lies_far_is_not():
    features = some_features()
    space = fit_space(features, 0)
    assert 0.5 < np.sqrt((space.unlike(features) ** 2).mean()) <= 1.1
    assert space.unlike(features + 60).min() > 5


def test_too_few_places_are_refused():
    with pytest.raises(CtpetError, match="11 places of bodies, and 12 are needed"):
        fit_space(some_features(11), 0)
