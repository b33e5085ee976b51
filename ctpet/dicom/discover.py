"""Find the DICOM series under a folder, in a file or in a zip archive. Headers only."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import Dataset

from ctpet.dicom.absent import absent_findings
from ctpet.dicom.copies import merge_copies
from ctpet.dicom.files import FileOpener, Listing, listing
from ctpet.dicom.frames import frame_count
from ctpet.dicom.grouping import Instance, into_stacks
from ctpet.dicom.header import HeaderNotes, HeaderUnreadable, NotDicom, read_header
from ctpet.dicom.header_findings import note_findings, truncated_findings, uid_findings
from ctpet.dicom.left_out import LEFT_OUT, left_out
from ctpet.dicom.lost import (
    Other,
    link_findings,
    lost_slices,
    named,
    other_findings,
    unreadable_findings,
)
from ctpet.dicom.part_words import part_words
from ctpet.dicom.series import DicomFile, SeriesInfo
from ctpet.dicom.warned import collected_warnings, header_warning_findings
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.progress import Progress, silent


@dataclass(frozen=True, eq=False)
class Discovery:
    """Everything that lies under a path.

    Attributes:
        series: the stacks of planes, sorted by study, SeriesNumber and series UID; each carries
            the findings about its own headers.
        dropped: what is no plane of a stack (localizers, secondary captures, reports …), each
            with one finding that says why.
        unreadable: files that begin as DICOM and cannot be parsed.
        lost: files that are not DICOM and should be slices, and links that lead nowhere.
        other_count: number of files that are not DICOM, DICOMDIR among them.
        findings: about the whole: what was dropped, ignored or unreadable, in numbers.
    """

    series: tuple[SeriesInfo, ...]
    dropped: tuple[SeriesInfo, ...] = ()
    unreadable: tuple[DicomFile, ...] = ()
    lost: tuple[DicomFile, ...] = ()
    other_count: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def doubts(self) -> str:
        """What may have been lost, to end a sentence about what is not there; or empty."""
        return "".join(f"; {one.message}" for one in self.findings if one.severity != "info")


@dataclass(frozen=True, eq=False)
class _Seen:
    instance: Instance
    notes: HeaderNotes
    warnings: tuple[str, ...]


def discover(root: Path, *, progress: Progress = silent) -> Discovery:
    """Read every header under ``root`` and group the instances into stacks.

    Grouping is by series, SOP class, rows, columns, unit, orientation, pixel spacing, kernel, and
    acquisition where several lie over each other (:func:`ctpet.dicom.grouping.into_stacks`),
    unless they are copies (:func:`ctpet.dicom.copies.merge_copies`). The result depends neither on
    file names nor on the order the file system lists them in. Nothing is written to disk.

    Args:
        root: a folder (searched recursively), one file, or a zip archive.
        progress: called with the stage ``"scan"``.

    Raises:
        InputRefused: ``path-missing``, ``path-unreadable``, ``file-unreadable``,
            ``zip-damaged``, ``zip-encrypted``, ``zip-too-large``.
    """
    return discover_files(listing(root), progress=progress)


def discover_files(found: Listing, *, progress: Progress = silent) -> Discovery:
    """Read the headers of some files and group the instances into stacks; see :func:`discover`.

    Raises:
        InputRefused: ``file-unreadable``, ``zip-damaged``.
    """
    seen: list[_Seen] = []
    unreadable: dict[DicomFile, HeaderUnreadable] = {}
    others: list[Other] = []
    with FileOpener() as opener, collected_warnings() as collected:
        for number, file in enumerate(found.files, start=1):
            collected.clear()
            try:
                with opener.open(file) as stream:
                    header, notes = read_header(stream)
            except NotDicom as error:
                others.append(Other(file, error.content))
            except HeaderUnreadable as error:
                unreadable[file] = error
            except OSError as error:
                raise InputRefused(
                    "file-unreadable",
                    f"A file under this path cannot be read ({error.strerror or error}), so "
                    f"nobody can say whether a slice is missing{named([file])}",
                    remedy="Give ctpet the right to read every file, or copy them again",
                ) from error
            except (EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
                raise InputRefused(
                    "zip-damaged",
                    "A file in the zip archive cannot be unpacked "
                    f"({str(error) or 'it ends early'})",
                    remedy="Make the archive again, or give the folder it was made from",
                ) from error
            else:
                texts = tuple(str(warning.message) for warning in collected)
                seen.append(_Seen(Instance.of(file, header), notes, texts))
            progress("scan", number / len(found.files))
    lost = lost_slices(others, [*(one.instance.file for one in seen), *unreadable])
    beside = (
        *unreadable_findings(unreadable),
        *link_findings(found.broken_links),
        *other_findings(lost, len(others)),
    )
    sorted_out = _sorted_out(seen, unreadable.values())
    return replace(
        sorted_out,
        unreadable=tuple(unreadable),
        lost=(*(one.file for one in lost), *found.broken_links),
        other_count=len(others),
        findings=(*sorted_out.findings, *beside),
    )


def _sorted_out(seen: Sequence[_Seen], unreadable: Iterable[HeaderUnreadable]) -> Discovery:
    by_file = {one.instance.file: one for one in seen}
    codes = left_out([one.instance for one in seen])
    reasons = {one.instance.file: code for one, code in zip(seen, codes, strict=True)}
    dropped = []
    for reason, finding in LEFT_OUT.items():
        instances = [one.instance for one in seen if reasons[one.instance.file] == reason]
        dropped += [_series(stack, (finding,)) for stack in into_stacks(instances)]
    planes = (one.instance for one in seen if not reasons[one.instance.file])
    kept = merge_copies(into_stacks(planes))
    damaged = Counter(error.series_instance_uid for error in unreadable)
    series = []
    everything = _by_series(seen)
    stacks = Counter(_series_uid(stack[0].header) for stack in kept)
    for stack, part in zip(kept, _parts(kept), strict=True):
        uid = _series_uid(stack[0].header)
        about = _header_findings([by_file[one.file] for one in stack], damaged[uid or "?"])
        one = _series(stack, about, part)
        absent = absent_findings(one, everything[uid], stacks[uid])
        series.append(_split(replace(one, findings=(*about, *absent))))
    counts = Counter(reasons.values())
    findings = [
        replace(finding, code=f"{reason}-dropped", message=f"{counts[reason]} {finding.message}")
        for reason, finding in LEFT_OUT.items()
        if counts[reason]
    ]
    return Discovery(
        series=tuple(sorted(series, key=_order)),
        dropped=tuple(sorted(dropped, key=_order)),
        findings=tuple(findings),
    )


def _series(
    stack: Sequence[Instance], findings: tuple[Finding, ...] = (), part: int = 0
) -> SeriesInfo:
    some = any(len(one.frames) < frame_count(one.header) for one in stack)
    kept = frozenset((n, frame.number) for n, one in enumerate(stack) for frame in one.frames)
    return SeriesInfo(
        files=tuple(one.file for one in stack),
        headers=tuple(one.header for one in stack),
        findings=findings,
        part=part,
        kept=kept if some else None,
    )


def _series_uid(header: Dataset) -> str:
    return str(header.get("SeriesInstanceUID") or "")


def _by_series(seen: Sequence[_Seen]) -> dict[str, list[Dataset]]:
    headers: dict[str, list[Dataset]] = {}
    for one in seen:
        headers.setdefault(_series_uid(one.instance.header), []).append(one.instance.header)
    return headers


def _parts(stacks: Sequence[Sequence[Instance]]) -> list[int]:
    uids = [_series_uid(stack[0].header) for stack in stacks]
    totals, so_far = Counter(uids), Counter[str]()
    parts = []
    for uid in uids:
        so_far[uid] += 1
        parts.append(so_far[uid] if totals[uid] > 1 else 0)
    return parts


def _order(series: SeriesInfo) -> tuple[str, int, str, int]:
    number = str(series.first.get("SeriesNumber") or "")
    return (
        series.study_instance_uid,
        int(number) if number.isdigit() else 0,
        series.series_instance_uid,
        series.part,
    )


def _split(series: SeriesInfo) -> SeriesInfo:
    """Say of a part of a series that it is one, and which."""
    if not series.part:
        return series
    told = Finding(
        "series-split",
        "info",
        f"This is stack {series.part} of a series that holds several; they differ in matrix, "
        "kernel, orientation, pixel spacing or acquisition. This one: "
        f"{', '.join(part_words(series)) or 'nowhere'}",
    )
    return replace(series, findings=(told, *series.findings))


def _header_findings(seen: Sequence[_Seen], damaged: int) -> tuple[Finding, ...]:
    return (
        *header_warning_findings([text for one in seen for text in one.warnings]),
        *note_findings([one.notes for one in seen]),
        *uid_findings([one.instance.header for one in seen]),
        *truncated_findings(damaged),
    )
