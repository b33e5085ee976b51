"""A DICOM series as files and headers, before any pixel is decoded."""

from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from ctpet.dicom.header import whole_number
from ctpet.findings import Finding


@dataclass(frozen=True, slots=True)
class DicomFile:
    """One DICOM file: on disk, or a member of a zip archive.

    :class:`ctpet.dicom.files.FileOpener` opens it.
    """

    path: Path
    member: str | None = None


@dataclass(frozen=True, eq=False)
class SeriesInfo:
    """The instances of one series that belong to one stack; headers only.

    :func:`ctpet.dicom.discover.discover` makes these; it may find several stacks in one series.

    Attributes:
        files: one entry an instance.
        headers: parallel to ``files``; data sets read without pixel data.
        findings: what discovery saw or dropped.
        part: 0 if the whole series is one stack, else the number of this stack, from 1.
        kept: the frames that belong to this stack, as (index into ``headers``, index of the frame
            in its file); None: all of them.
    """

    files: tuple[DicomFile, ...]
    headers: tuple[Dataset, ...]
    findings: tuple[Finding, ...] = ()
    part: int = 0
    kept: frozenset[tuple[int, int]] | None = None

    @property
    def first(self) -> Dataset:
        """The header of the first instance; for what all instances share."""
        return self.headers[0]

    @property
    def series_instance_uid(self) -> str:
        """(0020,000E), empty when absent."""
        return str(self.first.get("SeriesInstanceUID") or "")

    @property
    def study_instance_uid(self) -> str:
        """(0020,000D), empty when absent."""
        return str(self.first.get("StudyInstanceUID") or "")

    @property
    def key(self) -> str:
        """What names this stack on a command line: the series UID, and ``#part`` where split."""
        return f"{self.series_instance_uid}#{self.part}" if self.part else self.series_instance_uid

    @property
    def modality(self) -> str:
        """(0008,0060), empty when absent."""
        return str(self.first.get("Modality") or "")

    @property
    def description(self) -> str:
        """(0008,103E), empty when absent; free text that may hold patient data."""
        return str(self.first.get("SeriesDescription") or "")

    @property
    def frame_count(self) -> int:
        """Number of images: one an instance, or (0028,0008) where that is given."""
        if self.kept is not None:
            return len(self.kept)
        return sum(max(1, whole_number(header, "NumberOfFrames") or 1) for header in self.headers)
