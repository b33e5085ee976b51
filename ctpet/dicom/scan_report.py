"""What `ctpet scan` tells of a folder: its series, and what is wrong with each."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ctpet.dicom.check import check_series
from ctpet.dicom.discover import Discovery, discover
from ctpet.dicom.frames import instance_frames
from ctpet.dicom.header import whole_number
from ctpet.dicom.select import is_ct
from ctpet.dicom.series import SeriesInfo
from ctpet.findings import Finding
from ctpet.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """One stack of images.

    Attributes:
        key: what `--series` takes: the SeriesInstanceUID, and `#n` where a series was split.
        modality: (0008,0060).
        description: (0008,103E), for the screen; it may hold what somebody typed.
        images: number of slices.
        rows: of an image.
        columns: of an image.
        spacing_mm: between rows, between columns; empty when absent.
        slice_thickness_mm: None when absent.
        usable: whether `ctpet synthesize` takes it.
        findings: what was seen; severity ``error`` is what it is refused for.
    """

    key: str
    modality: str
    description: str
    images: int
    rows: int
    columns: int
    spacing_mm: tuple[float, ...]
    slice_thickness_mm: float | None
    usable: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ScanReport:
    """Everything under a path.

    Attributes:
        series: stacks of images.
        dropped: what is no stack of slices: localizers, secondary captures, reports.
        unreadable: number of files that begin as DICOM and cannot be parsed.
        other_files: number of files that are not DICOM.
        findings: about the whole.
    """

    series: tuple[SeriesReport, ...]
    dropped: tuple[SeriesReport, ...]
    unreadable: int
    other_files: int
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return asdict(self)


def scan_report(path: Path, *, progress: Progress = silent) -> ScanReport:
    """Report every series under a folder, in a zip archive or in a file; headers only.

    Raises:
        InputRefused: if there is no such path, or an archive that cannot be read.
    """
    found: Discovery = discover(path, progress=progress)
    return ScanReport(
        series=tuple(_judge(one) for one in found.series),
        dropped=tuple(_describe(one, one.findings, usable=False) for one in found.dropped),
        unreadable=len(found.unreadable),
        other_files=found.other_count,
        findings=found.findings,
    )


def _judge(series: SeriesInfo) -> SeriesReport:
    findings = tuple(check_series(series))
    refused = any(finding.severity == "error" for finding in findings)
    return _describe(series, findings, usable=is_ct(series) and not refused)


def _describe(series: SeriesInfo, findings: tuple[Finding, ...], *, usable: bool) -> SeriesReport:
    first = next(instance_frames(series.first))
    return SeriesReport(
        key=series.key,
        modality=series.modality,
        description=series.description,
        images=series.frame_count,
        rows=whole_number(series.first, "Rows") or 0,
        columns=whole_number(series.first, "Columns") or 0,
        spacing_mm=first.spacing_mm or (),
        slice_thickness_mm=first.thickness_mm,
        usable=usable,
        findings=findings,
    )
