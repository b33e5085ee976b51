"""Read a measured PET series as SUVbw."""

from dataclasses import dataclass

from pydicom import Dataset

from ctpet.dicom.check import header_findings
from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.stack import load_stack, refuse_errors
from ctpet.dicom.suv.activity_balance import judge_activity
from ctpet.dicom.suv.audit import SuvAudit, audit_suv
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.progress import Progress, silent
from ctpet.volume import Volume

_OF_SOURCES = {"uid-missing"}
"""Findings that matter to images which something is made from that must name them."""

_NOT_OF_A_BODY = {"projection", "synthetic-pet", "transmission"}
"""Findings of images whose sum is no activity in a body."""


@dataclass(frozen=True, eq=False)
class PetReading:
    """A PET in SUVbw, and how it came to be that.

    Attributes:
        volume: SUVBW, g/mL, float32 (k, j, i).
        audit: the factors and what was weighed for them; its ``factors`` are parallel to the
            headers of the series.
        findings: of discovery, of the audit, of the pixels and of the activity they hold.
    """

    volume: Volume
    audit: SuvAudit
    findings: tuple[Finding, ...]


def read_pet(series: SeriesInfo, *, progress: Progress = silent) -> PetReading:
    """Read a PET series and convert it to SUVbw, slice by slice.

    Every slice is rescaled by its own Rescale Slope (0028,1053), then multiplied by its own
    factor of :func:`ctpet.dicom.suv.audit.audit_suv`. Series that ctpet made itself are read, too.

    Args:
        series: from :func:`ctpet.dicom.discover.discover`.
        progress: called with the stage ``"read"``.

    Raises:
        InputRefused: ``not-pet``; ``several-patients``, ``transfer-syntax-unsupported``; those of
            :func:`ctpet.dicom.suv.audit.audit_suv`, of
            :func:`ctpet.dicom.stack.load_stack` and of
            :func:`ctpet.dicom.suv.activity_balance.judge_activity`.
    """
    if series.modality != "PT":
        raise InputRefused(
            "not-pet",
            f"Series {series.key} is {series.modality or 'of no modality'}, not PT",
            remedy="Choose a PET series; `ctpet scan` lists them.",
        )
    audit = audit_suv(series.headers)
    codes = {finding.code for finding in audit.findings}
    of_headers = [one for one in header_findings(series) if one.code not in codes | _OF_SOURCES]
    refuse_errors(of_headers)
    factors = {id(ds): f for ds, f in zip(series.headers, audit.factors, strict=True)}

    def to_suvbw(header: Dataset) -> float:
        return factors[id(header)]

    stack = load_stack(series, quantity="SUVBW", scale=to_suvbw, progress=progress)
    findings = series.findings + audit.findings + tuple(of_headers) + stack.findings
    if _NOT_OF_A_BODY.isdisjoint(finding.code for finding in audit.findings):
        findings += judge_activity(stack.volume, series.headers)
    return PetReading(stack.volume, audit, findings)
