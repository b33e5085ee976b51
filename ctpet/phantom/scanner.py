"""What the scanner of a wide patient does to slices: kernel, metal, noise, field of view."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.noise import noise_level, noise_slice, spectra, weights_along_k
from ctpet.phantom.scan import Scan
from ctpet.phantom.shapes import Floats
from ctpet.volume import Geometry

AIR_HU = -1000.0
METAL_HU = 2200.0
"""What is more is metal, as no bone is."""

_NOISE, _STREAKS = 0x574E, 0x574D
_FWHM_PER_SD = 2.3548
_RIM_HU, _RIM_MM = 70.0, 7.0
_PIECES, _RAYS = 4, 5
_RAY_MM, _FADE_MM = 4.0, 70.0


def scanner(
    scan: Scan, anatomy: Anatomy, geometry: Geometry, seed: int
) -> Callable[[Floats, int], None]:
    """Return what turns slices without noise into those of a scan, in place.

    The function takes HU of some slices, ``(n, j, i)``, and the index of the first in the whole
    grid; the slices of a grid may come in any pieces.

    Args:
        scan: how it is done.
        anatomy: the patient, whose frame tells where the middle of the field lies.
        geometry: the whole grid.
        seed: of the noise.
    """
    rows, columns = geometry.shape[1:]
    mm_j, mm_i = geometry.spacing_mm[1:]
    even, streak = spectra(rows, columns, (mm_j, mm_i), scan.kernel)
    mixed = weights_along_k(scan.kernel.along_k)
    blur = tuple(scan.kernel.fwhm_mm / _FWHM_PER_SD / mm for mm in (mm_j, mm_i))
    away = None if scan.field_mm is None else outside_field_mm(scan, anatomy, geometry)

    def noise(k: int, even_hu: float, streaks_hu: float) -> Floats:
        total = np.zeros((rows, columns), np.float32)
        spectrum = even * np.float32(even_hu) + streak * np.float32(streaks_hu)
        for near, weight in zip((k, k - 1, k + 1), (mixed[0], mixed[1], mixed[1]), strict=True):
            if weight:
                rng = np.random.default_rng([seed, _NOISE, near + 1])
                total += np.float32(weight) * noise_slice((rows, columns), spectrum, rng)
        return total

    def scanned(hu: Floats, first: int) -> None:
        if max(blur) > 0.3:
            ndimage.gaussian_filter(hu, (0.0, *blur), output=hu, mode="nearest")
        for n in range(len(hu)):
            level, streaks = noise_level(hu[n], mm_j * mm_i, scan.noise_hu)
            if scan.metal_streak_hu:
                rng = np.random.default_rng([seed, _STREAKS])
                hu[n] += streaks_of_metal(hu[n], (mm_j, mm_i), scan.metal_streak_hu, rng)
            hu[n] += noise(first + n, level, streaks)
        if away is not None:
            _cut_off(hu, away)

    return scanned


def outside_field_mm(scan: Scan, anatomy: Anatomy, geometry: Geometry) -> NDArray[np.float32]:
    """Return how far voxels lie outside the field of view, mm, negative inside, ``(1, j, i)``.

    Raises:
        ValueError: the scan has no field of view.
    """
    if scan.field_mm is None:
        raise ValueError("the scan shows everything")
    j, i = np.ogrid[: geometry.shape[1], : geometry.shape[2]]
    a = geometry.affine
    x = a[0, 3] + a[0, 1] * j + a[0, 2] * i - anatomy.frame.shift_mm[0]
    y = a[1, 3] + a[1, 1] * j + a[1, 2] * i - anatomy.frame.shift_mm[1] + 5.0
    return np.asarray(np.hypot(x, y) - scan.field_mm / 2, dtype=np.float32)[None]


def _cut_off(hu: Floats, away: Floats) -> None:
    """Show nothing outside the field, and the bright rim that a body beyond it leaves inside."""
    rim = np.float32(_RIM_HU) * np.exp(np.minimum(away, 0) / np.float32(_RIM_MM))
    hu += rim * (hu > -300)
    hu[np.broadcast_to(away > 0, hu.shape)] = AIR_HU


def streaks_of_metal(
    plane: Floats, spacing_mm: tuple[float, float], strength_hu: float, rng: np.random.Generator
) -> Floats:
    """Return bright and dark rays from the metal in a slice, HU; they fade with distance.

    A picture of photon starvation and beam hardening, not a simulation of either.

    Args:
        plane: HU, ``(j, i)``.
        spacing_mm: along j and i.
        strength_hu: of the strongest ray at the metal.
        rng: where the rays lie.
    """
    out = np.zeros(plane.shape, np.float32)
    found = np.argwhere(plane > METAL_HU)
    if not len(found):
        return out
    picks = found[np.linspace(0, len(found) - 1, min(_PIECES, len(found))).astype(int)]
    j, i = np.ogrid[: plane.shape[0], : plane.shape[1]]
    angles = rng.uniform(0, np.pi, _RAYS)
    strengths = strength_hu * rng.uniform(-1, 0.8, _RAYS)
    for at_j, at_i in picks:
        y, x = (j - at_j) * np.float32(spacing_mm[0]), (i - at_i) * np.float32(spacing_mm[1])
        fade = 1 / (1 + (x * x + y * y) / np.float32(_FADE_MM**2))
        for angle, strength in zip(angles, strengths, strict=True):
            across = x * np.float32(np.sin(angle)) - y * np.float32(np.cos(angle))
            out += np.float32(strength / len(picks)) * fade * np.exp(-((across / _RAY_MM) ** 2))
    out *= plane > -900
    return out
