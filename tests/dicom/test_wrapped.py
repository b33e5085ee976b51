"""A large stored value is a wrapped negative only where nothing else explains it."""

import numpy as np
import pytest

from tests.dicom.reading import codes, read, stored_as
from tests.dicom_factory import ct_series


def slices_of(stored, *, dtype="<u2", intercept=-1024, bits_stored=None, slope=1):
    """Three equal slices of these stored bits."""
    bits = np.array(stored).astype(np.int64) % (1 << 16)
    slices = ct_series(np.zeros((3, *bits.shape), np.int16))
    for ds in slices:
        ds.PixelData = bits.astype("<u2").tobytes()
        ds.PixelRepresentation = int(dtype == "<i2")
        ds.BitsStored = bits_stored or 16
        ds.HighBit = ds.BitsStored - 1
        ds.RescaleIntercept, ds.RescaleSlope = str(intercept), f"{slope:g}"
    return slices


def plane_with(air, tissue, metal, *, corner=None):
    """8×8 stored values: air, tissue in the middle, metal in it."""
    plane = np.full((8, 8), air)
    plane[2:6, 2:6] = tissue
    plane[3:5, 3:5] = metal
    if corner is not None:
        plane[0, :2] = plane[-1, -2:] = corner
    return plane


@pytest.mark.parametrize("metal", [65535, [[65535, 60000], [40000, 20000]], 50000])
def test_metal_on_an_extended_scale_stays_metal(tmp_path, metal):
    """16 bit unsigned with intercept −8192 (Siemens)."""
    stored = plane_with(7192, 8232, np.array(metal))
    reading = read(slices_of(stored, intercept=-8192), tmp_path)
    assert np.array_equal(reading.volume.array[1], stored - 8192.0)
    assert not codes(reading)


@pytest.mark.parametrize("metal", [65535, [[65535, 50000], [40000, 36000]], 40000])
@pytest.mark.parametrize("intercept", [-1024, -1000])
def test_metal_beyond_half_of_an_ordinary_scale_stays_metal(tmp_path, metal, intercept):
    stored = plane_with(24, 1064, np.array(metal))
    reading = read(slices_of(stored, intercept=intercept), tmp_path)
    assert np.array_equal(reading.volume.array[1], stored + float(intercept))
    assert "sign-wrapped" not in codes(reading)


@pytest.mark.parametrize("padding", [-2000, -3024, -32768])
@pytest.mark.parametrize("intercept", [0, -1024])
def test_a_wrapped_padding_in_the_corners_is_padding(tmp_path, padding, intercept):
    air = -1000 - intercept
    stored = plane_with(air, 40 - intercept, 700 - intercept, corner=padding)
    reading = read(slices_of(stored, intercept=intercept), tmp_path)
    expected = np.where(stored == padding, -1024, stored + intercept)
    assert np.array_equal(reading.volume.array[1], expected)
    assert {"sign-wrapped", "padding-filled"} <= codes(reading)


def test_noise_wrapped_below_the_darkest_unsigned_value_is_air(tmp_path):
    stored = plane_with(10, 1064, 2000)
    stored[0] = np.arange(-8, 0)
    reading = read(slices_of(stored), tmp_path)
    assert np.array_equal(reading.volume.array[1], stored - 1024.0)
    assert "sign-wrapped" in codes(reading)


def test_wrapped_air_beside_metal_is_unwrapped(tmp_path):
    stored = plane_with(-1000, 40, 30000)
    reading = read(slices_of(stored, intercept=0), tmp_path)
    assert np.array_equal(reading.volume.array[1], stored)


def test_a_fine_slope_uses_all_sixteen_bits(tmp_path):
    stored = plane_with(0, 10400, 60000)
    reading = read(slices_of(stored, intercept=-1000, slope=0.1), tmp_path)
    assert np.allclose(reading.volume.array[1], stored * 0.1 - 1000, atol=1e-2)


def test_bone_beyond_the_sign_of_twelve_bits_stays_bone(tmp_path):
    """Called signed with 12 bits, but air is 24: 3000 is 1976 HU and no padding."""
    stored = plane_with(24, 1064, 3000)
    reading = read(slices_of(stored, dtype="<i2", bits_stored=12), tmp_path)
    assert np.array_equal(reading.volume.array[1], stored - 1024.0)
    assert codes(reading) == {"bits-beyond-stored"}


def test_metal_beyond_twelve_unsigned_bits_stays_metal(tmp_path):
    stored = plane_with(24, 1064, 65535)
    reading = read(slices_of(stored, bits_stored=12), tmp_path)
    assert np.array_equal(reading.volume.array[1], stored - 1024.0)
    assert codes(reading) == {"bits-beyond-stored"}


def test_a_scale_in_steps_of_ten_is_read_as_it_is(tmp_path):
    """Metal to 30000 HU in 12 bits: slope 10, intercept −10240."""
    hu = np.tile(plane_with(-1000, 40, 30000), (3, 1, 1))
    slices = stored_as(ct_series(hu.astype(np.int16)), "<u2", intercept=-10240, slope=10)
    reading = read(slices, tmp_path)
    assert np.array_equal(reading.volume.array, hu)
    assert not codes(reading)
