"""Units that are not activity: SUV of some kind already, or a maker's counts: rules 2."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from ctpet.dicom.suv.header import as_number, same_text
from ctpet.dicom.suv.patient_body import read_sex, read_size_m, read_weight_kg
from ctpet.dicom.suv.vendor import (
    PHILIPS_ACTIVITY_FACTOR,
    PHILIPS_SUV_FACTOR,
    VendorElement,
    vendor_values,
)
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

POSSIBLE_BMI = (8.0, 90.0)
"""kg/m² of neonates to the heaviest; beyond it size or weight is wrong."""

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
            ``sex-missing``, ``body-implausible``, ``mixed-headers``, or that weight or size is not
            believed.
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
    if not POSSIBLE_BMI[0] <= weight_kg / size_m**2 <= POSSIBLE_BMI[1]:
        raise _no_body(kind)
    try:
        if units == "CM2ML":
            surface = body_surface_cm2(weight_kg, size_m)
            return suvbw_per_suv_of_surface(weight_kg, surface), "cm2ml-bsa", findings
        sex, sex_findings = read_sex(headers)
        factor = suvbw_per_suv_of_mass(weight_kg, _MASSES[kind](weight_kg, size_m, sex))
    except ValueError as error:
        raise _no_body(kind) from error
    return factor, f"gml-{kind.lower()}", findings + sex_findings + _formula_findings(kind)


def _no_body(kind: str) -> InputRefused:
    return InputRefused(
        "body-implausible",
        f"No {kind or 'BSA'} follows from the patient's weight and size",
        remedy="Check (0010,1030) in kg and (0010,1020) in m, or export the series as SUVbw.",
    )


def philips_factors(headers: Sequence[Dataset]) -> PhilipsFactors:
    """Read Philips' private factors; 0.0 means absent, and so does one slice without."""
    suv, suv_findings = _factors(headers, PHILIPS_SUV_FACTOR)
    activity, activity_findings = _factors(headers, PHILIPS_ACTIVITY_FACTOR)
    return PhilipsFactors(suv, activity, suv_findings + activity_findings)


def _factors(
    headers: Sequence[Dataset], element: VendorElement
) -> tuple[tuple[float, ...] | None, tuple[Finding, ...]]:
    values, findings = vendor_values(headers, element, _positive)
    told = tuple(value for value in values if value is not None)
    return (told if len(told) == len(values) else None), findings


def _positive(value: str, _: Dataset) -> float | None:
    factor = as_number((value,))
    return factor if factor is not None and factor > 0 else None


def _formula_findings(kind: str) -> tuple[Finding, ...]:
    if kind != "LBM":
        return ()
    message = "SUV Type LBM names no formula; James with 1.10 W - 120 (W/H)² for men was undone"
    return (Finding("suv-type-lbm", "warning", message, "Prefer an export as SUVbw."),)
