"""How long SSIM of a whole body takes, beside scikit-image's in the same run.

Run from a checkout: python scripts/benchmarks/ssim.py [--rounds 3]. The two take turns, so that
what else the machine does falls on both alike, and the best round of each counts.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from ctpet.evaluate.agreement import RANGE_SUV
from ctpet.evaluate.ssim import ssim_map

SHAPE = (300, 128, 128)
BLADDER = np.s_[40:56, 50:66, 56:72]


def a_pair() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a blurred and a noisy PET with a bladder of SUV 75 and 80."""
    random = np.random.default_rng(0)
    measured = gaussian_filter(random.gamma(1.0, 1.0, SHAPE), 1.2)
    predicted = gaussian_filter(measured, 1.0)
    predicted[BLADDER], measured[BLADDER] = 75, 80
    predicted[BLADDER] += random.normal(0, 0.1, predicted[BLADDER].shape)
    return predicted.astype(np.float32), measured.astype(np.float32)


def with_skimage(predicted: NDArray, measured: NDArray) -> NDArray:
    return structural_similarity(
        predicted,
        measured,
        data_range=RANGE_SUV,
        gaussian_weights=True,
        use_sample_covariance=False,
        full=True,
    )[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    pair = a_pair()
    exact = tuple(pet.astype(np.float64) for pet in pair)
    cases: dict[str, Callable[[], NDArray]] = {
        "ctpet": lambda: ssim_map(*pair),
        "scikit-image, float32": lambda: with_skimage(*pair),
        "scikit-image, float64": lambda: with_skimage(*exact),
    }
    seconds = dict.fromkeys(cases, float("inf"))
    maps = {}
    for _ in range(rounds):
        for name, work in cases.items():
            start = time.perf_counter()
            maps[name] = work()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    print(f"{SHAPE}, best of {rounds}; difference from scikit-image in float64")
    for name, taken in seconds.items():
        ratio = taken / seconds["ctpet"]
        error = np.abs(maps[name] - maps["scikit-image, float64"]).max()
        print(f"  {name:22} {taken:6.2f} s   {ratio:5.2f}×   {error:.1e}")


if __name__ == "__main__":
    main()
