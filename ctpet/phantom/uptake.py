"""The hidden truth of a patient: what each tissue and lesion takes up, and the PET of it.

It is drawn from distributions of :mod:`ctpet.phantom.priors` and :mod:`ctpet.phantom.hidden`,
independently of the CT and its noise given the anatomy. PET = point spread ∗ uptake + texture +
noise. Uptake is constant in a tissue but for hidden lesions; the texture multiplies what the
scanner sees of each tissue by 1 + τG with a smooth field G of mean 0, so that it needs no
resolving; the noise has mean 0 and is not clipped, so that air and lung go below zero at places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.breath import breathe
from ctpet.phantom.ct import clinical_geometry
from ctpet.phantom.hidden import HiddenLesion, Host, draw_hidden, splat
from ctpet.phantom.priors import TISSUES, TissuePrior, draw_suv
from ctpet.phantom.psf import noise_variance, wrapped_noise
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.seen import Seen, habitus_factor, hosts_of, label_name, prior_of, see
from ctpet.phantom.texture import Texture, draw_texture, render_texture
from ctpet.volume import Geometry, Volume, covering_grid

Floats = NDArray[np.float32]

NOISE_FWHM_MM = 5.0
"""Length over which neighbouring voxels share noise, as after a reconstruction's filter."""

_PLACING_MM = 5.0
_UPTAKE_STREAM, _NOISE_STREAM = 0x0F18, 0x0F19


@dataclass(frozen=True, eq=False)
class Uptake:
    """What a patient takes up.

    Attributes:
        suv: SUVbw (g/mL) of each tissue and of each visible lesion, ``lesion_<n>``.
        hidden: foci that CT does not show.
        texture: the field that varies uptake inside tissues.
    """

    suv: Mapping[str, float]
    hidden: tuple[HiddenLesion, ...]
    texture: Texture


def draw_uptake(anatomy: Anatomy, seed: int) -> Uptake:
    """Draw the uptake of a patient; it depends on the anatomy and the seed alone.

    Args:
        anatomy: the patient.
        seed: of the uptake; other streams of the same seed are independent of it.
    """
    grid = covering_grid(clinical_geometry(anatomy), (_PLACING_MM,) * 3)
    hosts = hosts_of(render_fractions(anatomy, grid))
    rng = np.random.default_rng([seed, _UPTAKE_STREAM])
    habitus = habitus_factor(anatomy.traits.bmi)
    lesions = [label_name(lesion.label) for lesion in anatomy.lesions]
    own = anatomy.priors
    return draw_among(hosts, grid, lesions=lesions, own=own, habitus=habitus, rng=rng)


def draw_among(
    hosts: Sequence[Host],
    grid: Geometry,
    *,
    lesions: Sequence[str],
    own: Mapping[str, TissuePrior] = MappingProxyType({}),
    habitus: float,
    rng: np.random.Generator,
) -> Uptake:
    """Draw an uptake whose hidden lesions lie in organs rendered on a grid.

    Args:
        hosts: the organs.
        grid: what they are rendered on.
        lesions: names of the visible lesions, ``lesion_<n>``.
        own: the priors of those that have their own.
        habitus: factor of every SUVbw but those of hidden lesions.
        rng: the randomness.
    """
    names = [*TISSUES, *lesions]
    suv = habitus * draw_suv([prior_of(name, own) for name in names], rng)[0]
    texture = draw_texture(rng)
    hidden = draw_hidden(hosts, grid, rng)
    named = MappingProxyType({n: float(v) for n, v in zip(names, suv, strict=True)})
    return Uptake(named, hidden, texture)


def render_pet(anatomy: Anatomy, uptake: Uptake, geometry: Geometry, *, seed: int) -> Volume:
    """Return the PET of a patient, SUVbw in g/mL, on an orthogonal grid.

    Args:
        anatomy: the patient.
        uptake: what it takes up.
        geometry: the PET grid; 4 mm or finer resolves the point spread.
        seed: of the noise.

    Raises:
        ValueError: the axes of the grid are not orthogonal.
    """
    return pet_of(see(anatomy, render_fractions(anatomy, geometry)), uptake, seed=seed)


def pet_of(seen: Seen, uptake: Uptake, *, seed: int) -> Volume:
    """Return the PET of an anatomy that is rendered already; see :func:`render_pet`."""
    signal, texture = noise_free(seen, uptake)
    if seen.breath is not None:
        signal, texture = (breathe(each, seen.geometry, seen.breath) for each in (signal, texture))
    rng = np.random.default_rng([seed, _NOISE_STREAM])
    noise = wrapped_noise(seen.geometry, NOISE_FWHM_MM, rng)
    noise *= np.sqrt(noise_variance(signal))
    signal += texture
    signal += noise
    return Volume(signal, seen.geometry, "SUVBW")


def noise_free(seen: Seen, uptake: Uptake) -> tuple[Floats, Floats]:
    """Return the SUVbw without texture and noise, and what texture adds, float32 (k, j, i)."""
    signal = np.zeros(seen.geometry.shape, np.float32)
    amplitude = np.zeros(seen.geometry.shape, np.float32)
    for each in seen.maps:
        suv = uptake.suv[each.tissue]
        signal[each.region] += np.float32(suv) * each.seen
        amplitude[each.region] += np.float32(suv * each.prior.texture) * each.seen
    for lesion in uptake.hidden:
        if (found := splat(lesion, seen.geometry)) is not None:
            signal[found[0]] += found[1]
    amplitude *= render_texture(uptake.texture, seen.geometry)
    return signal, amplitude
