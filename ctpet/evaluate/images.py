"""The PETs of a case: one measured, one predicted."""

from dataclasses import replace
from pathlib import Path

from ctpet.errors import InputRefused
from ctpet.images import Image, read_pet_image
from ctpet.nifti import is_nifti_name, read_nifti

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


def read_reference(path: Path) -> Image:
    """Read a measured PET as SUVbw.

    Raises:
        InputRefused: what the readers refuse; a code of :data:`NO_REFERENCE` or
            ``synthetic-input``: it is no measured PET.
    """
    read = read_pet_image(path)
    for finding in read.findings:
        if finding.code in NO_REFERENCE:
            raise InputRefused(
                finding.code,
                f"The reference is no measured PET: {finding.message.rstrip('.')}",
                remedy="Give the attenuation-corrected PET, and predictions first",
            )
    return read


def read_prediction(path: Path) -> Image:
    """Read a synthetic PET as SUVbw; that it says so is no finding here.

    Raises:
        InputRefused: what the readers refuse.
    """
    if is_nifti_name(path):
        return Image(read_nifti(path, "SUVBW"))
    read = read_pet_image(path)
    findings = tuple(one for one in read.findings if one.code != "synthetic-pet")
    return replace(read, findings=findings)
