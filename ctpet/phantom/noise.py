"""CT noise: what filtered backprojection with a soft-tissue kernel leaves in a slice."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ctpet.phantom.scan import Kernel
from ctpet.phantom.shapes import Floats

_PLAIN = Kernel()
_STREAK_PER_MM = 0.035


def spectra(
    rows: int, columns: int, spacing_mm: tuple[float, float], kernel: Kernel = _PLAIN
) -> tuple[Floats, Floats]:
    """Return the amplitude spectra of even noise and of streaks, each of unit variance.

    Even noise rises with frequency, as the ramp filter makes it, and falls with the kernel:
    a body kernel's noise power peaks near 0.2 to 0.3 / mm (Solomon et al., Med Phys 2012).
    Streaks run from left to right, as where shoulders or hips take the most of the beam.

    Args:
        rows: of a slice.
        columns: of a slice.
        spacing_mm: size of a pixel along rows (j) and columns (i).
        kernel: of the reconstruction; the plain phantom's unless given.

    Returns:
        Two float32 arrays for `scipy.fft.irfft2`, ``(rows, columns // 2 + 1)``.
    """
    fy = fft.fftfreq(rows, spacing_mm[0])[:, None]
    fx = fft.rfftfreq(columns, spacing_mm[1])[None, :]
    f = np.hypot(fx, fy)
    even = np.sqrt(f / (f + kernel.rise_per_mm)) * f**0.3 * np.exp(-((f / kernel.fall_per_mm) ** 2))
    streak = even * np.exp(-((fx / _STREAK_PER_MM) ** 2) / 2)
    twice = np.full(fx.shape[1], 2.0)
    twice[0] = 1.0
    if columns % 2 == 0:
        twice[-1] = 1.0
    scaled = []
    for amplitude in (even, streak):
        power = float((amplitude**2 * twice).sum())
        scaled.append((amplitude * (rows * columns / np.sqrt(power))).astype(np.float32))
    return scaled[0], scaled[1]


def noise_slice(
    shape: tuple[int, int], spectrum: Floats, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return one slice of noise with an amplitude spectrum, float32 ``(rows, columns)``."""
    white = rng.standard_normal((*spectrum.shape, 2), dtype=np.float32)
    white *= np.float32(np.sqrt(0.5))
    coefficients = white.view(np.complex64)[..., 0]
    coefficients *= spectrum
    return np.asarray(fft.irfft2(coefficients, s=shape), dtype=np.float32)


def noise_level(hu: Floats, pixel_mm2: float, sigma_hu: float) -> tuple[float, float]:
    """Return how strong even noise and streaks are in a slice, HU.

    Noise doubles for about every 9 cm more of water in the way and follows the slice's
    water-equivalent diameter (AAPM Report 220), half of it evened out by tube current modulation;
    streaks grow with how much wider than deep the slice is.

    Args:
        hu: the slice without noise.
        pixel_mm2: area of a pixel.
        sigma_hu: noise at a diameter of 280 mm.
    """
    water = np.clip(hu[::2, ::2] * np.float32(0.001) + 1, 0, 2.2)
    area = float(water.sum()) * 4 * pixel_mm2
    diameter = 2 * np.sqrt(area / np.pi)
    even = sigma_hu * float(np.exp(np.log(2) / 2 * (diameter - 280) / 90))
    wide = float(water.sum(axis=1).max()) * 2 * np.sqrt(pixel_mm2)
    return max(even, 0.35 * sigma_hu), sigma_hu * float(np.clip((wide - 360) / 380, 0, 0.45))


def weights_along_k(correlation: float) -> tuple[float, float]:
    """Return the weight of a slice's own noise and of that of either neighbour.

    Mixed so, the noise of neighbouring slices has that correlation and its variance is kept: with
    own a and neighbours b, a² + 2b² = 1 and 2ab is the correlation.

    Raises:
        ValueError: three slices cannot be mixed to that correlation (0 to 0.7).
    """
    if not 0 <= correlation <= 0.7:
        raise ValueError(f"neighbouring slices correlate by 0 to 0.7, not {correlation}")
    own = np.sqrt((1 + np.sqrt(1 - 2 * correlation**2)) / 2)
    return float(own), float(np.sqrt((1 - own**2) / 2))
