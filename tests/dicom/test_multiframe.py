"""Enhanced and Legacy Converted Enhanced CT: many frames in one file."""

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import RLELossless

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.errors import InputRefused
from tests.dicom.reading import codes, find, marker_lps, marker_series, ramp_series, read
from tests.dicom_factory import body_hu, ct_series, enhanced_ct, write_series


@pytest.mark.parametrize("legacy", [False, True])
def test_a_multi_frame_file_reads_as_its_slices_do(tmp_path, legacy):
    slices = ct_series(body_hu((9, 20, 24)), spacing_mm=(2.5, 1.5, 0.75))
    for k, ds in enumerate(slices):
        ds.RescaleSlope = f"{1 + k / 10:g}"
    classic = read(slices, tmp_path / "classic")
    reading = read([enhanced_ct(slices, legacy=legacy)], tmp_path / "enhanced")
    assert np.array_equal(reading.volume.array, classic.volume.array)
    assert np.allclose(reading.volume.geometry.affine, classic.volume.geometry.affine)
    assert len(reading.headers) == 1
    assert not codes(reading)


def test_frames_in_any_order(tmp_path):
    slices = ramp_series(6)
    shuffled = [slices[n] for n in (3, 0, 5, 1, 4, 2)]
    reading = read([enhanced_ct(shuffled)], tmp_path)
    assert reading.volume.array[:, 0, 0].tolist() == [0, 100, 200, 300, 400, 500]
    assert reading.volume.geometry.origin_mm[2] == 0


def test_marker_in_a_frame(tmp_path):
    slices = marker_series(orientation=(0, 1, 0, 0, 0, -1))
    classic = marker_lps(read(slices, tmp_path / "classic").volume)
    reading = read([enhanced_ct(slices[::-1])], tmp_path / "enhanced")
    assert np.allclose(marker_lps(reading.volume), classic)


def test_several_multi_frame_files_make_one_stack(tmp_path):
    slices = ramp_series(8)
    reading = read([enhanced_ct(slices[4:]), enhanced_ct(slices[:4])], tmp_path)
    assert reading.volume.array[:, 0, 0].tolist() == [100 * k for k in range(8)]
    assert len(reading.headers) == 2


def test_a_missing_frame_is_interpolated_and_two_are_refused(tmp_path):
    slices = ramp_series(8)
    reading = read([enhanced_ct(slices[:3] + slices[4:])], tmp_path / "one")
    assert reading.volume.array[3, 0, 0] == 300
    assert "slice-interpolated" in codes(reading)
    with pytest.raises(InputRefused, match="2 slices are missing"):
        read([enhanced_ct(slices[:3] + slices[5:])], tmp_path / "two")


def test_repeated_frames(tmp_path):
    slices = ramp_series(5)
    reading = read([enhanced_ct([*slices, slices[2]])], tmp_path / "same")
    assert reading.volume.geometry.shape == (5, 4, 4)
    assert "duplicates-dropped" in codes(reading)
    other = ramp_series(5)[3]
    other.ImagePositionPatient = slices[2].ImagePositionPatient
    with pytest.raises(InputRefused) as refused:
        read([enhanced_ct([*slices, other])], tmp_path / "different")
    assert refused.value.code == "duplicates-differ"


def test_frames_of_two_orientations_are_refused(tmp_path):
    ds = enhanced_ct(ramp_series(5))
    turned = Dataset()
    turned.ImageOrientationPatient = ["0", "1", "0", "0", "0", "-1"]
    ds.PerFrameFunctionalGroupsSequence[3].PlaneOrientationSequence = [turned]
    with pytest.raises(InputRefused) as refused:
        read([ds], tmp_path)
    assert refused.value.code == "orientation-mixed"


def test_frames_without_functional_groups_are_refused(tmp_path):
    ds = enhanced_ct(ramp_series(5))
    ds.PerFrameFunctionalGroupsSequence = ds.PerFrameFunctionalGroupsSequence[:3]
    with pytest.raises(InputRefused, match="2 of 5 images have no usable ImagePosition") as refused:
        read([ds], tmp_path)
    assert refused.value.code == "position-missing"


def test_fewer_frames_than_said_is_truncation(tmp_path):
    ds = enhanced_ct(ramp_series(5))
    ds.PixelData = ds.PixelData[:-40]
    with pytest.raises(InputRefused) as refused:
        read([ds], tmp_path)
    assert refused.value.code == "pixel-data-truncated"


def test_frame_acquisition_number_separates_files(tmp_path):
    first, second = ramp_series(4), ramp_series(4)
    for a, b in zip(first, second, strict=True):
        b.SeriesInstanceUID, b.StudyInstanceUID = a.SeriesInstanceUID, a.StudyInstanceUID
        b.AcquisitionNumber, b.RescaleIntercept = "2", "-974"
    folder = write_series([enhanced_ct(second), enhanced_ct(first)], tmp_path / "ct")
    found = discover(folder)
    assert [one.part for one in found.series] == [1, 2]
    assert read_ct(found.series[0]).volume.array[1, 0, 0] == 100
    assert read_ct(found.series[1]).volume.array[1, 0, 0] == 150


def test_compressed_frames_in_any_order(tmp_path):
    slices = ramp_series(6)
    ds = enhanced_ct([slices[n] for n in (3, 0, 5, 1, 4, 2)])
    ds.compress(RLELossless, generate_instance_uid=False)
    folder = write_series([ds], tmp_path / "rle")
    assert find(folder).frame_count == 6
    reading = read([ds], tmp_path)
    assert reading.volume.array[:, 3, 3].tolist() == [0, 100, 200, 300, 400, 500]
