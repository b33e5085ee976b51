"""How fast a CT of 300×512² is found and read, beside pydicom's own pixel loop, in one run.

Run from a checkout: python scripts/benchmarks/read_ct.py [--slices 300] [--rounds 3].
The rounds alternate, so that what else the machine does falls on both alike; the best of each
counts. Threads are measured too: they do not pay, as no decoder releases the interpreter lock.
"""

import argparse
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from pydicom import dcmread

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import select_ct
from tests.dicom_factory import body_hu, ct_series, write_series


def make_study(folder: Path, slices: int) -> Path:
    noise = np.random.default_rng(0).normal(0, 12, (512, 512)).astype(np.int16)
    hu = np.clip(body_hu((slices, 512, 512)) + noise, -1024, 3071)
    return write_series(ct_series(hu, spacing_mm=(1.25, 0.8, 0.8)), folder / "ct")


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = make_study(Path(name), options.slices)
        archive = Path(name) / "ct.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in folder.iterdir():
                packed.write(path, path.name)
        files = sorted(folder.iterdir())
        series, zipped = select_ct(discover(folder)), select_ct(discover(archive))

        def threads() -> None:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda path: dcmread(path).pixel_array, files))

        cases: dict[str, Callable[[], object]] = {
            "pydicom: dcmread(f).pixel_array": lambda: [dcmread(f).pixel_array for f in files],
            "the same in 2 threads": threads,
            "discover": lambda: discover(folder),
            "discover, zip": lambda: discover(archive),
            "read_ct": lambda: read_ct(series),
            "read_ct, zip": lambda: read_ct(zipped),
        }
        times = {case: (float("inf"), float("inf")) for case in cases}
        for _ in range(options.rounds):
            for case, work in cases.items():
                wall, processor = seconds(work)
                times[case] = min(times[case][0], wall), min(times[case][1], processor)
        reference = next(iter(times.values()))
        for case, (wall, processor) in times.items():
            ratios = f"{wall / reference[0]:4.2f}× wall {processor / reference[1]:4.2f}× CPU"
            print(f"{case:34} {wall:6.3f} s  {processor:6.3f} s CPU   {ratios}")
        output = options.slices * 512 * 512 * 4
        print(f"read_ct peak memory {peak_bytes(lambda: read_ct(series)) / output:.3f}× its output")


if __name__ == "__main__":
    main()
