"""A network from HU to SUVbw: channels in, a backbone, decoding out."""

import torch
from torch import Tensor, nn

from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.multiscale import MultiScaleChannels

Channels = HuChannels | MultiScaleChannels
"""What spreads HU over the channels that a backbone takes."""


class SuvNetwork(nn.Module):
    """HU → SUVbw through a backbone that works on the square root of SUV.

    The root compresses high uptake, so that one avid organ does not outweigh a body; a median is
    the same before and after it, so that an L1 model still predicts the median SUV.
    """

    def __init__(self, channels: Channels, backbone: nn.Module, suv_max: float) -> None:
        """Join the parts.

        Args:
            channels: HU, (N, 1, K, J, I) → (N, C, K, J, I); has ``hu_range``.
            backbone: (N, C, K, J, I) → (N, 1, K, J, I).
            suv_max: SUVbw above which nothing is predicted.
        """
        super().__init__()
        if not suv_max > 0:
            raise ValueError(f"suv_max must be positive, not {suv_max}")
        self.channels = channels
        self.backbone = backbone
        self.suv_max = float(suv_max)

    def code(self, ct_hu: Tensor) -> Tensor:
        """Return the predicted root of SUVbw, unclipped, (N, 1, K, J, I), from HU."""
        code: Tensor = self.backbone(self.show(ct_hu))
        return code

    def show(self, ct_hu: Tensor) -> Tensor:
        """Return what the backbone sees of HU, in full precision, (N, C, K, J, I)."""
        with torch.autocast(ct_hu.device.type, enabled=False):
            channels: Tensor = self.channels(ct_hu)
        return channels

    def forward(self, ct_hu: Tensor) -> Tensor:
        """Return SUVbw in 0..suv_max, (N, 1, K, J, I), from HU of the same shape."""
        return self.decode(self.code(ct_hu))

    def encode(self, suv: Tensor) -> Tensor:
        """Return the root of SUVbw, clipped to 0..suv_max; what :meth:`code` is trained towards."""
        return suv.clamp(0.0, self.suv_max).sqrt()

    def decode(self, code: Tensor) -> Tensor:
        """Return SUVbw of a code; undoes :meth:`encode`."""
        return code.clamp(0.0, self.suv_max**0.5).square()
