"""Seconds and memory of `ctpet synthesize`, by stage, each run in a process of its own.

    python -m scripts.benchmarks.synthesize [CT_FOLDER ...]

Without a folder, a CT of 300×512² is made for the purpose. The ratio is to the time that pydicom
takes to decode the same pixels, so it can be compared between machines.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pydicom

from scripts.benchmarks.big_ct import write_big_ct


def main() -> None:
    folders = [Path(name) for name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as scratch:
        if not folders:
            folders = [write_big_ct(Path(scratch) / "ct")]
        for number, folder in enumerate(folders):
            report(folder, Path(scratch) / f"out{number}")


def report(folder: Path, out: Path) -> None:
    decoding = pixel_loop_seconds(folder)
    start = time.perf_counter()
    command = [sys.executable, "-m", "ctpet", "synthesize", str(folder), "-o", str(out), "--json"]
    run = subprocess.run([*command, "-q"], check=True, capture_output=True, text=True)  # noqa: S603
    whole = time.perf_counter() - start
    record = json.loads(run.stdout)
    print(f"{record['input']['grid']['shape']} on {record['execution']['provider']}")
    for stage in record["stages"]:
        print(f"  {stage['name']:<9} {stage['seconds']:7.2f} s {stage['bytes'] / 2**20:9.1f} MiB")
    print(f"  {'process':<9} {whole:7.2f} s {record['peak_memory_bytes'] / 2**20:9.1f} MiB peak")
    print(f"  {whole / decoding:.1f} × the {decoding:.2f} s of pydicom's pixel loop")


def pixel_loop_seconds(folder: Path) -> float:
    start = time.perf_counter()
    for path in sorted(folder.iterdir()):
        _ = pydicom.dcmread(path).pixel_array
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
