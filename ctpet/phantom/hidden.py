"""Lesions that CT does not show: how many, where, how large and how avid.

Every patient has a burden, gamma-distributed with mean 1 (shape 0.5: 40 % of patients have no
hidden lesion); given it, the number in each host organ is Poisson, the place uniform in the organ,
and the profile a Gaussian, which small lesions are to PET. Sizes stay at or below the 10 mm short
axis under which CT calls a node normal (Eisenhauer et al., RECIST 1.1, Eur J Cancer 2009;
45:228-247); that PET shows nodes and distant sites before CT criteria do is reviewed in
PMC3539654. The numbers and avidities are chosen, not measured: no publication counts what nobody
looked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import erf

from ctpet.phantom.psf import FWHM_PER_SD, PSF_SD_MM, Region
from ctpet.volume import Geometry

Floats = NDArray[np.float32]

HOSTS: dict[tuple[str, ...], float] = {
    ("lung_left", "lung_right"): 0.4,
    ("liver",): 0.4,
    ("bone_marrow",): 0.8,
    ("aorta", "great_vessels"): 0.6,
    ("bowel_wall",): 0.3,
    ("muscle",): 0.1,
}
"""Structures that hold hidden lesions, and the mean number in them. Nodes lie along the vessels."""

BURDEN_SHAPE = 0.5

FWHM_MM = (6.0, 8.0, 10.0)
FWHM_SHARE = (0.4, 0.35, 0.25)

EXCESS_MEDIAN = 5.0
EXCESS_LOG_SD = 0.6
EXCESS_MEAN = EXCESS_MEDIAN * exp(EXCESS_LOG_SD**2 / 2)
"""SUVbw above the host at the lesion's centre, before the point spread: log-normal."""

_REACH_SD = 4.0


@dataclass(frozen=True, slots=True)
class HiddenLesion:
    """One Gaussian focus.

    Attributes:
        host: the structure, or the first of them, it was placed in.
        centre_mm: LPS.
        fwhm_mm: its own full width at half maximum.
        excess: SUVbw above its surroundings at the centre, before the point spread.
    """

    host: str
    centre_mm: tuple[float, float, float]
    fwhm_mm: float
    excess: float


@dataclass(frozen=True, eq=False)
class Host:
    """Where in the grid a host organ lies.

    Attributes:
        name: of its first structure.
        rate: mean number of lesions.
        region: box that holds it.
        fractions: share of each voxel of the box that it fills.
    """

    name: str
    rate: float
    region: Region
    fractions: Floats


def draw_hidden(
    hosts: Sequence[Host], geometry: Geometry, rng: np.random.Generator
) -> tuple[HiddenLesion, ...]:
    """Draw the hidden lesions of one patient.

    Args:
        hosts: the organs, rendered on ``geometry``.
        geometry: the grid; places lie anywhere within its voxels, not at their centres alone.
        rng: the randomness.
    """
    burden = rng.gamma(BURDEN_SHAPE, 1 / BURDEN_SHAPE)
    lesions = []
    for host in hosts:
        for _ in range(rng.poisson(burden * host.rate)):
            index = _place(host, rng)
            excess = EXCESS_MEDIAN * exp(EXCESS_LOG_SD * rng.standard_normal())
            fwhm = float(rng.choice(FWHM_MM, p=FWHM_SHARE))
            x, y, z = (float(v) for v in geometry.index_to_lps(index))
            lesions.append(HiddenLesion(host.name, (x, y, z), fwhm, excess))
    return tuple(lesions)


def _place(host: Host, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a random index (k, j, i) in the grid, uniform in the organ."""
    by_plane = host.fractions.sum(axis=(1, 2), dtype=np.float64)
    k = int(rng.choice(by_plane.size, p=by_plane / by_plane.sum()))
    plane = host.fractions[k].astype(np.float64).ravel()
    j, i = divmod(int(rng.choice(plane.size, p=plane / plane.sum())), host.fractions.shape[2])
    first = np.array([part.start for part in host.region])
    return np.asarray(first + np.array([k, j, i]) + rng.uniform(-0.5, 0.5, 3))


def seen_profile(fwhm_mm: float) -> tuple[float, float]:
    """Return how the scanner sees a lesion: standard deviation in mm, and share of its peak."""
    own = fwhm_mm / FWHM_PER_SD
    seen = sqrt(own**2 + PSF_SD_MM**2)
    return seen, (own / seen) ** 3


def splat(lesion: HiddenLesion, geometry: Geometry) -> tuple[Region, Floats] | None:
    """Return the SUVbw a lesion adds, through the point spread, and where; None: out of view.

    Raises:
        ValueError: the axes of the grid are not orthogonal.
    """
    _require_orthogonal(geometry)
    sd_mm, recovered = seen_profile(lesion.fwhm_mm)
    centre = geometry.lps_to_index(lesion.centre_mm)
    region, profiles = [], []
    for at, spacing, count in zip(centre, geometry.spacing_mm, geometry.shape, strict=True):
        reach = _REACH_SD * sd_mm / spacing
        low, high = max(0, int(np.ceil(at - reach))), min(count, int(np.floor(at + reach)) + 1)
        if low >= high:
            return None
        region.append(slice(low, high))
        profiles.append(np.exp(-0.5 * ((np.arange(low, high) - at) * spacing / sd_mm) ** 2))
    k, j, i = profiles
    values = lesion.excess * recovered * k[:, None, None] * j[:, None] * i
    return (region[0], region[1], region[2]), values.astype(np.float32)


def expected_hidden(hosts: Sequence[Host], geometry: Geometry) -> Floats:
    """Return the expected SUVbw that hidden lesions add, float32 (k, j, i), in closed form.

    For each host and size: rate × mean excess × the organ's share of places, convolved with the
    seen profile averaged over the places within a voxel (an integral of a Gaussian: erf).

    Raises:
        ValueError: the axes of the grid are not orthogonal.
    """
    _require_orthogonal(geometry)
    out = np.zeros(geometry.shape, np.float32)
    for host in hosts:
        places = host.fractions / host.fractions.sum(dtype=np.float64)
        for fwhm, share in zip(FWHM_MM, FWHM_SHARE, strict=True):
            sd_mm, recovered = seen_profile(fwhm)
            kernels = [_mean_profile(sd_mm / spacing) for spacing in geometry.spacing_mm]
            region, padded = _grown(places, host.region, kernels, geometry)
            for axis, kernel in enumerate(kernels):
                padded = ndimage.correlate1d(padded, kernel, axis=axis, mode="constant")
            out[region] += (host.rate * share * EXCESS_MEAN * recovered * padded).astype(np.float32)
    return out


def _mean_profile(sd: float) -> NDArray[np.float64]:
    """Return ∫ exp(−(n − t)²/2σ²) dt over |t| < ½ for whole n, σ in voxels."""
    reach = int(np.ceil(_REACH_SD * sd + 0.5))
    edges = np.arange(-reach - 0.5, reach + 1)
    return np.asarray(np.diff(erf(edges / (sqrt(2) * sd))) * sd * sqrt(np.pi / 2))


def _grown(
    places: NDArray[np.float64],
    region: Region,
    kernels: Sequence[NDArray[np.float64]],
    geometry: Geometry,
) -> tuple[Region, NDArray[np.float64]]:
    reach = [kernel.size // 2 for kernel in kernels]
    new = [
        slice(max(0, part.start - margin), min(count, part.stop + margin))
        for part, margin, count in zip(region, reach, geometry.shape, strict=True)
    ]
    widths = [
        (part.start - grown.start, grown.stop - part.stop)
        for part, grown in zip(region, new, strict=True)
    ]
    return (new[0], new[1], new[2]), np.pad(places, widths)


def _require_orthogonal(geometry: Geometry) -> None:
    axes = geometry.direction
    if np.abs(axes.T @ axes - np.eye(3)).max() > 1e-4:
        raise ValueError("a PET grid has orthogonal axes")
