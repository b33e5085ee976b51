"""What a run costs: seconds and bytes by stage, and the process's peak memory."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


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


def peak_memory_bytes() -> int:
    """Return the largest resident set this process has had so far.

    Linux is asked for VmHWM: the ``ru_maxrss`` of getrusage(2) survives exec(2) there, so it
    would hold the memory of whoever started this process.
    """
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    status = Path("/proc/self/status")
    if status.is_file():
        peak = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text("ascii"), re.MULTILINE)
        if peak:
            return int(peak[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)
