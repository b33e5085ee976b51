"""How fast the engines run a U-Net of random weights over a whole body, and in how much memory.

Run from a checkout: python scripts/benchmarks/engine.py [--shape 224 128 128] [--rounds 3].
Each measurement is a fresh process, the engines take turns, and the best round counts, so that
what else the machine does falls on all alike. What is not here is said and left out.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ctpet.errors import BackendUnavailable
from ctpet.infer.backend import Execution
from ctpet.infer.engines import open_backend
from ctpet.infer.machine import peak_memory_bytes
from ctpet.infer.model import load_model
from ctpet.infer.window import plan_windows, run_windows
from tests.onnx_factory import a_model, unet_bytes

CASES = {
    "onnxruntime fp32": ("onnxruntime", "fp32", "whole"),
    "onnxruntime fp32 windowed": ("onnxruntime", "fp32", "windowed"),
    "OpenVINO fp32": ("openvino", "fp32", "whole"),
    "OpenVINO fp32 windowed": ("openvino", "fp32", "windowed"),
    "OpenVINO bf16": ("openvino", "bf16", "whole"),
}
REFERENCE = "onnxruntime fp32"
MULTIPLE = 8
HALO = 48


def measure(folder: Path, case: str, shape: tuple[int, int, int]) -> dict[str, float]:
    """Run one case in this process and return its seconds, memory and windows."""
    engine, precision, cut = CASES[case]
    model = load_model(folder / "model.onnx")
    voxels = shape[0] * shape[1] * shape[2]
    budget = voxels if cut == "whole" else voxels * 3 // 4
    plan = plan_windows(shape, model.contract, budget * model.contract.working_bytes_per_voxel)
    hu = np.random.default_rng(0).normal(0, 300, shape).astype(np.float32)
    before = peak_memory_bytes()
    start = time.perf_counter()
    execution = Execution(device="cpu", engine=engine, precision=precision)
    try:
        backend = open_backend(model, plan.size, execution)
    except BackendUnavailable as error:
        return {"absent": str(error)}
    compiled = time.perf_counter()
    (suv,) = run_windows(hu, plan, backend.run, lambda _: None)
    ran = time.perf_counter()
    np.save(folder / f"{case}.npy", suv)
    return {
        "load": model.load_seconds,
        "compile": compiled - start,
        "run": ran - compiled,
        "peak": peak_memory_bytes() - before,
        "windows": plan.count,
        "threads": backend.info.threads,
    }


def in_a_process(folder: Path, case: str, shape: tuple[int, int, int]) -> dict[str, float]:
    """Run one case in a fresh process."""
    sizes = [str(n) for n in shape]
    command = [sys.executable, __file__, "--one", case, "--folder", str(folder), "--shape", *sizes]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{case} failed:\n{done.stderr}")
    return dict(json.loads(done.stdout))


def report(folder: Path, results: dict[str, list[dict[str, float]]], voxels: int) -> None:
    """Print the best round of each case, beside the reference's."""
    best = {case: min(rounds, key=lambda r: r["run"]) for case, rounds in results.items()}
    reference = np.load(folder / f"{REFERENCE}.npy").astype(np.float64)
    head = ("case", "windows", "load s", "compile s", "run s", "speed", "MiB", "B/voxel", "moved")
    print(f"{head[0]:28}" + "".join(f"{name:>11}" for name in head[1:]))
    for case, row in best.items():
        suv = np.load(folder / f"{case}.npy")
        moved = np.linalg.norm(suv - reference) / np.linalg.norm(reference)
        speed = best[REFERENCE]["run"] / row["run"]
        print(
            f"{case:28}{row['windows']:11d}{row['load']:11.2f}{row['compile']:11.2f}"
            f"{row['run']:11.2f}{speed:10.2f}x{row['peak'] / 2**20:11.0f}"
            f"{row['peak'] / voxels:11.0f}{moved:11.1e}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=int, nargs=3, default=(224, 128, 128))
    parser.add_argument("--channels", type=int, nargs="+", default=(32, 64, 128, 256))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    shape = tuple(arguments.shape)
    if arguments.one:
        print(json.dumps(measure(arguments.folder, arguments.one, shape)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = a_model(
            folder,
            unet_bytes(arguments.channels),
            size_multiple=(MULTIPLE,) * 3,
            halo_voxels=(HALO,) * 3,
        )
        print(
            f"{len(model.data) / 4e6:.1f} M parameters, {shape} voxels, {arguments.rounds} rounds"
        )
        results: dict[str, list[dict[str, float]]] = {}
        for _ in range(arguments.rounds):
            for case in CASES:
                row = in_a_process(folder, case, shape)
                if "absent" in row:
                    print(f"{case}: {row['absent']}")
                    continue
                results.setdefault(case, []).append(row)
        report(folder, results, int(np.prod(shape)))


if __name__ == "__main__":
    main()
