"""Real CT and PET series read, and lie where their headers say."""

import tarfile

import numpy as np
import pytest
from pydicom import dcmread

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.stack import load_stack
from tests.dicom.reading import codes, find


def unpacked(archive, folder):
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def check_against_pydicom(series, volume, scale=1.0):
    """Compare slices with pydicom's own pixels at the places their headers name."""
    for file in series.files[:: max(1, len(series.files) // 4)]:
        ds = dcmread(file.path)
        k, j, i = volume.geometry.lps_to_index(ds.ImagePositionPatient)
        assert np.allclose((j, i), 0, atol=1e-3)
        assert k == pytest.approx(round(k), abs=0.02)
        expected = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        assert np.allclose(volume.array[round(k)], expected * scale, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("number", ["002", "020", "041"])
def test_sts_ct_and_pet(shared_data, tmp_path, number):
    unpacked(shared_data / "sts" / f"STS_{number}.tar.xz", tmp_path)
    discovery = discover(tmp_path)
    assert sorted(one.modality for one in discovery.series) == ["CT", "PT"]
    series = find(tmp_path)
    reading = read_ct(series)
    check_against_pydicom(series, reading.volume)
    assert codes(reading) == {"header-warning", "files-ignored"}
    (pet,) = (one for one in discovery.series if one.modality == "PT")
    check_against_pydicom(pet, load_stack(pet, quantity="SUVBW").volume)


@pytest.mark.slow
def test_every_sts_ct(shared_data, tmp_path):
    for archive in sorted((shared_data / "sts").glob("*.tar.xz")):
        series = find(unpacked(archive, tmp_path / archive.stem))
        reading = read_ct(series)
        assert reading.volume.array.min() == -1000
        assert 1000 < reading.volume.array.max() <= 3071
        assert reading.volume.geometry.spacing_mm == pytest.approx((3.27, 0.976562, 0.976562))
        assert len(reading.headers) == reading.volume.geometry.shape[0]
        assert codes(reading) <= {"header-warning", "files-ignored"}


def test_gantry_tilt(shared_data):
    series = find(shared_data / "ct-odd" / "gantry-tilt")
    reading = read_ct(series)
    assert "gantry-tilt" in codes(reading)
    affine = reading.volume.geometry.affine
    assert np.allclose(affine[:3, 0], (0, 0, 5), atol=1e-6), "the table moved along z alone"
    normal = np.cross(affine[:3, 2], affine[:3, 1])
    assert abs(normal[1]) > 0, "the slices lean"
    check_against_pydicom(series, reading.volume)


def test_missing_slice(shared_data):
    series = find(shared_data / "ct-odd" / "missing-slice")
    reading = read_ct(series)
    assert "slice-interpolated" in codes(reading)
    assert reading.volume.geometry.shape == (5, 512, 512)
    assert reading.volume.geometry.spacing_mm[0] == pytest.approx(5)
    array = reading.volume.array
    assert np.allclose(array[3], (array[2] + array[4]) / 2)
    check_against_pydicom(series, reading.volume)


def test_nema_phantom_pet(shared_data, tmp_path):
    unpacked(shared_data / "pet-nema-iq" / "pet_recon_1.tar.xz", tmp_path)
    (series,) = discover(tmp_path).series
    stack = load_stack(series, quantity="BQML")
    assert stack.volume.geometry.shape == (89, 192, 192)
    check_against_pydicom(series, stack.volume)
