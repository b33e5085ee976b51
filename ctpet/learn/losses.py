"""Losses on the code of SUV (its square root), weighted by region.

All take ``(predicted, target, region)``: codes (N, 1, K, J, I) and the region of a case of the
same shape (0 not measured, 1 air, 2 body), and return one number, the mean over crops. What was
not measured never counts. A crop in which nothing counts gives 0. A loss that is for networks of
another number of outputs has ``outputs``.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from monai.losses.ssim_loss import SSIMLoss
from torch import Tensor, nn

from ctpet.learn.quantiles import OUTPUTS
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


class Pinball(nn.Module):
    """Pinball loss of the codes of three quantiles (Koenker & Bassett, Econometrica 46, 1978).

    Its least mean is at the quantiles of the target, and these are the same of a code as of SUV.
    The sum over quantiles is doubled: the median then counts as much as in an L1 loss.
    """

    outputs: ClassVar[int] = OUTPUTS

    def __init__(
        self, *, quantiles: Sequence[float] = (0.05, 0.5, 0.95), air_weight: float = 0.1
    ) -> None:
        """Take the levels of low, median and high, and what a voxel of air counts.

        Raises:
            ValueError: they do not ascend between 0 and 1 with 0.5 in the middle.
        """
        super().__init__()
        low, median, high = tuple(quantiles) if len(quantiles) == OUTPUTS else (0, 0, 0)
        if not 0 < low < median == 0.5 < high < 1:
            raise ValueError(f"quantiles must be low < 0.5 < high, not {list(quantiles)}")
        self.levels = (median, low, high)  # as the network's outputs are
        self.air_weight = air_weight

    def forward(self, predicted: Tensor, target: Tensor, region: Tensor) -> Tensor:
        """Return the weighted mean; ``predicted`` is (N, 3, K, J, I)."""
        weight = (region == BODY) + self.air_weight * (region == AIR)
        missed = target - predicted
        level = missed.new_tensor(self.levels).reshape(1, -1, 1, 1, 1)
        loss = torch.maximum(level * missed, (level - 1) * missed)
        return _weighted_mean(2 * loss.sum(dim=1, keepdim=True), weight)


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
