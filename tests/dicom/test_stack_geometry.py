"""Where voxels land, whatever way the patient was scanned and the files lie."""

from copy import deepcopy

import numpy as np
import pytest
from pydicom.uid import generate_uid

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import select_ct
from ctpet.errors import InputRefused
from tests.dicom.reading import (
    codes,
    find,
    marker_lps,
    marker_series,
    move,
    ramp_series,
    read,
    replace_text,
)
from tests.dicom_factory import ct_series, write_series

OBLIQUE = tuple(
    np.linalg.qr(np.array([[0.9, 0.2, 0.1], [-0.15, 0.95, 0.2], [0.1, 0.1, 1]]).T)[0].T[:2].ravel()
)


@pytest.mark.parametrize(
    ("orientation", "position"),
    [
        ((1, 0, 0, 0, 1, 0), "HFS"),
        ((-1, 0, 0, 0, -1, 0), "HFP"),
        ((-1, 0, 0, 0, 1, 0), "FFS"),
        ((1, 0, 0, 0, -1, 0), "FFP"),
        ((0, 1, 0, -1, 0, 0), "HFDL"),
        ((0, 1, 0, 0, 0, -1), "HFS"),
        ((1, 0, 0, 0, 0, -1), "HFS"),
        (OBLIQUE, "HFS"),
    ],
)
def test_the_marker_lies_where_its_header_says(tmp_path, orientation, position):
    spacing = (2.5, 0.75, 1.5)
    origin = (-12.0, 7.0, -40.0)
    slices = marker_series(
        orientation=orientation, spacing_mm=spacing, origin_mm=origin, patient_position=position
    )
    reading = read(slices, tmp_path)
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    expected = (
        np.array(origin) + 2 * 2.5 * np.cross(row, column) + 1 * 0.75 * column + 5 * 1.5 * row
    )
    assert np.allclose(marker_lps(reading.volume), expected, atol=1e-4)
    assert np.allclose(reading.volume.geometry.spacing_mm, spacing, atol=1e-5)
    normal = np.cross(row, column)
    assert reading.volume.geometry.affine[:3, 0] @ normal > 0, "k grows along the normal"


def test_file_names_and_instance_numbers_do_not_matter(tmp_path):
    rng = np.random.default_rng(5)
    straight = ct_series()
    numbers = rng.permutation(len(straight))
    for ds, number in zip(straight, numbers, strict=True):
        ds.InstanceNumber = str(number)
    del straight[3].InstanceNumber
    del straight[4].SliceThickness
    straight[5].SliceThickness = "99"
    straight[6].SliceLocation = "-1234"
    a = read(straight, tmp_path / "a")
    b = read([straight[n] for n in numbers], tmp_path / "b")
    assert np.array_equal(a.volume.array, b.volume.array)
    assert np.array_equal(a.volume.geometry.affine, b.volume.geometry.affine)
    uids = [str(ds.SOPInstanceUID) for ds in straight]
    assert [str(header.SOPInstanceUID) for header in a.headers] == uids
    assert [str(header.SOPInstanceUID) for header in b.headers] == uids
    assert a.volume.geometry.spacing_mm == pytest.approx((3, 2, 2))


def test_frame_of_reference_is_kept_and_its_absence_told(tmp_path):
    slices = ramp_series()
    assert (
        read(slices, tmp_path / "a").volume.geometry.frame_of_reference_uid
        == slices[0].FrameOfReferenceUID
    )
    for ds in slices:
        del ds.FrameOfReferenceUID
    reading = read(slices, tmp_path / "b")
    assert reading.volume.geometry.frame_of_reference_uid is None
    assert "frame-of-reference-missing" in codes(reading)


def test_gantry_tilt_keeps_the_shear(tmp_path):
    slices = marker_series(spacing_mm=(3, 1, 1), origin_mm=(0, 0, 0))
    for k, ds in enumerate(slices):
        move(ds, 0, 0.75 * k, 3 * k)
    reading = read(slices, tmp_path)
    assert np.allclose(reading.volume.geometry.affine[:3, 0], (0, 0.75, 3))
    assert np.allclose(marker_lps(reading.volume), (5, 1 + 1.5, 6))
    tilt = next(finding for finding in reading.findings if finding.code == "gantry-tilt")
    assert "14.0°" in tilt.message


def test_jitter_is_tolerated_in_silence(tmp_path):
    rng = np.random.default_rng(1)
    slices = ramp_series(9)
    for k, ds in enumerate(slices):
        move(ds, 0, 0, 3 * k + rng.uniform(-0.02, 0.02))
    reading = read(slices, tmp_path)
    assert reading.volume.array[:, 0, 0].tolist() == [100 * k for k in range(9)]
    assert reading.volume.geometry.spacing_mm[0] == pytest.approx(3, abs=0.01)
    assert not codes(reading)


def test_one_missing_interior_slice_is_interpolated(tmp_path):
    slices = ramp_series(7)
    del slices[3]
    reading = read(slices, tmp_path)
    assert reading.volume.array[:, 2, 2].tolist() == [0, 100, 200, 300, 400, 500, 600]
    assert len(reading.headers) == 6
    told = next(f for f in reading.findings if f.code == "slice-interpolated")
    assert told.severity == "warning"
    assert "6.00 and 12.00 mm" in told.message


def test_two_missing_slices_are_refused(tmp_path):
    for gone in ([2, 3], [1, 4]):
        slices = [ds for k, ds in enumerate(ramp_series(9)) if k not in gone]
        with pytest.raises(InputRefused, match="2 slices are missing") as refused:
            read(slices, tmp_path / str(gone))
        assert refused.value.code == "missing-slices"


def test_a_missing_end_slice_cannot_be_known(tmp_path):
    assert read(ramp_series(7)[:-1], tmp_path).volume.geometry.shape == (6, 4, 4)


def test_varying_spacing_is_resampled_by_true_positions(tmp_path):
    slices = ramp_series(11)
    z = np.concatenate([np.arange(6) * 2.0, 10 + 3.0 * np.arange(1, 6)])
    for ds, position in zip(slices, z, strict=True):
        move(ds, 0, 0, position)
        hu = np.full(16, 10 * position + 1024, "<i2")
        ds.PixelData = hu.tobytes()
    reading = read(slices, tmp_path)
    geometry = reading.volume.geometry
    k = np.arange(geometry.shape[0])
    lps_z = geometry.index_to_lps(np.stack([k, 0 * k, 0 * k], axis=1))[:, 2]
    assert lps_z[0] == 0
    assert lps_z[-1] == 25
    assert np.allclose(reading.volume.array[:, 1, 1], 10 * lps_z, atol=1e-3)
    assert "slice-spacing-varies" in codes(reading)
    assert len(reading.headers) == 11


def test_slices_beside_the_line_are_refused(tmp_path):
    slices = ramp_series()
    move(slices[3], 5, 0, 9)
    with pytest.raises(InputRefused, match=r"5\.00 mm beside") as refused:
        read(slices, tmp_path)
    assert refused.value.code == "slices-shifted"


def test_copies_are_dropped(tmp_path):
    slices = ramp_series()
    write_series(slices, tmp_path / "a")
    write_series(slices[2:5], tmp_path / "b")
    reading = read_ct(find(tmp_path))
    assert reading.volume.array[:, 0, 0].tolist() == [100 * k for k in range(7)]
    assert len(reading.headers) == 7
    told = next(f for f in reading.findings if f.code == "duplicates-dropped")
    assert told.message.startswith("3 images")


def test_identical_pixels_under_a_new_uid_are_dropped(tmp_path):
    slices = ramp_series()
    again = ramp_series()[2]
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(again, name, getattr(slices[0], name))
    reading = read([*slices, again], tmp_path)
    assert "duplicates-dropped" in codes(reading)
    assert reading.volume.geometry.shape == (7, 4, 4)


def two_phases(second_acquisition):
    """One series that holds two phases at the same places, 50 HU apart."""
    first, second = ramp_series(), ramp_series()
    for a, b in zip(first, second, strict=True):
        b.SeriesInstanceUID, b.StudyInstanceUID = a.SeriesInstanceUID, a.StudyInstanceUID
        b.FrameOfReferenceUID = a.FrameOfReferenceUID
        b.RescaleIntercept = "-974"
        b.AcquisitionNumber = second_acquisition
    return first, second


def test_differing_duplicates_that_nothing_separates_are_refused(tmp_path):
    first, second = two_phases("1")
    with pytest.raises(InputRefused, match="2 times with different pixels") as refused:
        read([*first, *second], tmp_path)
    assert refused.value.code == "duplicates-differ"


def test_acquisition_number_separates_duplicates(tmp_path):
    first, second = two_phases("2")
    discovery = discover(write_series([*first, *second], tmp_path / "ct"))
    uid = first[0].SeriesInstanceUID
    assert [one.key for one in discovery.series] == [f"{uid}#1", f"{uid}#2"]
    for part, offset in ((1, 0), (2, 50)):
        series = select_ct(discovery, series=f"{uid}#{part}")
        reading = read_ct(series)
        assert reading.volume.array[:, 0, 0].tolist() == [100 * k + offset for k in range(7)]
        assert "series-split" in codes(reading)
    with pytest.raises(InputRefused, match=f"{uid}#1.*{uid}#2") as refused:
        select_ct(discovery)
    assert refused.value.code == "several-series"


def test_acquisition_number_alone_does_not_split(tmp_path):
    slices = ramp_series()
    for ds in slices[4:]:
        ds.AcquisitionNumber = "2"
    assert read(slices, tmp_path).volume.geometry.shape == (7, 4, 4)


def test_one_slice_takes_its_thickness(tmp_path):
    slices = ramp_series(1)
    assert read(slices, tmp_path / "a").volume.geometry.spacing_mm[0] == 3
    slices[0].SpacingBetweenSlices = "2.5"
    assert read(slices, tmp_path / "b").volume.geometry.spacing_mm[0] == 2.5
    del slices[0].SliceThickness, slices[0].SpacingBetweenSlices
    with pytest.raises(InputRefused) as refused:
        read(slices, tmp_path / "c")
    assert refused.value.code == "slice-spacing-unknown"


@pytest.mark.parametrize(
    ("keyword", "code"),
    [
        ("ImagePositionPatient", "position-missing"),
        ("ImageOrientationPatient", "orientation-missing"),
        ("PixelSpacing", "spacing-missing"),
    ],
)
@pytest.mark.parametrize("which", [slice(2, 4), slice(None)])
def test_missing_geometry_is_refused_by_name(tmp_path, keyword, code, which):
    slices = ramp_series()
    for ds in slices[which]:
        delattr(ds, keyword)
    with pytest.raises(InputRefused, match=keyword) as refused:
        read(slices, tmp_path)
    assert refused.value.code == code
    assert f"{len(slices[which])} of 7" in refused.value.message


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"2\\2 ", b"nan ", "spacing-missing"),
        (b"0.000000\\0.000000\\", b"1e999999\\0.000000\\", "position-missing"),
        (b"1\\0\\0\\0\\1\\0", b"1\\0\\0\\0\\1\\x", "orientation-missing"),
    ],
)
def test_numbers_that_are_none_are_refused_by_name(tmp_path, old, new, code):
    folder = write_series(ramp_series(), tmp_path / "ct")
    replace_text(folder, old, new)
    with pytest.raises(InputRefused, match="7 of 7 images have no usable") as refused:
        read_ct(find(folder))
    assert refused.value.code == code


def test_absurd_sizes_are_refused_before_memory_is_asked_for(tmp_path):
    slices = ramp_series()
    for ds in slices:
        ds.Rows = ds.Columns = 65535
    with pytest.raises(InputRefused, match="the limit is") as refused:
        read(slices, tmp_path)
    assert refused.value.code == "volume-too-large"


def test_copies_beside_each_other_are_refused(tmp_path):
    slices = ramp_series()
    again = deepcopy(slices[2])
    again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    move(again, 1, 0, 6)
    with pytest.raises(InputRefused, match=r"2 times, 1\.00 mm apart") as refused:
        read([*slices, again], tmp_path)
    assert refused.value.code == "slices-shifted"


@pytest.mark.parametrize("number", [0, 2_000_000_000])
def test_absurd_numbers_of_frames(tmp_path, number):
    slices = ramp_series()
    for ds in slices[2:3]:
        ds.NumberOfFrames = number
    if not number:
        assert read(slices, tmp_path).volume.array[2, 0, 0] == 200
    else:
        with pytest.raises(InputRefused):
            read(slices, tmp_path)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PixelSpacing": ["0", "1"]}, "spacing-invalid"),
        ({"ImageOrientationPatient": ["1", "0", "0", "1", "0", "0"]}, "orientation-invalid"),
        ({"ImageOrientationPatient": ["2", "0", "0", "0", "1", "0"]}, "orientation-invalid"),
    ],
)
def test_impossible_geometry_is_refused(tmp_path, changes, code):
    slices = ramp_series()
    for ds in slices:
        for keyword, value in changes.items():
            setattr(ds, keyword, value)
    with pytest.raises(InputRefused) as refused:
        read(slices, tmp_path)
    assert refused.value.code == code


def test_two_frames_of_reference_are_refused(tmp_path):
    slices = ramp_series()
    slices[4].FrameOfReferenceUID = generate_uid()
    with pytest.raises(InputRefused) as refused:
        read(slices, tmp_path)
    assert refused.value.code == "frame-of-reference-mixed"
