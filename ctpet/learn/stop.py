"""Why a training stops before its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from hydra.errors import HydraException
from lightning import Trainer
from omegaconf.errors import OmegaConfBaseException
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
    """Turn what stops a training from outside into one line with what can be gone on from.

    That is a killed loader, a full disk, a bad loss, and a configuration that fails before the
    first step.

    Args:
        trainer: that trains.
        last: the checkpoint that ``resume=auto`` goes on from; it is read before it is spoken of.

    Raises:
        TrainingStopped: in their place.
    """
    try:
        yield
    except Exception as error:
        told = _explained(error, trainer, checkpoint_words(last))
        if told is None:
            raise
        raise TrainingStopped(told) from error


@contextmanager
def explained_beginning() -> Iterator[None]:
    """Turn what fails while a training is put together into one line.

    Raises:
        CtpetError: in place of what the parts raise; what names its key already is let through.
    """
    try:
        yield
    except HydraException as error:
        if isinstance(error.__cause__, CtpetError):  # of a part, which Hydra puts its words around
            raise error.__cause__ from error
        raise
    except (CtpetError, OmegaConfBaseException, OSError):
        raise
    except Exception as error:
        raise CtpetError(_cannot_begin(error)) from error


def _explained(error: Exception, trainer: Trainer, checkpoint: str) -> str | None:
    """Return the line of a failure; None for what is nobody's configuration, disk or data."""
    if isinstance(error, TrainingStopped):
        return f"{error} {checkpoint}"
    if isinstance(error, CtpetError):
        return None
    if isinstance(error, OSError):
        what = "The disk is full" if is_disk_full(error) else f"A file failed ({error.strerror})"
        return f"{what}, {_where(trainer)}. {checkpoint} Mend it, and go on by resume=auto."
    if "DataLoader worker" in str(error):
        return (
            "A process that loads crops was killed, most often for want of memory, "
            f"{_where(trainer)}. {checkpoint} Lower data.workers or data.batch_size, and go on by "
            "resume=auto."
        )
    if trainer.global_step == 0:
        return _cannot_begin(error)
    return None


def _cannot_begin(error: Exception) -> str:
    reason = " ".join(str(error).split())
    return (
        f"The training cannot begin: {type(error).__name__}: {reason}. Look at the "
        "configuration: --cfg job shows it, and --debug where it failed."
    )


def _where(trainer: Trainer) -> str:
    return f"at epoch {trainer.current_epoch}, step {trainer.global_step}"
