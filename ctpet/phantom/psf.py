"""What the PET scanner does to uptake: its point spread, and how noisy it is.

The point spread is a Gaussian of 6 mm full width at half maximum, as a clinical reconstruction of
FDG has with its post-filter (EARL 1: about 6 to 7 mm; Kaalep et al., Eur J Nucl Med Mol Imaging
2018; 45:412-422).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.volume import Geometry

PSF_FWHM_MM = 6.0
FWHM_PER_SD = float(np.sqrt(8 * np.log(2)))
PSF_SD_MM = PSF_FWHM_MM / FWHM_PER_SD

NOISE_FLOOR_SUV = 0.03
"""Standard deviation of the noise where there is no activity, g/mL."""

NOISE_RELATIVE = 0.08
"""Standard deviation over mean in large organs; EANM asks for at most 0.15 in a uniform phantom
(Boellaard et al., Eur J Nucl Med Mol Imaging 2015; 42:328-354)."""

Floats = NDArray[np.float32]
Region = tuple[slice, slice, slice]

_TRUNCATE_SD = 4.0


def noise_variance(suv: Floats) -> Floats:
    """Return the variance of the noise at each noise-free SUVbw, g²/mL².

    Iterative reconstruction makes noise that grows with the mean itself, near to normal (Mou et
    al., J Digit Imaging 2013; 26:447-456), on a floor that does not.
    """
    variance = np.square(suv)
    variance *= np.float32(NOISE_RELATIVE**2)
    variance += np.float32(NOISE_FLOOR_SUV**2)
    return np.asarray(variance)


def _sd_voxels(geometry: Geometry) -> tuple[float, ...]:
    return tuple(PSF_SD_MM / spacing for spacing in geometry.spacing_mm)


def point_spread(array: Floats, geometry: Geometry) -> Floats:
    """Return an array of the whole grid, (k, j, i), as the scanner sees it.

    Beyond the grid the outermost voxels go on: a body that is cut off does not darken.
    """
    out = ndimage.gaussian_filter(
        array, _sd_voxels(geometry), mode="nearest", truncate=_TRUNCATE_SD
    )
    return np.asarray(out, dtype=np.float32)


def spread_region(fractions: Floats, region: Region, geometry: Geometry) -> tuple[Region, Floats]:
    """Return a structure as the scanner sees it, and where that is not zero.

    Args:
        fractions: what the structure fills of each voxel of its region.
        region: where that lies in the grid; the structure is zero elsewhere.
        geometry: the whole grid.

    Returns:
        The region grown by the reach of the point spread, and the values in it: the same as
        :func:`point_spread` of the whole grid gives there.
    """
    reach = [int(_TRUNCATE_SD * sd + 0.5) for sd in _sd_voxels(geometry)]
    grown = tuple(
        slice(max(0, part.start - margin), min(count, part.stop + margin))
        for part, margin, count in zip(region, reach, geometry.shape, strict=True)
    )
    inside = tuple(
        (part.start - new.start, new.stop - part.stop)
        for part, new in zip(region, grown, strict=True)
    )
    padded = np.pad(np.asarray(fractions, dtype=np.float32), inside)
    return (grown[0], grown[1], grown[2]), point_spread(padded, geometry)


def wrapped_noise(geometry: Geometry, fwhm_mm: float, rng: np.random.Generator) -> Floats:
    """Return a Gaussian field of mean 0 and standard deviation 1 everywhere, smooth over a length.

    White noise through a Gaussian, with the grid closed onto itself so that its edges are no
    different; the kernel's own energy is divided out.
    """
    array = rng.standard_normal(geometry.shape, dtype=np.float32)
    for axis, spacing in enumerate(geometry.spacing_mm):
        kernel = _unit_energy(fwhm_mm / FWHM_PER_SD / spacing)
        array = ndimage.correlate1d(array, kernel, axis=axis, mode="wrap")
    return np.asarray(array, dtype=np.float32)


def _unit_energy(sd: float) -> Sequence[float]:
    reach = int(np.ceil(3 * sd))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2)
    return list(kernel / np.sqrt((kernel**2).sum()))
