"""What is no slice is left out by what its header says; a slice that may be lost is not."""

import numpy as np
import pytest
from pydicom.uid import (
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import select_ct
from ctpet.errors import InputRefused
from tests.dicom.reading import codes, ramp_series
from tests.dicom_factory import ct_series, enhanced_ct, write_series

PLACE = ("ImagePositionPatient", "ImageOrientationPatient")


def beside(slices, hu=None):
    """One more image in the same series."""
    (other,) = ct_series(np.zeros((1, 4, 4), np.int16) if hu is None else hu)
    other.StudyInstanceUID = slices[0].StudyInstanceUID
    other.SeriesInstanceUID = slices[0].SeriesInstanceUID
    other.FrameOfReferenceUID = slices[0].FrameOfReferenceUID
    return other


def unplaced(ds):
    for keyword in PLACE:
        delattr(ds, keyword)
    return ds


def chosen(datasets, folder):
    return read_ct(select_ct(discover(write_series(datasets, folder))))


@pytest.mark.parametrize(
    ("image_type", "code"),
    [
        (["DERIVED", "SECONDARY", "SCREEN SAVE"], "page"),
        (["DERIVED", "SECONDARY", "SCREENSHOT"], "page"),
        (["DERIVED", "SECONDARY", "DOSE_INFO"], "page"),
        (["DERIVED", "SECONDARY", "OTHER", "CT_SOM5 PROT"], "page"),
        (["ORIGINAL", "PRIMARY", "LOCALIZER", "CT_SOM5 TOP"], "localizer"),
        (["ORIGINAL", "PRIMARY", "SCOUT"], "localizer"),
    ],
)
@pytest.mark.parametrize("placed", [True, False])
def test_pages_and_localizers_within_a_series(tmp_path, image_type, code, placed):
    slices = ramp_series()
    page = beside(slices)
    page.ImageType = image_type
    reading = chosen([*slices, page if placed else unplaced(page)], tmp_path / "ct")
    assert reading.volume.geometry.shape == (7, 4, 4)
    assert codes(reading) == {f"{code}-dropped"}


@pytest.mark.parametrize("image_type", [["DERIVED", "SECONDARY"], ["DERIVED", "PRIMARY", "AXIAL"],
                                        ["ORIGINAL", "SECONDARY", "OTHER"]])  # fmt: skip
def test_a_derived_image_without_a_place(tmp_path, image_type):
    slices = ramp_series()
    page = unplaced(beside(slices))
    page.ImageType = image_type
    reading = chosen([*slices, page], tmp_path / "ct")
    assert reading.volume.geometry.shape == (7, 4, 4)
    assert codes(reading) == {"unplaced-dropped"}


def test_an_image_of_another_matrix_without_a_place(tmp_path):
    slices = ramp_series()
    page = unplaced(beside(slices, np.zeros((1, 8, 8), np.int16)))
    assert codes(chosen([*slices, page], tmp_path / "ct")) == {"unplaced-dropped"}


def test_an_original_slice_that_lost_its_place_is_no_page(tmp_path):
    slices = ramp_series()
    unplaced(slices[3])
    with pytest.raises(InputRefused) as caught:
        chosen(slices, tmp_path / "ct")
    assert caught.value.code in {"position-missing", "orientation-missing"}


def test_a_series_of_pages_does_not_hinder_the_choice(tmp_path):
    slices, pages = ramp_series(), [unplaced(ds) for ds in ramp_series(2)]
    for ds in pages:
        ds.ImageType, ds.StudyInstanceUID = ["DERIVED", "SECONDARY"], slices[0].StudyInstanceUID
    found = discover(write_series([*slices, *pages], tmp_path / "ct"))
    assert select_ct(found).frame_count == 7


@pytest.mark.parametrize(
    "image_type",
    [["DERIVED", "SECONDARY", "AXIAL"], ["DERIVED", "SECONDARY", "MPR"], ["DERIVED", "SECONDARY"]],
)
def test_derived_slices_with_their_places_are_read(tmp_path, image_type):
    slices = ramp_series()
    for ds in slices:
        ds.ImageType = image_type
    assert codes(chosen(slices, tmp_path / "ct")) == set()


def as_secondary_capture(frames):
    """A CT as Secondary Captures, with its geometry and rescale."""
    slices = ramp_series()
    if frames == "multi":
        slices = [enhanced_ct(slices)]
    kinds = {
        "single": SecondaryCaptureImageStorage,
        "multi": MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    }
    for ds in slices:
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = kinds[frames]
    return slices


@pytest.mark.parametrize("frames", ["single", "multi"])
@pytest.mark.parametrize("named", [True, False])
def test_a_ct_saved_as_secondary_capture_is_told_how_to_export(tmp_path, frames, named):
    slices = as_secondary_capture(frames)
    found = discover(write_series(slices, tmp_path / "sc"))
    series = str(slices[0].SeriesInstanceUID) if named else None
    with pytest.raises(InputRefused) as caught:
        select_ct(found, series=series)
    assert caught.value.code == "no-ct"
    assert "secondary" in caught.value.message
    if not named:
        assert "secondary-capture (7 images)" in caught.value.message
    assert "CT Image Storage" in caught.value.remedy
    assert "NIfTI in Hounsfield units" in caught.value.remedy
