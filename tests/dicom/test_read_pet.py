"""PET series from disk to SUVbw: the reader and the report, on made and on real series."""

import json
import shutil
import warnings
import zipfile

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ctpet.dicom.discover import discover
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.suv_report import suv_report
from ctpet.errors import InputRefused
from tests.dicom.pet_writing import a_pet, source_of, write
from tests.dicom_factory import ct_series, write_series
from tests.pet_factory import (
    FACTOR,
    add_private,
    pet_series,
    set_all,
    set_injection,
    shift,
    suv_pattern,
)


def only(folder):
    (series,) = discover(folder).series
    return series


def error_code(report):
    assert report.refused
    assert report.to_json()["factor"] is None
    (error,) = [each for each in report.findings if each.severity == "error"]
    return error.code


def test_series_becomes_suvbw(tmp_path):
    reading = read_pet(only(write_series(pet_series(), tmp_path / "pet")))
    volume = reading.volume
    assert volume.quantity == "SUVBW"
    assert volume.array.dtype == np.float32
    np.testing.assert_allclose(volume.array, suv_pattern(), atol=1e-4)
    assert volume.geometry.spacing_mm == (3, 4, 4)
    assert tuple(volume.geometry.origin_mm) == (-20, -30, 5)
    assert reading.audit.factor == pytest.approx(FACTOR)


def test_every_slice_has_its_own_slope(tmp_path):
    slopes = [0.2, 0.3, 0.45, 1.0, 0.7, 0.33, 0.21, 0.8]
    reading = read_pet(only(write_series(pet_series(slope=slopes), tmp_path / "pet")))
    np.testing.assert_allclose(reading.volume.array, suv_pattern(), atol=2e-4)


def test_suvbw_below_one_does_not_become_an_integer(tmp_path):
    pet = pet_series(suv_pattern() * 0.7, slope=[1.0] + [0.001] * 7)
    set_all(pet, Units="GML")
    reading = read_pet(only(write_series(pet, tmp_path / "pet")))
    np.testing.assert_allclose(reading.volume.array[1:], 0.7 * suv_pattern()[1:], atol=1e-3)


def test_factor_goes_with_its_slice_where_they_differ(tmp_path):
    pet = pet_series()
    set_all(pet, DecayCorrection="NONE", CorrectedImage=["ATTN"])
    reading = read_pet(only(write_series(pet[::-1], tmp_path / "pet")))
    by_place = sorted(set(reading.audit.factors))
    stored = suv_pattern() / FACTOR
    np.testing.assert_allclose(reading.volume.array[:4], stored[:4] * by_place[0], rtol=2e-3)
    np.testing.assert_allclose(reading.volume.array[4:], stored[4:] * by_place[1], rtol=2e-3)
    assert by_place[1] / by_place[0] == pytest.approx(2 ** (150 / 6586.2))


def test_progress_is_reported(tmp_path):
    told = []
    series = only(write_series(pet_series(), tmp_path / "pet"))
    read_pet(series, progress=lambda stage, fraction: told.append((stage, fraction)))
    assert told[-1] == ("read", 1.0)


def test_findings_of_the_audit_are_told(tmp_path):
    pet = pet_series()
    set_all(pet, PatientWeight="70000")
    reading = read_pet(only(write_series(pet, tmp_path / "pet")))
    assert "weight-in-grams" in {finding.code for finding in reading.findings}


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize(
    ("group", "creator", "element"),
    [(0x0009, "GEMS_PETD_01", 0x0D), (0x0071, "SIEMENS MED PT", 0x22)],
)
def test_private_time_from_a_file(tmp_path, syntax, group, creator, element):
    pet = pet_series()
    add_private(pet, group, creator, element, "DT", "20260105104000.000000")
    for ds in pet:
        ds.file_meta.TransferSyntaxUID = syntax
    report = suv_report(write_series(pet, tmp_path / "pet"))
    assert report.rule == "bqml-start-vendor-private"
    assert report.factor == pytest.approx(FACTOR * 2 ** (-1200 / 6586.2))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_philips_factor_from_a_file(tmp_path, syntax):
    pet = pet_series()
    set_all(pet, Units="CNTS", Manufacturer="Philips Medical Systems")
    add_private(pet, 0x7053, "Philips PET Private Group", 0x00, "DS", "0.0005")
    for ds in pet:
        ds.file_meta.TransferSyntaxUID = syntax
    assert suv_report(write_series(pet, tmp_path / "pet")).factor == 0.0005


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize(
    ("maker", "tag"),
    [("GE MEDICAL SYSTEMS", 0x0009100D), ("SIEMENS", 0x00711022), ("SIEMENS", 0x0071FF22)],
)
def test_private_time_without_creator_from_a_file(tmp_path, syntax, maker, tag):
    pet = pet_series()
    set_all(pet, Manufacturer=maker)
    for ds in pet:
        ds.add_new(tag, "UN", b"20260105104000.000000")
        ds.file_meta.TransferSyntaxUID = syntax
    report = suv_report(write_series(pet, tmp_path / "pet"))
    assert report.rule == "bqml-start-vendor-private"
    assert report.factor == pytest.approx(FACTOR * 2 ** (-1200 / 6586.2))
    assert "private-creator-missing" in {finding.code for finding in report.findings}


def test_illegal_datetime_of_a_file_is_read(tmp_path):
    pet = pet_series()
    set_all(pet, TimezoneOffsetFromUTC="+0700")
    with warnings.catch_warnings(action="ignore"):  # pydicom's, of what is no legal DT
        set_injection(pet, RadiopharmaceuticalStartDateTime="20260105030000+00:00")
        set_injection(pet, RadiopharmaceuticalStartTime=None)
        folder = write_series(pet, tmp_path / "pet")
    assert suv_report(folder).factor == pytest.approx(FACTOR)


def heavy(times):
    """A PET of 2 L at SUV 1 in a patient of 3 kg, times some factor."""
    pet = pet_series(np.full((8, 25, 25), 1 / FACTOR))
    set_all(
        pet, PixelSpacing=["10", "10"], SliceThickness="4", PatientWeight="3", PatientSize="0.5"
    )
    set_injection(pet, RadionuclideTotalDose="14e6")
    for k, ds in enumerate(pet):
        ds.ImagePositionPatient = ["0", "0", f"{4 * k}"]
        ds.RescaleSlope = f"{0.5 * times * (14 / 370) / (3 / 70):.8g}"
    return pet


def test_image_may_hold_all_of_the_injected_activity(tmp_path):
    reading = read_pet(only(write_series(heavy(1.0), tmp_path / "pet")))
    assert reading.volume.array == pytest.approx(1.0, abs=1e-3)
    assert reading.findings == ()


def test_image_that_holds_somewhat_more_is_told(tmp_path):
    reading = read_pet(only(write_series(heavy(2.0), tmp_path / "pet")))
    (told,) = reading.findings
    assert told.code == "activity-exceeds-dose"
    assert "1.33 times" in told.message


@pytest.mark.parametrize("units", ["BQML", "GML"])
def test_image_that_holds_much_more_is_refused(tmp_path, units):
    pet = heavy(3.0)
    if units == "GML":
        set_all(pet, Units="GML", SUVType="BW")
        for ds in pet:
            ds.RescaleSlope = f"{0.5 * 3 * FACTOR:.8g}"
    series = only(write_series(pet, tmp_path / "pet"))
    with pytest.raises(InputRefused, match="holds 2 times the injected") as caught:
        read_pet(series)
    assert caught.value.code == "activity-exceeds-dose"


def test_image_in_another_unit_is_told(tmp_path):
    pet = pet_series()
    for ds in pet:
        ds.RescaleSlope = f"{float(ds.RescaleSlope) / 1000:.8g}"
    (told,) = read_pet(only(write_series(pet, tmp_path / "pet"))).findings
    assert told.code == "uptake-too-low"
    assert "is 0.004:" in told.message


def test_activity_is_not_judged_without_a_weight_or_of_a_projection(tmp_path):
    pet = heavy(3.0)
    set_all(pet, Units="GML", PatientWeight=None)
    assert read_pet(only(write_series(pet, tmp_path / "no-weight"))).volume.array.min() > 1
    pet = heavy(3.0)
    set_all(pet, SeriesDescription="MIP")
    assert read_pet(only(write_series(pet, tmp_path / "mip"))).volume.array.min() > 1


def test_ct_is_refused(tmp_path):
    series = only(write_series(ct_series(), tmp_path / "ct"))
    with pytest.raises(InputRefused) as caught:
        read_pet(series)
    assert caught.value.code == "not-pet"


def test_our_own_synthetic_series_is_read_and_told(tmp_path):
    source = source_of(ct_series(), tmp_path / "ct")
    pet = a_pet()
    write(pet, source, tmp_path / "pet")
    reading = read_pet(only(tmp_path / "pet"))
    assert np.abs(reading.volume.array - pet.array).max() < 1e-3
    assert reading.volume.geometry.agrees_with(pet.geometry)
    assert reading.audit.rule == "gml-bw"
    codes = {finding.code for finding in reading.audit.findings}
    assert codes == {"synthetic-pet"}


def test_report_on_a_folder_a_zip_and_a_single_slice(tmp_path):
    folder = write_series(pet_series(), tmp_path / "pet")
    archive = tmp_path / "pet.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for file in folder.iterdir():
            out.write(file, file.name)
    for path in (folder, archive, folder / "IMG00001.dcm", folder / "IMG00008.dcm"):
        report = suv_report(path)
        assert report.factor == pytest.approx(FACTOR, rel=1e-5)
        assert not report.refused
        assert list(report.to_json()) == ["factor", "rule", "candidates", "findings"]
        assert "SUVbw per rescaled unit" in report.text()
        assert report.rule in report.text()


def test_report_is_the_audit_of_the_reading(tmp_path):
    pet = pet_series()
    shift(pet, Series=3000)
    folder = write_series(pet, tmp_path / "pet")
    report = suv_report(folder)
    assert report.series is not None
    audit = read_pet(report.series).audit
    assert report.to_json() == audit.to_json()
    assert "frame-reference" in report.text()


def test_report_of_a_refusal_holds_it_as_an_error(tmp_path):
    pet = pet_series()
    set_all(pet, PatientWeight=None, CorrectedImage=["DECY"])
    report = suv_report(write_series(pet, tmp_path / "pet"))
    assert error_code(report) == "weight-missing"
    assert "not-attenuation-corrected" in {finding.code for finding in report.findings}
    assert json.loads(json.dumps(report.to_json()))["rule"] == ""
    assert report.text().startswith("factor  refused")


def test_several_series_are_listed_and_refused(tmp_path):
    first, second = pet_series(), pet_series()
    set_all(second, Units="GML")
    write_series(first, tmp_path / "study" / "a")
    write_series(second, tmp_path / "study" / "b")
    write_series(ct_series(), tmp_path / "study" / "ct")
    report = suv_report(tmp_path / "study")
    assert error_code(report) == "several-series"
    for uid in (first[0].SeriesInstanceUID, second[0].SeriesInstanceUID):
        assert uid in report.findings[0].message
    chosen = suv_report(tmp_path / "study", series_uid=second[0].SeriesInstanceUID)
    assert chosen.factor == 1
    absent = suv_report(tmp_path / "study", series_uid="1.2.3")
    assert error_code(absent) == "series-not-found"
    assert first[0].SeriesInstanceUID in absent.findings[0].message


def test_pet_is_found_beside_its_ct(tmp_path):
    write_series(pet_series(), tmp_path / "study" / "pet")
    write_series(ct_series(), tmp_path / "study" / "ct")
    assert suv_report(tmp_path / "study").factor == pytest.approx(FACTOR)


def test_no_pet_is_refused(tmp_path):
    write_series(ct_series(), tmp_path / "ct")
    assert error_code(suv_report(tmp_path / "ct")) == "no-pet"
    assert error_code(suv_report(tmp_path / "nowhere")) == "path-missing"


def test_colour_fusion_is_refused_by_name(tmp_path):
    pet = pet_series()
    for ds in pet:
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
        ds.PixelData = bytes(ds.Rows * ds.Columns * 3)
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    folder = write_series(pet, tmp_path / "pet")
    assert error_code(suv_report(folder)) == "colour-image"


def test_report_reads_no_pixels(tmp_path):
    pet = pet_series()
    for ds in pet:
        ds.PixelData = b""
    assert suv_report(write_series(pet, tmp_path / "pet")).factor == pytest.approx(FACTOR)


def test_report_leaves_the_input_alone(tmp_path):
    folder = write_series(pet_series(), tmp_path / "pet")
    before = shutil.copytree(folder, tmp_path / "before")
    suv_report(folder)
    for file in before.iterdir():
        assert (folder / file.name).read_bytes() == file.read_bytes()
