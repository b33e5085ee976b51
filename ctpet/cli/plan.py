"""`ctpet plan`: propose a training."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ctpet.cli.shared import Debug, Json, explained, print_json, say


class PlanDevice(StrEnum):
    """Choices of `plan --device`."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


@explained
def plan(
    cases: Annotated[list[Path], typer.Argument(help="Of `ctpet prepare`; several are mixed.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="New file experiment/NAME.yaml; shown if left out."),
    ] = None,
    device: Annotated[PlanDevice, typer.Option(help="That trains.")] = PlanDevice.AUTO,
    memory_gib: Annotated[
        float | None, typer.Option(help="Of another machine, or its GPU; this one's by default.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    r"""Propose crop, batch, network and precision from the cases and the memory.

    Writes an experiment file for `ctpet train`, to read and change. Needs ctpet\[train].
    """
    from ctpet import api
    from ctpet.texts import plan_text

    planned = api.plan(cases, out, device=device.value, memory_gib=memory_gib)
    if as_json:
        print_json(planned.to_json())
    elif out is None:
        say(planned.text)
    else:
        say(plan_text(planned))
