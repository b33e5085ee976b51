"""The machine that a training is planned for: this one, or one that is described."""

from dataclasses import dataclass
from typing import Literal

import torch

from ctpet.errors import CtpetError
from ctpet.infer.machine import available_memory_bytes, cuda_memory_bytes, logical_cores
from ctpet.learn.precision import training_precision
from ctpet.learn.room import GIB, Room

Accelerator = Literal["cpu", "gpu"]
Device = Literal["auto", "cpu", "gpu"]

MEMORY_SHARE = 0.8
"""Of the memory is planned with: validation and other programs want some."""

MOST_GIB = 1e6
"""No machine has more."""

LOADERS = {"cpu": 2, "gpu": 8}
"""Processes that load crops; on a processor they share its cores with the training."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What trains.

    Attributes:
        accelerator: ``cpu`` or ``gpu``.
        name: of what has the memory.
        memory_bytes: that it has free, or was said to have.
        precision: to train in; ``auto`` where the machine is another one.
        why: it is this precision.
        workers: processes that load crops.
    """

    accelerator: Accelerator
    name: str
    memory_bytes: int
    precision: str
    why: str
    workers: int

    @property
    def room(self) -> Room:
        """The memory that is planned with."""
        loaders = self.workers if self.accelerator == "cpu" else 0
        return Room(self.name, int(self.memory_bytes * MEMORY_SHARE), loaders=loaders)


def machine_for(device: Device, memory_gib: float | None) -> Machine:
    """Return the machine to plan for.

    Args:
        device: ``auto``: a GPU where there is one.
        memory_gib: of another machine, or of its GPU; None: of this one, now.

    Raises:
        CtpetError: a GPU was asked for that is not here.
    """
    here = torch.cuda.is_available()
    accelerator: Accelerator = "cpu" if device == "cpu" or not (here or device == "gpu") else "gpu"
    gpu, loaders = accelerator == "gpu", LOADERS[accelerator]
    if memory_gib is not None:
        if not 0 < memory_gib < MOST_GIB:
            raise CtpetError(f"--memory-gib is {memory_gib:g}, and must be a number above 0.")
        name = f"a {'GPU' if gpu else 'machine'} of {memory_gib:g} GiB"
        why = "bf16-mixed where the machine has bf16 arithmetic, else 32-true"
        return Machine(accelerator, name, int(memory_gib * GIB), "auto", why, loaders)
    if gpu and not here:
        raise CtpetError(
            "There is no GPU here that torch can use. Plan for one elsewhere by its memory, such "
            "as --device gpu --memory-gib 24."
        )
    precision, why = training_precision(accelerator)
    memory_bytes = min(cuda_memory_bytes()) if gpu else available_memory_bytes()
    name = "the GPU" if gpu else "this machine"
    return Machine(accelerator, name, memory_bytes, precision, why, min(loaders, logical_cores()))
