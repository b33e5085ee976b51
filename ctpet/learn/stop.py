"""Why a training stops before its end."""

from typing import Any

import torch
from torch import Tensor

from ctpet.errors import CtpetError


class TrainingStopped(CtpetError):
    """A training cannot go on; the checkpoints of whole epochs are intact."""


def refuse_nan(loss: Tensor, batch: dict[str, Any], *, epoch: int, step: int) -> None:
    """Stop at a loss that is not finite.

    Raises:
        TrainingStopped: naming the step and the cases of the batch.
    """
    if not torch.isfinite(loss):
        raise TrainingStopped(
            f"The loss is {loss.detach().item()} at epoch {epoch}, step {step}, cases "
            f"{', '.join(batch['case_id'])}. The last checkpoint is intact: look at these cases, "
            "lower optimizer.lr, or clip the gradient, and resume."
        )
