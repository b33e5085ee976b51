"""Structures that DICOM marks (SEG, RTSTRUCT) as label maps of a case."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.structures.structure import Structure
from ctpet.findings import Finding
from ctpet.prepare.cases import ArrayName
from ctpet.prepare.structures import FIRST_UNKNOWN, NUMBERS, kind_of, organ_of
from ctpet.volume import Geometry, nearest

Arrays = dict[ArrayName, NDArray[Any]]


def mark(
    structures: Iterable[Structure], grid: Geometry, arrays: Arrays
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Add lesions and organs to the arrays of a case.

    What says tumour, lesion or GTV is a lesion, numbered from 1; margins (CTV, PTV) are left; all
    else is an organ under its number in :data:`ctpet.prepare.structures.NUMBERS`. Names are kept
    only if they are of that vocabulary, since others may name a person. Where structures overlap,
    the smaller one is kept. A label map that the source has as a file stays as it is.

    Args:
        structures: read from DICOM.
        grid: of the case.
        arrays: of the case; ``lesions`` and ``labels`` are added.

    Returns:
        Names of the organs by their numbers, and what was seen.
    """
    names: dict[str, str] = {}
    findings: list[Finding] = []
    numbered: dict[ArrayName, list[tuple[int, Structure]]] = {"lesions": [], "labels": []}
    margins = unknown = 0
    for one in structures:
        kind = kind_of(one.name, one.meanings, one.codes)
        if kind == "margin":
            margins += 1
        elif kind == "lesion":
            numbered["lesions"].append((len(numbered["lesions"]) + 1, one))
        else:
            organ = _organ(one)
            unknown += organ is None
            number = NUMBERS[organ] if organ else FIRST_UNKNOWN + unknown - 1
            names[str(number)] = organ or "unknown"
            numbered["labels"].append((number, one))
    for name, pairs in numbered.items():
        if pairs and name in arrays:
            findings.append(_left(name, len(pairs)))
            pairs.clear()
        elif pairs:
            findings += _add(name, pairs, grid, arrays)
    ours = {str(number) for number, _ in numbered["labels"]}
    kept = {n: name for n, name in names.items() if n in ours and _has(arrays, int(n))}
    return kept, (*findings, *_told(numbered, kept, margins))


def _left(name: ArrayName, count: int) -> Finding:
    message = f"{count} structures of DICOM were left for the file of {name} that the source has"
    return Finding("structures-left", "info", message)


def _organ(one: Structure) -> str | None:
    return next(filter(None, map(organ_of, (one.name, *one.meanings))), None)


def _has(arrays: Arrays, number: int) -> bool:
    return "labels" in arrays and bool((arrays["labels"] == number).any())


def _add(
    name: ArrayName, pairs: list[tuple[int, Structure]], grid: Geometry, arrays: Arrays
) -> list[Finding]:
    """Put structures onto the grid, from large to small."""
    out = np.zeros(grid.shape, np.uint16)
    covered = lost = 0
    by_size = sorted(pairs, key=lambda pair: -_volume_ml(pair[1]))
    for number, one in by_size:
        there = nearest(one.marked, grid) > 0
        covered += int(np.count_nonzero(out[there]))
        lost += not there.any()
        out[there] = number
    arrays[name] = out
    findings = []
    if covered:
        message = f"Structures overlap in {covered} voxels of {name}; the smaller one has them"
        findings.append(Finding("structures-overlap", "info", message))
    if lost:
        message = f"{lost} of {len(pairs)} structures mark no voxel of the grid in {name}"
        remedy = "They lie outside of the CT, or are smaller than a voxel: see --spacing"
        findings.append(Finding("structure-not-on-grid", "warning", message, remedy))
    return findings


def _volume_ml(one: Structure) -> float:
    return float(np.count_nonzero(one.marked.array)) * one.marked.geometry.voxel_volume_ml


def _told(
    numbered: dict[ArrayName, list[tuple[int, Structure]]],
    names: dict[str, str],
    margins: int,
) -> list[Finding]:
    findings = []
    if numbered["lesions"] or numbered["labels"]:
        organs = ", ".join(sorted(set(names.values()) - {"unknown"})) or "none by name"
        message = (
            f"{len(numbered['lesions'])} structures marked in DICOM are lesions, by what they are "
            f"called; organs: {organs}"
        )
        findings.append(Finding("structures-read", "info", message))
    if margins:
        message = f"{margins} structures are margins (CTV, PTV, ITV) and were left out"
        findings.append(Finding("margins-left", "info", message))
    unknown = sum(number >= FIRST_UNKNOWN for number, _ in numbered["labels"])
    if unknown:
        message = (
            f"{unknown} structures are called as no organ or lesion that is known; they are labels "
            f"from {FIRST_UNKNOWN}, and their names are not kept, as they may name a person"
        )
        remedy = "If they are lesions, call them so (tumour, lesion, GTV)"
        findings.append(Finding("structure-unknown", "warning", message, remedy))
    return findings
