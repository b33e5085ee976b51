"""A source's UID is copied as it is, legal or not: the PET must join that study."""

import warnings

import pytest
from pydicom import dcmread
from pydicom.uid import UID

from ctpet.dicom.check import check_series
from ctpet.dicom.discover import discover
from ctpet.dicom.uid import irregularity
from tests.dicom.pet_writing import a_pet, write
from tests.dicom.reading import find
from tests.dicom_factory import ct_series, write_series

IRREGULAR = {
    "1.2.840.0113.00.7": "begins with 0",
    "1.2.840." + "123456789." * 7 + "1": "longer than 64",
    "1.2.840.A1b.3": "other characters",
    "1.2 .840.3": "other characters",
    "1.2..840": "empty component",
    "1.2.840.": "empty component",
}


def irregular_ct(folder, **uids):
    slices = ct_series()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for ds in slices:
            for keyword, uid in uids.items():
                setattr(ds, keyword, uid)
        return write_series(slices, folder)


@pytest.mark.parametrize(("uid", "why"), IRREGULAR.items())
def test_study_and_frame_of_reference_are_kept(tmp_path, uid, why):
    folder = irregular_ct(
        tmp_path / "ct", StudyInstanceUID=uid, SeriesInstanceUID=uid, FrameOfReferenceUID=uid
    )
    series = find(folder)
    assert not [f for f in check_series(series) if f.severity == "error"]
    told = [f for f in series.findings if f.code == "uid-irregular"]
    assert len(told) == 3
    assert all(why in f.message and "12 of 12" in f.message for f in told)
    assert {f.severity for f in told} == {"warning"}
    writing = write(a_pet(frame_of_reference_uid=uid), series, tmp_path / "pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in writing.paths:
            pet = dcmread(path)
            assert (pet.StudyInstanceUID, pet.FrameOfReferenceUID) == (uid, uid)
            assert UID(pet.SeriesInstanceUID).is_valid
            assert UID(pet.SOPInstanceUID).is_valid


def test_the_instances_it_was_made_from_are_named_as_they_are(tmp_path):
    slices = ct_series()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, ds in enumerate(slices):
            ds.SOPInstanceUID = f"1.2.03.{number}"
        series = find(write_series(slices, tmp_path / "ct"))
        writing = write(a_pet(), series, tmp_path / "pt")
        named = {
            str(item.ReferencedSOPInstanceUID)
            for path in writing.paths
            for item in dcmread(path).SourceImageSequence
        }
    assert "1.2.03.0" in named
    assert named <= {f"1.2.03.{number}" for number in range(12)}


def test_padding_is_no_part_of_a_uid(tmp_path):
    folder = write_series(ct_series(), tmp_path / "ct")
    study = str(dcmread(folder / "IMG00001.dcm").StudyInstanceUID).encode()
    for path in folder.iterdir():
        data = path.read_bytes()
        assert study in data
        path.write_bytes(data.replace(study, study[:-3] + b" \0\0"))
    series = find(folder)
    assert series.study_instance_uid == study[:-3].decode()
    assert [f.code for f in series.findings] == []


@pytest.mark.parametrize("inside", ["\0", "\x07", "\n", "\x1b[31m"])
def test_what_cannot_be_written_again_is_no_uid(tmp_path, inside):
    folder = write_series(ct_series(), tmp_path / "ct")
    study = str(dcmread(folder / "IMG00001.dcm").StudyInstanceUID).encode()
    for path in folder.iterdir():
        put = inside.encode()
        path.write_bytes(path.read_bytes().replace(study, study[:8] + put + study[8 + len(put) :]))
    (series,) = discover(folder).series
    assert series.study_instance_uid == ""
    assert "uid-missing" in {f.code for f in check_series(series) if f.severity == "error"}


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2", "2.25.0", "0.1", "1" * 64])
def test_legal_uids_are_not_told_of(uid):
    assert irregularity(uid) == ""
