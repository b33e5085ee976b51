"""Whether a training step fits the memory, before it is taken."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from lightning import LightningModule, Trainer

from ctpet.errors import CtpetError
from ctpet.infer.machine import available_memory_bytes
from ctpet.learn.step_memory import Step, step_bytes

PREFETCHED = 2
"""Batches that each loading process keeps ready (torch's DataLoader)."""

LOADER_BYTES = 100 * 2**20
"""That a loading process has to itself before it loads (docs/decisions/0015-plans.md)."""

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Room:
    """The memory that steps share.

    Attributes:
        name: of what has it.
        free_bytes: now.
        processes: of the training that share it.
        loaders: processes that load crops into it, of each.
    """

    name: str
    free_bytes: int
    processes: int = 1
    loaders: int = 0

    def needed_bytes(self, objective: LightningModule, step: Step) -> int:
        """Return what a training takes of it."""
        loaded = self.loaders * (PREFETCHED * step.batch_bytes + LOADER_BYTES)
        return self.processes * (step_bytes(objective, step) + loaded)


def room_of(trainer: Trainer, loaders: int) -> Room:
    """Return the memory in which a trainer's steps are taken: the first GPU's, or the machine's."""
    device = trainer.strategy.root_device
    if device.type == "cuda":
        free_bytes, _ = torch.cuda.mem_get_info(device)
        return Room("the GPU", free_bytes)
    return Room("this machine", available_memory_bytes(), trainer.num_devices, loaders)


def refuse_what_does_not_fit_memory(objective: LightningModule, step: Step, room: Room) -> None:
    """Refuse a step that takes more memory than there is, where the kernel would kill it silently.

    Raises:
        CtpetError: naming the keys, what they take, what there is, and what would fit.
    """
    needed = room.needed_bytes(objective, step)
    if needed <= room.free_bytes:
        return
    raise CtpetError(
        f"{_key(step)} with data.batch_size={step.batch_size} takes "
        f"{gib(needed)} for a step in {step.precision}, and {room.name} has "
        f"{gib(room.free_bytes)} free. {_remedy(objective, step, room)}."
    )


def fitting_batch(objective: LightningModule, step: Step, room: Room) -> Step | None:
    """Return the step of the most crops of the same size that fits; None: not even one does."""

    def of(crops: int) -> Step:
        return replace(step, batch_size=crops)

    return _largest(of, step.batch_size, objective, room)


def fitting_crop(objective: LightningModule, step: Step, room: Room) -> Step | None:
    """Return the step of the largest crops of the same proportions that fits; None: none does."""
    units = [n // m for n, m in zip(step.crop, step.size_multiple, strict=True)]
    longest = max(units)

    def of(part: int) -> Step:
        k, j, i = (
            max(1, n * part // longest) * m for n, m in zip(units, step.size_multiple, strict=True)
        )
        return replace(step, crop=(k, j, i))

    return _largest(of, longest, objective, room)


def _largest(
    of: Callable[[int], Step], most: int, objective: LightningModule, room: Room
) -> Step | None:
    """Return the largest of the steps of 1, 2 … ``most`` that fits."""
    fitting = bisect_right(
        range(1, most + 1), room.free_bytes, key=lambda n: room.needed_bytes(objective, of(n))
    )
    return of(fitting) if fitting else None


def _remedy(objective: LightningModule, step: Step, room: Room) -> str:
    fits = []
    if fewer := fitting_batch(objective, step, room):
        fits.append(f"data.batch_size={fewer.batch_size}")
    if smaller := fitting_crop(objective, step, room):
        fits.append(_key(smaller))
    if not fits:
        return "Not even the smallest crop fits: train a smaller network"
    return f"What fits is {' or '.join(fits)}"


def _key(step: Step) -> str:
    return f"data.crops.size_voxels=[{','.join(map(str, step.crop))}]"


def gib(size: int) -> str:
    """Write a size in GiB, with the digits that count."""
    return f"{size / GIB:.3g} GiB" if size < 1000 * GIB else f"{size / GIB:,.0f} GiB"
