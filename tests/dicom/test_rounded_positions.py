"""Positions that are written with few decimals: regular within them is regular."""

import numpy as np
import pytest
from pydicom.valuerep import DSfloat

from ctpet.dicom.discover import discover
from ctpet.dicom.gaps import find_gaps
from ctpet.dicom.lattice import possible_spacings
from ctpet.dicom.precision import decimals_of, rounding_mm
from ctpet.dicom.read_pet import read_pet
from ctpet.errors import InputRefused
from tests.dicom.reading import codes, ramp_series, read
from tests.dicom_factory import ct_series, enhanced_ct, write_series
from tests.pet_factory import FACTOR, pet_series


def rounded(slices, decimals, spacing=3.27, origin=(-20.0, -30.0, 5.2)):
    """Write positions that far apart with so many decimals."""
    for k, ds in enumerate(slices):
        z = origin[2] + k * spacing
        ds.ImagePositionPatient = [f"{x:.{decimals}f}" for x in (*origin[:2], z)]
        ds.SliceThickness = f"{spacing:g}"
    return slices


def hot_voxel(slices):
    """SUV 1 and one voxel of 8 in plane 40, so that any blur along z shows."""
    suv = np.ones((slices, 6, 6))
    suv[40, 3, 3] = 8
    return suv


@pytest.mark.parametrize("decimals", [0, 1, 2, 6])
def test_a_rounded_pet_keeps_every_slice_and_its_suvmax(tmp_path, decimals):
    suv = hot_voxel(100)
    slices = rounded(pet_series(suv / FACTOR), decimals)
    (series,) = discover(write_series(slices, tmp_path / "pet")).series
    reading = read_pet(series)
    stored = np.frombuffer(slices[40].PixelData, "<i2").max() * float(slices[40].RescaleSlope)
    assert reading.volume.geometry.shape == (100, 6, 6)
    assert reading.volume.geometry.spacing_mm[0] == pytest.approx(3.27, abs=1e-4)
    assert reading.volume.array.max() == pytest.approx(stored * FACTOR, rel=1e-6)
    assert reading.volume.array[41, 3, 3] == pytest.approx(1, abs=1e-3)
    assert reading.volume.geometry.origin_mm[2] == pytest.approx(5.2, abs=0.1 if decimals else 0.5)
    told = codes(reading)
    assert "slice-spacing-varies" not in told
    assert ("positions-rounded" in told) == (decimals < 2)


@pytest.mark.parametrize("spacing", [0.625, 1.25, 2.5, 3.27, 3.75, 4.07283, 5.0])
@pytest.mark.parametrize("many", [7, 40, 300])
def test_every_spacing_with_one_decimal(spacing, many):
    places = np.round(-341.27 + spacing * np.arange(many), 1)
    gaps = find_gaps(places - places[0], 0.05)
    assert (gaps.count, gaps.hole, gaps.varies) == (many, None, False)
    if gaps.spacings:
        assert gaps.spacings.low_mm <= spacing <= gaps.spacings.high_mm
        assert gaps.spacings.best_mm == pytest.approx(spacing, abs=0.3 / many**1.5)


def test_a_told_spacing_is_taken_only_where_the_positions_allow_it(tmp_path):
    slices = rounded(ramp_series(60), 1)
    for ds in slices:
        ds.SliceThickness = "5"
    geometry = read(slices, tmp_path / "a").volume.geometry
    assert geometry.spacing_mm[0] == pytest.approx(3.27, abs=1e-3)
    for ds in slices:
        ds.SpacingBetweenSlices = "3.27"
    assert read(slices, tmp_path / "b").volume.geometry.spacing_mm[0] == pytest.approx(3.27, abs=0)


@pytest.mark.parametrize("decimals", [0, 1])
def test_rounded_places_of_a_table_that_stops_beside_its_grid(decimals):
    """A real PET: seven beds at 3.27 mm, their junctions 0.02 mm short and one 0.08 mm long."""
    widths = np.full(233, 3.27)
    widths[[35, 71, 143, 179, 215]], widths[107] = 3.25, 3.35
    places = np.round(np.concatenate([[0], np.cumsum(widths)]) - 63, decimals)
    gaps = find_gaps(places - places[0], 0.5 * 10.0**-decimals)
    assert (gaps.count, gaps.hole, gaps.varies) == (234, None, False)
    assert gaps.spacings.low_mm < 3.27 < gaps.spacings.high_mm


def test_truncated_positions_are_rounded_positions():
    places = np.floor((12.3 + 3.27 * np.arange(80)) * 10) / 10
    gaps = find_gaps(places - places[0], 0.05)
    assert not gaps.varies
    assert gaps.spacings.best_mm == pytest.approx(3.27, abs=1e-3)


def test_single_precision_hides_no_rounding(tmp_path):
    """3.3 that went through a 32-bit float is written as 3.299999952316 and is still 3.3."""
    slices = ramp_series(60)
    for k, ds in enumerate(slices):
        z = np.float32(round(5.2 + 3.27 * k, 1))
        ds.ImagePositionPatient = ["0", "0", f"{float(z):.12f}"[:16]]
    reading = read(slices, tmp_path)
    assert reading.volume.geometry.shape[0] == 60
    assert codes(reading) == {"positions-rounded"}


def test_a_tilted_and_an_oblique_stack(tmp_path):
    angle = np.radians(20)
    orientation = (1, 0, 0, 0, np.cos(angle), np.sin(angle))
    for number, step in enumerate(((0, 0, 3.27), np.cross(orientation[:3], orientation[3:]) * 2.7)):
        slices = ct_series(np.full((50, 4, 4), 40, np.int16), orientation=orientation)
        for k, ds in enumerate(slices):
            ds.ImagePositionPatient = [
                f"{x:.1f}" for x in np.array((3.1, 2.2, 1.3)) + k * np.array(step)
            ]
        geometry = read(slices, tmp_path / str(number)).volume.geometry
        assert geometry.shape[0] == 50
        assert np.allclose(geometry.affine[:3, 0], step, atol=2e-3)


def test_an_enhanced_ct(tmp_path):
    slices = rounded(ramp_series(50), 1)
    reading = read([enhanced_ct(slices)], tmp_path)
    assert reading.volume.array[:, 0, 0].tolist() == [100 * k for k in range(50)]
    assert reading.volume.geometry.spacing_mm[0] == pytest.approx(3.27, abs=1e-9)


@pytest.mark.parametrize("decimals", [0, 1])
def test_one_missing_slice_is_still_seen(tmp_path, decimals):
    slices = rounded(ramp_series(40), decimals)
    del slices[17]
    reading = read(slices, tmp_path)
    assert reading.volume.array[:, 0, 0].tolist() == [100 * k for k in range(40)]
    assert "slice-interpolated" in codes(reading)
    assert reading.volume.geometry.spacing_mm[0] == pytest.approx(3.27, abs=1e-4)


@pytest.mark.parametrize("decimals", [0, 1])
@pytest.mark.parametrize("gone", [(17, 18), (9, 30)])
def test_two_missing_slices_are_still_refused(tmp_path, decimals, gone):
    slices = [ds for k, ds in enumerate(rounded(ramp_series(40), decimals)) if k not in gone]
    with pytest.raises(InputRefused, match="2 slices are missing"):
        read(slices, tmp_path)


def test_whole_millimetres_are_exact_where_they_fit(tmp_path):
    """1 mm apart and written without decimals: a hole may not pass for a spacing of 1.05 mm."""
    slices = rounded(ramp_series(30), 0, spacing=1.0, origin=(0, 0, 4))
    kept = [ds for k, ds in enumerate(slices) if k != 12]
    reading = read(kept, tmp_path / "one")
    assert reading.volume.geometry.spacing_mm[0] == 1
    assert reading.volume.geometry.shape[0] == 30
    with pytest.raises(InputRefused, match="2 slices are missing"):
        read([ds for k, ds in enumerate(slices) if k not in (7, 20)], tmp_path / "two")


def test_spacing_that_varies_by_more_than_the_decimals_is_seen(tmp_path):
    slices = ramp_series(40)
    z = np.concatenate([2.5 * np.arange(20), 47.5 + 3.0 * np.arange(1, 21)])
    for ds, place in zip(slices, z, strict=True):
        ds.ImagePositionPatient = ["0", "0", f"{place:.1f}"]
    reading = read(slices, tmp_path)
    assert "slice-spacing-varies" in codes(reading)


def test_decimals_are_counted_as_written():
    written = [DSfloat(text) for text in ("3.270", "300", "1.5E+2", "-0.5", "3.299999952316")]
    assert decimals_of(written) == (3, 0, 0, 1, 1)
    assert decimals_of([DSfloat("15.000000000000")]) == (-1,)
    assert decimals_of([0.1 + 0.2]) == (12,)


def test_the_most_decimals_of_a_series_count():
    assert rounding_mm([(0, 0, 0), (), (0, 1, 2)]).tolist() == [0.5, 0.05, 0.005]
    assert rounding_mm([(1, -1, -1), (1, 2, -1)]).tolist() == [0.05, 0.005, 0.5e-12]
    assert rounding_mm([]).max() < 1e-9


def test_possible_spacings_bound_what_was_rounded():
    spacings = possible_spacings(np.array([0.0, 3, 7, 10]), np.arange(4.0), 0.5)
    assert (spacings.low_mm, spacings.high_mm) == pytest.approx((3, 11 / 3))
    assert possible_spacings(np.array([0.0, 3, 9, 10]), np.arange(4.0), 0.5) is None
