"""How long a whole-body CT takes onto a 4 mm grid, beside SimpleITK and scipy in the same run.

Run it as ``python scripts/benchmarks/resample.py``. SimpleITK smooths with Gaussians as wide as
our triangle filter (equal variance) and resamples linearly; scipy's zoom interpolates without
any smoothing, so it does less work and aliases.
"""

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from ctpet.volume import Geometry, Volume, covering_grid, resample

SHAPE = (300, 512, 512)
SPACING_MM = (3.0, 0.977, 0.977)
GRID_MM = (4.0, 4.0, 4.0)
AIR_HU = -1024.0
REPEATS = 3


def made_ct() -> Volume:
    affine = np.eye(4)
    affine[:3, :3] = np.diag(SPACING_MM[::-1])[:, ::-1]
    array = np.random.default_rng(0).normal(0, 100, SHAPE).astype(np.float32)
    return Volume(array, Geometry(SHAPE, affine), "HU")


def turned(grid: Geometry, degrees: float) -> Geometry:
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("x", degrees, degrees=True).as_matrix()
    middle = grid.corners_mm().mean(axis=0)
    turn[:3, 3] = middle - turn[:3, :3] @ middle
    return Geometry(grid.shape, turn @ grid.affine)


def with_simpleitk(ct: Volume, onto: Geometry) -> NDArray[np.float32]:
    image = sitk.GetImageFromArray(ct.array)
    image.SetSpacing(ct.geometry.spacing_mm[::-1])
    image.SetOrigin(ct.geometry.origin_mm.tolist())
    for axis, (new, old) in enumerate(zip(GRID_MM, SPACING_MM, strict=True)):
        sigma_mm = float(np.sqrt((new**2 - old**2) / 6))
        image = sitk.RecursiveGaussian(image, sigma_mm, direction=2 - axis)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(onto.shape[::-1])
    resampler.SetOutputSpacing(onto.spacing_mm[::-1])
    resampler.SetOutputOrigin(onto.origin_mm.tolist())
    resampler.SetOutputDirection(onto.direction[:, ::-1].ravel().tolist())
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetDefaultPixelValue(AIR_HU)
    return sitk.GetArrayFromImage(resampler.Execute(image))


def best_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def peak_mib(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def main() -> None:
    ct = made_ct()
    straight = covering_grid(ct.geometry, GRID_MM)
    print(f"{SHAPE} at {SPACING_MM} mm, {ct.array.nbytes / 2**20:.0f} MiB, best of {REPEATS}")
    for name, onto in (("aligned", straight), ("turned 10°", turned(straight, 10))):
        ours = best_s(lambda onto=onto: resample(ct, onto, fill=AIR_HU))
        theirs = best_s(lambda onto=onto: with_simpleitk(ct, onto))
        peak = peak_mib(lambda onto=onto: resample(ct, onto, fill=AIR_HU))
        print(
            f"{name} onto {onto.shape}: {ours:.3f} s, {peak:.0f} MiB beside the input; "
            f"SimpleITK {theirs:.3f} s, ratio {theirs / ours:.1f}"
        )
    zoom = np.asarray(straight.shape) / SHAPE
    scipys = best_s(lambda: ndimage.zoom(ct.array, zoom, order=1))
    print(f"scipy.ndimage.zoom without antialiasing: {scipys:.3f} s")
    small = resample(ct, straight, fill=AIR_HU)
    back = best_s(lambda: resample(small, ct.geometry, fill=AIR_HU))
    print(f"back onto the CT's grid: {back:.3f} s")


if __name__ == "__main__":
    main()
