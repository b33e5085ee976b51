"""Why a training stops before its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from torch import Tensor

from ctpet.errors import CtpetError, is_disk_full
from ctpet.learn.whole_checkpoints import checkpoint_words


class TrainingStopped(CtpetError):
    """A training cannot go on."""


def refuse_nan(loss: Tensor, batch: dict[str, Any], *, epoch: int, step: int) -> None:
    """Stop at a loss that is not finite.

    Raises:
        TrainingStopped: naming the step and the cases of the batch.
    """
    if not torch.isfinite(loss):
        raise TrainingStopped(
            f"The loss is {loss.detach().item()} at epoch {epoch}, step {step}, cases "
            f"{', '.join(batch['case_id'])}. Look at these cases, lower optimizer.lr, or clip the "
            "gradient, and resume."
        )


@contextmanager
def explained_stop(trainer: Trainer, last: Path) -> Iterator[None]:
    """Turn a killed loader, a full disk and a bad loss into one line with what can be gone on from.

    Args:
        trainer: that trains.
        last: the checkpoint that ``resume=auto`` goes on from; it is read before it is spoken of.

    Raises:
        TrainingStopped: in their place.
    """
    try:
        yield
    except TrainingStopped as stop:
        raise TrainingStopped(f"{stop} {checkpoint_words(last)}") from stop
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise TrainingStopped(
            "A process that loads crops was killed, most often for want of memory, "
            f"{_where(trainer)}. {checkpoint_words(last)} Lower data.workers or data.batch_size, "
            "and go on by resume=auto."
        ) from error
    except OSError as error:
        what = "The disk is full" if is_disk_full(error) else f"A file failed ({error.strerror})"
        raise TrainingStopped(
            f"{what}, {_where(trainer)}. {checkpoint_words(last)} Mend it, and go on by "
            "resume=auto."
        ) from error


def _where(trainer: Trainer) -> str:
    return f"at epoch {trainer.current_epoch}, step {trainer.global_step}"
