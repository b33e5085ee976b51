"""A network from HU to SUVbw: channels in, a backbone, decoding out."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class HuChannels(nn.Module):
    """Spread HU over channels, one a window of HU, each clipped and brought to 0..1.

    Ten HU tell tissues apart and are lost in half precision next to the range of bone; a window
    around soft tissue keeps them.
    """

    low: Tensor
    width: Tensor

    def __init__(self, windows_hu: Sequence[Sequence[float]]) -> None:
        """Take the windows, (low, high) each.

        Raises:
            ValueError: there is none, or one does not grow.
        """
        super().__init__()
        if not windows_hu or any(not low < high for low, high in windows_hu):
            raise ValueError(f"windows_hu must be pairs (low, high) with low < high: {windows_hu}")
        bounds = torch.tensor([list(map(float, window)) for window in windows_hu])
        shape = (1, -1, 1, 1, 1)
        low, width = bounds[:, 0].reshape(shape), bounds.diff(dim=1).reshape(shape)
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("width", width, persistent=False)

    @property
    def hu_range(self) -> tuple[float, float]:
        """HU beyond which the channels do not change."""
        return float(self.low.min()), float((self.low + self.width).max())

    def forward(self, ct_hu: Tensor) -> Tensor:
        """Return (N, windows, K, J, I) in 0..1 of HU, (N, 1, K, J, I)."""
        return ((ct_hu - self.low) / self.width).clamp(0.0, 1.0)


class SuvNetwork(nn.Module):
    """HU → SUVbw through a backbone that works on the square root of SUV.

    The root compresses high uptake, so that one avid organ does not outweigh a body; a median is
    the same before and after it, so that an L1 model still predicts the median SUV.
    """

    def __init__(
        self, backbone: nn.Module, windows_hu: Sequence[Sequence[float]], suv_max: float
    ) -> None:
        """Join the parts.

        Args:
            backbone: (N, len(windows_hu), K, J, I) → (N, 1, K, J, I).
            windows_hu: see :class:`HuChannels`.
            suv_max: SUVbw above which nothing is predicted.
        """
        super().__init__()
        if not suv_max > 0:
            raise ValueError(f"suv_max must be positive, not {suv_max}")
        self.channels = HuChannels(windows_hu)
        self.backbone = backbone
        self.suv_max = float(suv_max)

    def code(self, ct_hu: Tensor) -> Tensor:
        """Return the predicted root of SUVbw, unclipped, (N, 1, K, J, I), from HU."""
        code: Tensor = self.backbone(self.channels(ct_hu))
        return code

    def forward(self, ct_hu: Tensor) -> Tensor:
        """Return SUVbw in 0..suv_max, (N, 1, K, J, I), from HU of the same shape."""
        return self.decode(self.code(ct_hu))

    def encode(self, suv: Tensor) -> Tensor:
        """Return the root of SUVbw, clipped to 0..suv_max; what :meth:`code` is trained towards."""
        return suv.clamp(0.0, self.suv_max).sqrt()

    def decode(self, code: Tensor) -> Tensor:
        """Return SUVbw of a code; undoes :meth:`encode`."""
        return code.clamp(0.0, self.suv_max**0.5).square()
