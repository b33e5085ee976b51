import math

import numpy as np
import pytest

from ctpet.evaluate.sharpness import (
    BAND_CYCLES_PER_MM,
    BIN_CYCLES_PER_MM,
    gradient_ratio,
    power_ratio,
    sharpness,
)

SPACING = (4.0, 4.0, 3.0)
SHAPE = (48, 40, 44)
F32 = np.float32


def everywhere(shape=SHAPE):
    return np.ones(shape, bool)


@pytest.fixture(scope="module")
def pet():
    return np.random.default_rng(1).normal(2.0, 1.0, SHAPE).astype(F32)


def frequencies():
    """|f| of every frequency of the full DFT, cycles/mm."""
    along = [np.fft.fftfreq(n, d) for n, d in zip(SHAPE, SPACING, strict=True)]
    k, j, i = np.meshgrid(*along, indexing="ij")
    return np.sqrt(k**2 + j**2 + i**2)


def blurred(pet, fwhm_mm):
    """Blur with a Gaussian of a FWHM in the Fourier domain: MTF(f) = exp(−2π²σ²f²)."""
    sigma = fwhm_mm / math.sqrt(8 * math.log(2))
    mtf = np.exp(-2 * np.square(math.pi * sigma * frequencies()))
    return np.fft.ifftn(np.fft.fftn(pet) * mtf).real.astype(F32)


def test_a_pet_is_as_sharp_as_itself(pet):
    found = sharpness(pet, pet, everywhere(), everywhere(), SPACING)
    assert found.gradient_ratio == 1
    assert found.power_ratio == 1


def test_twice_the_uptake_has_twice_the_gradient_and_four_times_the_power(pet):
    found = sharpness(2 * pet, pet, everywhere(), everywhere(), SPACING)
    assert found.gradient_ratio == pytest.approx(2, rel=1e-6)
    assert found.power_ratio == pytest.approx(4, rel=1e-6)


def test_an_offset_is_no_detail(pet):
    found = sharpness(pet + F32(3), pet, everywhere(), everywhere(), SPACING)
    assert found.gradient_ratio == pytest.approx(1, rel=1e-5)
    assert found.power_ratio == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("fwhm_mm", [4.0, 7.0])
def test_a_blur_lowers_the_power_by_its_mtf_squared(pet, fwhm_mm):
    low, high = BAND_CYCLES_PER_MM
    middles = np.arange(low + BIN_CYCLES_PER_MM / 2, high, BIN_CYCLES_PER_MM)
    logs = -np.square(math.pi * fwhm_mm * middles) / (2 * math.log(2))  # of MTF²
    found = power_ratio(blurred(pet, fwhm_mm), pet, everywhere(), everywhere(), SPACING)
    assert found == pytest.approx(math.exp(logs.mean()), rel=0.06)


def test_gradients_worked_by_hand():
    """3 SUV/mm along k and 4 along i make 5; the predicted rises by 2 along j alone."""
    k, j, i = np.meshgrid(*map(np.arange, (5, 5, 5)), indexing="ij")
    measured = (3 * 2 * k + 4 * 1 * i).astype(F32)
    predicted = (2 * 5 * j).astype(F32)
    ratio = gradient_ratio(predicted, measured, everywhere((5, 5, 5)), (2.0, 5.0, 1.0))
    assert ratio == pytest.approx(2 / 5)


def test_the_skin_is_no_gradient():
    body = np.zeros((9, 9, 9), bool)
    body[2:7, 2:7, 2:7] = True
    ramp = np.broadcast_to(np.arange(9, dtype=F32), (9, 9, 9))
    in_air = np.where(body, ramp, F32(50))
    assert gradient_ratio(in_air, ramp, body, SPACING) == pytest.approx(1)


def test_what_was_not_measured_is_no_power(pet):
    known = everywhere()
    known[:, :10] = False
    other = np.where(known, pet, F32(7))
    assert power_ratio(other, pet, everywhere(), known, SPACING) == 1
    assert power_ratio(other, pet, everywhere(), everywhere(), SPACING) != pytest.approx(1, rel=0.1)


def test_the_edge_of_what_is_known_is_no_detail(pet):
    """A third is cut off by an oblique plane; beyond it both are 0, where the mean is 2."""
    k, j, i = np.meshgrid(*(np.linspace(0, 1, n) for n in SHAPE), indexing="ij")
    known = k + 0.7 * j + 0.4 * i < 1.3
    smooth = blurred(pet, 7.0)
    whole = power_ratio(smooth, pet, everywhere(), everywhere(), SPACING)
    cut = [np.where(known, each, F32(0)) for each in (smooth, pet)]
    assert power_ratio(*cut, everywhere(), known, SPACING) == pytest.approx(whole, rel=0.12)
    assert power_ratio(*cut, everywhere(), everywhere(), SPACING) > 1.4 * whole
    assert power_ratio(cut[1], pet, everywhere(), known, SPACING) == 1


def test_only_the_box_of_the_body_counts(pet):
    body = np.zeros(SHAPE, bool)
    body[8:40, 6:34, 5:39] = True
    far = pet.copy()
    far[:8], far[:, 34:] = 9.0, -3.0
    assert power_ratio(far, pet, body, everywhere(), SPACING) == 1


def test_nothing_to_compare_is_no_ratio(pet):
    nowhere = np.zeros(SHAPE, bool)
    flat = np.full(SHAPE, 2.0, F32)
    for body, measured in ((nowhere, pet), (everywhere(), flat)):
        found = sharpness(pet, measured, body, everywhere(), SPACING)
        assert math.isnan(found.gradient_ratio)
        assert math.isnan(found.power_ratio)
    coarse = power_ratio(pet, pet, everywhere(), everywhere(), (20.0, 4.0, 4.0))
    assert math.isnan(coarse), "no shell below a Nyquist frequency of 0.025"


def test_a_flat_prediction_has_no_sharpness(pet):
    flat = np.full(SHAPE, 2.0, F32)
    found = sharpness(flat, pet, everywhere(), everywhere(), SPACING)
    assert found.gradient_ratio == 0
    assert found.power_ratio == 0
