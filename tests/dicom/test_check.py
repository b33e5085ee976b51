"""What the headers say against a series is told before a pixel is decoded."""

import pytest
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGLSNearLossless

from ctpet.dicom.check import check_series
from ctpet.dicom.discover import discover
from tests.dicom.reading import find, move, ramp_series
from tests.dicom_factory import write_series


def checked(slices, folder):
    (series,) = discover(write_series(slices, folder / "ct")).series
    return {finding.code: finding for finding in check_series(series)}


def test_a_sound_series_has_no_findings(tmp_path):
    assert checked(ramp_series(), tmp_path) == {}


@pytest.mark.parametrize("value", [None, "1.25"])
def test_thickness_that_is_not_the_spacing(tmp_path, value):
    slices = ramp_series()
    for ds in slices:
        ds.SliceThickness = value
    finding = checked(slices, tmp_path)["slice-thickness-differs"]
    assert finding.severity == "info"
    assert "3.000 mm apart" in finding.message


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, "projection", "warning"),
        ({"RescaleType": "US"}, "rescale-type", "warning"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "monochrome1", "info"),
        ({"RescaleSlope": None, "RescaleIntercept": None}, "rescale-missing", "warning"),
        ({"LossyImageCompression": "01"}, "lossy-compressed", "warning"),
        ({"SyntheticData": "YES"}, "synthetic-input", "error"),
        ({"ImagePositionPatient": None}, "position-missing", "error"),
        ({"FrameOfReferenceUID": None}, "frame-of-reference-missing", "warning"),
        ({"SOPInstanceUID": ""}, "uid-missing", "error"),
        ({"StudyInstanceUID": ["1.2", "1.3"]}, "uid-missing", "error"),
    ],
)
def test_each_rule_says_its_name(tmp_path, changes, code, severity):
    slices = ramp_series()
    for ds in slices:
        for keyword, value in changes.items():
            if value is None:
                delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)
    findings = checked(slices, tmp_path)
    assert findings[code].severity == severity
    assert set(findings) == {code}


@pytest.mark.parametrize(
    ("syntax", "said", "told"),
    [
        (JPEGLSNearLossless, None, True),
        (JPEGLSNearLossless, "00", True),
        (JPEG2000, None, True),
        (JPEG2000, "00", False),
        (JPEG2000Lossless, None, False),
    ],
)
def test_a_lossy_syntax_is_told_whatever_the_header_says(tmp_path, syntax, said, told):
    (series,) = discover(write_series(ramp_series(), tmp_path / "ct")).series
    for header in series.headers:
        header.file_meta.TransferSyntaxUID = syntax
        if said:
            header.LossyImageCompression = said
    assert ("lossy-compressed" in {finding.code for finding in check_series(series)}) == told


def test_missing_slices_are_an_error_before_reading(tmp_path):
    slices = ramp_series()
    findings = checked(slices[:2] + slices[4:], tmp_path)
    assert findings["missing-slices"].severity == "error"
    assert findings["missing-slices"].remedy


def test_places_that_are_taken_twice(tmp_path):
    slices = ramp_series()
    move(slices[3], *slices[2].ImagePositionPatient)
    findings = checked(slices, tmp_path)
    assert "1 images" in findings["duplicate-positions"].message


def test_findings_of_discovery_come_first(tmp_path):
    slices = ramp_series()
    for ds in slices[4:]:
        ds.PixelSpacing = ["2.1", "2.1"]
    series = discover(write_series(slices, tmp_path / "ct")).series
    assert [check_series(one)[0].code for one in series] == ["series-split", "series-split"]


def test_acquisitions_end_to_end_are_told_in_ct(tmp_path):
    slices = ramp_series(12)
    for ds in slices[7:]:
        ds.AcquisitionNumber = "2"
    findings = {f.code: f for f in check_series(find(write_series(slices, tmp_path / "a")))}
    assert findings["acquisitions-joined"].severity == "info"
    assert "2 acquisitions" in findings["acquisitions-joined"].message
    for k, ds in enumerate(slices):
        ds.AcquisitionNumber = str(k)
    codes = {f.code for f in check_series(find(write_series(slices, tmp_path / "b")))}
    assert "acquisitions-joined" not in codes
