"""One marked structure, and what is said while reading a file of them."""

from dataclasses import dataclass

from pydicom import Dataset

from ctpet.findings import Finding
from ctpet.volume import LabelMap


@dataclass(frozen=True, eq=False)
class Structure:
    """A structure as voxels.

    Attributes:
        name: what its maker called it, free text that may name a person: it stays in memory.
        meanings: coded meanings and types, such as ``Neoplasm`` or ``GTV``.
        codes: their code values.
        frame_uid: frame of reference; empty: not said.
        marked: 1 inside, 0 outside, on a grid of its own that ends where the structure does.
    """

    name: str
    meanings: tuple[str, ...]
    codes: frozenset[str]
    frame_uid: str
    marked: LabelMap


@dataclass(frozen=True, eq=False)
class Structures:
    """What a file holds.

    Attributes:
        found: its structures, in the order of the file; empty ones are told and left out.
        findings: what could not be read, and what was changed; free of names.
    """

    found: tuple[Structure, ...] = ()
    findings: tuple[Finding, ...] = ()


class StructureUnreadable(Exception):
    """A structure's place or shape cannot be told; the message says why, without names."""


def unread(what: str, number: int, reason: object) -> Finding:
    """Say that one structure of a file was left out."""
    return Finding(
        "structure-unread",
        "warning",
        f"{what} {number} was left out: {reason}",
        "Mark it again, or give a NIfTI label map beside the series",
    )


def empty(what: str, number: int) -> Finding:
    """Say that one structure of a file has no voxel."""
    return Finding("structure-empty", "info", f"{what} {number} is empty")


def texts(dataset: Dataset, *keywords: str) -> list[str]:
    """Return the attributes that are there, stripped."""
    return [text for word in keywords if (text := str(dataset.get(word) or "").strip())]


def coded(dataset: Dataset, *keywords: str) -> tuple[list[str], list[str]]:
    """Return meanings and values of the codes in sequences."""
    items = [item for word in keywords for item in dataset.get(word) or ()]
    return (
        [text for item in items for text in texts(item, "CodeMeaning")],
        [text for item in items for text in texts(item, "CodeValue")],
    )
