"""Fixed channels that show a small network a wide surrounding: blurs and shares of tissue."""

import math
from collections.abc import Sequence

import torch
from monai.networks.layers.simplelayers import separable_filtering
from torch import Tensor, nn

from ctpet.learn.hu_channels import HuChannels

_TRUNCATE = 2.5
_EDGE_HU = 15.0


class MultiScaleChannels(nn.Module):
    """HU → windows, blurred HU, local spread, and shares of tissues at several scales.

    What boosted trees are given as features, as part of the graph. Gaussians are cut at 2.5 σ or
    at ``radius_voxels``, and continue the image by its edge.
    """

    def __init__(
        self,
        *,
        windows_hu: Sequence[Sequence[float]],
        tissues_hu: Sequence[Sequence[float]],
        blur_mm: Sequence[float],
        spread_mm: float,
        share_mm: Sequence[float],
        spacing_mm: float,
        radius_voxels: int = 12,
    ) -> None:
        """Take what to show.

        Args:
            windows_hu: see :class:`ctpet.learn.hu_channels.HuChannels`.
            tissues_hu: (low, high) of each tissue whose share is shown.
            blur_mm: σ of each blurred HU.
            spread_mm: σ around a voxel over which soft tissue's standard deviation is taken.
            share_mm: σ of each scale at which shares of tissues are shown.
            spacing_mm: of the grid.
            radius_voxels: no Gaussian reaches further.
        """
        super().__init__()
        self.windows = HuChannels(windows_hu)
        self.soft = HuChannels([(-200.0, 300.0)])
        self._scales = (tuple(blur_mm), float(spread_mm), tuple(share_mm))
        for mm in {*blur_mm, spread_mm, *share_mm}:
            kernel = _gaussian(mm / spacing_mm, radius_voxels)
            self.register_buffer(_name(mm), kernel, persistent=False)
        bounds = torch.tensor([list(map(float, tissue)) for tissue in tissues_hu])
        self.register_buffer("tissue_low", bounds[:, 0].reshape(1, -1, 1, 1, 1), persistent=False)
        self.register_buffer("tissue_high", bounds[:, 1].reshape(1, -1, 1, 1, 1), persistent=False)

    @property
    def hu_range(self) -> tuple[float, float]:
        """HU beyond which the channels do not change."""
        return self.windows.hu_range

    def forward(self, ct_hu: Tensor) -> Tensor:
        """Return (N, windows + blurs + 1 + tissues x scales, K, J, I) of HU, (N, 1, K, J, I)."""
        blurs_mm, spread_mm, shares_mm = self._scales
        hu = ct_hu.clamp(*self.hu_range)
        shown = [self.windows(hu)]
        shown += [self._blur(hu / 500.0, mm) for mm in blurs_mm]
        soft = self.soft(hu)
        variance = self._blur(soft.square(), spread_mm) - self._blur(soft, spread_mm).square()
        shown.append(4.0 * (variance.clamp(min=0.0) + 1e-6).sqrt())
        low, high = self.get_buffer("tissue_low"), self.get_buffer("tissue_high")
        tissues = ((hu - low) / _EDGE_HU).sigmoid() * ((high - hu) / _EDGE_HU).sigmoid()
        shown += [self._blur(tissues, mm) for mm in shares_mm]
        return torch.cat(shown, dim=1)

    def _blur(self, image: Tensor, sigma_mm: float) -> Tensor:
        blurred: Tensor = separable_filtering(
            image, [self.get_buffer(_name(sigma_mm))] * 3, mode="replicate"
        )
        return blurred


def _name(sigma_mm: float) -> str:
    return f"gaussian_{sigma_mm:g}".replace(".", "_")


def _gaussian(sigma_voxels: float, radius_voxels: int) -> Tensor:
    """Return a Gaussian that sums to 1."""
    radius = min(max(1, math.ceil(_TRUNCATE * sigma_voxels)), radius_voxels)
    at = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (at / sigma_voxels).square())
    return (kernel / kernel.sum()).float()
