"""Files that should be slices and hold none: by their names, or by their size."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctpet.dicom.header import Content, HeaderUnreadable
from ctpet.dicom.series import DicomFile
from ctpet.findings import Finding
from ctpet.printable import printable

_SUFFIXES = (".dcm", ".dicom", ".dic", ".ima")
_MOST_NAMES = 3
_LEAST_BYTES = 1024
_DIGITS, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")
_HEXADECIMAL = re.compile(r"(?=.*[a-f])[0-9a-f]{8,}")
_UID = re.compile(r"(?:\d+\.){4,}\d+")
_IDENTIFIER = re.compile(r"(?<!\d)(?!00)\d{6,}")
"""As a patient's number or a date; slices are counted with fewer digits, or from 0."""

_INNOCENT = frozenset(
    {
        *("axial", "bad", "big", "broken", "copy", "corrupt", "ct", "damaged", "dcm", "dic"),
        *("dicom", "empty", "export", "file", "frame", "header", "im", "ima", "image", "img"),
        *("instance", "link", "lost", "mr", "nul", "null", "pet", "pt", "scan", "se", "ser"),
        *("series", "sl", "slice", "study", "test", "truncated", "zero", "zeros", "zip"),
    }
)
"""Words in file names that are nobody's name."""


@dataclass(frozen=True, slots=True)
class Other:
    """A file that is no DICOM image, and what it holds instead."""

    file: DicomFile
    content: Content


def lost_slices(others: Sequence[Other], images: Iterable[DicomFile]) -> list[Other]:
    """Return the files that should be slices.

    Their names end as those of DICOM files do, or are built as those of the images are, or they
    have exactly the size of an image in their folder. Hidden files are left out: systems put them
    beside the others under the same names.
    """
    suspects = [
        one
        for one in others
        if one.content != "a directory of files" and not _name(one.file).startswith(".")
    ]
    images = list(images) if suspects else []
    shapes = {_shape(file) for file in images}
    folders = {one.file.path.parent for one in suspects if one.file.member is None}
    sizes = {
        (file.path.parent, file.path.stat().st_size)
        for file in images
        if file.member is None and file.path.parent in folders
    }
    return [
        one
        for one in suspects
        if _name(one.file).lower().endswith(_SUFFIXES)
        or _shape(one.file) in shapes
        or _has_size_in(one.file, sizes)
    ]


def unreadable_findings(unreadable: Mapping[DicomFile, HeaderUnreadable]) -> list[Finding]:
    """Return the warning that names files that cannot be parsed."""
    if not unreadable:
        return []
    what = _counted(len(unreadable), "file that begins as DICOM", "files that begin as DICOM")
    reasons = ", ".join(sorted({str(error) for error in unreadable.values()}))
    return [
        Finding(
            "files-unreadable",
            "warning",
            f"{what} cannot be parsed ({reasons}){named(list(unreadable))}",
            "Copy them again from the archive; `ctpet scan` lists them",
        )
    ]


def link_findings(broken: Sequence[DicomFile]) -> list[Finding]:
    """Return the warning that names links that lead nowhere."""
    if not broken:
        return []
    what = _counted(len(broken), "link leads", "links lead")
    return [
        Finding(
            "links-broken",
            "warning",
            f"{what} nowhere{named(broken)}",
            "Copy what they should lead to: slices may be missing; `ctpet scan` lists them",
        )
    ]


def other_findings(lost: Sequence[Other], others: int) -> list[Finding]:
    """Return what is told of files that are not DICOM: first those that should be slices."""
    findings = [_lost_finding(lost)] if lost else []
    if others > len(lost):
        what = _counted(others - len(lost), "file is no DICOM image", "files are no DICOM images")
        findings.append(Finding("files-ignored", "info", f"{what}, and left out"))
    return findings


def _lost_finding(lost: Sequence[Other]) -> Finding:
    counts = Counter(one.content for one in lost)
    held = ", ".join(f"{count} {content}" for content, count in sorted(counts.items()))
    what = _counted(
        len(lost), "file that should be a slice holds", "files that should be slices hold"
    )
    return Finding(
        "files-lost",
        "warning",
        f"{what} no image ({held}){named([one.file for one in lost])}",
        "Copy them again from the archive: slices may be missing; `ctpet scan` lists them",
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def named(files: Sequence[DicomFile]) -> str:
    """Return the first names of some files that are innocent, after a colon; maybe none."""
    names = sorted(printable(_name(file)) for file in files)
    shown = [name for name in names if is_innocent(name)][:_MOST_NAMES]
    if not shown:
        return ""
    return f": {', '.join(shown)}" + (", …" if len(names) > len(shown) else "")


def is_innocent(name: str) -> bool:
    """Tell whether nothing in a file name can be a person's name, number or date.

    A record may hold it then.
    """
    told = _UID.sub("", name.lower())
    if _HEXADECIMAL.fullmatch(told):
        return True
    words = _LETTERS.findall(told)
    return not _IDENTIFIER.search(told) and all(
        len(word) == 1 or word in _INNOCENT for word in words
    )


def _name(file: DicomFile) -> str:
    return file.path.name if file.member is None else posixpath.basename(file.member)


def _shape(file: DicomFile) -> str:
    """Return what the names of one export have in common."""
    name = _name(file).lower()
    return "hexadecimal" if _HEXADECIMAL.fullmatch(name) else _DIGITS.sub("#", name)


def _has_size_in(file: DicomFile, sizes: set[tuple[Path, int]]) -> bool:
    if file.member is not None:
        return False
    size = file.path.stat().st_size
    return size >= _LEAST_BYTES and (file.path.parent, size) in sizes
