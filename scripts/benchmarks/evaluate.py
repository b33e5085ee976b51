"""Seconds and memory of `ctpet evaluate` on whole bodies of 300×128×128 voxels.

    python -m scripts.benchmarks.evaluate [--cases 20] [--workers 2]

The pairs are one digital patient's PET, made hotter by a percent from pair to pair, and its best
prediction, with CT, organs and lesions. Memory is the peak of all processes together, for a
quarter of the pairs and for all: it must not grow with their number. The ratio is to the time
scikit-image takes for the 3D Gaussian SSIM of as many pairs on as many cores.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from skimage.metrics import structural_similarity

from ctpet.nifti import write_nifti
from ctpet.phantom.anatomy import draw_anatomy
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.floor import floor_of
from ctpet.phantom.label_maps import dominant, lesion_map
from ctpet.phantom.labels import LABELS
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.seen import see
from ctpet.phantom.uptake import draw_uptake, pet_of
from ctpet.volume import Geometry, Volume

SHAPE, SPACING_MM = (300, 128, 128), (3.5, 4.0, 4.0)
SEED = 1
ROLES = ("predicted", "measured", "ct", "labels", "lesions")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        measured, predicted = write_pairs(root, args.cases)
        few = timed(root, args.cases // 4, args.workers)
        all_ = timed(root, args.cases, args.workers)
        start = time.perf_counter()
        structural_similarity(
            measured, predicted, gaussian_weights=True, use_sample_covariance=False, data_range=10.0
        )
        skimage = (time.perf_counter() - start) * args.cases / args.workers
    for cases, (seconds, peak) in ((args.cases // 4, few), (args.cases, all_)):
        print(f"{cases:3} pairs, {args.workers} workers: {seconds:6.1f} s, {peak / 2**20:6.0f} MiB")
    print(f"{all_[0] / skimage:.2f} × scikit-image's SSIM of the pairs alone ({skimage:.1f} s)")


def write_pairs(root: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    anatomy = draw_anatomy(SEED)
    grid = whole_body_grid(clinical_geometry(anatomy))
    rendering = render_fractions(anatomy, grid)
    seen, uptake = see(anatomy, rendering), draw_uptake(anatomy, SEED)
    labels = dominant(rendering)
    arrays = {
        "predicted": floor_of(seen, seed=SEED).median.array,
        "measured": pet_of(seen, uptake, seed=SEED).array,
        "ct": render_ct(anatomy, grid, seed=SEED).array,
        "labels": labels,
        "lesions": lesion_map(labels, uptake, grid),
    }
    for role in ROLES:
        (root / role).mkdir()
        for number in range(count):
            factor = 1 + 0.01 * number if role == "measured" else 1
            array = np.asarray(arrays[role] * factor, np.float32)
            volume = Volume(array, grid, "HU" if role == "ct" else "SUVBW")
            write_nifti(volume, root / role / f"p{number:03d}.nii.gz")
    names = "{" + ", ".join(f'"{n}": "{name}"' for name, n in LABELS.items() if n) + "}"
    (root / "labels" / "labels.json").write_text(names, "utf-8")
    return arrays["measured"], arrays["predicted"]


def whole_body_grid(view: Geometry) -> Geometry:
    corners = view.corners_mm()
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = SPACING_MM
    affine[:3, 3] = middle - affine[:3, :3] @ (np.array(SHAPE) - 1) / 2
    affine[3, 3] = 1
    return Geometry(SHAPE, affine)


def timed(root: Path, cases: int, workers: int) -> tuple[float, int]:
    """Return the seconds of an evaluation of the first cases, and the peak of its memory."""
    table = root / f"{cases}.csv"
    rows = [[f"p{n:03d}", *(f"{role}/p{n:03d}.nii.gz" for role in ROLES)] for n in range(cases)]
    head = "patient,predicted,reference,ct,labels,lesions"
    table.write_text("\n".join([head, *map(",".join, rows)]) + "\n", "utf-8")
    command = [
        *(sys.executable, "-m", "ctpet", "evaluate", "-q", "--table", str(table)),
        *("--label-names", str(root / "labels" / "labels.json")),
        *("--out", str(root / f"report-{cases}"), "--workers", str(workers)),
    ]
    start = time.perf_counter()
    run = subprocess.Popen(command)  # noqa: S603
    peak = 0
    while run.poll() is None:
        peak = max(peak, used_bytes(run.pid))
        time.sleep(0.2)
    if run.returncode:
        raise SystemExit(run.returncode)
    return time.perf_counter() - start, peak


def used_bytes(pid: int) -> int:
    """Return the memory of a process and its children that nobody shares."""
    total = 0
    try:
        for each in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            total += each.memory_full_info().uss
    except psutil.NoSuchProcess:
        pass
    return total


if __name__ == "__main__":
    main()
