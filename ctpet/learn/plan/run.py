"""Look, choose, and say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctpet.learn.plan.choose import Plan, propose
from ctpet.learn.plan.experiment_file import experiment_text, train_command
from ctpet.learn.plan.machine import Device, machine_for
from ctpet.learn.plan.seen import look_at

UNSAVED = Path("experiment/planned.yaml")
"""Where a plan that is only shown is said to lie."""


@dataclass(frozen=True)
class Planned:
    """A plan with its file.

    Attributes:
        plan: that is proposed.
        text: of the experiment file.
        out: where it lies; None: nowhere yet.
        command: that trains it.
    """

    plan: Plan
    text: str
    out: Path | None
    command: str

    def to_json(self) -> dict[str, Any]:
        """Return what is proposed as a JSON object."""
        plan, precision = self.plan, self.plan.precision
        return {
            "spacing_mm": plan.seen.spacing_mm,
            "median_voxels": plan.seen.median,
            "cases": sum(one.cases for one in plan.seen.sets),
            "patients": sum(one.patients for one in plan.seen.sets),
            "device": plan.machine.accelerator,
            "size_voxels": plan.crop,
            "batch_size": plan.batch_size,
            "levels": plan.network.levels,
            "init_filters": plan.network.filters,
            "precision": precision[0],
            "predicted_bytes": plan.needed_bytes,
            "memory_bytes": plan.machine.memory_bytes,
            "out": None if self.out is None else str(self.out),
            "command": self.command,
        }


def run_plan(
    cases: Sequence[Path], out: Path | None, *, device: Device, memory_gib: float | None
) -> Planned:
    """Propose a training.

    Args:
        cases: prepared folders.
        out: where the experiment file will lie; None: it is only shown.
        device: that trains.
        memory_gib: of another machine; None: of this one, now.

    Raises:
        CtpetError: the cases cannot be learned from, there is no such device, or nothing fits.
    """
    machine = machine_for(device, memory_gib)
    plan = propose(look_at(cases), machine)
    where = UNSAVED if out is None else out
    return Planned(plan, experiment_text(plan, where), out, train_command(where))
