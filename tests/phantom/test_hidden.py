"""Hidden lesions: their expectation in closed form is what drawing them gives."""

import numpy as np
import pytest
from scipy import ndimage

from ctpet.phantom.hidden import (
    EXCESS_MEAN,
    FWHM_MM,
    FWHM_SHARE,
    HOSTS,
    HiddenLesion,
    Host,
    draw_hidden,
    expected_hidden,
    seen_profile,
    splat,
)
from ctpet.phantom.psf import FWHM_PER_SD, point_spread
from ctpet.volume import Geometry
from tests.phantom.toy import toy_geometry


@pytest.fixture
def geometry():
    return toy_geometry((11, 14, 16), 3.0)


@pytest.fixture
def host():
    fractions = np.zeros((5, 6, 7), np.float32)
    fractions[1:, 2:, :4] = 1
    fractions[0] = 0.3
    return Host("liver", 1.5, (slice(3, 8), slice(4, 10), slice(5, 12)), fractions)


def test_number_of_lesions_is_gamma_poisson(host, geometry):
    rng = np.random.default_rng(0)
    counts = np.array([len(draw_hidden([host], geometry, rng)) for _ in range(6000)])
    assert counts.mean() == pytest.approx(1.5, abs=4 * counts.std() / np.sqrt(6000))
    assert (counts == 0).mean() == pytest.approx((1 + 1.5 / 0.5) ** -0.5, abs=0.025)


def test_places_are_uniform_in_the_host(host, geometry):
    rng = np.random.default_rng(1)
    found = np.zeros(geometry.shape)
    for _ in range(6000):
        for lesion in draw_hidden([host], geometry, rng):
            found[tuple(np.rint(geometry.lps_to_index(lesion.centre_mm)).astype(int))] += 1
    wanted = np.zeros(geometry.shape)
    wanted[host.region] = host.fractions / host.fractions.sum()
    assert found[wanted == 0].sum() == 0
    expected = found.sum() * wanted[wanted > 0]
    chi2 = ((found[wanted > 0] - expected) ** 2 / expected).sum()
    assert chi2 < expected.size + 5 * np.sqrt(2 * expected.size)


def test_expectation_equals_the_mean_of_draws(host, geometry):
    rng = np.random.default_rng(2)
    draws = 20_000
    total, squares = np.zeros(geometry.shape), np.zeros(geometry.shape)
    sums = []
    for _ in range(draws):
        one = np.zeros(geometry.shape)
        for lesion in draw_hidden([host], geometry, rng):
            region, values = splat(lesion, geometry)
            one[region] += values
        total += one
        squares += one**2
        sums.append(one.sum())
    expected = expected_hidden([host], geometry)
    error = np.sqrt((squares / draws - (total / draws) ** 2) / draws)
    z = (total / draws - expected) / np.maximum(error, 1e-9)
    inside = expected > 0.05 * expected.max()
    assert np.abs(z[inside]).max() < 4.5
    assert abs(np.mean(sums) - expected.sum()) < 3 * np.std(sums) / np.sqrt(draws)


def test_expectation_does_not_depend_on_the_voxel_size():
    fine, coarse = toy_geometry((40, 48, 56), 1.5), toy_geometry((20, 24, 28), 3.0)
    box = (slice(6, 14), slice(8, 16), slice(10, 18))
    on_coarse = Host("liver", 1.0, box, np.ones((8, 8, 8), np.float32))
    twice = tuple(slice(2 * s.start, 2 * s.stop) for s in box)
    on_fine = Host("liver", 1.0, twice, np.ones((16, 16, 16), np.float32))
    expected = expected_hidden([on_fine], fine).reshape(20, 2, 24, 2, 28, 2).mean((1, 3, 5))
    tolerance = float(0.02 * expected.max())
    assert expected_hidden([on_coarse], coarse) == pytest.approx(expected, abs=tolerance)


def test_a_lesion_seen_is_its_gaussian_through_the_point_spread():
    geometry = toy_geometry((41, 41, 41), 1.0)
    lesion = HiddenLesion("liver", (20.3, 19.6, 20.1), 8.0, 5.0)
    z, y, x = np.meshgrid(*(np.arange(41.0),) * 3, indexing="ij")
    square = (x - 20.3) ** 2 + (y - 19.6) ** 2 + (z - 20.1) ** 2
    sharp = 5.0 * np.exp(-0.5 * square / (8.0 / FWHM_PER_SD) ** 2)
    region, values = splat(lesion, geometry)
    seen = np.zeros(geometry.shape)
    seen[region] = values
    assert seen == pytest.approx(point_spread(sharp.astype(np.float32), geometry), abs=5e-3)
    assert seen_profile(6.0)[1] == pytest.approx(2**-1.5)


def test_a_lesion_out_of_view_adds_nothing_and_shear_is_refused(geometry):
    assert splat(HiddenLesion("liver", (-500, 0, 0), 8.0, 5.0), geometry) is None
    affine = geometry.affine.copy()
    affine[1, 0] = 0.5
    with pytest.raises(ValueError, match="orthogonal"):
        splat(HiddenLesion("liver", (0, 0, 0), 8.0, 5.0), Geometry(geometry.shape, affine))


def test_hosts_and_the_mean_excess_are_what_is_written():
    assert sum(HOSTS.values()) == pytest.approx(2.6)
    assert pytest.approx(5 * np.exp(0.18)) == EXCESS_MEAN


def test_mean_profile_is_the_integral(geometry):
    """Against brute force: a host of one voxel, places on a fine lattice within it."""
    voxel = (slice(5, 6), slice(6, 7), slice(7, 8))
    host = Host("liver", 1.0, voxel, np.ones((1, 1, 1), np.float32))
    total = np.zeros(geometry.shape)
    offsets = (np.arange(8) + 0.5) / 8 - 0.5
    for fwhm, share in zip(FWHM_MM, FWHM_SHARE, strict=True):
        for dk, dj, di in np.stack(np.meshgrid(*(offsets,) * 3), -1).reshape(-1, 3):
            x, y, z = geometry.index_to_lps((5 + dk, 6 + dj, 7 + di))
            region, values = splat(HiddenLesion("liver", (x, y, z), fwhm, EXCESS_MEAN), geometry)
            total[region] += share * values / 512
    expected = expected_hidden([host], geometry)
    assert expected == pytest.approx(total, abs=float(2e-3 * total.max()))
    assert ndimage.maximum_position(expected) == (5, 6, 7)
