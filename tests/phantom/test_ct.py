"""The CT has each tissue's HU, a kernel's noise, air at -1000 and a clinical grid."""

import numpy as np
import pytest

from ctpet.phantom import LABELS, clinical_geometry, draw_anatomy, render_ct, render_fractions
from ctpet.phantom.hounsfield import draw_hu
from ctpet.phantom.noise import noise_level, noise_slice, spectra
from ctpet.volume import Geometry

MALE_PLAIN = next(
    s
    for s in range(50)
    if draw_anatomy(s).traits.contrast == "none" and draw_anatomy(s).traits.sex == "M"
)


def chest_and_belly(step: float = 3.0) -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = step
    affine[:, 3] = (-255, -200, 60, 1)
    return Geometry((int(390 / step), int(400 / step), int(510 / step)), affine)


@pytest.fixture(scope="module")
def scanned():
    anatomy = draw_anatomy(MALE_PLAIN)
    grid = chest_and_belly()
    return anatomy, render_ct(anatomy, grid, seed=1).array, render_fractions(anatomy, grid)


def mean_in(name: str, scanned) -> float:
    _, hu, rendering = scanned
    return float(hu[rendering.full(LABELS[name]) > 0.999].mean())


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("background", -1002, -996),
        ("fat", -125, -85),
        ("muscle", 40, 70),
        ("liver", 15, 75),
        ("spleen", 35, 60),
        ("lung_right", -900, -750),
        ("heart_blood", 30, 55),
        ("kidney_left", 22, 45),
        ("bowel_gas", -1000, -880),
        ("bone_marrow", 30, 380),
    ],
)
def test_tissues_have_their_hounsfield_units(name: str, low: float, high: float, scanned) -> None:
    found = mean_in(name, scanned)
    assert low <= found <= high
    if name != "background":
        assert found == pytest.approx(draw_hu(scanned[0])[LABELS[name]], abs=6)


def test_values_are_whole_hu_within_the_scanners_range(scanned) -> None:
    hu = scanned[1]
    assert hu.dtype == np.float32
    assert hu.min() >= -1024
    assert hu.max() <= 3071
    assert np.array_equal(hu, np.rint(hu))


def test_noise_is_correlated_as_a_soft_kernel_makes_it(scanned) -> None:
    _, hu, rendering = scanned
    liver = rendering.full(LABELS["liver"]) > 0.999
    middle = np.where(liver, hu - hu[liver].mean(), np.nan)
    spread = float(np.nanstd(middle))
    along_k = float(np.nanmean(middle[1:] * middle[:-1])) / spread**2
    assert 4 < spread < 40
    assert abs(along_k) < 0.45


def test_same_seed_same_ct_and_another_seed_only_another_noise() -> None:
    anatomy = draw_anatomy(2)
    grid = chest_and_belly(8.0)
    first, again, other = (render_ct(anatomy, grid, seed=s).array for s in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert abs(float((first - other).mean())) < 1


def test_contrast_agent_brightens_vessels_and_kidneys() -> None:
    plain, venous = [], []
    for seed in range(20):
        anatomy = draw_anatomy(seed)
        hu = draw_hu(anatomy)
        (venous if anatomy.traits.contrast == "venous" else plain).append(hu)
    for name, rise in (("aorta", 70), ("kidney_left", 100), ("liver", 30)):
        means = [np.mean([hu[LABELS[name]] for hu in group]) for group in (venous, plain)]
        assert means[0] - means[1] > rise
    assert len(plain) >= 5
    assert len(venous) >= 3


def test_oral_contrast_fills_the_bowel() -> None:
    given = [draw_anatomy(s) for s in range(20)]
    filled = [draw_hu(a)[LABELS["bowel_content"]] for a in given if a.traits.oral_contrast]
    empty = [draw_hu(a)[LABELS["bowel_content"]] for a in given if not a.traits.oral_contrast]
    assert min(filled) > 100 > max(empty)


@pytest.mark.parametrize("seed", range(20))
def test_clinical_geometry_covers_head_to_thigh(seed: int) -> None:
    anatomy = draw_anatomy(seed)
    grid = clinical_geometry(anatomy)
    k, j, i = grid.spacing_mm
    assert grid.shape[1:] == (512, 512)
    assert k <= 3.0
    assert 0.9 < i == j < 1.4
    assert 255 <= grid.shape[0] <= 390
    low, high = grid.corners_mm().min(axis=0), grid.corners_mm().max(axis=0)
    size = anatomy.frame.scale[2]
    assert low[2] < -90 * size
    assert high[2] > 840 * size


def test_noise_spectra_have_unit_variance_and_no_constant() -> None:
    even, streak = spectra(128, 160, (1.2, 1.2))
    rng = np.random.default_rng(0)
    for spectrum in (even, streak):
        slices = np.stack([noise_slice((128, 160), spectrum, rng) for _ in range(30)])
        assert slices.std() == pytest.approx(1.0, rel=0.05)
        assert np.abs(slices.mean(axis=(1, 2))).max() < 1e-4
    assert streak.max() > even.max()


def test_streaks_run_from_left_to_right() -> None:
    _, streak = spectra(128, 128, (1.0, 1.0))
    noise = noise_slice((128, 128), streak, np.random.default_rng(1))
    along_i = float((noise[:, 1:] * noise[:, :-1]).mean())
    along_j = float((noise[1:] * noise[:-1]).mean())
    assert along_i > 0.8 > along_j


def test_a_wider_slice_is_noisier() -> None:
    air = np.full((200, 200), -1000.0, dtype=np.float32)
    thin, thick = air.copy(), air.copy()
    thin[80:120, 80:120] = 0
    thick[40:160, 10:190] = 0
    low, high = (noise_level(hu, 4.0, 12.0) for hu in (thin, thick))
    assert high[0] > 1.5 * low[0]
    assert high[1] >= low[1]
