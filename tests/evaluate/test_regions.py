import math

import numpy as np
import pytest
import SimpleITK

from ctpet.evaluate.regions import THRESHOLDS, percist_threshold, uptake_of

F32 = np.float32

# The IBSI digital phantom, Zwanenburg et al., CC BY 4.0 (github.com/theibsi/data_sets), without
# its four voxels outside the region, of which one of 9 lies within.
IBSI = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [1, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 1, 1, 1], [1, 1, 9, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ],
    F32,
)
IBSI_REGION = np.ones(IBSI.shape, np.uint8)
IBSI_REGION[1, 2, 0] = IBSI_REGION[2, 2, 2] = 0
IBSI_REGION[2:, 0, 3:] = 0

# One voxel a slice, 10 mm apart along i: its neighbours lie beyond the sphere of 6.2 mm.
ROW_SPACING = (10.0, 10.0, 10.0)


def row(*suv):
    return np.array(suv, F32).reshape(1, 1, -1)


def only(pet, spacing_mm=ROW_SPACING, percist_suv=None):
    """Uptake of a PET that is one region."""
    return uptake_of(pet, np.ones(pet.shape, np.uint8), spacing_mm, percist_suv)[1]


def noise(shape=(12, 14, 10), seed=0):
    return np.random.default_rng(seed).gamma(2.0, 2.0, shape).astype(F32)


def test_the_digital_phantom_has_the_values_of_the_ibsi_manual():
    found = uptake_of(IBSI, IBSI_REGION, (2.0, 2.0, 2.0), None)[1]
    assert found.voxels == 74
    assert found.suv_mean == pytest.approx(2.15, abs=0.005)
    assert found.suv_max == 6
    assert found.suv_peak_local == pytest.approx(2.6, abs=0.05)
    assert found.suv_peak_global == pytest.approx(3.1, abs=0.05)


def test_size_mean_and_maximum_are_those_of_itk():
    pet = noise()
    labels = np.random.default_rng(1).integers(0, 7, pet.shape).astype(np.uint16)
    labels[labels == 4] = 300
    spacing_mm = (5.0, 2.0, 3.0)
    image = SimpleITK.GetImageFromArray(pet)
    image.SetSpacing(spacing_mm[::-1])
    mask = SimpleITK.GetImageFromArray(labels)
    mask.CopyInformation(image)
    itk = SimpleITK.LabelIntensityStatisticsImageFilter()
    itk.Execute(mask, image)
    found = uptake_of(pet, labels, spacing_mm, None)
    assert sorted(found) == sorted(itk.GetLabels()) == [1, 2, 3, 5, 6, 300]
    for label, uptake in found.items():
        assert uptake.voxels == itk.GetNumberOfPixels(label)
        assert uptake.volume_ml == pytest.approx(itk.GetPhysicalSize(label) / 1000)
        assert uptake.suv_mean == pytest.approx(itk.GetMean(label), rel=1e-6)
        assert uptake.suv_max == itk.GetMaximum(label)


def test_metabolic_volumes_worked_by_hand():
    """Voxels of 1 mL; 41% of 10 is 4.1, and a voxel at a threshold is in."""
    found = only(row(1, 2, 2.5, 4, 4.1, 5, 10), percist_suv=5.0)
    assert tuple(found.mtv_ml) == tuple(found.tlg_g) == THRESHOLDS
    assert found.mtv_ml == pytest.approx({"2.5": 5, "4.0": 4, "41%": 3, "percist": 2})
    assert found.tlg_g == pytest.approx({"2.5": 25.6, "4.0": 23.1, "41%": 19.1, "percist": 15})


def test_glycolysis_is_the_mean_over_the_metabolic_volume_times_it():
    pet, threshold = noise(), 4.0
    found = only(pet, (4.0, 2.0, 2.0))
    hot = pet[pet >= threshold].astype(np.float64)
    assert found.tlg_g["4.0"] == pytest.approx(hot.mean() * hot.size * 0.016, rel=1e-9)
    assert found.tlg_g["4.0"] != pytest.approx(found.suv_mean * found.mtv_ml["4.0"], rel=0.1)


def test_nothing_above_a_threshold_is_no_volume_and_no_glycolysis():
    found = only(row(1.0, 2.0), percist_suv=3.0)
    assert [found.mtv_ml[name] for name in ("2.5", "4.0", "percist")] == [0, 0, 0]
    assert [found.tlg_g[name] for name in ("2.5", "4.0", "percist")] == [0, 0, 0]
    assert found.mtv_ml["41%"] == pytest.approx(2)


def test_a_region_without_uptake_has_no_metabolic_volume():
    for cold in (row(0, 0, 0), row(0, -1, -2)):
        found = only(cold)
        assert found.mtv_ml["41%"] == found.tlg_g["41%"] == 0
        assert found.suv_max == 0


def test_without_a_liver_its_threshold_has_no_volume():
    found = only(row(9.0))
    assert math.isnan(found.mtv_ml["percist"])
    assert math.isnan(found.tlg_g["percist"])


def test_of_several_hottest_voxels_the_highest_sphere_counts():
    """At 5 mm a sphere holds the two neighbours along i."""
    found = only(row(1, 9, 3, 0, 6, 9, 6, 0, 1, 9, 2, 0, 7, 8, 7.5, 0), (9.0, 9.0, 5.0))
    assert found.suv_peak_local == pytest.approx((6 + 9 + 6) / 3)
    assert found.suv_peak_global == pytest.approx((7 + 8 + 7.5) / 3)


def test_the_sphere_ignores_the_region_but_its_centre_does_not():
    pet = row(1, 2, 3, 90, 0)
    labels = np.array([1, 1, 1, 0, 0]).reshape(1, 1, -1)
    found = uptake_of(pet, labels, (9.0, 9.0, 5.0), None)[1]
    assert found.suv_peak_local == found.suv_peak_global == pytest.approx((2 + 3 + 90) / 3)
    found = uptake_of(pet, labels == 2, (9.0, 9.0, 5.0), None)
    assert found == {}


def test_labels_of_0_or_below_are_no_regions():
    pet = noise((2, 3, 4))
    assert uptake_of(pet, np.zeros(pet.shape, np.uint8), ROW_SPACING, 3.0) == {}
    labels = np.full(pet.shape, -1)
    labels[0, 0, 0] = 4
    assert list(uptake_of(pet, labels, ROW_SPACING, 3.0)) == [4]


def test_twice_the_voxel_volume_is_twice_mtv_and_tlg():
    pet = noise()
    once, twice = only(pet, (4.0, 4.0, 4.0), 3.0), only(pet, (4.0, 4.0, 8.0), 3.0)
    for name in THRESHOLDS:
        assert twice.mtv_ml[name] == pytest.approx(2 * once.mtv_ml[name])
        assert twice.tlg_g[name] == pytest.approx(2 * once.tlg_g[name])
    assert twice.volume_ml == pytest.approx(2 * once.volume_ml)
    assert twice.suv_mean == once.suv_mean


def test_uptake_scales_with_the_pet():
    pet = noise()
    once, thrice = only(pet, percist_suv=3.0), only(3 * pet, percist_suv=9.0)
    for name in ("suv_mean", "suv_max", "suv_peak_local", "suv_peak_global"):
        assert getattr(thrice, name) == pytest.approx(3 * getattr(once, name), rel=1e-6)
    for name in ("41%", "percist"):
        assert thrice.mtv_ml[name] == pytest.approx(once.mtv_ml[name])
        assert thrice.tlg_g[name] == pytest.approx(3 * once.tlg_g[name], rel=1e-6)
    assert thrice.mtv_ml["4.0"] > once.mtv_ml["4.0"]


def ball(shape, centre, radius_mm, spacing_mm):
    axes = (np.arange(n) - c for n, c in zip(shape, centre, strict=True))
    k, j, i = np.meshgrid(*axes, indexing="ij", sparse=True)
    square = (k * spacing_mm[0]) ** 2 + (j * spacing_mm[1]) ** 2 + (i * spacing_mm[2]) ** 2
    return square <= radius_mm**2


def test_the_liver_threshold_is_taken_where_the_liver_is_deepest():
    spacing_mm, shape = (5.0, 4.0, 3.0), (16, 40, 30)
    pet = noise(shape)
    thick = ball(shape, (8, 25, 15), 24, spacing_mm)
    liver = thick | ball(shape, (7, 8, 8), 18, spacing_mm)
    sphere = pet[ball(shape, (8, 25, 15), 15, spacing_mm)].astype(np.float64)
    wanted = 1.5 * sphere.mean() + 2 * sphere.std()
    assert percist_threshold(pet, liver, spacing_mm) == pytest.approx(wanted, rel=1e-9)


def test_a_liver_too_thin_for_3_cm_sets_no_threshold():
    pet = noise((20, 20, 20))
    liver = np.zeros(pet.shape, bool)
    assert percist_threshold(pet, liver, (4.0, 4.0, 4.0)) is None
    liver[2:18, 2:18, 3:9] = True
    assert percist_threshold(pet, liver, (4.0, 4.0, 4.0)) is None
    liver[:, :, 3:10] = True
    assert percist_threshold(pet, liver, (4.0, 4.0, 4.0)) is not None


def test_a_liver_cut_off_by_the_image_is_not_deep_at_the_cut():
    pet = noise((20, 20, 6))
    assert percist_threshold(pet, np.ones(pet.shape, bool), (4.0, 4.0, 4.0)) is None
    assert percist_threshold(pet, np.ones(pet.shape, bool), (4.0, 4.0, 6.0)) is not None


def test_shapes_that_differ_are_refused():
    pet, other = noise((2, 3, 4)), np.ones((4, 3, 2), np.uint8)
    with pytest.raises(ValueError, match="shapes differ"):
        uptake_of(pet, other, ROW_SPACING, None)
    with pytest.raises(ValueError, match="shapes differ"):
        percist_threshold(pet, other > 0, ROW_SPACING)
