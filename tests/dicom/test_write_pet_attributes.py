"""Every attribute of a written slice by name: what is copied, what is fixed, and nothing else."""

import pytest
from pydicom import Dataset, dcmread

from tests.dicom.pet_writing import PROVENANCE, a_pet, source_of, write
from tests.dicom_factory import ct_series

CT = {"IssuerOfPatientID": "BV Bạch Mai", "TimezoneOffsetFromUTC": "+0700", "StudyID": "17"}
COPIED = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "IssuerOfPatientID"),
    *("PatientAge", "PatientSize", "PatientWeight", "StudyInstanceUID", "StudyDate", "StudyTime"),
    *("StudyID", "StudyDescription", "AccessionNumber", "ReferringPhysicianName"),
    *("TimezoneOffsetFromUTC", "FrameOfReferenceUID", "PositionReferenceIndicator"),
    "BodyPartExamined",
)
WRITTEN = {
    "SpecificCharacterSet": "ISO_IR 192",
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.128",
    "SyntheticData": "YES",
    "Modality": "PT",
    "SeriesNumber": 9002,
    "SeriesDescription": "SYNTHETIC FDG-PET SUVbw (AI from CT) NOT FOR DIAGNOSIS",
    "Units": "GML",
    "SUVType": "BW",
    "CountsSource": "EMISSION",
    "SeriesType": ["WHOLE BODY", "IMAGE"],
    "NumberOfSlices": 5,
    "CorrectedImage": ["ATTN", "DECY"],
    "DecayCorrection": "START",
    "CollimatorType": "NONE",
    "ImageType": ["DERIVED", "PRIMARY"],
    "BurnedInAnnotation": "NO",
    "LossyImageCompression": "00",
    "FrameReferenceTime": 0,
    "ImageIndex": 2,
    "InstanceNumber": 2,
    "DecayFactor": 1,
    "ActualFrameDuration": None,
    "SliceThickness": 4,
    "SpacingBetweenSlices": 4,
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 16,
    "HighBit": 15,
    "PixelRepresentation": 1,
    "RescaleIntercept": 0,
    "WindowCenter": 5,
    "WindowWidth": 10,
    "Manufacturer": "ctpet",
    "ManufacturerModelName": "tissue-lookup",
    "SoftwareVersions": ["ctpet 0.1.0", "tissue-lookup 1.0.0", PROVENANCE.model_digest],
    "ContentQualification": "RESEARCH",
}
DATES = ("InstanceCreation", "Series", "Acquisition", "Content")
MADE_FOR_THE_SLICE = {
    *("SOPInstanceUID", "SeriesInstanceUID", "DerivationDescription", "SourceImageSequence"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns"),
    *("PixelData", "RescaleSlope", "ContributingEquipmentSequence"),
    *("RadiopharmaceuticalInformationSequence", "PatientOrientationCodeSequence"),
    "PatientGantryRelationshipCodeSequence",
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Dataset, Dataset]:
    """One slice of a CT, and the second of the PET series that was made of it."""
    folder = tmp_path_factory.mktemp("attributes")
    slices = ct_series()
    for ds in slices:
        for keyword, value in CT.items():
            setattr(ds, keyword, value)
    writing = write(a_pet(), source_of(slices, folder / "ct"), folder / "pt")
    return slices[0], dcmread(writing.paths[1])


@pytest.mark.parametrize("keyword", COPIED)
def test_what_is_copied_from_the_ct(pair: tuple[Dataset, Dataset], keyword: str) -> None:
    ct, pet = pair
    assert pet[keyword].value == ct[keyword].value


@pytest.mark.parametrize("keyword", WRITTEN)
def test_what_is_always_the_same(pair: tuple[Dataset, Dataset], keyword: str) -> None:
    assert pair[1][keyword].value == WRITTEN[keyword]


@pytest.mark.parametrize("name", DATES)
def test_every_moment_is_the_cts_acquisition(pair: tuple[Dataset, Dataset], name: str) -> None:
    pet = pair[1]
    assert (pet[f"{name}Date"].value, pet[f"{name}Time"].value) == ("20260105", "101610")


def test_codes(pair: tuple[Dataset, Dataset]) -> None:
    pet = pair[1]
    (isotope,) = pet.RadiopharmaceuticalInformationSequence
    (posture,) = pet.PatientOrientationCodeSequence
    equipment = pet.ContributingEquipmentSequence
    codes = {
        "nuclide": isotope.RadionuclideCodeSequence,
        "posture": pet.PatientOrientationCodeSequence,
        "modifier": posture.PatientOrientationModifierCodeSequence,
        "gantry": pet.PatientGantryRelationshipCodeSequence,
        "source": pet.SourceImageSequence[0].PurposeOfReferenceCodeSequence,
        "scanner": equipment[0].PurposeOfReferenceCodeSequence,
        "ctpet": equipment[1].PurposeOfReferenceCodeSequence,
    }
    told = {
        name: (item[0].CodeValue, item[0].CodingSchemeDesignator) for name, item in codes.items()
    }
    assert told == {
        "nuclide": ("77004003", "SCT"),
        "posture": ("102538003", "SCT"),
        "modifier": ("40199007", "SCT"),
        "gantry": ("102540008", "SCT"),
        "source": ("121322", "DCM"),
        "scanner": ("109101", "DCM"),
        "ctpet": ("109102", "DCM"),
    }
    assert isotope.RadionuclideHalfLife == 6586.2
    assert isotope.Radiopharmaceutical == "FDG: synthetic image, none was administered"
    assert (equipment[0].Manufacturer, equipment[1].Manufacturer) == ("ctpet tests", "ctpet")


def test_nothing_else_is_written(pair: tuple[Dataset, Dataset]) -> None:
    dates = {f"{name}{part}" for name in DATES for part in ("Date", "Time")}
    expected = {*COPIED, *WRITTEN, *dates, *MADE_FOR_THE_SLICE}
    assert {element.keyword for element in pair[1]} == expected
