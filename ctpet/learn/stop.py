"""Why a training stops before its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning import Trainer
from torch import Tensor

from ctpet.errors import CtpetError, is_disk_full


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


@contextmanager
def explained_stop(trainer: Trainer) -> Iterator[None]:
    """Turn a killed loader and a full disk into one line that says where the training was.

    Raises:
        TrainingStopped: in their place.
    """
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise TrainingStopped(
            f"A process that loads crops was killed, most often for want of memory, "
            f"{_where(trainer)}. Lower data.workers or data.batch_size, and go on by resume=auto."
        ) from error
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise TrainingStopped(
            f"The disk is full, {_where(trainer)}. Free space, and go on by resume=auto."
        ) from error


def _where(trainer: Trainer) -> str:
    return (
        f"at epoch {trainer.current_epoch}, step {trainer.global_step}; the last checkpoint is "
        "intact"
    )
