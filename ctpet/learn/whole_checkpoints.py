"""Checkpoints that are whole or not there, on any file system."""

import io
import os
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from ctpet.errors import CtpetError

PARTIAL_SUFFIX = ".partial"


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint beside its place, to the disk, and then into its place.

    Lightning's own writes into the temporary folder and copies from there where that is another
    file system, over the checkpoint before: a full disk or a kill leaves half of either.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            OSError: the disk is full, or may not be written; what was there before is untouched.
            TypeError: there are storage options, which a local file has none of.
        """
        if storage_options is not None:
            raise TypeError("a checkpoint of a local file system has no storage options")
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()  # torch's own file writer tells a full disk as a RuntimeError
        torch.save(checkpoint, content)
        beside = target.with_name(target.name + PARTIAL_SUFFIX)
        try:
            with beside.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def progress_of(checkpoint: Path) -> tuple[int, int]:
    """Read a checkpoint whole; return its epoch and its step.

    Raises:
        CtpetError: it is damaged.
    """
    state = read_checkpoint(checkpoint)
    return int(state["epoch"]), int(state["global_step"])


def is_finished(checkpoint: Path, max_epochs: int) -> bool:
    """Tell whether a training came to its end: all its epochs, or an early stop.

    Raises:
        CtpetError: the checkpoint is damaged.
    """
    if not checkpoint.exists():
        return False
    state = read_checkpoint(checkpoint)
    stopped = any(
        isinstance(own, dict) and own.get("stopped_epoch", 0) > 0
        for own in state.get("callbacks", {}).values()
    )
    return stopped or int(state["epoch"]) + 1 >= max_epochs


def read_checkpoint(checkpoint: Path) -> dict[str, Any]:
    """Read a checkpoint whole.

    Raises:
        CtpetError: it is damaged, or of another program.
    """
    try:
        state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=False)
        int(state["epoch"]), int(state["global_step"])
    except Exception as error:
        raise CtpetError(
            f"{checkpoint} cannot be read ({type(error).__name__}). Put another checkpoint of the "
            "run, such as best.ckpt, in its place, or begin again under another name=…"
        ) from error
    return state


def checkpoint_words(checkpoint: Path) -> str:
    """Say in a sentence, from reading it, what a checkpoint is worth."""
    if not checkpoint.exists():
        return f"There is no {checkpoint.name} yet, and a resumed training begins anew."
    try:
        epoch, step = progress_of(checkpoint)
    except CtpetError as damage:
        return str(damage)
    return f"{checkpoint.name} is whole, of epoch {epoch}, step {step}."
