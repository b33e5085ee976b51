"""DICOM SEG by highdicom, RTSTRUCT by pydicom, on the examinations of :mod:`studies`."""

import warnings

import highdicom as hd
import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from tests.prepare.studies import ORIGIN_MM, SPACING_MM

KINDS = {
    "lesion": (codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm),
    "organ": (codes.SCT.Organ, codes.SCT.Liver),
    "tissue": (codes.SCT.Tissue, codes.SCT.Tissue),
}


def segmentation(source, masks, names, *, kind="lesion", form="BINARY", **changes):
    """A SEG of masks (k, j, i) on the planes of a series; values are parts of 1 if fractional."""
    described = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=KINDS[kind][0],
            segmented_property_type=KINDS[kind][1],
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(names, start=1)
    ]
    array = np.stack(masks, axis=-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = hd.seg.Segmentation(
            source_images=sorted(source, key=lambda one: float(one.ImagePositionPatient[2])),
            pixel_array=array.astype(np.float32 if form == "FRACTIONAL" else np.uint8),
            segmentation_type=form,
            segment_descriptions=described,
            series_instance_uid=generate_uid(),
            series_number=9,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="a",
            manufacturer_model_name="b",
            software_versions="1",
            device_serial_number="1",
        )
    for name, value in changes.items():
        setattr(ds, name, value)
    return ds


def at(k, j, i):
    """LPS mm of fractional indices."""
    return np.array(ORIGIN_MM) + SPACING_MM * np.array([i, j, k])


def square(k, low, high):
    """A contour around the voxels low to high (j and i) of a plane, half a voxel outside."""
    a, b = low - 0.5, high + 0.5
    return [at(k, a, a), at(k, a, b), at(k, b, b), at(k, b, a)]


def structure_set(source, regions, **changes):
    """An RTSTRUCT; regions are (name, interpreted type, contours), contours are points or pairs
    of a geometric type and points."""
    image = source[0]
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = RTStructureSetStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.Modality, ds.SeriesInstanceUID = "RTSTRUCT", generate_uid()
    for name in ("StudyInstanceUID", "PatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        setattr(ds, name, image[name].value)
    ds.StructureSetLabel = "s"
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = image.FrameOfReferenceUID
    frame.RTReferencedStudySequence = [study]
    ds.ReferencedFrameOfReferenceSequence = [frame]
    ds.StructureSetROISequence, ds.ROIContourSequence = [], []
    ds.RTROIObservationsSequence = []
    for number, (name, kind, contours) in enumerate(regions, start=1):
        named, drawn, observed = Dataset(), Dataset(), Dataset()
        named.ROINumber, named.ROIName = number, name
        named.ReferencedFrameOfReferenceUID = image.FrameOfReferenceUID
        drawn.ReferencedROINumber = observed.ReferencedROINumber = number
        observed.ObservationNumber, observed.RTROIInterpretedType = number, kind
        drawn.ContourSequence = [_contour(one) for one in contours]
        ds.StructureSetROISequence.append(named)
        ds.ROIContourSequence.append(drawn)
        ds.RTROIObservationsSequence.append(observed)
    for name, value in changes.items():
        setattr(ds, name, value)
    return ds


def _contour(one):
    kind, points = one if isinstance(one[0], str) else ("CLOSED_PLANAR", one)
    item = Dataset()
    item.ContourGeometricType = kind
    item.NumberOfContourPoints = len(points)
    item.ContourData = [f"{value:.4f}" for value in np.ravel(points)]
    return item


def save(ds, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return path
