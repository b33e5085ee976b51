"""Who and which study: copied from the CT so that the PET series lands beside it."""

from collections.abc import Iterable

from pydicom import Dataset

from ctpet.dicom.codes import Code
from ctpet.dicom.source_text import Report, legal_text, legal_texts, source_uid
from ctpet.errors import InputRefused
from ctpet.findings import Finding

_PRESENT_EVEN_IF_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
)
"""Type 2 of Patient (PS3.3 C.7.1.1) and General Study (C.7.2.1); the sex is a case of its own."""

_WHERE_KNOWN = (
    "IssuerOfPatientID",
    "StudyDescription",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "TimezoneOffsetFromUTC",
)
"""Type 3 of Patient, General Study, Patient Study (C.7.2.2) and SOP Common (C.12.1)."""


def put_patient_and_study(ds: Dataset, source: Dataset, report: Report) -> None:
    """Copy Patient, General Study and Patient Study: PS3.3 C.7.1.1, C.7.2.1 and C.7.2.2.

    Every text becomes Unicode. What is not a legal value is left empty, with a finding: cutting
    it would give the study two values for one attribute. The study's UID is copied as it is, since
    another would be another study. Private attributes are never copied.

    Args:
        ds: the data set to write into, whose character set is ISO_IR 192.
        source: header of one CT instance.
        report: is given the findings.

    Raises:
        InputRefused: ``study-uid-absent``, as the PET series would belong to no study.
    """
    study = source_uid(source, "StudyInstanceUID")
    if not study:
        raise InputRefused(
            "study-uid-absent",
            "The CT has no Study Instance UID (0020,000D), so no series can join its study",
            remedy="Export the study again from its archive.",
        )
    ds.StudyInstanceUID = study
    for keyword in _PRESENT_EVEN_IF_EMPTY:
        setattr(ds, keyword, legal_text(source, keyword, report) or "")
    ds.PatientSex = _sex(source, report)
    for keyword in _WHERE_KNOWN:
        if text := legal_text(source, keyword, report):
            setattr(ds, keyword, text)
    _put_identity_removal(ds, source, report)


def _sex(source: Dataset, report: Report) -> str:
    """Return Patient's Sex where it is one of the standard's values (C.7.1.1)."""
    text = legal_text(source, "PatientSex", report) or ""
    if text in ("", "M", "F", "O"):
        return text
    report(
        Finding(
            "patient-sex-unknown",
            "info",
            "Patient's Sex (0010,0040) of the CT is none of M, F and O; it was left empty",
        )
    )
    return ""


def _put_identity_removal(ds: Dataset, source: Dataset, report: Report) -> None:
    """Say that the identity was removed, and how, where the CT says so (C.7.1.1, C.12.1)."""
    modified = legal_text(source, "LongitudinalTemporalInformationModified", report)
    if modified in ("UNMODIFIED", "MODIFIED", "REMOVED"):
        ds.LongitudinalTemporalInformationModified = modified
    if legal_text(source, "PatientIdentityRemoved", report) != "YES":
        return
    methods = legal_texts(source, "DeidentificationMethod", report)
    codes = _copied_codes(source.get("DeidentificationMethodCodeSequence") or (), report)
    if methods:
        ds.DeidentificationMethod = methods
    if codes:
        ds.DeidentificationMethodCodeSequence = codes
    if methods or codes:
        ds.PatientIdentityRemoved = "YES"


def _copied_codes(items: Iterable[Dataset], report: Report) -> list[Dataset]:
    """Return the complete items of a code sequence, with value, scheme and meaning alone."""
    copied = []
    for item in items:
        texts = [
            legal_text(item, keyword, report)
            for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
        ]
        if all(texts):
            copied.append(Code(*(text or "" for text in texts)).item())
    return copied
