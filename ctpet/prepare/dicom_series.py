"""What pairing must know about a DICOM series; light enough to be kept for thousands of studies."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ctpet.dicom.ct_units import not_hu
from ctpet.dicom.discover import Discovery
from ctpet.dicom.frames import frames_of
from ctpet.dicom.grouping import along_normal_mm
from ctpet.dicom.orientation import with_mean_orientation
from ctpet.dicom.select import is_synthetic
from ctpet.dicom.series import DicomFile, SeriesInfo
from ctpet.dicom.suv.kind import NOT_FOR_TRAINING, kind_findings
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.prepare.person import Person


@dataclass(frozen=True, slots=True)
class SeriesSeen:
    """A CT or PET series found under the source; headers have been read and let go.

    Attributes:
        archive: the tar archive it lies in; None: it lies open, or in a zip archive.
        files: of all its images; under a tar archive, relative to its root.
        modality: CT or PT.
        study_uid: (0020,000D).
        series_uid: (0020,000E).
        frame_uids: (0020,0052) of its images, empty ones left out.
        persons: whom its headers name.
        findings: of the discovery, about the files beside it.
        unfit: code of the finding for which it is not to be learned from; empty: none.
        range_mm: first and last plane along the slice normal.
    """

    archive: Path | None
    files: tuple[DicomFile, ...]
    modality: str
    study_uid: str
    series_uid: str
    frame_uids: frozenset[str]
    persons: frozenset[Person]
    findings: tuple[Finding, ...]
    unfit: str
    range_mm: tuple[float, float]

    @property
    def length_mm(self) -> float:
        """From the first to the last plane."""
        return self.range_mm[1] - self.range_mm[0]

    def covered_by_mm(self, other: "SeriesSeen") -> float:
        """Length along the patient that both series have."""
        return max(
            0.0, min(self.range_mm[1], other.range_mm[1]) - max(self.range_mm[0], other.range_mm[0])
        )


def series_seen(discovery: Discovery, *, under: Path | None = None) -> list[SeriesSeen]:
    """Return the CT and PET stacks of a discovery.

    Args:
        discovery: of some files.
        under: the folder that a tar archive was unpacked to, which paths are made relative to.
    """
    return [
        seen_of(series, discovery.findings, under=under)
        for series in discovery.series
        if series.modality in ("CT", "PT")
    ]


def merged(stacks: Iterable[SeriesSeen]) -> list[SeriesSeen]:
    """Put together what belongs to one series, whatever folders it was spread over."""
    whole: dict[tuple[Path | None, str, str, str], SeriesSeen] = {}
    for stack in stacks:
        key = (stack.archive, stack.study_uid, stack.series_uid, stack.modality)
        whole[key] = _joined(whole[key], stack) if key in whole else stack
    return list(whole.values())


def _joined(one: SeriesSeen, other: SeriesSeen) -> SeriesSeen:
    return replace(
        one,
        files=one.files + other.files,
        frame_uids=one.frame_uids | other.frame_uids,
        persons=one.persons | other.persons,
        findings=tuple(dict.fromkeys((*one.findings, *other.findings))),
        unfit=one.unfit or other.unfit,
        range_mm=(
            min(one.range_mm[0], other.range_mm[0]),
            max(one.range_mm[1], other.range_mm[1]),
        ),
    )


def seen_of(
    series: SeriesInfo, beside: tuple[Finding, ...] = (), *, under: Path | None = None
) -> SeriesSeen:
    """Return what pairing must know about one stack; see :func:`series_seen`."""
    frames, _ = with_mean_orientation(frames_of(series))
    places = [along_normal_mm(frame) for frame in frames]
    files = series.files
    if under is not None:
        files = tuple(replace(file, path=file.path.relative_to(under)) for file in files)
    frame_uids = {str(header.get("FrameOfReferenceUID") or "") for header in series.headers}
    return SeriesSeen(
        archive=None,
        files=files,
        modality=series.modality,
        study_uid=series.study_instance_uid,
        series_uid=series.series_instance_uid,
        frame_uids=frozenset(frame_uids - {""}),
        persons=frozenset(Person.of(header) for header in series.headers),
        findings=beside,
        unfit=_unfit(series),
        range_mm=(min(places), max(places)),
    )


def _unfit(series: SeriesInfo) -> str:
    if series.modality == "CT":
        if is_synthetic(series):
            return "synthetic-input"
        return "not-hu" if not_hu(series.headers) else ""
    try:
        codes = {finding.code for finding in kind_findings(series.headers)}
    except InputRefused as refusal:
        return refusal.code
    return min(codes & NOT_FOR_TRAINING, default="")
