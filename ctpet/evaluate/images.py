"""One image of a case, from NIfTI or DICOM, and whose it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ctpet.dicom.discover import Discovery, discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.select import select_ct
from ctpet.dicom.select_pet import select_pet
from ctpet.dicom.series import SeriesInfo
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.nifti import is_nifti_name, read_nifti, read_nifti_ct, read_nifti_pet
from ctpet.volume import Volume

NO_REFERENCE = frozenset(
    {
        "not-attenuation-corrected",
        "projection",
        "spect-coded-as-pt",
        "synthetic-pet",
        "tracer-not-fdg",
        "transmission",
    }
)
"""Codes of findings with which a series is no measured PET to be scored against."""


@dataclass(frozen=True, eq=False)
class Image:
    """A volume and what its headers say.

    Attributes:
        volume: HU or SUVBW.
        patient_id: (0010,0020); empty for NIfTI. It stays in memory.
        findings: what was seen or changed while reading.
    """

    volume: Volume
    patient_id: str = ""
    findings: tuple[Finding, ...] = ()


def read_reference(path: Path) -> Image:
    """Read a measured PET as SUVbw.

    Raises:
        InputRefused: what the readers refuse; a code of :data:`NO_REFERENCE` or
            ``synthetic-input``: it is no measured PET.
    """
    if is_nifti_name(path):
        return Image(read_nifti_pet(path))
    read = read_prediction(path)
    for finding in read.findings:
        if finding.code in NO_REFERENCE:
            raise InputRefused(
                finding.code,
                f"The reference is no measured PET: {finding.message.rstrip('.')}",
                remedy="Give the attenuation-corrected PET, and predictions first",
            )
    return read


def read_prediction(path: Path) -> Image:
    """Read a synthetic PET as SUVbw.

    Raises:
        InputRefused: what the readers refuse.
    """
    if is_nifti_name(path):
        return Image(read_nifti(path, "SUVBW"))
    series = _chosen(select_pet, path)
    reading = read_pet(series)
    return Image(reading.volume, _patient(series.first), reading.findings)


def read_ct_image(path: Path) -> Image:
    """Read a CT as HU.

    Raises:
        InputRefused: what the readers refuse.
    """
    if is_nifti_name(path):
        return Image(read_nifti_ct(path))
    series = _chosen(select_ct, path)
    reading = read_ct(series)
    return Image(reading.volume, _patient(series.first), reading.findings)


def _chosen(select: Callable[[Discovery], SeriesInfo], path: Path) -> SeriesInfo:
    """Choose the series under a path; a refusal names no UID, as it may stand in a report.

    Raises:
        InputRefused: what the selection refuses.
    """
    try:
        return select(discover(path))
    except InputRefused as refusal:
        if refusal.code != "several-series":
            raise
        raise InputRefused(
            refusal.code,
            refusal.message.partition(":")[0],
            remedy="Put the one that is meant into a folder of its own; `ctpet scan` lists them",
        ) from refusal


def _patient(header: object) -> str:
    return str(getattr(header, "PatientID", None) or "").strip()
