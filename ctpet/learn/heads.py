"""Deep supervision: backbones that predict from coarser levels too, while they are trained."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

Output = Tensor | Sequence[Tensor]
"""What a backbone returns: (N, C, K, J, I); several such; or stacked (N, heads, C, K, J, I)."""

_STACKED = 6


class FinalLast(nn.Module):
    """A backbone that returns its final head last, and all heads always.

    MONAI's BasicUNetPlusPlus is one; :func:`heads_of` takes the final head first.
    """

    def __init__(self, backbone: nn.Module) -> None:
        """Take the backbone."""
        super().__init__()
        self.backbone = backbone

    def forward(self, channels: Tensor) -> Output:
        """Return the heads in training, the final one first; else the final one alone."""
        heads = heads_of(self.backbone(channels))
        return heads[::-1] if self.training else heads[-1]


def heads_of(output: Output) -> tuple[Tensor, ...]:
    """Return the heads of a backbone one by one, in its order; one where it has one output."""
    if isinstance(output, Tensor):
        return output.unbind(dim=1) if output.ndim == _STACKED else (output,)
    return tuple(output)


def in_full_size(output: Output, like: Tensor) -> tuple[Tensor, ...]:
    """Return the heads of a backbone, each with the voxels of the crop.

    Coarser heads are spread by nearest neighbour, as MONAI's DynUNet spreads its own: the target
    keeps its voxels, and what was not measured stays apart from what was.

    Args:
        output: of the backbone.
        like: whose K, J and I are the crop's.
    """
    size = like.shape[2:]
    return tuple(
        head if head.shape[2:] == size else interpolate(head, size, mode="nearest-exact")
        for head in heads_of(output)
    )


def head_weights(count: int) -> tuple[float, ...]:
    """Return the weights of heads, the final one first: each half of the one before, sum 1.

    So does nnU-Net (Isensee et al., Nature Methods 18, 2021), whose lowest head then counts
    nothing; here every head that was asked for counts.
    """
    halves = [0.5**n for n in range(count)]
    return tuple(weight / sum(halves) for weight in halves)


def deep_loss(
    loss: Callable[[Tensor, Tensor, Tensor], Tensor],
    heads: Sequence[Tensor],
    target: Tensor,
    region: Tensor,
) -> Tensor:
    """Return the weighted sum of a loss over heads; see :func:`head_weights`.

    Args:
        loss: of :mod:`ctpet.learn.losses`.
        heads: codes (N, 1, K, J, I), the final one first.
        target: code of the measured SUV, of the same shape.
        region: of the case, of the same shape.
    """
    parts = [
        weight * loss(head.float(), target, region)
        for weight, head in zip(head_weights(len(heads)), heads, strict=True)
    ]
    return torch.stack(parts).sum()
