import pytest
import torch
from monai.networks.nets import MultiScalePatchDiscriminator
from torch import nn

from ctpet.learn.discriminator import (
    feature_distance,
    fooling_loss,
    judging_loss,
    with_spectral_norm,
)


def test_the_hinge_worked_by_hand():
    """Right by more than the margin of 1 costs nothing; scales count alike, whatever their size."""
    real = [torch.tensor([2.0, 0.5]), torch.tensor([-1.0])]
    fake = [torch.tensor([-3.0, 0.0]), torch.tensor([0.5])]
    first, second = (0 + 0.5) / 2 + (0 + 1) / 2, 2 + 1.5
    assert judging_loss(real, fake).item() == pytest.approx((first + second) / 2)
    assert fooling_loss(fake).item() == pytest.approx((1.5 - 0.5) / 2)


def test_feature_matching_worked_by_hand():
    real = [[torch.zeros(2), torch.tensor([1.0])], [torch.tensor([5.0])]]
    fake = [[torch.tensor([1.0, 3.0]), torch.tensor([0.0])], [torch.tensor([9.0])]]
    assert feature_distance(real, fake).item() == pytest.approx((2 + 1 + 4) / 3)


def test_the_measured_side_of_feature_matching_learns_nothing():
    real, fake = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    feature_distance([[real]], [[fake]]).backward()
    assert real.grad is None
    assert fake.grad is not None


def test_spectral_norm_bounds_every_convolution():
    def steep(**channels):
        made = MultiScalePatchDiscriminator(
            num_d=2, num_layers_d=1, spatial_dims=3, channels=4, norm=None, bias=True, **channels
        )
        for conv in [m for m in made.modules() if isinstance(m, nn.Conv3d)]:
            nn.init.normal_(conv.weight, std=1.0)
        return made

    made = with_spectral_norm(steep, in_channels=2)
    made(torch.randn(1, 2, 16, 16, 16))
    norms = [
        torch.linalg.matrix_norm(m.weight.flatten(1), 2).item()
        for m in made.modules()
        if isinstance(m, nn.Conv3d)
    ]
    assert len(norms) == 2 + 1 + 2 + 2
    assert norms == pytest.approx([1.0] * len(norms), rel=0.1)
