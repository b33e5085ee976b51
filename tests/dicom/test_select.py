"""The one CT is chosen, or it is said why not; patients stay unnamed."""

import pytest
from pydicom.uid import MRImageStorage

from ctpet.dicom.check import check_series
from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import describe, select_ct
from ctpet.errors import InputRefused
from tests.dicom.reading import find, ramp_series, read
from tests.dicom_factory import write_series

PRIVATE = ("Nguyễn", "Văn", "Ánh", "BN-0042", "19610203", "Ngực", "Thorax", "A-0001", "Thị")


def refused_for(folder, code, **options):
    with pytest.raises(InputRefused) as refused:
        select_ct(discover(folder), **options)
    assert refused.value.code == code
    assert refused.value.remedy
    assert "\n" not in str(refused.value)
    for private in PRIVATE:
        assert private not in str(refused.value)
    return refused.value.message


def as_modality(slices, modality):
    for ds in slices:
        ds.Modality = modality
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = MRImageStorage
    return slices


def in_one_study(*series):
    for slices in series[1:]:
        for ds in slices:
            ds.StudyInstanceUID = series[0][0].StudyInstanceUID
    return series


def test_the_only_ct_among_others(tmp_path):
    ct, mr = in_one_study(ramp_series(), as_modality(ramp_series(), "MR"))
    write_series(ct, tmp_path / "ct")
    write_series(mr, tmp_path / "mr")
    assert select_ct(discover(tmp_path)).series_instance_uid == ct[0].SeriesInstanceUID


def test_nothing_and_text_files(tmp_path):
    assert "no file at all" in refused_for(tmp_path, "no-dicom")
    for number in range(3):
        (tmp_path / f"{number}.dcm").write_text("no image")
    assert "3 other files" in refused_for(tmp_path, "no-dicom")
    assert "3 other files" in refused_for(tmp_path, "no-dicom", series="1.2")


@pytest.mark.parametrize("modality", ["MR", "PT"])
def test_no_ct_names_what_is_there(tmp_path, modality):
    write_series(as_modality(ramp_series(), modality), tmp_path / "x")
    assert f"modalities seen: {modality}" in refused_for(tmp_path, "no-ct")


def test_localizers_only(tmp_path):
    slices = ramp_series(2)
    for ds in slices:
        ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    assert "left out: localizer" in refused_for(write_series(slices, tmp_path / "x"), "no-ct")


def test_several_candidates_are_listed_and_named(tmp_path):
    first, second = in_one_study(ramp_series(), ramp_series(9))
    write_series(first, tmp_path / "a")
    write_series(second, tmp_path / "b")
    message = refused_for(tmp_path, "several-series")
    for slices in (first, second):
        uid = slices[0].SeriesInstanceUID
        assert f"{uid} (CT, {len(slices)} images, 2×2 mm, slices 3 mm" in message
        assert select_ct(discover(tmp_path), series=uid).series_instance_uid == uid
    message = refused_for(tmp_path, "series-not-found", series="1.2.3")
    assert "1.2.3" in message
    assert first[0].SeriesInstanceUID in message


def test_a_series_of_another_modality(tmp_path):
    ct, mr = in_one_study(ramp_series(), as_modality(ramp_series(), "MR"))
    write_series(ct, tmp_path / "ct")
    write_series(mr, tmp_path / "mr")
    assert "MR, not CT" in refused_for(tmp_path, "no-ct", series=str(mr[0].SeriesInstanceUID))


def test_two_patients_in_a_folder(tmp_path):
    first, second = ramp_series(), ramp_series()
    for ds in second:
        ds.PatientID = "BN-0043"
    write_series(first, tmp_path / "a")
    write_series(second, tmp_path / "b")
    assert "2 different patients" in refused_for(tmp_path, "several-patients")
    uid = str(second[0].SeriesInstanceUID)
    assert select_ct(discover(tmp_path), series=uid).first.PatientID == "BN-0043"


def test_two_patients_in_a_study_even_when_the_series_is_named(tmp_path):
    first, second = in_one_study(ramp_series(), as_modality(ramp_series(), "MR"))
    for ds in second:
        ds.PatientID = "BN-0043"
    write_series(first, tmp_path / "a")
    write_series(second, tmp_path / "b")
    uid = str(first[0].SeriesInstanceUID)
    refused_for(tmp_path, "several-patients", series=uid)
    refused_for(tmp_path, "several-patients")


def test_two_patients_in_a_series(tmp_path):
    slices = ramp_series()
    slices[3].PatientID = "BN-0043"
    (series,) = discover(write_series(slices, tmp_path / "ct")).series
    with pytest.raises(InputRefused, match="2 different patients") as refused:
        read_ct(series)
    assert refused.value.code == "several-patients"
    assert "several-patients" in {f.code for f in check_series(series) if f.severity == "error"}


def test_empty_patient_id_survives(tmp_path):
    slices = ramp_series()
    for ds in slices:
        ds.PatientID = ""
    assert read(slices, tmp_path / "a").volume.geometry.shape == (7, 4, 4)
    for ds in slices:
        del ds.PatientID
        ds.PatientName = ""
    slices[2].PatientBirthDate = ""
    assert find(write_series(slices, tmp_path / "b")).frame_count == 7


def test_without_ids_names_tell_patients_apart(tmp_path):
    slices = ramp_series()
    for number, ds in enumerate(slices):
        ds.PatientID = ""
        ds.PatientName = "A^B" if number < 3 else "C^D"
    (series,) = discover(write_series(slices, tmp_path / "ct")).series
    assert "several-patients" in {finding.code for finding in check_series(series)}


@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_our_own_output_is_no_input(tmp_path, modality):
    slices = ramp_series()
    for ds in slices:
        ds.SyntheticData, ds.Modality = "YES", modality
    folder = write_series(slices, tmp_path / "x")
    refused_for(folder, "synthetic-input")
    (series,) = discover(folder).series
    assert "synthetic-input" in {f.code for f in check_series(series) if f.severity == "error"}
    if modality == "CT":
        refused_for(folder, "synthetic-input", series=str(slices[0].SeriesInstanceUID))


def test_a_ct_beside_our_own_output(tmp_path):
    ct, pet = in_one_study(ramp_series(), ramp_series())
    for ds in pet:
        ds.SyntheticData, ds.Modality = "YES", "PT"
    write_series(ct, tmp_path / "ct")
    write_series(pet, tmp_path / "pet")
    assert select_ct(discover(tmp_path)).series_instance_uid == ct[0].SeriesInstanceUID


def test_description_of_a_series_holds_no_patient_data(tmp_path):
    line = describe(find(write_series(ramp_series(), tmp_path / "ct")))
    assert line.endswith("(CT, 7 images, 2×2 mm, slices 3 mm, kernel STANDARD)")
