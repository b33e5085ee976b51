"""Several networks as one: the mean of what they predict."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ctpet.learn.heads import heads_of
from ctpet.learn.network import SuvNetwork
from ctpet.learn.quantiles import ordered, unordered

_LEAST = 1e-6
"""A root has no slope at 0 to learn by."""


class Average(nn.Module):
    """The mean output of backbones that were trained apart."""

    def __init__(self, backbones: Sequence[nn.Module]) -> None:
        """Take at least one backbone.

        Raises:
            ValueError: there is none.
        """
        super().__init__()
        if not backbones:
            raise ValueError("an average needs at least one backbone")
        self.backbones = nn.ModuleList(backbones)

    def forward(self, channels: Tensor) -> Tensor:
        """Return channels of the mean SUV: the root of the mean square of the backbones' codes.

        Of bounds it is the mean bound, which lies on the median's side where each one does.
        """
        codes = [ordered(heads_of(backbone(channels))[0]) for backbone in self.backbones]
        mean = torch.stack(codes).clamp_min(_LEAST).square().mean(dim=0).sqrt()
        return unordered(mean)


def average_networks(networks: Sequence[SuvNetwork]) -> SuvNetwork:
    """Join networks that differ in the weights of their backbones alone.

    The mean is taken of SUV and not of its root, the code, which would draw uptake towards 0 where
    the networks disagree: see :class:`ctpet.learn.network.SuvNetwork`.
    """
    first = networks[0]
    backbone = Average([network.backbone for network in networks])
    return SuvNetwork(first.channels, backbone, first.suv_max, first.outputs).train(first.training)
