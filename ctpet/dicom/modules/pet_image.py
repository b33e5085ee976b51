"""The image: a derived PET slice, its time, its window and the CT it came from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ctpet.dicom.codes import SOURCE_IMAGE
from ctpet.dicom.encode import Planes
from ctpet.dicom.modules.pet_series import Moment
from ctpet.dicom.provenance import Provenance
from ctpet.dicom.source_text import Report, legal_text, legal_texts
from ctpet.dicom.warned import collected_warnings
from ctpet.findings import Finding

WINDOW_CENTER_SUV = "5"
WINDOW_WIDTH_SUV = "10"
SOURCE_IMAGE_SEQUENCE = 0x00082112


def put_image(ds: Dataset, moment: Moment, provenance: Provenance) -> None:
    """Write what all slices share of General Image (PS3.3 C.7.6.1) and PET Image (C.8.9.4).

    Window Center and Width (C.11.2) are in SUV, after the rescale slope.
    """
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.AcquisitionDate = ds.ContentDate = ds.InstanceCreationDate = moment.date
    ds.AcquisitionTime = ds.ContentTime = ds.InstanceCreationTime = moment.time
    ds.BurnedInAnnotation = "NO"
    ds.DerivationDescription = _derivation(provenance)
    ds.ContentQualification = "RESEARCH"
    ds.FrameReferenceTime = "0"
    ds.DecayFactor = "1"
    ds.ActualFrameDuration = None
    ds.WindowCenter = WINDOW_CENTER_SUV
    ds.WindowWidth = WINDOW_WIDTH_SUV
    ds.RescaleIntercept = "0"


def put_lossy_history(ds: Dataset, headers: Sequence[Dataset], report: Report) -> None:
    """Say whether the CT was ever compressed with loss, which derived images inherit.

    Lossy Image Compression (0028,2110), PS3.3 C.7.6.1.1.5, with ratios and methods where the CT
    has them.
    """
    lossy = [h for h in headers if legal_text(h, "LossyImageCompression", report) == "01"]
    ds.LossyImageCompression = "01" if lossy else "00"
    if not lossy:
        return
    for keyword in ("LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        if texts := legal_texts(lossy[0], keyword, report):
            setattr(ds, keyword, texts)
    report(
        Finding(
            "lossy-source",
            "warning",
            f"{len(lossy)} of {len(headers)} CT images were once compressed with loss; the PET "
            "series says so of itself",
        )
    )


def put_slice_numbers(ds: Dataset, k: int) -> None:
    """Number plane k: Image Index grows along the normal (PS3.3 C.8.9.4.1.9), from 1."""
    ds.InstanceNumber = k + 1
    ds.ImageIndex = k + 1


def _derivation(provenance: Provenance) -> str:
    """Return (0008,2111), ST of at most 1024 characters."""
    options = "".join(f", {name}={value}" for name, value in provenance.options)
    return (
        f"Synthetic {provenance.tracer} PET in SUVbw computed from CT by model "
        f"{provenance.model_name} {provenance.model_version} with ctpet "
        f"{provenance.ctpet_version} on {provenance.device} ({provenance.provider}, "
        f"{provenance.precision}{options}). No tracer was administered. Not for diagnosis."
    )[:1024]


def source_image_items(headers: Sequence[Dataset]) -> list[Dataset]:
    """Return an item of Source Image Sequence (0008,2112), PS3.3 C.7.6.1, an instance."""
    items = []
    for header in headers:
        item = Dataset()
        with collected_warnings():
            item.ReferencedSOPClassUID = header.SOPClassUID
            item.ReferencedSOPInstanceUID = header.SOPInstanceUID
        item.PurposeOfReferenceCodeSequence = [SOURCE_IMAGE.item()]
        items.append(item)
    return items


def nearby_sources(headers: Sequence[Dataset], planes: Planes) -> list[NDArray[np.intp]]:
    """Return, for each plane, which CT instances its samples were interpolated from.

    An instance is near if it reaches into the plane's slab widened by one CT slice spacing. The
    model itself looks further; listing the whole series in every slice would outgrow the pixels.
    An instance that does not say where it lies (a multi-frame one) is near every plane.
    """
    normal, origin = planes.normal, planes.volume.geometry.origin_mm
    with collected_warnings():
        reach = np.array([_reach(header, normal, origin) for header in headers])
    low, high = reach.T
    placed = reach[np.isfinite(low)]
    centres = np.unique(np.round(placed.mean(axis=1), 3))
    step = float(np.median(np.diff(centres))) if len(centres) > 1 else 0.0
    spacing = planes.volume.geometry.spacing_mm[0]
    near = []
    for k in range(planes.volume.geometry.shape[0]):
        gap = np.maximum(0.0, np.maximum(low - k * spacing, k * spacing - high))
        near.append(np.flatnonzero(gap <= max(spacing / 2 + step, float(gap.min())) + 1e-3))
    return near


def _reach(
    header: Dataset, normal: NDArray[np.float64], origin: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the stretch of an instance's four corners along the normal, mm from the origin."""
    try:
        first = np.array(header.ImagePositionPatient, np.float64)
        axes = np.array(header.ImageOrientationPatient, np.float64).reshape(2, 3)
        rows_mm, columns_mm = (float(x) for x in header.PixelSpacing)
        along_row = axes[0] @ normal * columns_mm * (int(header.Columns) - 1)
        along_column = axes[1] @ normal * rows_mm * (int(header.Rows) - 1)
        start = float((first - origin) @ normal)
    except (AttributeError, TypeError, ValueError):
        return -np.inf, np.inf
    corners = start + np.array((0, along_row, along_column, along_row + along_column))
    return float(corners.min()), float(corners.max())
