"""A DICOM series as files and headers, before any pixel is decoded."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset

from ctpet.findings import Finding


@dataclass(frozen=True, slots=True)
class DicomFile:
    """One DICOM file: on disk, or a member of a zip archive."""

    path: Path
    member: str | None = None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open for reading from the first byte."""
        if self.member is None:
            with self.path.open("rb") as file:
                yield file
        else:
            with zipfile.ZipFile(self.path) as archive:
                yield BytesIO(archive.read(self.member))


@dataclass(frozen=True, eq=False)
class SeriesInfo:
    """The instances of one series that belong to one stack; headers only.

    Attributes:
        files: one entry an instance.
        headers: parallel to ``files``; data sets read without pixel data.
        findings: what discovery saw or dropped.
    """

    files: tuple[DicomFile, ...]
    headers: tuple[Dataset, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def first(self) -> Dataset:
        """The header of the first instance; for what all instances share."""
        return self.headers[0]

    @property
    def series_instance_uid(self) -> str:
        """(0020,000E)."""
        return str(self.first.SeriesInstanceUID)

    @property
    def modality(self) -> str:
        """(0008,0060), empty when absent."""
        return str(self.first.get("Modality", ""))
