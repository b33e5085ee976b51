"""What the command line shows while it works: a bar on a terminal, plain lines elsewhere."""

import itertools
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TextIO

from ctpet.progress import Progress, silent

Style = Literal["auto", "quiet"]


@contextmanager
def reporting(
    shares: Mapping[str, float], *, style: Style = "auto", stream: TextIO | None = None
) -> Iterator[Progress]:
    """Give a :class:`Progress` that shows on standard error how far the work is.

    Args:
        shares: each stage's name and its usual share of the whole, in their order; together 1. A
            stage that a run leaves out counts as done when a later one begins.
        style: ``quiet`` shows nothing.
        stream: where to write; standard error by default.
    """
    stream = stream or sys.stderr
    if style == "quiet":
        yield silent
    elif stream.isatty():
        with _bar(shares, stream) as progress:
            yield progress
    else:
        yield _Lines(stream)


class _Lines:
    """One line when a stage begins, one with its seconds when it ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started: dict[str, float] = {}
        self._ended: set[str] = set()

    def __call__(self, stage: str, fraction: float, /) -> None:
        if stage not in self._started:
            self._started[stage] = time.perf_counter()
            print(f"{stage} …", file=self._stream, flush=True)
        if fraction >= 1.0 and stage not in self._ended:
            self._ended.add(stage)
            seconds = time.perf_counter() - self._started[stage]
            print(f"{stage}: done in {seconds:.1f} s", file=self._stream, flush=True)


@contextmanager
def _bar(shares: Mapping[str, float], stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True),
    )
    done = dict.fromkeys(shares, 0.0)
    with RichProgress(*columns, console=Console(file=stream), transient=True) as rich_progress:
        task = rich_progress.add_task("", total=1.0)

        def report(stage: str, fraction: float, /) -> None:
            for earlier in itertools.takewhile(lambda name: name != stage, shares):
                done[earlier] = 1.0
            done[stage] = fraction
            total = sum(shares.get(name, 0.0) * part for name, part in done.items())
            rich_progress.update(task, description=stage, completed=total)

        yield report
