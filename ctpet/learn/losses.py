"""Losses on the code of SUV (its square root), weighted by region.

All take ``(predicted, target, region)``: codes (N, 1, K, J, I) and the region of a case of the
same shape (0 not measured, 1 air, 2 body), and return one number, the mean over crops. What was
not measured never counts. A crop in which nothing counts gives 0.
"""

from collections.abc import Mapping

import torch
from monai.losses.ssim_loss import SSIMLoss
from torch import Tensor, nn

from ctpet.prepare.cases import AIR, BODY, UNMEASURED

LEAST_SHARE = 1 / 32


class Charbonnier(nn.Module):
    """Mean of √(d² + ε²) − ε, a smooth L1 (Charbonnier et al., ICIP 1994), weighted by region."""

    def __init__(self, *, epsilon: float = 0.01, air_weight: float = 0.1) -> None:
        """Take ε in the code's units, and what a voxel of air counts beside one of the body."""
        super().__init__()
        self.epsilon = epsilon
        self.air_weight = air_weight

    def forward(self, predicted: Tensor, target: Tensor, region: Tensor) -> Tensor:
        """Return the weighted mean."""
        weight = (region == BODY) + self.air_weight * (region == AIR)
        distance = ((predicted - target).square() + self.epsilon**2).sqrt() - self.epsilon
        return _weighted_mean(distance, weight)


class SuvCharbonnier(Charbonnier):
    """:class:`Charbonnier` of the SUV itself, in g/mL: high uptake weighs as much as it is."""

    def forward(self, predicted: Tensor, target: Tensor, region: Tensor) -> Tensor:
        """Return the weighted mean."""
        return super().forward(predicted.clamp(min=0.0).square(), target.square(), region)


class GradientDifference(nn.Module):
    """Mean |∇predicted − ∇target| along the three axes, in the body: keeps edges."""

    def forward(self, predicted: Tensor, target: Tensor, region: Tensor) -> Tensor:
        """Return the mean over axes of the mean over pairs of neighbours in the body."""
        error, body = predicted - target, region == BODY
        terms = []
        for axis in (2, 3, 4):
            n = error.shape[axis] - 1
            both = body.narrow(axis, 0, n) & body.narrow(axis, 1, n)
            terms.append(_weighted_mean(error.diff(dim=axis).abs(), both))
        return torch.stack(terms).mean()


class Dissimilarity(nn.Module):
    """1 − SSIM of the codes (Wang et al., 2004), what was not measured taken as predicted."""

    def __init__(self, *, code_max: float, window: int = 7) -> None:
        """Take the fixed data range of the code, and the side of the Gaussian window in voxels."""
        super().__init__()
        self.ssim = SSIMLoss(spatial_dims=3, data_range=code_max, win_size=window)

    def forward(self, predicted: Tensor, target: Tensor, region: Tensor) -> Tensor:
        """Return the mean over the crop."""
        measured = torch.where(region == UNMEASURED, predicted, target)
        value: Tensor = self.ssim(predicted, measured)
        return value


class WeightedSum(nn.Module):
    """A sum of losses, each times its weight."""

    def __init__(self, terms: Mapping[str, nn.Module], weights: Mapping[str, float]) -> None:
        """Take the losses and their weights by the same names.

        Raises:
            ValueError: the names differ.
        """
        super().__init__()
        if terms.keys() != weights.keys():
            raise ValueError(f"terms {sorted(terms)} and weights {sorted(weights)} differ")
        self.terms = nn.ModuleDict(terms)
        self.weights = dict(weights)

    def forward(self, predicted: Tensor, target: Tensor, region: Tensor) -> Tensor:
        """Return the sum."""
        parts = [
            self.weights[name] * term(predicted, target, region)
            for name, term in self.terms.items()
        ]
        return torch.stack(parts).sum()


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean over crops of each crop's weighted mean.

    A crop of which less than :data:`LEAST_SHARE` counts is weighed down, so that a few voxels do
    not speak as loud as a full one.
    """
    axes = (1, 2, 3, 4)
    weight = weight.to(values.dtype)
    least = LEAST_SHARE * weight[0].numel()
    return ((values * weight).sum(axes) / weight.sum(axes).clamp(min=least)).mean()
