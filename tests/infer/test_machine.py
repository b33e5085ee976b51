"""A container's limits count, not the machine's size."""

import os
import subprocess
import sys

import numpy as np
import pytest

from ctpet.infer import machine
from ctpet.infer.machine import (
    available_cores,
    available_memory_bytes,
    cuda_memory_bytes,
    peak_memory_bytes,
)

GIB = 2**30


@pytest.fixture(autouse=True)
def a_large_machine(monkeypatch):
    """64 GiB free, 16 cores of two hardware threads each."""
    free = type("Memory", (), {"available": 64 * GIB})()
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(machine.psutil, "cpu_count", lambda *, logical: 32 if logical else 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(32)), raising=False)


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_dot_", ".")).write_text(f"{text}\n", encoding="ascii")


def test_without_limits_it_is_what_the_kernel_says(tmp_path):
    assert available_memory_bytes(tmp_path) == 64 * GIB
    assert available_cores(tmp_path) == 16


def test_control_group_version_2(tmp_path):
    write(tmp_path, memory_dot_max=8 * GIB, memory_dot_current=3 * GIB, cpu_dot_max="250000 100000")
    assert available_memory_bytes(tmp_path) == 5 * GIB
    assert available_cores(tmp_path) == 3


def test_control_group_version_1(tmp_path):
    memory = tmp_path / "memory"
    write(memory)
    (memory / "memory.limit_in_bytes").write_text(str(8 * GIB), encoding="ascii")
    (memory / "memory.usage_in_bytes").write_text(str(7 * GIB), encoding="ascii")
    write(tmp_path / "cpu")
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("200000", encoding="ascii")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000", encoding="ascii")
    assert available_memory_bytes(tmp_path) == GIB
    assert available_cores(tmp_path) == 2


def test_page_cache_that_can_be_dropped_is_free(tmp_path):
    stat = f"anon {GIB}\ninactive_file {2 * GIB}\nactive_file 5"
    write(tmp_path, memory_dot_max=8 * GIB, memory_dot_current=8 * GIB, memory_dot_stat=stat)
    assert available_memory_bytes(tmp_path) == 2 * GIB


def test_no_limit_is_no_limit(tmp_path):
    write(tmp_path, memory_dot_max="max", memory_dot_current=GIB, cpu_dot_max="max 100000")
    assert available_memory_bytes(tmp_path) == 64 * GIB
    assert available_cores(tmp_path) == 16


def test_more_used_than_allowed_is_nothing_free(tmp_path):
    write(tmp_path, memory_dot_max=GIB, memory_dot_current=2 * GIB, cpu_dot_max="1000 100000")
    assert available_memory_bytes(tmp_path) == 0
    assert available_cores(tmp_path) == 1


def test_affinity_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert available_cores(tmp_path) == 2


def test_without_a_driver_there_is_no_cuda_device(monkeypatch):
    def absent(name):
        raise OSError(name)

    monkeypatch.setattr(machine.ctypes, "CDLL", absent)
    assert cuda_memory_bytes() == ()


class Driver:
    """A driver with two devices of 8 and 16 GiB."""

    def __init__(self, status: int = 0):
        self.status = status

    def cuInit(self, _):  # noqa: N802
        return self.status

    def cuDeviceGetCount(self, count):  # noqa: N802
        count._obj.value = 2
        return 0

    def cuDeviceGet(self, device, index):  # noqa: N802
        device._obj.value = index
        return 0

    def cuDeviceTotalMem_v2(self, size, device):  # noqa: N802
        size._obj.value = (8 + 8 * device.value) * GIB
        return 0


def test_a_driver_tells_each_devices_memory(monkeypatch):
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda _: Driver())
    assert cuda_memory_bytes() == (8 * GIB, 16 * GIB)
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda _: Driver(status=100))
    assert cuda_memory_bytes() == ()


def test_the_peak_is_this_process_own():
    ballast = np.ones(50_000_000)
    own = peak_memory_bytes()
    assert own > ballast.nbytes
    program = "from ctpet.infer.machine import peak_memory_bytes; print(peak_memory_bytes())"
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(child.stdout) < own / 4
