"""HU as channels that a network reads well."""

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
        self._hu_range = float(low.min()), float((low + width).max())

    @property
    def hu_range(self) -> tuple[float, float]:
        """HU beyond which the channels do not change."""
        return self._hu_range

    def forward(self, ct_hu: Tensor) -> Tensor:
        """Return (N, windows, K, J, I) in 0..1 of HU, (N, 1, K, J, I)."""
        return ((ct_hu - self.low) / self.width).clamp(0.0, 1.0)
