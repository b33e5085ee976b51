"""A network from HU to SUVbw: channels in, a backbone, decoding out."""

import torch
from torch import Tensor, nn

from ctpet.learn.heads import in_full_size
from ctpet.learn.hu_channels import HuChannels
from ctpet.learn.multiscale import MultiScaleChannels
from ctpet.learn.quantiles import OUTPUTS, ordered

Channels = HuChannels | MultiScaleChannels
"""What spreads HU over the channels that a backbone takes."""


class SuvNetwork(nn.Module):
    """HU → SUVbw through a backbone that works on the square root of SUV.

    The root compresses high uptake, so that one avid organ does not outweigh a body; a median is
    the same before and after it, so that an L1 model still predicts the median SUV. So is every
    other quantile: a network of three outputs adds a lower and an upper bound.
    """

    def __init__(
        self, channels: Channels, backbone: nn.Module, suv_max: float, outputs: int = 1
    ) -> None:
        """Join the parts.

        Args:
            channels: HU, (N, 1, K, J, I) → (N, C, K, J, I); has ``hu_range``.
            backbone: (N, C, K, J, I) → (N, outputs, K, J, I); in training maybe several of these,
                see :mod:`ctpet.learn.heads`, the final one first.
            suv_max: SUVbw above which nothing is predicted.
            outputs: 1, the median; or 3, the median, the lower and the upper bound.

        Raises:
            ValueError: a value cannot be meant.
        """
        super().__init__()
        if not suv_max > 0:
            raise ValueError(f"suv_max must be positive, not {suv_max}")
        if outputs not in (1, OUTPUTS):
            raise ValueError(f"outputs must be 1 or {OUTPUTS}, not {outputs}")
        self.channels = channels
        self.backbone = backbone
        self.suv_max = float(suv_max)
        self.outputs = outputs

    def code(self, ct_hu: Tensor) -> Tensor:
        """Return the predicted root of SUVbw, unclipped, (N, outputs, K, J, I), from HU."""
        return self.heads(self.show(ct_hu))[0]

    def heads(self, channels: Tensor) -> tuple[Tensor, ...]:
        """Return the codes by each head of the backbone, the final one first.

        Each is (N, outputs, K, J, I), and of three outputs ordered by :mod:`ctpet.learn.quantiles`.

        Args:
            channels: from :meth:`show`.
        """
        return tuple(map(ordered, in_full_size(self.backbone(channels), channels)))

    def show(self, ct_hu: Tensor) -> Tensor:
        """Return what the backbone sees of HU, in full precision, (N, C, K, J, I)."""
        with torch.autocast(ct_hu.device.type, enabled=False):
            channels: Tensor = self.channels(ct_hu)
        return channels

    def forward(self, ct_hu: Tensor) -> Tensor:
        """Return SUVbw in 0..suv_max, (N, outputs, K, J, I), from HU, (N, 1, K, J, I)."""
        return self.decode(self.code(ct_hu))

    def encode(self, suv: Tensor) -> Tensor:
        """Return the root of SUVbw, clipped to 0..suv_max; what :meth:`code` is trained towards."""
        return suv.clamp(0.0, self.suv_max).sqrt()

    def decode(self, code: Tensor) -> Tensor:
        """Return SUVbw of a code; undoes :meth:`encode`."""
        return code.clamp(0.0, self.suv_max**0.5).square()
