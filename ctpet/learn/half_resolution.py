"""Run a backbone at half the resolution: PET is smooth, and most work is at the finest level."""

from torch import Tensor, nn

from ctpet.learn.heads import Output, heads_of


class HalfResolution(nn.Module):
    """Fold 2×2×2 voxels into channels, run the backbone, unfold its output.

    The folds are learned, and no voxel of the input or the output is dropped: eight output voxels
    are read from one inner voxel by eight different weights.
    """

    def __init__(
        self,
        backbone: nn.Module,
        *,
        channels: int,
        inner_in: int,
        inner_out: int,
        outputs: int = 1,
    ) -> None:
        """Join the parts.

        Args:
            backbone: (N, inner_in, K/2, J/2, I/2) → (N, inner_out, K/2, J/2, I/2).
            channels: of the input.
            inner_in: channels that the backbone takes.
            inner_out: channels that it returns.
            outputs: channels of the output.
        """
        super().__init__()
        self.fold = nn.Conv3d(channels, inner_in, kernel_size=2, stride=2)
        self.backbone = backbone
        self.unfold = nn.ConvTranspose3d(inner_out, outputs, kernel_size=2, stride=2)

    def forward(self, channels: Tensor) -> Output:
        """Return (N, outputs, K, J, I) of (N, channels, K, J, I), of each head; sizes are even."""
        final, *coarser = map(self.unfold, heads_of(self.backbone(self.fold(channels))))
        return (final, *coarser) if coarser else final
