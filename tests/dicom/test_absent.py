"""What headers say that is not here: the ends of a stack, which no position can show."""

from copy import deepcopy

import pytest
from pydicom.uid import generate_uid

from ctpet.dicom.discover import discover
from ctpet.dicom.select import select_ct
from tests.dicom.reading import ramp_series
from tests.dicom_factory import enhanced_ct, write_series
from tests.pet_factory import FACTOR, pet_series, set_all, suv_pattern


def told(slices, folder):
    """The message about each stack; empty where there is none."""
    found = discover(write_series(slices, folder / "x"))
    return [
        next((f.message for f in one.findings if f.code == "images-absent"), "")
        for one in found.series
    ]


def long_pet(slices=20):
    """A PET whose headers count its slices rightly."""
    series = pet_series(suv_pattern((slices, 12, 10)) / FACTOR)
    set_all(series, NumberOfSlices=slices)
    return series


def without(slices, *keywords):
    set_all(slices, **dict.fromkeys(keywords))
    return slices


def test_whole_series_say_nothing(tmp_path):
    assert told(ramp_series(), tmp_path / "ct") == [""]
    assert told(long_pet(), tmp_path / "pet") == [""]
    assert told([enhanced_ct(ramp_series())], tmp_path / "enhanced") == [""]


def test_fewer_slices_than_the_pet_says(tmp_path):
    slices = without(long_pet(), "InstanceNumber", "ImageIndex")
    (message,) = told(slices[:13], tmp_path)
    assert "Number of Slices (0054,0081) is 20, and 13 are here" in message


@pytest.mark.parametrize("kept", [slice(7, None), slice(7, 15)])
@pytest.mark.parametrize("keyword", ["ImageIndex", "InstanceNumber"])
def test_numbers_that_begin_late(tmp_path, keyword, kept):
    other = "InstanceNumber" if keyword == "ImageIndex" else "ImageIndex"
    slices = without(long_pet(), "NumberOfSlices", other)[kept]
    (message,) = told(slices, tmp_path)
    last = 20 if kept.stop is None else 15
    assert f"runs from 8 to {last} and lacks 7 below them" in message


def test_numbers_with_a_gap(tmp_path):
    slices = ramp_series(12)
    for ds in slices[9:]:
        ds.InstanceNumber = str(int(ds.InstanceNumber) + 5)
    assert "runs from 1 to 17 and lacks 5 among them" in told(slices, tmp_path)[0]


def test_numbers_from_nought_and_schemes_are_whole(tmp_path):
    for first in (0, 1, 101, 2001):
        slices = ramp_series(12)
        for k, ds in enumerate(slices):
            ds.InstanceNumber = str(first + k)
        assert told(slices, tmp_path / str(first)) == [""], first


def test_numbers_of_images_that_are_left_out_count(tmp_path):
    slices = ramp_series(12)
    for ds in slices[:2]:
        ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    assert told(slices, tmp_path) == [""]


def test_numbers_that_say_nothing(tmp_path):
    slices = ramp_series(12)
    for ds in slices[::2]:
        ds.InstanceNumber = "1"
    assert told(slices, tmp_path / "alike") == [""]
    assert told(without(slices, "InstanceNumber"), tmp_path / "none") == [""]


def test_a_copy_hides_no_loss(tmp_path):
    slices = long_pet()[:15]
    (message,) = told([*slices, *slices[:5]], tmp_path)
    assert "is 20, and 15 are here" in message


def test_images_of_each_acquisition(tmp_path):
    slices = ramp_series(12)
    for k, ds in enumerate(slices):
        ds.AcquisitionNumber, ds.ImagesInAcquisition = str(1 + k // 6), "6"
    assert told(slices, tmp_path / "whole") == [""]
    (message,) = told(slices[:10], tmp_path / "cut")
    assert "ImagesInAcquisition (0020,1002) of acquisition 2 is 6, and 4 are here" in message


def test_images_of_the_series_as_an_archive_counted_them(tmp_path):
    slices = ramp_series(12)
    set_all(slices, NumberOfSeriesRelatedInstances="15")
    assert "(0020,1209) is 15, and 12 files are here" in told(slices, tmp_path)[0]


def time_points(count):
    """A dynamic PET whose headers count slices and time points rightly."""
    first = long_pet()
    series = []
    for n in range(count):
        for ds in first:
            one = deepcopy(ds)
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            one.AcquisitionTime = f"11{10 * n:02d}00.0"
            one.FrameReferenceTime = f"{600000 * n + 75000}"
            one.ImageIndex = one.InstanceNumber = n * len(first) + int(ds.InstanceNumber)
            one.NumberOfTimeSlices = count
            series.append(one)
    return series


def test_time_points(tmp_path):
    slices = time_points(3)
    assert told(slices, tmp_path / "whole") == ["", "", ""]
    messages = told(slices[:40], tmp_path / "cut")
    assert len(messages) == 2
    assert all("Number of Time Slices (0054,0101) is 3, and 2 are here" in one for one in messages)
    (message,) = told(slices[:20], tmp_path / "one")
    assert "is 3, and 1 are here" in message
    messages = told(without(slices, "ImageIndex", "InstanceNumber")[4:], tmp_path / "short")
    assert "is 20, and 16 are here" in messages[0]
    assert messages[1:] == ["", ""]


def test_each_of_two_passes_lacks_slices(tmp_path):
    slices = without(time_points(2), "NumberOfTimeSlices", "ImageIndex", "InstanceNumber")
    assert told(slices, tmp_path / "whole") == ["", ""]
    messages = told([*slices[:15], *slices[20:33]], tmp_path / "cut")
    assert "is 20, and 15 are here" in messages[0]
    assert "is 20, and 13 are here" in messages[1]


def test_slices_in_several_stacks_are_all_here(tmp_path):
    slices = without(long_pet(), "ImageIndex", "InstanceNumber")
    for ds in slices[12:]:
        x, y, z = map(float, ds.ImagePositionPatient)
        ds.ImagePositionPatient = [f"{x}", f"{y}", f"{z + 90}"]
        ds.AcquisitionTime = "120000.0"
    assert told(slices, tmp_path) == ["", ""]


def test_files_of_a_concatenation(tmp_path):
    slices = ramp_series(12)
    files = [enhanced_ct(slices[:6]), enhanced_ct(slices[6:])]
    uid = generate_uid()
    for number, ds in enumerate(files):
        ds.ConcatenationUID, ds.InConcatenationNumber = uid, number + 1
        ds.InConcatenationTotalNumber = 2
    assert told(files, tmp_path / "whole") == [""]
    assert "has 2 files (0020,9163), and 1 are here" in told(files[:1], tmp_path / "cut")[0]


def test_it_is_a_warning_and_the_series_is_read(tmp_path):
    series = select_ct(discover(write_series(ramp_series(12)[4:], tmp_path / "ct")))
    (finding,) = (one for one in series.findings if one.code == "images-absent")
    assert finding.severity == "warning"
    assert finding.remedy
