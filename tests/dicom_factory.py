"""DICOM series made in memory, for tests: a legal CT to start from and to break on purpose.

The phantom has no symmetry, so that a flipped or swapped axis shows.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    LegacyConvertedEnhancedCTImageStorage,
    generate_uid,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def body_hu(shape: tuple[int, int, int]) -> np.ndarray:
    """A body of water in air with a fat, a bone and a lung region, HU int16, (k, j, i)."""
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    hu = np.full(shape, -1000, np.int16)
    hu[(j / 0.7) ** 2 + (i / 0.85) ** 2 < 1] = 40
    hu[(j - 0.3) ** 2 + (i - 0.3) ** 2 < 0.04] = -100
    hu[(j - 0.4) ** 2 + i**2 < 0.02] = 700
    hu[((j + 0.2) ** 2 + (i + 0.4) ** 2 < 0.05) & (k > 0.2)] = -800
    return hu


def ct_series(
    hu: np.ndarray | None = None,
    *,
    spacing_mm: tuple[float, float, float] = (3.0, 2.0, 2.0),
    orientation: Sequence[float] = AXIAL,
    origin_mm: Sequence[float] = (-60.0, -50.0, 10.0),
    patient_position: str = "HFS",
) -> list[Dataset]:
    """Return one legal CT data set a slice, sorted along the slice normal.

    Args:
        hu: int16 HU (k, j, i); None makes a small :func:`body_hu`.
        spacing_mm: between slices, between rows, between columns.
        orientation: (0020,0037): direction of a row (along i), then of a column (along j).
        origin_mm: LPS position of voxel (0, 0, 0).
        patient_position: (0018,5100).
    """
    if hu is None:
        hu = body_hu((12, 40, 48))
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    normal = np.cross(row, column)
    slices = []
    for k, plane in enumerate(hu):
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
        ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.SOPClassUID = CTImageStorage
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID
        ds.StudyDate, ds.StudyTime = "20260105", "101500"
        ds.SeriesDate, ds.SeriesTime = "20260105", "101600"
        ds.AcquisitionDate, ds.AcquisitionTime = "20260105", "101610"
        ds.ContentDate, ds.ContentTime = "20260105", "101630"
        ds.AccessionNumber = "A-0001"
        ds.Modality = "CT"
        ds.Manufacturer = "ctpet tests"
        ds.ReferringPhysicianName = "Lê^Thị Hồng"
        ds.StudyDescription = "Ngực bụng"
        ds.SeriesDescription = "Thorax 3.0"
        ds.PatientName = "Nguyễn^Văn Ánh"
        ds.PatientID = "BN-0042"
        ds.PatientBirthDate = "19610203"
        ds.PatientSex = "M"
        ds.PatientAge = "064Y"
        ds.PatientSize = "1.62"
        ds.PatientWeight = "58"
        ds.BodyPartExamined = "CHEST"
        ds.KVP = "120"
        ds.SliceThickness = f"{spacing_mm[0]:g}"
        ds.ConvolutionKernel = "STANDARD"
        ds.PatientPosition = patient_position
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
        ds.StudyID = "1"
        ds.SeriesNumber, ds.AcquisitionNumber, ds.InstanceNumber = "2", "1", str(k + 1)
        position = np.asarray(origin_mm) + k * spacing_mm[0] * normal
        ds.ImagePositionPatient = [f"{x:.6f}" for x in position]
        ds.ImageOrientationPatient = [f"{x:.12g}"[:16] for x in orientation]
        ds.FrameOfReferenceUID = frame
        ds.PositionReferenceIndicator = ""
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.Rows, ds.Columns = plane.shape
        ds.PixelSpacing = [f"{spacing_mm[1]:g}", f"{spacing_mm[2]:g}"]
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
        stored = (plane.astype(np.int32) + 1024).astype("<i2")
        ds.PixelData = stored.tobytes()
        ds["PixelData"].VR = "OW"
        slices.append(ds)
    return slices


def write_series(datasets: Iterable[Dataset], folder: Path) -> Path:
    """Write each data set as IMG00001.dcm … into a new folder and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, ds in enumerate(datasets, start=1):
        ds.save_as(folder / f"IMG{number:05d}.dcm", enforce_file_format=True)
    return folder


def enhanced_ct(slices: Sequence[Dataset], *, legacy: bool = False) -> Dataset:
    """Return one multi-frame instance (PS3.3 A.38) with the frames of classic slices, in order.

    Position, rescale and acquisition number go into per-frame functional groups; orientation and
    spacing into shared ones. ``legacy`` names the Legacy Converted SOP class (PS3.3 A.70).
    """
    first = slices[0]
    ds = deepcopy(first)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = first.file_meta.TransferSyntaxUID
    sop_class = LegacyConvertedEnhancedCTImageStorage if legacy else EnhancedCTImageStorage
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.NumberOfFrames = len(slices)
    shared, measures, plane = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = first.PixelSpacing, first.SliceThickness
    plane.ImageOrientationPatient = first.ImageOrientationPatient
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = [_frame_groups(one) for one in slices]
    for keyword in (
        "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
        "RescaleSlope", "RescaleIntercept", "RescaleType", "AcquisitionNumber",
    ):  # fmt: skip
        del ds[keyword]
    ds.PixelData = b"".join(one.PixelData for one in slices)
    ds["PixelData"].VR = "OW"
    return ds


def _frame_groups(one: Dataset) -> Dataset:
    position, rescale, content = Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = one.ImagePositionPatient
    rescale.RescaleSlope, rescale.RescaleIntercept = one.RescaleSlope, one.RescaleIntercept
    rescale.RescaleType = "HU"
    content.FrameAcquisitionNumber = int(one.AcquisitionNumber)
    groups = Dataset()
    groups.PlanePositionSequence = [position]
    groups.PixelValueTransformationSequence = [rescale]
    groups.FrameContentSequence = [content]
    return groups
