"""How much memory one pass of a model adds, measured in a process of its own."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np

from ctpet.errors import CtpetError
from ctpet.infer.backend import Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.machine import peak_memory_bytes
from ctpet.infer.model import load_model
from ctpet.volume.geometry import Shape3

TYPICAL = (128, 96, 96)
"""Voxels of the window that is measured; large enough that weights do not count."""

MARGIN = 1.25
"""Other versions, processors and window shapes than the one that is measured."""


def working_bytes_per_voxel(model: Path, size_multiple: Shape3) -> int:
    """Return the peak memory that one pass adds, divided by its voxels, with a margin.

    Measured with onnxruntime's own kernels in float32, over two passes.

    Args:
        model: the model file.
        size_multiple: of the window.

    Raises:
        CtpetError: the process fails.
    """
    size = [str(-(-n // m) * m) for n, m in zip(TYPICAL, size_multiple, strict=True)]
    command = [sys.executable, "-m", __name__, str(model), *size]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise CtpetError(f"The model's memory could not be measured: {last[0]}. Free memory.")
    return math.ceil(float(done.stdout) * MARGIN)


def _measure(path: Path, size: Shape3) -> float:
    """Return the bytes that passes add to this process, for each voxel."""
    model = load_model(path)
    window = np.random.default_rng(0).normal(0, 300, (1, 1, *size)).astype(np.float32)
    before = peak_memory_bytes()
    backend = open_backend(model, size, Execution(device="cpu", engine="onnxruntime"))
    for _ in range(2):
        backend.run(window)
    return (peak_memory_bytes() - before) / window.size


if __name__ == "__main__":
    k, j, i = (int(text) for text in sys.argv[2:])
    sys.stdout.write(str(_measure(Path(sys.argv[1]), (k, j, i))))
