"""Units that are not activity: SUV of some kind already, or a maker's counts: rules 2."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from ctpet.dicom.suv.header import orphan_number, private_number, same_text, text
from ctpet.dicom.suv.patient_body import read_sex, read_size_m, read_weight_kg
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import (
    Sex,
    body_surface_cm2,
    ideal_weight_kg,
    lean_mass_james120_kg,
    lean_mass_james128_kg,
    lean_mass_janmahasatian_kg,
    suvbw_per_suv_of_mass,
    suvbw_per_suv_of_surface,
)

PHILIPS_CREATOR = "Philips PET Private Group"
_PHILIPS_GROUP, _SUV_FACTOR, _ACTIVITY_FACTOR = 0x7053, 0x00, 0x09

_MASSES: dict[str, Callable[[float, float, Sex], float]] = {
    "LBM": lean_mass_james120_kg,
    "LBMJAMES128": lean_mass_james128_kg,
    "LBMJANMA": lean_mass_janmahasatian_kg,
    "IBW": lambda _weight_kg, size_m, sex: ideal_weight_kg(size_m, sex),
}


@dataclass(frozen=True, slots=True)
class PhilipsFactors:
    """Philips' private factors, parallel to the headers; None where a slice has none.

    Attributes:
        suv: (7053,xx00), SUVbw per rescaled count.
        activity: (7053,xx09), Bq/mL per rescaled count.
        findings: how they were found.
    """

    suv: tuple[float, ...] | None
    activity: tuple[float, ...] | None
    findings: tuple[Finding, ...] = ()


def normalised_to_suvbw(
    headers: Sequence[Dataset], units: str
) -> tuple[float, str, tuple[Finding, ...]]:
    """Return the factor to SUVbw of values that are SUV already, the rule and findings.

    SUV Type (0054,1006), PS3.3 C.8.9.1: absent means BW for GML and BSA for CM2ML.

    Args:
        headers: of all slices.
        units: ``GML`` or ``CM2ML``.

    Raises:
        InputRefused: ``suv-type-unsupported``, ``weight-missing``, ``size-missing``,
            ``sex-missing``, ``body-implausible`` or ``mixed-headers``.
    """
    kind = same_text(headers, "SUVType")
    if units == "GML" and kind in ("", "BW"):
        return 1.0, "gml-bw", ()
    if (units == "GML" and kind not in _MASSES) or (units == "CM2ML" and kind not in ("", "BSA")):
        raise InputRefused(
            "suv-type-unsupported",
            f"SUV Type (0054,1006) is {kind[:16]}, which does not go with Units {units}",
            remedy="Export the series as SUVbw or Bq/mL.",
        )
    weight_kg, findings = read_weight_kg(headers)
    size_m, size_findings = read_size_m(headers)
    findings += size_findings
    try:
        if units == "CM2ML":
            surface = body_surface_cm2(weight_kg, size_m)
            return suvbw_per_suv_of_surface(weight_kg, surface), "cm2ml-bsa", findings
        sex, sex_findings = read_sex(headers)
        factor = suvbw_per_suv_of_mass(weight_kg, _MASSES[kind](weight_kg, size_m, sex))
    except ValueError as error:
        raise InputRefused(
            "body-implausible",
            f"No {kind or 'BSA'} follows from the patient's weight and size",
            remedy="Check (0010,1030) and (0010,1020), or export the series as SUVbw.",
        ) from error
    return factor, f"gml-{kind.lower()}", findings + sex_findings + _formula_findings(kind)


def philips_factors(headers: Sequence[Dataset]) -> PhilipsFactors:
    """Read Philips' private factors; 0.0 means absent, and so does one slice without."""
    suv, suv_orphan = _philips(headers, _SUV_FACTOR)
    activity, activity_orphan = _philips(headers, _ACTIVITY_FACTOR)
    findings: tuple[Finding, ...] = ()
    if suv_orphan or activity_orphan:
        message = f"Philips' factor was found without its private creator '{PHILIPS_CREATOR}'"
        findings = (Finding("private-creator-missing", "warning", message),)
    return PhilipsFactors(suv, activity, findings)


def _philips(headers: Sequence[Dataset], element: int) -> tuple[tuple[float, ...] | None, bool]:
    """Return one factor a slice, and whether any was found without its creator."""
    values: list[float] = []
    orphan = False
    for ds in headers:
        value = private_number(ds, _PHILIPS_GROUP, PHILIPS_CREATOR, element)
        if value is None and "PHILIPS" in text(ds, "Manufacturer").upper():
            value = orphan_number(ds, _PHILIPS_GROUP, element)
            orphan = orphan or bool(value)
        if value is None or value <= 0:
            return None, False
        values.append(value)
    return tuple(values), orphan


def _formula_findings(kind: str) -> tuple[Finding, ...]:
    if kind != "LBM":
        return ()
    message = "SUV Type LBM names no formula; James with 1.10 W - 120 (W/H)² for men was undone"
    return (Finding("suv-type-lbm", "warning", message, "Prefer an export as SUVbw."),)
