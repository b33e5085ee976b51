"""What among a study's images is no slice of a stack, and how to get the slices instead."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from ctpet.dicom.ct_units import image_words
from ctpet.dicom.frames import frame_count
from ctpet.dicom.grouping import Instance
from ctpet.dicom.header import has_matrix, whole_number
from ctpet.findings import Finding

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_LOCALIZER = r"LOCALI[ZS]ER|SCOUT|TOPOGRAM|SURVIEW|SCANOGRAM"
_PAGE = r"SCREEN.?(SAVE|SHOT|CAPTURE)|DOSE.?(INFO|REPORT|RECORD)?|CT.SOM\d+ PROT.*"

LEFT_OUT: Mapping[str, Finding] = MappingProxyType(
    {
        finding.code: finding
        for finding in (
            Finding("localizer", "info", "localizer images were left out"),
            Finding(
                "secondary-capture",
                "info",
                "secondary captures were left out",
                "Export the original CT images (CT Image Storage or Enhanced CT Image Storage) "
                "from the scanner or archive, or convert the volume to NIfTI in Hounsfield units; "
                "a Secondary Capture is a copy for display whose geometry and units nobody vouches "
                "for",
            ),
            Finding("not-image", "info", "DICOM objects without an image are no slices"),
            Finding("colour", "info", "colour images were left out"),
            Finding("page", "info", "screen saves and dose reports were left out"),
            Finding(
                "unplaced",
                "info",
                "derived images without a place in the patient were left out",
                "Export the original CT images with their ImagePositionPatient (0020,0032) and "
                "ImageOrientationPatient (0020,0037)",
            ),
        )
    }
)
"""Why images are left out; the code says it of one, the message of a number of them."""


def left_out(instances: list[Instance]) -> list[str]:
    """Say of each instance why it is no slice of a stack; empty if it may be one.

    Returns:
        Codes of :data:`LEFT_OUT`: ``not-image``, ``secondary-capture`` (PS3.4 B.5: the SOP class
        and its multi-frame kin), ``localizer`` and ``page`` (by ImageType, PS3.3 C.8.2.1.1.1),
        ``colour``, or ``unplaced``: without position or orientation, and either derived,
        secondary, or of another matrix than the placed images of its series. An original image
        without a place stays, as it may be a slice that is lost.
    """
    reasons = [_by_kind(one) for one in instances]
    matrices: dict[str, set[tuple[int, int]]] = {}
    for one, reason in zip(instances, reasons, strict=True):
        if not reason and _is_placed(one):
            matrices.setdefault(_series_uid(one), set()).add(_matrix(one))
    return [
        reason or ("unplaced" if _is_unplaced(one, matrices.get(_series_uid(one), set())) else "")
        for one, reason in zip(instances, reasons, strict=True)
    ]


def _by_kind(one: Instance) -> str:
    sop_class = str(one.header.get("SOPClassUID") or "")
    words = image_words(one.header)
    if not has_matrix(one.header):
        return "not-image"
    if sop_class == _SECONDARY_CAPTURE or sop_class.startswith(_SECONDARY_CAPTURE + "."):
        return "secondary-capture"
    for code, pattern in (("localizer", _LOCALIZER), ("page", _PAGE)):
        if any(re.fullmatch(pattern, word.upper()) for word in words):
            return code
    if whole_number(one.header, "SamplesPerPixel") not in {1, None}:
        return "colour"
    return ""


def _is_unplaced(one: Instance, matrices: set[tuple[int, int]]) -> bool:
    if _is_placed(one) or frame_count(one.header) > 1:
        return False
    derived = bool({"DERIVED", "SECONDARY"} & {word.upper() for word in image_words(one.header)})
    return derived or "ConversionType" in one.header or bool(matrices - {_matrix(one)})


def _is_placed(one: Instance) -> bool:
    return one.frame.position_mm is not None and one.frame.orientation is not None


def _matrix(one: Instance) -> tuple[int, int]:
    rows, columns = (whole_number(one.header, keyword) or 0 for keyword in ("Rows", "Columns"))
    return rows, columns


def _series_uid(one: Instance) -> str:
    return str(one.header.get("SeriesInstanceUID") or "")
