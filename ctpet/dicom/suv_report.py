"""What ``ctpet suv`` tells of a PET: its factor to SUVbw, or why there is none."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ctpet.dicom.check import check_series
from ctpet.dicom.discover import discover
from ctpet.dicom.select_pet import select_pet
from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.suv.audit import audit_json, audit_suv
from ctpet.dicom.suv.decay_correction import Candidate
from ctpet.dicom.suv.kind import kind_findings
from ctpet.errors import InputRefused
from ctpet.findings import Finding


@dataclass(frozen=True, eq=False)
class SuvReport:
    """How a PET becomes SUVbw.

    Attributes:
        factor: SUVbw (g/mL) per rescaled unit; None when refused. Where slices have their own,
            the median, with the finding ``factor-by-slice``.
        rule: what decided; empty when refused.
        candidates: instants the voxels may stand for, with the factor each would give.
        findings: what was changed or is doubtful; the reason of a refusal has severity error.
        series: the PET that was judged, for :func:`ctpet.dicom.read_pet.read_pet`; None when none
            could be chosen.
    """

    factor: float | None
    rule: str
    candidates: tuple[Candidate, ...]
    findings: tuple[Finding, ...]
    series: SeriesInfo | None = None

    @property
    def refused(self) -> bool:
        """Return whether there is no factor."""
        return self.factor is None

    def to_json(self) -> dict[str, object]:
        """Return the report as a JSON object: factor, rule, candidates, findings."""
        return audit_json(self.factor, self.rule, self.candidates, self.findings)

    def text(self) -> str:
        """Return the report as lines for a person."""
        head = "refused" if self.factor is None else f"{self.factor:.8g} SUVbw per rescaled unit"
        lines = [f"factor  {head}"]
        if self.rule:
            lines.append(f"rule    {self.rule}")
        for each in self.candidates:
            gives = "no injection fits" if each.factor is None else f"{each.factor:.8g}"
            lines.append(f"        {each.name}: {each.time:%Y-%m-%d %H:%M:%S}, {gives}")
        for finding in self.findings:
            remedy = f". {finding.remedy}" if finding.remedy else ""
            lines.append(f"{finding.severity:7} {finding.code}: {finding.message}{remedy}")
        return "\n".join(lines)


def suv_report(path: Path, *, series_uid: str | None = None) -> SuvReport:
    """Say how the PET under a path becomes SUVbw; headers only, nothing is decoded.

    Args:
        path: a folder, a zip archive or a single slice.
        series_uid: which PET series, if there are several.

    Returns:
        The report. What is refused is no exception here but a report without a factor, whose
        findings hold the refusal with severity error.
    """
    try:
        series = select_pet(discover(path), series_uid=series_uid)
    except InputRefused as refusal:
        return SuvReport(None, "", (), (_as_finding(refusal),))
    try:
        audit = audit_suv(series.headers)
    except InputRefused as refusal:
        told = series.findings + _kind(series) + (_as_finding(refusal),)
        return SuvReport(None, "", (), told, series)
    findings = series.findings + audit.findings
    findings += _of_the_volume(series, {finding.code for finding in findings})
    return SuvReport(audit.factor, audit.rule, audit.candidates, findings, series)


def with_reading(report: SuvReport, findings: Iterable[Finding]) -> SuvReport:
    """Return a report with what was seen and changed while the volume was read."""
    return replace(report, findings=tuple(dict.fromkeys((*report.findings, *findings))))


def _of_the_volume(series: SeriesInfo, told: set[str]) -> tuple[Finding, ...]:
    """Return what headers tell of the volume: its factor is right, whatever it is refused for."""
    if series.frame_count == 1:
        return ()  # a single slice, of which nobody wants a volume
    return tuple(
        replace(one, severity="warning", message=f"No volume can be read: {one.message}")
        if one.severity == "error"
        else one
        for one in check_series(series)
        if one.code not in told and one.code != "synthetic-input"
    )


def _kind(series: SeriesInfo) -> tuple[Finding, ...]:
    try:
        return kind_findings(series.headers)
    except InputRefused:
        return ()


def _as_finding(refusal: InputRefused) -> Finding:
    return Finding(refusal.code, "error", refusal.message, refusal.remedy)
