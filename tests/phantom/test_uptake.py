"""The PET of a phantom: what the scanner does, and that drawing it gives its expectation."""

import numpy as np
import pytest

from ctpet.phantom.floor import mean_of
from ctpet.phantom.psf import (
    NOISE_FLOOR_SUV,
    NOISE_RELATIVE,
    PSF_FWHM_MM,
    noise_variance,
    point_spread,
    spread_region,
    wrapped_noise,
)
from ctpet.phantom.seen import habitus_factor
from ctpet.phantom.texture import CORRELATION_MM, draw_texture, render_texture
from ctpet.phantom.uptake import draw_among, noise_free, pet_of
from ctpet.volume import Geometry
from tests.phantom.toy import toy_geometry, toy_seen


def draw(seen, seed):
    rng = np.random.default_rng(seed)
    return draw_among(
        seen.hosts, seen.geometry, lesions=["lesion_0"], habitus=seen.habitus, rng=rng
    )


def test_point_spread_halves_at_half_its_width():
    geometry = toy_geometry((1, 1, 61), 0.5)
    line = np.zeros(geometry.shape, np.float32)
    line[0, 0, 30] = 1
    seen = point_spread(line, geometry)[0, 0]
    assert seen.sum() == pytest.approx(1, abs=1e-5)
    half = np.interp(PSF_FWHM_MM / 2, np.arange(31) * 0.5, seen[30:])
    assert half == pytest.approx(seen[30] / 2, rel=0.01)


def test_a_blurred_region_is_the_blurred_whole():
    geometry = toy_geometry((20, 22, 24), 2.5)
    region = (slice(0, 8), slice(5, 15), slice(14, 24))
    part = np.random.default_rng(0).random((8, 10, 10), np.float32)
    whole = np.zeros(geometry.shape, np.float32)
    whole[region] = part
    wanted = point_spread(whole, geometry)
    grown, seen = spread_region(part, region, geometry)
    assert seen == pytest.approx(wanted[grown], abs=1e-6)
    wanted[grown] = 0
    assert np.abs(wanted).max() < 1e-6


def test_texture_is_one_field_with_mean_0_sd_1_and_its_covariance():
    geometry = toy_geometry((3, 4, 5), 6.0)
    fields = np.stack(
        [render_texture(draw_texture(np.random.default_rng(n)), geometry) for n in range(6000)]
    )
    assert np.abs(fields.mean(0)).max() < 4.5 / np.sqrt(6000)
    assert fields.var(0) == pytest.approx(1, abs=0.09)
    together = (fields[:, 0, 0, 0] * fields[:, 0, 0, 2]).mean()
    assert together == pytest.approx(np.exp(-0.5 * (12 / CORRELATION_MM) ** 2), abs=0.05)
    moved = Geometry(
        (1, 1, 1), np.array([[0, 0, 6, 24], [0, 6, 0, 18], [6, 0, 0, 12], [0, 0, 0, 1]])
    )
    same = render_texture(draw_texture(np.random.default_rng(5)), moved)
    assert same.item() == pytest.approx(fields[5, 2, 3, 4], abs=1e-4)


def test_noise_has_its_spread_everywhere_and_goes_below_zero():
    geometry = toy_geometry((24, 24, 24), 4.0)
    fields = np.stack([wrapped_noise(geometry, 5.0, np.random.default_rng(n)) for n in range(300)])
    assert fields.std() == pytest.approx(1, abs=0.01)
    assert fields[:, 0, 0, 0].std() == pytest.approx(1, abs=0.2)
    assert fields[:, :, :, 1:].mean() == pytest.approx(0, abs=0.01)
    neighbours = np.corrcoef(fields[:, :, :, 3].ravel(), fields[:, :, :, 4].ravel())[0, 1]
    assert neighbours == pytest.approx(0.32, abs=0.02)
    assert fields.min() < -3
    levels = np.sqrt(noise_variance(np.array([0.0, 10.0], np.float32)))
    assert levels == pytest.approx([NOISE_FLOOR_SUV, 10 * NOISE_RELATIVE], rel=1e-3)


def test_pet_is_linear_in_uptake_and_shows_every_tissue():
    seen = toy_seen()
    uptake = draw(seen, 1)
    signal, _ = noise_free(seen, uptake)
    deep = signal[7, 4, 3]
    assert deep == pytest.approx(uptake.suv["liver"], rel=0.35)
    assert signal[0, 11, 0] == pytest.approx(uptake.suv["urine"], rel=0.02)
    pet = pet_of(seen, uptake, seed=3)
    assert pet.quantity == "SUVBW"
    assert np.array_equal(pet.array, pet_of(seen, uptake, seed=3).array)
    assert not np.array_equal(pet.array, pet_of(seen, uptake, seed=4).array)


def test_the_mean_over_patients_is_the_closed_form():
    """Through the renderer itself, not the floor's sampler."""
    seen = toy_seen()
    draws = 1500
    pets = np.stack([pet_of(seen, draw(seen, n), seed=n).array for n in range(draws)])
    expected = mean_of(seen).array
    z = (pets.mean(0) - expected) / (pets.std(0) / np.sqrt(draws))
    assert (np.abs(z) < 3).mean() > 0.98
    for tissue in seen.maps:
        own = [(pet[tissue.region] * tissue.seen).sum() for pet in pets]
        wanted = (expected[tissue.region] * tissue.seen).sum()
        assert abs(np.mean(own) - wanted) < 3 * np.std(own) / np.sqrt(draws), tissue.tissue


def test_habitus_raises_every_suv():
    assert habitus_factor(25) == 1
    assert habitus_factor(35) == pytest.approx(1.183, abs=1e-3)


@pytest.mark.slow
def test_uptake_of_a_whole_patient_depends_on_its_seed_alone():
    from ctpet.phantom.anatomy import draw_anatomy
    from ctpet.phantom.uptake import draw_uptake

    anatomy = draw_anatomy(11)
    one, again, other = (draw_uptake(anatomy, seed) for seed in (5, 5, 6))
    assert one.suv == again.suv
    assert one.hidden == again.hidden
    assert np.array_equal(one.texture.waves_per_mm, again.texture.waves_per_mm)
    assert one.suv != other.suv
