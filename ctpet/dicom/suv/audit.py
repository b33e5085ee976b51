"""How the numbers of a PET series become SUVbw, and every hint that was weighed for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median

from pydicom import Dataset

from ctpet.dicom.suv.decay_correction import (
    Candidate,
    Decay,
    activity_to_suv,
    plausibility_findings,
)
from ctpet.dicom.suv.header import number, same_text
from ctpet.dicom.suv.kind import kind_findings
from ctpet.dicom.suv.units import normalised_to_suvbw, philips_factors
from ctpet.errors import InputRefused
from ctpet.findings import Finding

_NEEDED = {
    "Units": "Units (0054,1001)",
    "DecayCorrection": "Decay Correction (0054,1102)",
    "PatientWeight": "Patient's Weight (0010,1030)",
    "SeriesTime": "Series Time (0008,0031)",
    "AcquisitionTime": "Acquisition Time (0008,0032)",
    "RadiopharmaceuticalInformationSequence": "Radiopharmaceutical Information (0054,0016)",
}

_ENHANCED_PET = ("1.2.840.10008.5.1.4.1.1.130", "1.2.840.10008.5.1.4.1.1.128.1")


@dataclass(frozen=True, slots=True)
class SuvAudit:
    """The record of one conversion to SUVbw.

    Attributes:
        factors: SUVbw (g/mL) per rescaled unit, parallel to the headers it was made from.
        rule: what decided, such as ``bqml-start-series-time`` or ``gml-bw``.
        candidates: instants that the voxels may stand for, with the factor each would give.
        findings: what was changed or is doubtful.
    """

    factors: tuple[float, ...]
    rule: str
    candidates: tuple[Candidate, ...]
    findings: tuple[Finding, ...]

    @property
    def factor(self) -> float:
        """Return the factor of all slices, or its median where they differ."""
        return self.factors[0] if len(set(self.factors)) == 1 else median(self.factors)

    def to_json(self) -> dict[str, object]:
        """Return the record as a JSON object with factor, rule, candidates and findings."""
        return audit_json(self.factor, self.rule, self.candidates, self.findings)


def audit_json(
    factor: float | None,
    rule: str,
    candidates: Sequence[Candidate],
    findings: Sequence[Finding],
) -> dict[str, object]:
    """Return what `ctpet suv` tells as a JSON object; times are of the scanner's clock."""
    return {
        "factor": factor,
        "rule": rule,
        "candidates": {
            each.name: {"time": _iso(each.time), "factor": each.factor} for each in candidates
        },
        "findings": [finding.to_json() for finding in findings],
    }


def audit_suv(headers: Sequence[Dataset]) -> SuvAudit:
    """Find the factors that turn the rescaled values of a PET series into SUVbw.

    Args:
        headers: of all slices of one series, in any order; a single slice will do.

    Raises:
        InputRefused: with the code and the reason why the series cannot be converted.
    """
    kind = kind_findings(headers)
    units = same_text(headers, "Units")
    if units not in ("GML", "CM2ML", "BQML", "CNTS"):
        raise _unusable_units(headers, units)
    _check_rescale(headers)
    audit = _audit_units(headers, units)
    return replace(audit, findings=_once(kind + audit.findings + _by_slice(audit.factors)))


def _audit_units(headers: Sequence[Dataset], units: str) -> SuvAudit:
    if units in ("GML", "CM2ML"):
        factor, rule, findings = normalised_to_suvbw(headers, units)
        findings += plausibility_findings(headers)
        return SuvAudit((factor,) * len(headers), rule, (), findings)
    if units == "BQML":
        return _audit(activity_to_suv(headers), "bqml")
    return _audit_counts(headers)


def _audit_counts(headers: Sequence[Dataset]) -> SuvAudit:
    """Philips counts: by the maker's own SUV factor, else by its activity factor and decay."""
    philips = philips_factors(headers)
    if philips.suv is None:
        if philips.activity is None:
            unread = "".join(f". {finding.message}" for finding in philips.findings)
            raise InputRefused(
                "philips-factor-missing",
                "Units are CNTS and neither Philips SUV (7053,xx00) nor activity factor"
                f" (7053,xx09) can be read{unread}",
                remedy="Export the series with its private data, or as Bq/mL.",
            )
        decay = activity_to_suv(headers, per_unit_bqml=philips.activity)
        return _audit(decay, "cnts-philips-activity", philips.findings)
    rule = "cnts-philips-suv"
    if philips.activity is None:
        findings = philips.findings + plausibility_findings(headers)
        return SuvAudit(philips.suv, rule, (), findings)
    try:
        decay = activity_to_suv(headers, per_unit_bqml=philips.activity)
    except InputRefused as refusal:  # the maker's SUV factor needs nothing of it
        message = refusal.message + "; the maker's SUV factor does not depend on it"
        told = (Finding(refusal.code, "warning", message),)
        return SuvAudit(philips.suv, rule, (), philips.findings + told)
    return SuvAudit(philips.suv, rule, decay.candidates, philips.findings + decay.findings)


def _audit(decay: Decay, prefix: str, findings: tuple[Finding, ...] = ()) -> SuvAudit:
    rule = f"{prefix}-{decay.rule}"
    return SuvAudit(decay.factors, rule, decay.candidates, findings + decay.findings)


def _check_rescale(headers: Sequence[Dataset]) -> None:
    """Refuse an intercept (PS3.3 C.8.9.4 fixes it at 0) and a slope that scales to nothing."""
    for ds in headers:
        intercept, slope = number(ds, "RescaleIntercept"), number(ds, "RescaleSlope")
        if intercept != 0:
            seen = "missing" if intercept is None else f"{intercept:g}"
            raise InputRefused(
                "pet-intercept",
                f"Rescale Intercept (0028,1052) is {seen}; PET must have 0 in every slice",
                remedy="The scaling of this series was altered; take the PET from its source.",
            )
        if slope is None or slope <= 0:
            seen = "missing" if slope is None else f"{slope:g}"
            raise InputRefused(
                "pet-slope",
                f"Rescale Slope (0028,1053) is {seen}; PET must have a positive one in every slice",
                remedy="Take the PET from its source.",
            )


def _unusable_units(headers: Sequence[Dataset], units: str) -> InputRefused:
    if str(headers[0].get("SOPClassUID", "")) in _ENHANCED_PET:
        return InputRefused(
            "enhanced-pet",
            "The series is Enhanced PET, whose units stand elsewhere than ctpet looks",
            remedy="Export it as classic PET Image Storage.",
        )
    if units:
        return InputRefused(
            "units-unsupported",
            f"Units (0054,1001) are {units[:16]}, which cannot become SUV",
            remedy="Export the series as BQML or GML.",
        )
    missing = [name for keyword, name in _NEEDED.items() if not headers[0].get(keyword)]
    return InputRefused(
        "units-missing",
        f"It cannot be told what the values are; missing or empty: {', '.join(missing)}",
        remedy="Export the header complete; SUV must be computed before de-identification.",
    )


def _by_slice(factors: tuple[float, ...]) -> tuple[Finding, ...]:
    if len(set(factors)) == 1:
        return ()
    message = f"Each slice has its own factor, from {min(factors):.6g} to {max(factors):.6g}"
    return (Finding("factor-by-slice", "info", message),)


def _once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
