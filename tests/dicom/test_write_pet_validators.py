"""Every odd but readable CT gives a series that dicom3tools and dcmtk accept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from tests.dicom.pet_writing import a_pet, codes_of, source_of, write
from tests.dicom_factory import ct_series, write_series
from tests.validators import assert_valid_series

Change = Callable[[Dataset], None]


def unchanged(ds: Dataset) -> None:
    """A legal CT."""


def without(*keywords: str) -> Change:
    def change(ds: Dataset) -> None:
        for keyword in keywords:
            del ds[keyword]

    return change


def with_values(**values: object) -> Change:
    def change(ds: Dataset) -> None:
        for keyword, value in values.items():
            setattr(ds, keyword, value)

    return change


def with_private(ds: Dataset) -> None:
    block = ds.private_block(0x0009, "SECRET", create=True)
    block.add_new(0x01, "LO", "Nguyễn Văn Ánh")


def removed_identity(ds: Dataset) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "113100", "DCM"
    code.CodeMeaning = "Basic Application Confidentiality Profile"
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = ["first by hand", "then by script"]
    ds.DeidentificationMethodCodeSequence = [code]
    ds.LongitudinalTemporalInformationModified = "MODIFIED"


CASES: dict[str, tuple[Change, set[str]]] = {
    "legal": (unchanged, set()),
    "no-name": (without("PatientName"), set()),
    "no-id": (without("PatientID"), set()),
    "no-study-date": (without("StudyDate", "StudyTime"), set()),
    "no-accession": (without("AccessionNumber"), set()),
    "no-study-id": (without("StudyID"), set()),
    "no-frame": (without("FrameOfReferenceUID"), {"frame-of-reference-absent"}),
    "no-body-part": (without("BodyPartExamined"), {"body-part"}),
    "two-body-parts": (with_values(BodyPartExamined=["CHEST", "HEAD"]), {"body-part"}),
    "paired": (with_values(BodyPartExamined="EXTREMITY"), {"body-part"}),
    "foreign": (with_values(BodyPartExamined="THORAX"), {"body-part"}),
    "no-position": (without("PatientPosition"), {"patient-position"}),
    "no-times": (
        without(
            "AcquisitionDate",
            "AcquisitionTime",
            "SeriesDate",
            "SeriesTime",
            "StudyDate",
            "StudyTime",
            "ContentDate",
            "ContentTime",
        ),
        {"acquisition-time"},
    ),
    "no-maker": (without("Manufacturer"), set()),
    "odd-sex": (with_values(PatientSex="U"), {"patient-sex-unknown"}),
    "private": (with_private, set()),
    "deidentified": (removed_identity, set()),
    "issuer": (with_values(IssuerOfPatientID="Bệnh viện"), set()),
    "zone": (with_values(TimezoneOffsetFromUTC="+0700"), set()),
    "lossy": (
        with_values(
            LossyImageCompression="01",
            LossyImageCompressionRatio=["10", "2"],
            LossyImageCompressionMethod=["ISO_15444_1", "ISO_10918_1"],
        ),
        {"lossy-source"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_validators_accept(name: str, tmp_path: Path, require_tool) -> None:
    change, codes = CASES[name]
    slices = ct_series()
    for ds in slices:
        change(ds)
    source = source_of(slices, tmp_path / "ct")
    writing = write(a_pet(), source, tmp_path / "pt")
    assert codes_of(writing) == codes
    assert_valid_series(tmp_path / "pt", tmp_path / "ct", tmp_path / "judged", require_tool)


POSITIONS = {
    "HFS": ("40199007", "102540008"),
    "HFP": ("1240000", "102540008"),
    "HFDR": ("102535000", "102540008"),
    "HFDL": ("102536004", "102540008"),
    "FFS": ("40199007", "102541007"),
    "FFP": ("1240000", "102541007"),
    "FFDR": ("102535000", "102541007"),
    "FFDL": ("102536004", "102541007"),
    "LFS": ("40199007", "126830"),
    "RFP": ("1240000", "126831"),
    "PFDL": ("102536004", "126832"),
    "AFDR": ("102535000", "126833"),
}


@pytest.mark.parametrize("position", POSITIONS)
def test_every_patient_position_has_codes(position: str, tmp_path: Path, require_tool) -> None:
    source = source_of(ct_series(patient_position=position), tmp_path / "ct")
    writing = write(a_pet(), source, tmp_path / "pt")
    ds = dcmread(writing.paths[0])
    (orientation,) = ds.PatientOrientationCodeSequence
    (posture,) = orientation.PatientOrientationModifierCodeSequence
    (entrance,) = ds.PatientGantryRelationshipCodeSequence
    assert orientation.CodeValue == "102538003"
    assert (posture.CodeValue, entrance.CodeValue) == POSITIONS[position]
    assert "PatientPosition" not in ds
    assert_valid_series(tmp_path / "pt", tmp_path / "ct", tmp_path / "judged", require_tool)


def test_private_attributes_are_never_copied(tmp_path: Path) -> None:
    slices = ct_series()
    for ds in slices:
        with_private(ds)
    writing = write(a_pet(), source_of(slices, tmp_path / "ct"), tmp_path / "pt")
    for path in writing.paths:
        assert not any(element.tag.is_private for element in dcmread(path).iterall())


def test_the_judges_find_what_is_wrong(tmp_path: Path, require_tool) -> None:
    writing = write(a_pet(), source_of(ct_series(), tmp_path / "ct"), tmp_path / "pt")
    ds = dcmread(writing.paths[0])
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.save_as(writing.paths[0])
    with pytest.raises(AssertionError, match="SECONDARY"):
        assert_valid_series(tmp_path / "pt", tmp_path / "ct", tmp_path / "judged", require_tool)


def test_the_judges_find_a_series_of_another_patient(tmp_path: Path, require_tool) -> None:
    writing = write(a_pet(), source_of(ct_series(), tmp_path / "ct"), tmp_path / "pt")
    ds = dcmread(writing.paths[0])
    ds.PatientBirthDate = "19700101"
    ds.save_as(writing.paths[0])
    with pytest.raises(AssertionError, match="PatientBirthDate"):
        assert_valid_series(tmp_path / "pt", tmp_path / "ct", tmp_path / "judged", require_tool)


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("GB18030", "Nguyễn^Văn Ánh"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
    ],
)
def test_a_transcoded_series_agrees_with_its_ct(
    character_set: str | list[str], name: str, tmp_path: Path, require_tool
) -> None:
    """dcentvfy compares bytes, so the PET is held against the same CT written as UTF-8."""
    slices = ct_series()
    for ds in slices:
        ds.SpecificCharacterSet, ds.PatientName = character_set, name
        ds.ReferringPhysicianName = ds.StudyDescription = ""
    source = source_of(slices, tmp_path / "ct")
    for ds in slices:
        ds.SpecificCharacterSet, ds.PatientName = "ISO_IR 192", name
    twin = write_series(slices, tmp_path / "twin")
    write(a_pet(), source, tmp_path / "pt")
    assert_valid_series(tmp_path / "pt", twin, tmp_path / "judged", require_tool)
