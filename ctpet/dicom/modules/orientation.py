"""How the patient lay, as the codes that PET wants in place of Patient Position."""

from pydicom import Dataset

from ctpet.dicom.codes import (
    ANTERIOR_FIRST,
    FEET_FIRST,
    HEADFIRST,
    LEFT_FIRST,
    LEFT_LATERAL_DECUBITUS,
    POSTERIOR_FIRST,
    PRONE,
    RECUMBENT,
    RIGHT_FIRST,
    RIGHT_LATERAL_DECUBITUS,
    SUPINE,
    Code,
)
from ctpet.dicom.source_text import Report, source_text
from ctpet.findings import Finding

_ENTRANCES = {
    "HF": HEADFIRST,
    "FF": FEET_FIRST,
    "LF": LEFT_FIRST,
    "RF": RIGHT_FIRST,
    "AF": ANTERIOR_FIRST,
    "PF": POSTERIOR_FIRST,
}
_POSTURES = {
    "S": SUPINE,
    "P": PRONE,
    "DR": RIGHT_LATERAL_DECUBITUS,
    "DL": LEFT_LATERAL_DECUBITUS,
}


def orientation_codes(patient_position: str) -> tuple[Code, Code] | None:
    """Return posture (CID 20) and entrance (CID 21) of a Patient Position (0018,5100).

    The defined terms are those of PS3.3 C.7.3.1.1.2, such as ``HFS``; None for anything else.
    """
    posture = _POSTURES.get(patient_position[2:])
    entrance = _ENTRANCES.get(patient_position[:2])
    return (posture, entrance) if posture and entrance else None


def put_orientation(ds: Dataset, source: Dataset, report: Report) -> None:
    """Write the NM/PET Patient Orientation module, PS3.3 C.8.4.6, from the CT's position.

    Where it is unknown the type 2 sequences stay empty, with a ``patient-position`` finding.
    Patient Position itself is not written: PS3.3 C.7.3.1 forbids it beside these codes.
    """
    position = source_text(source, "PatientPosition", report) or ""
    codes = orientation_codes(position)
    if codes is None:
        ds.PatientOrientationCodeSequence = []
        ds.PatientGantryRelationshipCodeSequence = []
        report(
            Finding(
                "patient-position",
                "info",
                "Patient Position (0018,5100) of the CT is absent or not a term of the standard; "
                "the PET series does not say how the patient lay",
            )
        )
        return
    posture, entrance = codes
    orientation = RECUMBENT.item()
    orientation.PatientOrientationModifierCodeSequence = [posture.item()]
    ds.PatientOrientationCodeSequence = [orientation]
    ds.PatientGantryRelationshipCodeSequence = [entrance.item()]
