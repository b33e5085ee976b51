"""Crop, batch, width, depth and precision from the cases and the memory.

After nnU-Net's planner (Isensee et al., Nature Methods 2021): a crop in the proportions of a cube,
no larger than the median case, as deep a network as leaves some voxels at its bottom, and what
memory is left for the batch. Unlike there a processor's time counts too.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

from hydra.utils import instantiate

from ctpet.errors import CtpetError
from ctpet.learn.command import compose
from ctpet.learn.plan.machine import MEMORY_SHARE, Machine
from ctpet.learn.plan.seen import Seen
from ctpet.learn.room import gib
from ctpet.learn.step_memory import Step
from ctpet.volume.geometry import Shape3

CPU_VOXELS, GPU_CROP_VOXELS = 96**3, 128**3
"""Of a step on a processor, where they take about a second a core; of a crop on a GPU."""

GPU_BATCH, DATASET_SHARE = (2, 8), 0.05
"""Least and most crops of a batch on a GPU; more than the least only while a batch is less than
this share of all voxels, as in nnU-Net."""

FILTERS = (32, 16, 8)
"""Channels of the network's first level that are tried."""

BLOCKS: dict[int, tuple[list[int], list[int]]] = {3: ([1, 2, 4], [1, 1]), 2: ([1, 2], [1])}
"""Residual blocks on the way down and up, by levels; the shipped network has three."""

BOTTOM = 4
"""Voxels along an axis at the bottom; fewer gave wrong gradients in bf16 (0009-lab.md)."""


@dataclass(frozen=True)
class Network:
    """The residual U-Net at half resolution of ``configs/network/segresnet.yaml``.

    Attributes:
        levels: of resolution.
        filters: channels of the first.
    """

    levels: int
    filters: int

    @property
    def size_multiple(self) -> int:
        """Voxels that crops and windows are multiples of, along each axis."""
        return int(2**self.levels)

    @property
    def blocks(self) -> tuple[list[int], list[int]]:
        """Residual blocks of each level, on the way down and up."""
        return BLOCKS[self.levels]

    @cached_property
    def objective(self) -> Any:
        """It in a regression, to count with."""
        down, up = self.blocks
        backbone = "network.backbone.backbone"
        own = [f"init_filters={self.filters}", f"blocks_down={down}", f"blocks_up={up}"]
        config = compose(["name=plan", *(f"{backbone}.{each}" for each in own)])
        return instantiate(config.objective, network=instantiate(config.network), contract=None)

    @property
    def weights(self) -> int:
        """How many there are."""
        return sum(each.numel() for each in self.objective.network.parameters())


@dataclass(frozen=True)
class Plan:
    """A training that is proposed.

    Attributes:
        seen: the data.
        machine: that it is for.
        network: that is trained.
        crop: voxels, (k, j, i).
        batch_size: crops.
    """

    seen: Seen
    machine: Machine
    network: Network
    crop: Shape3
    batch_size: int

    @property
    def bottom(self) -> int:
        """Voxels at the network's bottom along the shortest axis."""
        return min(self.crop) // self.network.size_multiple

    @property
    def precision(self) -> tuple[str, str]:
        """The precision to train in, and why it is this one."""
        if self.bottom < BOTTOM:
            why = f"with less than {BOTTOM} voxels at the bottom bf16 gave wrong gradients"
            return "32-true", why
        return self.machine.precision, self.machine.why

    @cached_property
    def needed_bytes(self) -> int:
        """What the training is predicted to take."""
        precision, _ = self.precision
        counted = "32-true" if precision == "auto" else precision  # the larger, where it is open
        multiple = (self.network.size_multiple,) * 3
        step = Step(self.crop, self.batch_size, counted, multiple)
        return self.machine.room.needed_bytes(self.network.objective, step)

    @property
    def fits(self) -> bool:
        """Whether that is within the memory to plan with."""
        return self.needed_bytes <= self.machine.room.free_bytes


def propose(seen: Seen, machine: Machine) -> Plan:
    """Return the training that is proposed.

    A narrower network is taken where the widest would leave less than half of the crop.

    Raises:
        CtpetError: not even the smallest fits the memory.
    """
    levels = 3 if min(seen.median) > (BOTTOM - 1) * 2**3 else 2
    least = 1 if machine.accelerator == "cpu" else GPU_BATCH[0]
    crops = crops_up_to(seen, 2**levels, _crop_voxels(machine))
    for filters in FILTERS:
        network = Network(levels, filters)
        plans = [Plan(seen, machine, network, crop, least) for crop in crops]
        best = _largest_that_fits(plans)
        enough = best is not None and 2 * prod(best.crop) >= prod(crops[-1])
        if best is not None and (enough or filters == FILTERS[-1]):
            more = range(least, _most_crops(best) + 1)
            return _largest_that_fits([replace(best, batch_size=n) for n in more]) or best
    smallest = gib(plans[0].needed_bytes)
    raise CtpetError(
        f"A step on the smallest crop takes {smallest}, and {machine.name} has "
        f"{gib(machine.memory_bytes)}, of which {MEMORY_SHARE:.0%} are planned with. Plan for a "
        "machine with more memory: --memory-gib."
    )


def crops_up_to(seen: Seen, multiple: int, voxels: int) -> list[Shape3]:
    """Return crops in the proportions of a cube, smallest first, no larger than the median case.

    An axis that the median case ends stays there, and the others grow on.

    Args:
        seen: the data.
        multiple: of voxels along each axis.
        voxels: at most, of a crop; the smallest crop is returned whatever it has.
    """
    most = [-(-n // multiple) * multiple for n in seen.median]
    ends = sorted(
        {
            n * multiple * mm
            for mm, end in zip(seen.spacing_mm, most, strict=True)
            for n in range(1, end // multiple + 1)
        }
    )
    found: dict[Shape3, None] = {}
    for side_mm in ends:
        k, j, i = (
            min(end, max(multiple, int(side_mm / mm + 1e-6) // multiple * multiple))
            for mm, end in zip(seen.spacing_mm, most, strict=True)
        )
        if not found or k * j * i <= voxels:
            found[k, j, i] = None
    return list(found)


def _crop_voxels(machine: Machine) -> int:
    return CPU_VOXELS if machine.accelerator == "cpu" else GPU_CROP_VOXELS


def _most_crops(plan: Plan) -> int:
    """Return how many crops a batch may have whatever the memory."""
    crop = prod(plan.crop)
    share = int(DATASET_SHARE * plan.seen.voxels / crop)
    on_cpu = plan.machine.accelerator == "cpu"
    return max(plan.batch_size, min(share, CPU_VOXELS // crop if on_cpu else GPU_BATCH[1]))


def _largest_that_fits(plans: Sequence[Plan]) -> Plan | None:
    """Return the last of plans, each of which takes more than the one before, that fits."""
    fitting = bisect_left(plans, x=True, key=lambda plan: not plan.fits)
    return plans[fitting - 1] if fitting else None
