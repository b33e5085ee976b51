"""A plan as an experiment file of `ctpet train`, and the command that trains it."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from ctpet.errors import InputRefused
from ctpet.learn.plan.choose import DATASET_SHARE, Plan
from ctpet.learn.plan.machine import MEMORY_SHARE
from ctpet.learn.plan.seen import SeenSet
from ctpet.learn.room import gib
from ctpet.resources import config_choices

GROUP = "experiment"
_WORDS = ("null", "true", "false", "nan", "inf", "none")
"""What an override does not take as a name."""
_NAME = re.compile(r"[A-Za-z][\w-]*")


def refuse_no_experiment(out: Path) -> None:
    """Refuse a file in which Hydra would find no experiment, or another of that name.

    Raises:
        InputRefused: ``out-name``.
    """
    if out.suffix != ".yaml" or not _NAME.fullmatch(out.stem) or out.stem.lower() in _WORDS:
        raise InputRefused(
            "out-name",
            "An experiment is NAME.yaml, a name of letters, digits, - and _ that is no word of "
            f"YAML; {out} is not",
            remedy=f"Such as -o {GROUP}/planned.yaml",
        )
    if out.resolve().parent.name != GROUP:
        raise InputRefused(
            "out-name",
            f"Hydra finds an experiment in a folder of the name {GROUP}, and {out} lies in another",
            remedy=f"Give -o {out.parent / GROUP / out.name}",
        )
    if out.stem in config_choices()[GROUP]:
        raise InputRefused(
            "out-name",
            f"ctpet has an experiment {out.stem} of its own, which would be found first",
            remedy="Choose another name",
        )


def train_command(out: Path) -> str:
    """Return the command that trains a plan that lies in a file."""
    where = out.parent.parent if out.parent.name == GROUP else out.resolve().parent.parent
    return shlex.join(["ctpet", "train", "--config-dir", str(where), f"{GROUP}={out.stem}"])


def experiment_text(plan: Plan, out: Path) -> str:
    """Return the experiment file of a plan, with why each number is what it is.

    Args:
        plan: to write.
        out: where it will lie; gives the name and the command.
    """
    return "\n".join([*_head(plan, out), *_data(plan), *_network(plan), *_memory(plan), ""])


def by(values: Sequence[float]) -> str:
    """Write lengths along k, j, i."""
    return " × ".join(f"{value:g}" for value in values)


def in_mm(voxels: Sequence[int], plan: Plan) -> str:
    """Write voxels along k, j, i as mm."""
    return by([round(n * mm) for n, mm in zip(voxels, plan.seen.spacing_mm, strict=True)]) + " mm"


def _head(plan: Plan, out: Path) -> Iterator[str]:
    seen = plan.seen
    yield "# @package _global_"
    yield f"# Proposed by `ctpet plan` for {plan.machine.name}. Every number may be changed."
    yield f"#   {train_command(out)}"
    for one in seen.sets:
        yield f"# {one.folder}: {one.cases} cases of {one.patients} patients."
    yield f"# Spacing {by(seen.spacing_mm)} mm. Cases are {by(seen.smallest)} to {by(seen.largest)}"
    yield f"# voxels (k, j, i); the median is {by(seen.median)}, {in_mm(seen.median, plan)}."
    yield "defaults:"
    yield f"  - override /trainer: {plan.machine.accelerator}"
    yield "  - override /network: segresnet"
    yield "  - override /augment: noise   # affine too, where patients are few"
    yield f"  - override /callbacks: {'best' if _validates(plan) else 'default'}"
    yield f"name: {out.stem}"


def _data(plan: Plan) -> Iterator[str]:
    crop, seen = plan.crop, plan.seen
    ended = [n >= m for n, m in zip(crop, seen.median, strict=True)]
    axes = ", ".join(axis for axis, end in zip("kji", ended, strict=True) if end)
    yield "data:"
    yield from _datasets(seen.sets)
    yield f"  fold: {0 if _validates(plan) else 'null'}"
    yield f"  # {in_mm(crop, plan)}: the proportions of a cube, as far as step and memory allow"
    if axes:
        yield f"  # (the median case ends it along {axes})."
    yield "  crops:"
    yield f"    size_voxels: [{', '.join(map(str, crop))}]"
    if len(seen.sets) == 1:
        yield f"    target: {seen.sets[0].target}"
    yield f"  # Crops of a step: as time and memory allow, up to {DATASET_SHARE:.0%} of all voxels."
    yield f"  batch_size: {plan.batch_size}"
    yield "  steps_per_epoch: 250   # of an epoch; trainer.max_epochs says how many epochs"
    yield f"  workers: {plan.machine.workers}   # processes that load crops"


def _validates(plan: Plan) -> bool:
    return any(one.held_out for one in plan.seen.sets)


def _datasets(sets: Sequence[SeenSet]) -> Iterator[str]:
    if len(sets) == 1:
        (one,) = sets
        if one.held_out:
            yield f"  # {one.held_out} of {one.patients} patients are held out in fold 0."
        else:
            yield "  # There is one patient, and nobody to hold out."
        yield f"  dataset: {json.dumps(str(one.folder))}"
        return
    yield "  datasets:   # share: of the crops, here as the data sets have cases"
    for one in sets:
        yield f"    {one.name}:   # {one.held_out} of {one.patients} patients are held out"
        yield f"      dataset: {json.dumps(str(one.folder))}"
        yield f"      share: {one.cases}"
        yield f"      target: {one.target}"


def _network(plan: Plan) -> Iterator[str]:
    network = plan.network
    (down, up), multiple = network.blocks, network.size_multiple
    precision, why = plan.precision
    yield "network:"
    yield "  backbone:"
    yield "    backbone:"
    yield f"      init_filters: {network.filters}   # {network.weights / 1e6:.1f} million weights"
    yield f"      # {network.levels} levels leave {plan.bottom} voxels at the bottom."
    yield f"      blocks_down: {down}"
    yield f"      blocks_up: {up}"
    yield "contract:"
    yield f"  size_multiple: {[multiple] * 3}   # by the levels"
    yield "trainer:"
    yield f"  precision: {precision}   # {why}"


def _memory(plan: Plan) -> Iterator[str]:
    machine = plan.machine
    yield f"# A training is predicted to take {gib(plan.needed_bytes)}; {machine.name} has"
    yield f"# {gib(machine.memory_bytes)}, of which {MEMORY_SHARE:.0%} are planned with."
