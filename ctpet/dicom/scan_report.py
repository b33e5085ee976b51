"""What `ctpet scan` tells of a folder: its series, and what is wrong with each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ctpet.dicom.check import check_series
from ctpet.dicom.discover import Discovery, discover
from ctpet.dicom.frames import instance_frames
from ctpet.dicom.header import whole_number
from ctpet.dicom.select import is_ct, patient_count
from ctpet.dicom.series import DicomFile, SeriesInfo
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """One stack of images.

    Attributes:
        key: what `--series` takes: the SeriesInstanceUID, and `#n` where a series was split.
        modality: (0008,0060).
        study: number of its study in this report, from 1.
        number: (0020,0011) as text, empty when absent.
        description: (0008,103E), for the screen; it may hold what somebody typed.
        kernel: (0018,1210), empty when absent.
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
    study: int
    number: str
    description: str
    kernel: str
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
        patients: how many different ones the series belong to.
        unreadable: files that begin as DICOM and cannot be parsed, relative to the path.
        lost: files that should be slices and hold none, and links that lead nowhere, likewise.
        other_files: number of files that are not DICOM.
        findings: about the whole.
    """

    series: tuple[SeriesReport, ...]
    dropped: tuple[SeriesReport, ...]
    patients: int
    unreadable: tuple[str, ...]
    lost: tuple[str, ...]
    other_files: int
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return asdict(self)


def scan_report(path: Path, *, progress: Progress = silent) -> ScanReport:
    """Report every series under a folder, in a zip archive or in a file; headers only.

    Raises:
        InputRefused: if there is no such path, an archive or file that cannot be read, or if
            there is nothing to list, as in a NIfTI file.
    """
    if path.name.lower().endswith((".nii", ".nii.gz")):
        raise InputRefused(
            "not-dicom",
            f"{path.name} is a NIfTI file, and `ctpet scan` lists DICOM",
            remedy="A NIfTI CT needs no choice: give it to `ctpet synthesize`",
        )
    found: Discovery = discover(path, progress=progress)
    if not (found.series or found.dropped or found.unreadable or found.lost):
        raise InputRefused(
            "no-dicom",
            f"No DICOM image lies at {path}; files that are not DICOM: {found.other_count}",
            remedy="Give the folder of a study",
        )
    studies = list(dict.fromkeys(s.study_instance_uid for s in (*found.series, *found.dropped)))
    number = {uid: n for n, uid in enumerate(studies, start=1)}
    return ScanReport(
        series=tuple(_judge(one, number) for one in found.series),
        dropped=tuple(_describe(one, number, one.findings, usable=False) for one in found.dropped),
        patients=patient_count(header for one in found.series for header in one.headers),
        unreadable=tuple(_relative(file, path) for file in found.unreadable),
        lost=tuple(_relative(file, path) for file in found.lost),
        other_files=found.other_count,
        findings=found.findings,
    )


def _relative(file: DicomFile, root: Path) -> str:
    if file.member is not None:
        return file.member
    return file.path.name if file.path == root else file.path.relative_to(root).as_posix()


def _judge(series: SeriesInfo, number: Mapping[str, int]) -> SeriesReport:
    findings = tuple(check_series(series))
    refused = any(finding.severity == "error" for finding in findings)
    return _describe(series, number, findings, usable=is_ct(series) and not refused)


def _describe(
    series: SeriesInfo, number: Mapping[str, int], findings: tuple[Finding, ...], *, usable: bool
) -> SeriesReport:
    first = next(instance_frames(series.first))
    return SeriesReport(
        key=series.key,
        modality=series.modality,
        study=number[series.study_instance_uid],
        number=str(series.first.get("SeriesNumber") or ""),
        description=series.description,
        kernel=str(series.first.get("ConvolutionKernel") or ""),
        images=series.frame_count,
        rows=whole_number(series.first, "Rows") or 0,
        columns=whole_number(series.first, "Columns") or 0,
        spacing_mm=first.spacing_mm or (),
        slice_thickness_mm=first.thickness_mm,
        usable=usable,
        findings=findings,
    )
