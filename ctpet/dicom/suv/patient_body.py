"""Weight, size and sex of the patient as PET headers give them; nothing is imputed."""

import re
from collections.abc import Sequence

from pydicom import Dataset

from ctpet.dicom.suv.header import number, same_number, same_text, text
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import Sex

GRAMS_ABOVE = 1000.0
"""Patient's Weight (0010,1030) above this was written in grams; the standard wants kg."""

CENTIMETRES_ABOVE = 3.0
"""Patient's Size (0010,1020) above this was written in cm; the standard wants m."""

BELIEVED_KG = (2.0, 350.0)
"""From a small neonate to more than the table of any scanner bears."""

GROWN_YEARS, LEAST_GROWN_KG = (18.0, 120.0), 20.0

POSSIBLE_SIZE_M = (0.3, 2.5)

BELIEVED_SIZE_M = (1.4, 2.3)
"""Sizes by which a weight is judged: below them are children, and inches or feet by mistake."""

BELIEVED_BMI = (9.0, 60.0)
"""kg/m². Beyond it a weight in pounds is likelier than such a patient."""

_AGE = re.compile(r"(\d{1,3})([DWMY])")
_PER_YEAR = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}


def read_weight_kg(headers: Sequence[Dataset]) -> tuple[float, tuple[Finding, ...]]:
    """Return Patient's Weight (0010,1030) in kg and what was changed.

    Raises:
        InputRefused: ``weight-missing``, ``weight-implausible`` or ``mixed-headers``.
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
    _refuse_disbelieved(headers[0], weight)
    return weight, findings


def _refuse_disbelieved(ds: Dataset, weight_kg: float) -> None:
    """Refuse a weight of nobody, of no grown person of that age, or beyond reason for the size."""
    least, most = BELIEVED_KG
    age, size = _age_years(ds), number(ds, "PatientSize")
    grown = age is not None and GROWN_YEARS[0] <= age <= GROWN_YEARS[1]
    if not (LEAST_GROWN_KG if grown else least) <= weight_kg <= most:
        raise _disbelieved("is not that of a grown person" if grown else "is not that of a person")
    size_m = size / 100.0 if size is not None and size > CENTIMETRES_ABOVE else size
    if size_m is not None and BELIEVED_SIZE_M[0] <= size_m <= BELIEVED_SIZE_M[1]:
        thinnest, fattest = BELIEVED_BMI
        if not thinnest <= weight_kg / size_m**2 <= fattest:
            raise _disbelieved("does not go with Patient's Size (0010,1020)")


def _disbelieved(why: str) -> InputRefused:
    return InputRefused(
        "weight-implausible",
        f"Patient's Weight (0010,1030) {why}",
        remedy="Write it in kg, not in pounds, stones, tonnes or a placeholder such as 999.",
    )


def _age_years(ds: Dataset) -> float | None:
    """Return Patient's Age (0010,1010) in years, None where absent or unreadable."""
    found = _AGE.fullmatch(text(ds, "PatientAge").upper())
    return int(found.group(1)) / _PER_YEAR[found.group(2)] if found else None


def read_size_m(headers: Sequence[Dataset]) -> tuple[float, tuple[Finding, ...]]:
    """Return Patient's Size (0010,1020) in m and what was changed.

    Raises:
        InputRefused: ``size-missing``, ``size-implausible`` or ``mixed-headers``.
    """
    size = same_number(headers, "PatientSize")
    if size is None or size <= 0:
        raise InputRefused(
            "size-missing",
            "Patient's Size (0010,1020) is missing or zero, and this SUV type needs it",
            remedy="Export the series as Bq/mL or SUVbw.",
        )
    findings: tuple[Finding, ...] = ()
    if size > CENTIMETRES_ABOVE:
        size /= 100.0
        message = "Patient's Size is above 3 and was read as centimetres"
        findings = (Finding("size-in-centimetres", "warning", message),)
    if not POSSIBLE_SIZE_M[0] <= size <= POSSIBLE_SIZE_M[1]:
        raise InputRefused(
            "size-implausible",
            "Patient's Size (0010,1020) is not that of a person, and this SUV type needs it",
            remedy="Write it in m, not in feet, inches or mm, or export the series as SUVbw.",
        )
    return size, findings


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
