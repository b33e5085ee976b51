"""A pair of CT and PET before it becomes a case, and where pairs come from."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
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


@dataclass(frozen=True, eq=False)
class Glimpse:
    """What can be read of a pair that is refused, each image by itself.

    Attributes:
        ct: HU; None if it cannot be read.
        pet: SUVbw; None if it cannot be read.
    """

    ct: Volume | None
    pet: Volume | None

    @classmethod
    def of(cls, ct: Callable[[], Volume], pet: Callable[[], Volume]) -> "Glimpse":
        """Read both, and go on without what cannot be read."""
        return cls(_if_readable(ct), _if_readable(pet))


def _if_readable(read: Callable[[], Volume]) -> Volume | None:
    with suppress(Exception):  # whatever it is, it was told as the pair was refused
        return read()
    return None


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

    def glimpse(self) -> Glimpse:
        """Read what can be read of a pair that was refused, to look at it.

        Raises:
            InputRefused: neither image can be reached.
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
