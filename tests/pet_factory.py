"""PET series made in memory, for tests: legal FDG slices in Bq/mL to start from and to break.

Injected 370 MBq at 10:00:00, 70 kg, scanned from 11:00:00 in two beds of 150 s; the scanner
corrected decay to 11:00:00 (START). Voxels hold SUVbw 0.2, 1 and 4 in a block without symmetry.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import exp, log

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage, generate_uid

from ctpet.dicom.suv.audit import SuvAudit, audit_suv
from ctpet.errors import InputRefused

HALF_LIFE_S = 6586.2
DOSE_BQ = 370e6
WEIGHT_KG = 70.0
INJECTED = datetime(2026, 1, 5, 10, 0, 0)
REFERENCE = datetime(2026, 1, 5, 11, 0, 0)
BED_S = 150.0

FACTOR = 1000 * WEIGHT_KG / (DOSE_BQ * 2 ** (-3600 / HALF_LIFE_S))
"""SUVbw per Bq/mL of the series as it is made."""


def suv_pattern(shape: tuple[int, int, int] = (8, 12, 10)) -> np.ndarray:
    """SUVbw 0.2 background, 1 in a body, 4 in an off-centre lesion; float64 (k, j, i)."""
    suv = np.full(shape, 0.2)
    suv[1:, 2:, 1:8] = 1.0
    suv[2:4, 3:5, 2:4] = 4.0
    return suv


def mean_time_s(duration_s: float = BED_S, half_life_s: float = HALF_LIFE_S) -> float:
    """When a frame's mean activity occurs, after its start; worked out apart from ctpet."""
    x = log(2) / half_life_s * duration_s
    return log(x / (1 - exp(-x))) * half_life_s / log(2)


def pet_series(
    values: np.ndarray | None = None,
    *,
    slope: float | Sequence[float] = 0.5,
    beds: int = 2,
) -> list[Dataset]:
    """Return one legal PET data set a slice, sorted by position, beds one after the other.

    Args:
        values: rescaled values (k, j, i); None: Bq/mL of :func:`suv_pattern`.
        slope: (0028,1053), one for all slices or one each.
        beds: among how many bed positions the slices are divided.
    """
    if values is None:
        values = suv_pattern() / FACTOR
    count = len(values)
    slopes = [float(slope)] * count if isinstance(slope, int | float) else list(slope)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    slices = []
    for k, plane in enumerate(values):
        bed = k * beds // count
        ds = Dataset()
        _identify(ds, study, series, k)
        _time(ds, REFERENCE + timedelta(seconds=bed * BED_S))
        ds.FrameReferenceTime = f"{1000 * (bed * BED_S + mean_time_s()):.3f}"
        _geometry(ds, frame, k)
        _scale(ds, slopes[k], plane)
        slices.append(ds)
    return slices


def codes(audit: SuvAudit) -> set[str]:
    """The codes of an audit's findings."""
    return {finding.code for finding in audit.findings}


def refused(headers: Sequence[Dataset]) -> str:
    """The code with which the SUV engine refuses a series; fails if it does not."""
    with pytest.raises(InputRefused) as caught:
        audit_suv(headers)
    assert caught.value.exit_code == 3
    assert caught.value.message
    assert caught.value.remedy
    return caught.value.code


def shift(datasets: Sequence[Dataset], **seconds: float) -> None:
    """Move Series, Acquisition or Content times of all slices, such as ``Series=60``."""
    for ds in datasets:
        for name, offset_s in seconds.items():
            stated = datetime.strptime(
                ds[f"{name}Date"].value + ds[f"{name}Time"].value, "%Y%m%d%H%M%S.%f"
            )
            set_time(ds, name, stated + timedelta(seconds=offset_s))


def set_time(ds: Dataset, name: str, time: datetime) -> None:
    """Write e.g. SeriesDate and SeriesTime."""
    setattr(ds, f"{name}Date", time.strftime("%Y%m%d"))
    setattr(ds, f"{name}Time", time.strftime("%H%M%S.%f"))


def set_all(datasets: Sequence[Dataset], **values: object) -> None:
    """Set attributes in every slice; None removes them."""
    for ds in datasets:
        for keyword, value in values.items():
            _set(ds, keyword, value)


def set_injection(datasets: Sequence[Dataset], **values: object) -> None:
    """Set attributes of the injection in every slice; None removes them."""
    for ds in datasets:
        for keyword, value in values.items():
            _set(ds.RadiopharmaceuticalInformationSequence[0], keyword, value)


def add_private(
    datasets: Sequence[Dataset], group: int, creator: str, element: int, vr: str, value: object
) -> None:
    """Put a private value under its creator into every slice."""
    for ds in datasets:
        ds.private_block(group, creator, create=True).add_new(element, vr, value)


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    """Return one item of a code sequence (PS3.3 section 8.8)."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _set(ds: Dataset, keyword: str, value: object) -> None:
    if value is None:
        if keyword in ds:
            delattr(ds, keyword)
    else:
        setattr(ds, keyword, value)


def _identify(ds: Dataset, study: str, series: str, k: int) -> None:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = PositronEmissionTomographyImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.SOPClassUID = PositronEmissionTomographyImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID
    ds.Modality, ds.Manufacturer = "PT", "ctpet tests"
    ds.SeriesDescription = "WB AC"
    ds.PatientName, ds.PatientID = "Trần^Thị Bích", "BN-0043"
    ds.PatientBirthDate, ds.PatientSex = "19580407", "F"
    ds.PatientSize, ds.PatientWeight = "1.6", f"{WEIGHT_KG:g}"
    ds.PatientPosition = "HFS"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "1", "A-0002", ""
    ds.SeriesNumber, ds.InstanceNumber = "3", str(k + 1)
    item = Dataset()
    item.Radiopharmaceutical = "Fluorodeoxyglucose"
    item.RadiopharmaceuticalStartTime = INJECTED.strftime("%H%M%S")
    item.RadiopharmaceuticalStartDateTime = INJECTED.strftime("%Y%m%d%H%M%S")
    item.RadionuclideTotalDose = f"{DOSE_BQ:g}"
    item.RadionuclideHalfLife = f"{HALF_LIFE_S:g}"
    item.RadionuclidePositronFraction = "0.967"
    item.RadionuclideCodeSequence = DicomSequence([code_item("77004003", "SCT", "^18^Fluorine")])
    ds.RadiopharmaceuticalInformationSequence = DicomSequence([item])


def _time(ds: Dataset, acquired: datetime) -> None:
    set_time(ds, "Study", REFERENCE)
    set_time(ds, "Series", REFERENCE)
    set_time(ds, "Acquisition", acquired)
    set_time(ds, "Content", acquired)
    ds.Units, ds.CountsSource, ds.DecayCorrection = "BQML", "EMISSION", "START"
    ds.SeriesType = ["WHOLE BODY", "IMAGE"]
    ds.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"]
    ds.CollimatorType = "NONE"
    ds.ActualFrameDuration = f"{1000 * BED_S:g}"
    ds.DecayFactor = "1"


def _geometry(ds: Dataset, frame: str, k: int) -> None:
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = frame, ""
    ds.ImagePositionPatient = ["-20", "-30", f"{5 + 3 * k}"]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing, ds.SliceThickness = ["4", "4"], "3"
    ds.NumberOfSlices, ds.ImageIndex = 8, k + 1


def _scale(ds: Dataset, slope: float, plane: np.ndarray) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = plane.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleIntercept, ds.RescaleSlope = "0", f"{slope:.10g}"
    ds.PixelData = np.rint(plane / slope).astype("<i2").tobytes()
    ds["PixelData"].VR = "OW"
