"""What a run costs is told truly."""

import subprocess
import sys

import numpy as np
import pytest

from ctpet.job.usage import Stages, peak_memory_bytes


def test_a_stage_is_timed_and_kept_in_order():
    stages = Stages()
    with stages.measure("first") as stage:
        stage.bytes = 7
    with stages.measure("second"):
        pass
    assert [(item.name, item.bytes) for item in stages.items] == [("first", 7), ("second", 0)]
    assert all(0 <= item.seconds < 1 for item in stages.items)


def test_a_stage_that_fails_is_not_kept():
    stages = Stages()
    with pytest.raises(ValueError, match="broken"), stages.measure("first"):
        raise ValueError("broken")
    assert stages.items == []


def test_the_peak_is_this_process_own():
    ballast = np.ones(50_000_000)
    own = peak_memory_bytes()
    assert own > ballast.nbytes
    program = "from ctpet.job.usage import peak_memory_bytes; print(peak_memory_bytes())"
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(child.stdout) < own / 4
