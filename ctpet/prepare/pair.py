"""A pair of CT and PET before it becomes a case, and where pairs come from."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ctpet.dicom.structures.structure import Structure
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.volume import LabelMap, Volume


@dataclass(frozen=True, eq=False)
class Pair:
    """What one examination gives, each on its own grid in one frame of reference.

    Attributes:
        ct: HU.
        pet: SUVbw.
        lesions: 0 outside; None where the source has none.
        labels: of organs; None where the source has none.
        structures: marked in DICOM, each on a grid of its own.
        findings: what was seen and changed while reading, refusals excepted.
    """

    ct: Volume
    pet: Volume
    lesions: LabelMap | None = None
    labels: LabelMap | None = None
    structures: tuple[Structure, ...] = ()
    findings: tuple[Finding, ...] = ()


class PairSource(Protocol):
    """Where one pair comes from; small, and sent to another process as it is."""

    @property
    def name(self) -> str:
        """What a person knows it by, such as its path; shown, never stored."""

    @property
    def patient(self) -> str:
        """What the source calls the patient; stored as a salted hash only."""

    @property
    def identity(self) -> str:
        """Names the examination; two sources with one identity are the same case."""

    def files(self) -> Iterable[Path]:
        """Return the files that the pair is read from."""

    def load(self) -> Pair:
        """Read the pair.

        Raises:
            InputRefused: CT or PET cannot be trusted.
        """


def stamp_of(source: PairSource) -> str:
    """Return a SHA-256, hex, that changes when a file of the source does.

    It is made of names, sizes and times of change, so that a dataset is resumed without reading
    its sources again.

    Raises:
        InputRefused: ``file-unreadable``: a file is gone.
    """
    digest = hashlib.sha256(source.identity.encode())
    for path in sorted(set(source.files())):
        try:
            seen = path.stat()
        except OSError as error:
            raise InputRefused(
                "file-unreadable",
                f"A file cannot be read ({error.strerror or error})",
                remedy="Give ctpet the right to read every file",
            ) from error
        digest.update(f"\0{path.name}\0{seen.st_size}\0{seen.st_mtime_ns}".encode())
    return digest.hexdigest()
