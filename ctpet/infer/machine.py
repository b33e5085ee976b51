"""What this process may use of the machine, container limits included, and what it has used."""

import ctypes
import math
import os
import re
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]

CGROUP = Path("/sys/fs/cgroup")


def available_memory_bytes(cgroup: Path = CGROUP) -> int:
    """Return the memory that could be allocated now without swapping.

    The least of what the kernel calls available and what the control group (a container's limit,
    version 1 or 2) leaves over. Page cache that the kernel can drop counts as free.

    Args:
        cgroup: where the control group's files are mounted.
    """
    free = int(psutil.virtual_memory().available)
    names = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
    for folder, (limit_name, used_name) in zip((cgroup, cgroup / "memory"), names, strict=True):
        limit, used = _number(folder / limit_name), _number(folder / used_name)
        if limit is not None and used is not None:
            free = min(free, max(0, limit - used + _droppable(folder / "memory.stat")))
    return free


def available_cores(cgroup: Path = CGROUP) -> int:
    """Return how many physical cores this process may keep busy, at least 1.

    Engines count the machine's cores, not a container's share, and then run more threads than
    they have time for. Considered are CPU affinity, the control group's quota and that two
    hardware threads of a core share its arithmetic units.

    Args:
        cgroup: where the control group's files are mounted.
    """
    logical = logical_cores()
    physical = psutil.cpu_count(logical=False) or logical
    return max(1, min(logical, physical, _quota(cgroup) or logical))


def logical_cores() -> int:
    """Return how many hardware threads this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


def cuda_memory_bytes() -> tuple[int, ...]:
    """Return the total memory of each CUDA device, as the driver lists them; empty without one."""
    count, device, size = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
        if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
            return ()
        sizes = []
        for index in range(count.value):
            if driver.cuDeviceGet(ctypes.byref(device), index):
                return ()
            if driver.cuDeviceTotalMem_v2(ctypes.byref(size), device):
                return ()
            sizes.append(size.value)
    except (OSError, AttributeError):
        return ()
    return tuple(sizes)


def peak_memory_bytes() -> int:
    """Return the largest resident set this process has had so far.

    Linux is asked for VmHWM: the ``ru_maxrss`` of getrusage(2) survives exec(2) there, so it
    would hold the memory of whoever started this process.
    """
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    status = Path("/proc/self/status")
    if status.is_file():
        peak = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text("ascii"), re.MULTILINE)
        if peak:
            return int(peak[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)


def _number(path: Path) -> int | None:
    """Read one number; None where there is no file, or no limit (``max``)."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdigit() else None


def _droppable(path: Path) -> int:
    """Page cache of the control group that the kernel drops when memory is asked for."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 0
    pairs = [line.split() for line in lines]
    return sum(int(p[1]) for p in pairs if len(p) == 2 and p[0] == "inactive_file")


def _quota(cgroup: Path) -> int | None:
    """Cores' worth of time the control group grants, rounded up; None: no limit."""
    try:
        quota, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        limit = _number(cgroup / "cpu" / "cpu.cfs_quota_us")
        length = _number(cgroup / "cpu" / "cpu.cfs_period_us")
        return math.ceil(limit / length) if limit and length else None
    return math.ceil(int(quota) / int(period)) if quota.isdigit() else None
