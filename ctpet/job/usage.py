"""What a run costs: seconds and bytes by stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stage:
    """One stage of a run.

    Attributes:
        name: such as ``read``.
        seconds: wall-clock time.
        bytes: what the stage produced: decoded voxels, or files on disk.
    """

    name: str
    seconds: float = 0.0
    bytes: int = 0


@dataclass(slots=True)
class Stages:
    """The stages of a run, in the order they ran."""

    items: list[Stage] = field(default_factory=list)

    @contextmanager
    def measure(self, name: str) -> Iterator[Stage]:
        """Time the block as one stage; set the stage's ``bytes`` inside it."""
        stage = Stage(name)
        start = time.perf_counter()
        yield stage
        stage.seconds = time.perf_counter() - start
        self.items.append(stage)
