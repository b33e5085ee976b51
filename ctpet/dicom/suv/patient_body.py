"""Weight, size and sex of the patient as PET headers give them; nothing is imputed."""

from collections.abc import Sequence

from pydicom import Dataset

from ctpet.dicom.suv.header import same_number, same_text
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import Sex

GRAMS_ABOVE = 1000.0
"""Patient's Weight (0010,1030) above this was written in grams; the standard wants kg."""

CENTIMETRES_ABOVE = 3.0
"""Patient's Size (0010,1020) above this was written in cm; the standard wants m."""


def read_weight_kg(headers: Sequence[Dataset]) -> tuple[float, tuple[Finding, ...]]:
    """Return Patient's Weight (0010,1030) in kg and what was changed.

    Raises:
        InputRefused: ``weight-missing`` or ``mixed-headers``.
    """
    weight = same_number(headers, "PatientWeight")
    if weight is None or weight <= 0:
        raise InputRefused(
            "weight-missing",
            "Patient's Weight (0010,1030) is missing or zero",
            remedy="SUV by body weight needs it; a typical weight is never put in its place.",
        )
    findings: tuple[Finding, ...] = ()
    if weight > GRAMS_ABOVE:
        weight /= 1000.0
        message = "Patient's Weight is above 1000 and was read as grams"
        findings = (Finding("weight-in-grams", "warning", message),)
    if not 2.0 <= weight <= 350.0:
        message = "Patient's Weight is not that of a person"
        findings += (Finding("weight-implausible", "warning", message, "Check (0010,1030)."),)
    return weight, findings


def read_size_m(headers: Sequence[Dataset]) -> tuple[float, tuple[Finding, ...]]:
    """Return Patient's Size (0010,1020) in m and what was changed.

    Raises:
        InputRefused: ``size-missing`` or ``mixed-headers``.
    """
    size = same_number(headers, "PatientSize")
    if size is None or size <= 0:
        raise InputRefused(
            "size-missing",
            "Patient's Size (0010,1020) is missing or zero, and this SUV type needs it",
            remedy="Export the series as Bq/mL or SUVbw.",
        )
    if size <= CENTIMETRES_ABOVE:
        return size, ()
    message = "Patient's Size is above 3 and was read as centimetres"
    return size / 100.0, (Finding("size-in-centimetres", "warning", message),)


def read_sex(headers: Sequence[Dataset]) -> tuple[Sex, tuple[Finding, ...]]:
    """Return Patient's Sex (0010,0040); for O the mean of both formulas will be used.

    Raises:
        InputRefused: ``sex-missing`` or ``mixed-headers``.
    """
    sex = same_text(headers, "PatientSex")
    if sex == "M":
        return "M", ()
    if sex == "F":
        return "F", ()
    if sex == "O":
        message = "Patient's Sex is O: the mean of the male and the female formula was used"
        return "O", (Finding("sex-averaged", "warning", message),)
    raise InputRefused(
        "sex-missing",
        "Patient's Sex (0010,0040) is none of M, F, O, and this SUV type needs it",
        remedy="Export the series as Bq/mL or SUVbw.",
    )
