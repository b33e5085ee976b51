"""Find the pairs of a source, whatever its layout."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from ctpet.errors import InputRefused
from ctpet.prepare.autopet_source import autopet_pairs, is_autopet
from ctpet.prepare.dicom_series import SeriesSeen, merged
from ctpet.prepare.dicom_source import Chunk, DicomPair, chunks_of, look
from ctpet.prepare.making import Source
from ctpet.prepare.pairing import Refusal, match
from ctpet.prepare.phantom_source import PREFIX, phantom_seeds
from ctpet.prepare.table_source import table_pairs
from ctpet.progress import Progress
from ctpet.workers import spread

Layout = Literal["auto", "dicom", "autopet", "table", "phantom"]


def layout_of(source: str, table: Path | None, layout: Layout) -> Layout:
    """Tell how a source is laid out, where ``auto`` is asked for.

    Raises:
        InputRefused: ``path-missing``; ``layout-table``: that layout is asked for without a table.
    """
    if layout not in get_args(Layout):
        raise ValueError(f"layout must be one of {get_args(Layout)}, not {layout!r}")
    if source.startswith(PREFIX):
        return "phantom"
    root = Path(source)
    if not root.exists():
        raise InputRefused(
            "path-missing", f"There is no file or folder at {root}", remedy="Check the path"
        )
    if layout == "table" and table is None and root.suffix.lower() != ".csv":
        raise InputRefused(
            "layout-table",
            "The layout is a table, and none is given",
            remedy="Name it with --table PAIRS.csv",
        )
    if layout != "auto":
        return layout
    if table is not None or root.suffix.lower() == ".csv":
        return "table"
    return "autopet" if is_autopet(root) else "dicom"


def find_sources(
    source: str, table: Path | None, layout: Layout, *, workers: int, progress: Progress
) -> tuple[list[Source], list[Refusal]]:
    """Return the pairs of a source, and what is none and why.

    Args:
        source: a path, or ``phantom:FIRST-LAST``.
        table: of pairs, for the layout ``table``.
        layout: from :func:`layout_of`.
        workers: processes that look at DICOM files.
        progress: told of the stage ``scan``.

    Raises:
        InputRefused: the source as a whole cannot be read; ``nothing-found``.
    """
    progress("scan", 0.0)
    sources: list[Source] = []
    if layout == "phantom":
        sources += phantom_seeds(source)
        refusals: list[Refusal] = []
    elif layout == "table":
        stated, refusals = table_pairs(Path(source) if table is None else table)
        sources += stated
    elif layout == "autopet":
        pairs, refusals = autopet_pairs(Path(source))
        sources += pairs
    else:
        dicom, refusals = _dicom_pairs(Path(source), workers, progress)
        sources += dicom
    progress("scan", 1.0)
    once, again = _once(sources)
    if not (once or refusals):
        raise _nothing_found(Path(source))
    return once, refusals + again


def _nothing_found(root: Path) -> InputRefused:
    """Say what lies there, and what would have been recognised."""
    files = [path for path in root.rglob("*") if path.is_file()] if root.is_dir() else [root]
    kinds = Counter(_suffix(path) or "no suffix" for path in files)
    most = sorted(kinds, key=lambda kind: (-kinds[kind], kind))[:3]
    seen = ", ".join(f"{kinds[kind]} {kind}" for kind in most) or "no file"
    return InputRefused(
        "nothing-found",
        f"No examination with CT and PET was recognised at {root} ({seen})",
        remedy="Give DICOM, or PATIENT/STUDY/ with CT.nii.gz and SUV.nii.gz, or name the files "
        "of each patient in a table: --table PAIRS.csv with the columns patient,ct,pet",
    )


def _suffix(path: Path) -> str:
    packed = path.suffix.lower() == ".gz"
    return "".join(path.suffixes[-2:] if packed else path.suffixes[-1:]).lower()


def _dicom_pairs(
    root: Path, workers: int, progress: Progress
) -> tuple[list[DicomPair], list[Refusal]]:
    chunks = chunks_of(root)
    stacks: dict[Chunk, list[SeriesSeen]] = {}
    refusals: list[Refusal] = []
    for number, (chunk, found) in enumerate(spread(look, chunks, workers), start=1):
        if isinstance(found, Refusal):
            refusals.append(found)
        else:
            stacks[chunk] = found
        progress("scan", number / (len(chunks) + 1))
    in_order = [one for chunk in chunks for one in stacks.get(chunk, ())]
    matches, unmatched = match(merged(in_order))
    return [DicomPair(one) for one in matches], refusals + unmatched


def _once(sources: Sequence[Source]) -> tuple[list[Source], list[Refusal]]:
    """Keep the first of sources that are the same examination."""
    seen: set[str] = set()
    once: list[Source] = []
    again: list[Refusal] = []
    for source in sources:
        identity = getattr(source, "identity", source.name)
        if identity in seen:
            again.append(Refusal(source.name, "same-case-twice", "It is there a second time"))
        else:
            once.append(source)
        seen.add(identity)
    return once, again
