"""Find the pairs of a source, whatever its layout."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from ctpet.dicom.files import Listing, listing
from ctpet.errors import InputRefused
from ctpet.nifti import is_nifti_name
from ctpet.phantom.domain import kind_of
from ctpet.prepare.dicom_source import DicomPair, dicom_pairs
from ctpet.prepare.found import Found
from ctpet.prepare.making import Source
from ctpet.prepare.nifti_tree import EXAMPLES, nifti_pairs, shown, unrecognised
from ctpet.prepare.pairing import Refusal
from ctpet.prepare.phantom_source import is_phantoms, phantom_seeds
from ctpet.prepare.table_source import table_pairs
from ctpet.progress import Progress

Layout = Literal["auto", "dicom", "nifti", "table", "phantom"]

_OTHER_VOLUMES = (".mha", ".mhd", ".nrrd", ".nhdr", ".mgz", ".mnc", ".hdr")
"""Formats of images that ctpet does not read."""


def layout_of(source: str, table: Path | None, layout: Layout) -> Layout:
    """Tell how a source is laid out: a table, digital patients, or files (``auto``).

    Raises:
        InputRefused: ``path-missing``; ``layout-table``: that layout is asked for without a table;
            ``layout-differs``: a table or layout is given that would not be looked at.
    """
    if layout not in get_args(Layout):
        raise ValueError(f"layout must be one of {get_args(Layout)}, not {layout!r}")
    if is_phantoms(source):
        if table is not None or layout not in ("auto", "phantom"):
            raise _differs(source, "digital patients", table, layout)
        return "phantom"
    root = Path(source)
    if not root.exists():
        raise InputRefused(
            "path-missing", f"There is no file or folder at {root}", remedy="Check the path"
        )
    is_table = root.is_file() and root.suffix.lower() in (".csv", ".tsv")
    if layout == "table" and table is None and not is_table:
        raise InputRefused(
            "layout-table",
            "The layout is a table, and none is given",
            remedy="Name it with --table PAIRS.csv",
        )
    if layout in ("dicom", "nifti") and table is not None:
        raise _differs(source, f"of the layout {layout}", table, "auto")
    return "table" if layout == "auto" and (table is not None or is_table) else layout


def _differs(source: str, what: str, table: Path | None, layout: Layout) -> InputRefused:
    given = f"the layout {layout}" if table is None else f"the table {table}"
    return InputRefused(
        "layout-differs",
        f"{source} is {what}, and {given} is given beside it",
        remedy="Give one of them",
    )


def find_sources(
    source: str, table: Path | None, layout: Layout, *, workers: int, progress: Progress
) -> Found:
    """Return the pairs of a source, and what is none and why.

    Args:
        source: a path, or ``phantom:FIRST-LAST``.
        table: of pairs, for the layout ``table``.
        layout: from :func:`layout_of`.
        workers: processes that look at DICOM files.
        progress: told of the stage ``scan``.

    Raises:
        InputRefused: the source as a whole cannot be read; ``nothing-found``; ``table-empty``.
    """
    progress("scan", 0.0)
    if layout == "phantom":
        seeds = phantom_seeds(source)
        found = Found(tuple(seeds), kinds=frozenset({kind_of(seeds[0].domain)}))
    elif layout == "table":
        stated, refusals = table_pairs(Path(source) if table is None else table)
        found = Found(tuple(stated), tuple(refusals), kinds=frozenset({layout}))
    else:
        found = _in_files(Path(source), layout, workers, progress)
    progress("scan", 1.0)
    once = _once(found)
    if not (once.sources or once.refusals):
        raise _nothing_found(Path(source), layout)
    return once


def _in_files(root: Path, layout: Layout, workers: int, progress: Progress) -> Found:
    """Return the pairs among NIfTI and DICOM files; a layout leaves the others unlooked at."""
    there = listing(root)
    niftis = [] if root.is_file() else _where(there, is_nifti_name)
    found, unsaid = Found(), niftis
    if layout != "dicom":
        found, unsaid = nifti_pairs(root, niftis)
    beside: set[Path] = set()
    if layout != "nifti":
        taken = set(niftis)
        rest = tuple(file for file in there.files if file.path not in taken)
        dicom = dicom_pairs(root, replace(there, files=rest), workers, progress)
        beside = {one.beside for one in dicom.sources if isinstance(one, DicomPair)}
        found += dicom
    if layout == "dicom":
        return found
    unsaid = [path for path in unsaid if path.parent not in beside]
    return found + Found(refusals=(*unrecognised(unsaid, root), *_other_volumes(there, root)))


def _where(there: Listing, is_one: Callable[[Path], bool]) -> list[Path]:
    """Return the files of a kind, without those that macOS hides beside them."""
    return [
        file.path
        for file in there.files
        if file.member is None and is_one(file.path) and not file.path.name.startswith(".")
    ]


def _other_volumes(there: Listing, root: Path) -> Iterable[Refusal]:
    """Name images in formats that are not read."""
    found = _where(there, lambda path: path.suffix.lower() in _OTHER_VOLUMES)
    for folder, count in sorted(Counter(path.parent for path in found).items()):
        kinds = ", ".join(sorted({p.suffix.lower() for p in found if p.parent == folder}))
        message = f"{count} files of a format that ctpet does not read ({kinds}); convert to NIfTI"
        yield Refusal(shown(folder, root), "not-recognised", message)


def _nothing_found(root: Path, layout: Layout) -> InputRefused:
    """Say what lies there, and what would have been recognised."""
    if layout == "table":
        return InputRefused(
            "table-empty",
            f"The table {root.name} has no rows" if root.is_file() else "The table has no rows",
            remedy="Give a line for each examination below the names of the columns",
        )
    files = [path for path in root.rglob("*") if path.is_file()] if root.is_dir() else [root]
    kinds = Counter(_suffix(path) or "no suffix" for path in files)
    most = sorted(kinds, key=lambda kind: (-kinds[kind], kind))[:3]
    seen = ", ".join(f"{kinds[kind]} {kind}" for kind in most) or "no file"
    return InputRefused(
        "nothing-found",
        f"No examination with CT and PET was recognised at {root} ({seen})",
        remedy=EXAMPLES,
    )


def _suffix(path: Path) -> str:
    packed = path.suffix.lower() == ".gz"
    return "".join(path.suffixes[-2:] if packed else path.suffixes[-1:]).lower()


def _once(found: Found) -> Found:
    """Keep the first of sources that are the same examination."""
    seen: set[str] = set()
    once: list[Source] = []
    again: list[Refusal] = []
    for source in found.sources:
        identity = getattr(source, "identity", source.name)
        if identity in seen:
            again.append(Refusal(source.name, "same-case-twice", "It is there a second time"))
        else:
            once.append(source)
        seen.add(identity)
    return replace(found, sources=tuple(once), refusals=(*found.refusals, *again))
