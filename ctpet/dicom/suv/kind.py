"""Series that call themselves PT and are not plain attenuation-corrected FDG-PET: rule 7.

These are findings and no refusals: their numbers may be right, but training preparation leaves
such series out unless told otherwise (:data:`NOT_FOR_TRAINING`).
"""

import re
from collections.abc import Sequence

from pydicom import Dataset

from ctpet.dicom.suv.header import number, text, texts
from ctpet.dicom.suv.tracer import SINGLE_PHOTON_EMITTERS, injection_item, nuclide, tracer_findings
from ctpet.errors import InputRefused
from ctpet.findings import Finding

NOT_FOR_TRAINING = frozenset(
    {
        "attenuation-correction-unknown",
        "not-attenuation-corrected",
        "projection",
        "spect-coded-as-pt",
        "synthetic-pet",
        "tracer-not-fdg",
        "tracer-unknown",
        "transmission",
    }
)
"""Codes of findings that stop training preparation unless the user says otherwise."""

_PROJECTION = re.compile(r"(?<![A-Za-z])(?:r?mip|maximum intensity|projections?)(?![A-Za-z])", re.I)
_SPECT = re.compile(r"(?<![A-Za-z])spe[ck]t(?![A-Za-z])", re.IGNORECASE)
_NM_STORAGE = "1.2.840.10008.5.1.4.1.1.20"
_PHOTON_COLLIMATORS = frozenset({"PARA", "PINH", "FANB", "CONE", "SLNT", "ASTG", "DIVG"})


def kind_findings(headers: Sequence[Dataset]) -> tuple[Finding, ...]:
    """Return what makes a series unfit for training though its header may scale to SUV.

    Args:
        headers: of all slices.

    Raises:
        InputRefused: ``colour-image``: colours of a fusion are no measurement.
    """
    refuse_colour(headers)
    first = headers[0]
    found = (
        _projection(first),
        _transmission(first),
        _attenuation(first),
        _spect(first),
        _synthetic(headers),
    )
    told = tuple(finding for finding in found if finding is not None)
    if any(finding.code == "spect-coded-as-pt" for finding in told):
        return told
    return told + tracer_findings(first)


def refuse_colour(headers: Sequence[Dataset]) -> None:
    """Refuse a series whose pixels are colours.

    Raises:
        InputRefused: ``colour-image``.
    """
    for ds in headers:
        photometric = text(ds, "PhotometricInterpretation").upper()
        samples = number(ds, "SamplesPerPixel")
        if samples not in (None, 1.0) or photometric not in ("", "MONOCHROME1", "MONOCHROME2"):
            raise InputRefused(
                "colour-image",
                f"The series holds colours ({photometric[:16]}), as a fusion does, no values",
                remedy="Choose the original PET series of the study.",
            )


def _synthetic(headers: Sequence[Dataset]) -> Finding | None:
    """Synthetic Data (0008,001C), which all of ctpet's own output carries."""
    if not any(text(ds, "SyntheticData").upper() == "YES" for ds in headers):
        return None
    message = "The series is synthetic, not measured"
    return Finding("synthetic-pet", "warning", message, "Do not train on it.")


def _projection(ds: Dataset) -> Finding | None:
    """A MIP: Series Type REPROJECTION (PS3.3 C.8.9.1.1.1), Image Type, or its description."""
    kinds = {value.upper() for value in texts(ds, "SeriesType")}
    words = (*texts(ds, "ImageType"), text(ds, "SeriesDescription"))
    if "REPROJECTION" not in kinds and not any(_PROJECTION.search(word) for word in words):
        return None
    message = "The series is a projection (MIP), not a stack of slices"
    return Finding("projection", "warning", message, "Choose the original PET series.")


def _transmission(ds: Dataset) -> Finding | None:
    if text(ds, "CountsSource").upper() != "TRANSMISSION":
        return None
    message = "Counts Source is TRANSMISSION: an attenuation map, not uptake"
    return Finding("transmission", "warning", message, "Choose the emission series.")


def _attenuation(ds: Dataset) -> Finding | None:
    """Whether Corrected Image (0028,0051) lists ATTN; where it is silent, the method's name."""
    flags = {value.upper() for value in texts(ds, "CorrectedImage")}
    if "ATTN" in flags:
        return None
    method = text(ds, "AttenuationCorrectionMethod").upper()
    if not flags and method and not method.startswith("NONE"):
        return None
    if flags or method:
        message = "The series is not corrected for attenuation"
        return Finding("not-attenuation-corrected", "warning", message, "Choose the AC series.")
    message = "The header does not say whether attenuation was corrected"
    return Finding("attenuation-correction-unknown", "warning", message, "Check the series.")


def _spect(ds: Dataset) -> Finding | None:
    """Single-photon nuclide, collimator, storage class or name under Modality PT."""
    item = injection_item(ds)
    isotope = nuclide(item) if item is not None else None
    signs = (
        isotope in SINGLE_PHOTON_EMITTERS.values(),
        text(ds, "CollimatorType").upper() in _PHOTON_COLLIMATORS,
        text(ds, "SOPClassUID") == _NM_STORAGE,
        bool(_SPECT.search(text(ds, "SeriesDescription"))),
    )
    if not any(signs):
        return None
    message = "The series is coded as PT but bears signs of SPECT"
    return Finding("spect-coded-as-pt", "warning", message, "Choose a PET series.")
