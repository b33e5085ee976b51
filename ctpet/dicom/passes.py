"""Divide planes into acquisitions: along the normal, one acquisition does not alternate."""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.gaps import JITTER_MM, is_regular, missing_in_gaps
from ctpet.dicom.marks import Kind, Mark

SAME_POSITION_MM = 0.02

_HOLE = 1.75
_ALIKE_MM = 0.1
_LEFT_OVER = 0.1
_ORDERLY = 0.75
_MOST_LATTICES = 6
_JUMP = 2.0
_PAUSE = 5.0

Places = NDArray[np.float64]
Planes = NDArray[np.intp]


def into_passes(along_mm: Places, marks: Sequence[Mark], rounding_mm: float = 0.0) -> list[Planes]:
    """Return the planes of each acquisition; all of them together where there is one.

    Bed positions of a PET, blocks of a sequence and a helix whose every plane has its own time
    go one after the other along the normal: one stack. Planes are of several acquisitions where

    - a mark divides them into sets that lie over each other, each of them orderly in itself;
    - two regular grids of one spacing lie in each other, whatever the headers say;
    - two or more planes' width lies between them where a mark changes, and the numbers of the
      images go on.

    Args:
        along_mm: places along the normal, one a plane, in any order.
        marks: what headers say of the planes, the most telling first.
        rounding_mm: half a unit of the last decimal that places are written with.

    Returns:
        Indices of planes, rising; the sets in order of the mark that divides them.
    """
    parts = _divide(along_mm, marks, rounding_mm)
    if len(parts) < 2:
        return [np.arange(len(along_mm))]
    return [
        part[within]
        for part in parts
        for within in into_passes(along_mm[part], [mark.of(part) for mark in marks], rounding_mm)
    ]


def _divide(along_mm: Places, marks: Sequence[Mark], rounding_mm: float) -> list[Planes]:
    places = np.sort(along_mm)
    repeated = _repeated(along_mm)
    regular = not repeated and is_regular(places - places[0], rounding_mm)
    for mark in (*marks, *(_crossed(marks) if repeated else ())):
        if mark.kind == "numbering" and regular:
            continue
        loose = mark.kind == "acquisition" and not regular
        for parts in (_by_order_of(mark.values, along_mm), _by_pauses(mark.values)):
            if _are_passes(along_mm, parts, rounding_mm, loose=loose):
                return parts
    if not regular and not repeated:
        parts = _lattices(along_mm, max(2 * rounding_mm, 2 * JITTER_MM))
        if len(parts) > 1:
            return parts
    return _at_gaps(along_mm, marks, rounding_mm)


def _crossed(marks: Sequence[Mark]) -> list[Mark]:
    """Join marks by two, for series such as several phases at several energies."""
    telling = [mark for mark in marks if mark.kind == "acquisition"]
    return [
        Mark(f"{one.name} and {other.name}", "acquisition", _joined(one.values, other.values))
        for one, other in combinations(telling, 2)
    ]


def _joined(first: Places, second: Places) -> Places:
    _, ranks = np.unique(np.stack([first, second]), axis=1, return_inverse=True)
    return ranks.reshape(-1).astype(np.float64)


def _by_order_of(values: Places, along_mm: Places) -> list[Planes]:
    """Follow a mark upwards; where planes come to lie over those before, a new set begins.

    Several places for the cut may do, as the first planes of a pass may prolong the one before.
    """
    levels = np.unique(values)
    if len(levels) < 2:
        return []
    level_of = np.searchsorted(levels, values)
    low, high = np.full(len(levels), np.inf), np.full(len(levels), -np.inf)
    np.minimum.at(low, level_of, along_mm)
    np.maximum.at(high, level_of, along_mm)
    latest = _starts(low, high)
    earliest = [len(levels) - start for start in reversed(_starts(low[::-1], high[::-1]))]
    if len(earliest) != len(latest) or any(a > b for a, b in zip(earliest, latest, strict=True)):
        earliest = latest
    steps = np.diff(levels)
    jumps = np.abs(np.diff(low + high)) / 2
    cuts = [
        first + _pause(steps[first - 1 : last], jumps[first - 1 : last])
        for first, last in zip(earliest, latest, strict=True)
    ]
    return _cut(level_of, sorted(set(cuts)))


def _pause(steps: Places, jumps_mm: Places) -> int:
    """Choose the longest step of a mark; of those about as long, the farthest way of the table."""
    return int(np.where(steps >= steps.max() / 2, jumps_mm, -1).argmax())


def _by_pauses(values: Places) -> list[Planes]:
    """Divide by the long steps of a mark alone: images may be made in any order within a pass."""
    levels = np.unique(values)
    if len(levels) < 3:
        return []
    steps = np.diff(levels)
    pauses = np.flatnonzero(steps > _PAUSE * np.median(steps)) + 1
    return _cut(np.searchsorted(levels, values), [int(start) for start in pauses])


def _cut(level_of: Planes, starts: Sequence[int]) -> list[Planes]:
    """Return the planes of each stretch of levels."""
    ends = [0, *starts, int(level_of.max()) + 1]
    return [
        np.flatnonzero((level_of >= first) & (level_of < last)) for first, last in pairwise(ends)
    ]


def _starts(low: Places, high: Places) -> list[int]:
    """Where a new set must begin at the latest, as each level spans from low to high."""
    starts = []
    bottom, top = low[0], high[0]
    for level in range(1, len(low)):
        if low[level] <= top + SAME_POSITION_MM and high[level] >= bottom - SAME_POSITION_MM:
            starts.append(level)
            bottom, top = low[level], high[level]
        else:
            bottom, top = min(bottom, low[level]), max(top, high[level])
    return starts


def _are_passes(
    along_mm: Places, parts: Sequence[Planes], rounding_mm: float, *, loose: bool
) -> bool:
    """Whether sets of planes are acquisitions that lie over each other.

    Args:
        along_mm: places of all planes.
        parts: the sets.
        rounding_mm: of the places.
        loose: whether a set may be too small to show an order of its own.
    """
    if len(parts) < 2:
        return False
    repeated = _repeated(along_mm)
    if sum(_repeated(along_mm[part]) for part in parts) > _LEFT_OVER * repeated:
        return False
    small = sum(len(part) < 3 for part in parts)
    if not repeated and small > 1:
        return False
    between = at_same = 0
    for part in parts:
        others = np.setdiff1d(np.arange(len(along_mm)), part, assume_unique=True)
        inside, same = _met(np.sort(along_mm[part]), along_mm[others])
        between, at_same = between + inside, at_same + same
    if not between and not at_same:
        return False
    if loose and not between:
        return True
    return all(
        (loose and len(part) < 3) or _is_orderly(np.sort(along_mm[part]), rounding_mm)
        for part in parts
    )


def _repeated(along_mm: Places) -> int:
    """Count the planes at a place where another lies."""
    return int(np.count_nonzero(np.diff(np.sort(along_mm)) <= SAME_POSITION_MM))


def _met(places: Places, others: Places) -> tuple[int, int]:
    """Count the others between neighbours of a set that has no room there, and at its places."""
    above = np.searchsorted(places, others)
    at_same = np.zeros(len(others), np.bool_)
    for beside in (above - 1, above):
        near = places[np.clip(beside, 0, len(places) - 1)]
        at_same |= np.abs(others - near) <= SAME_POSITION_MM
    widths = np.diff(places)
    within = (above > 0) & (above < len(places)) & ~at_same
    if not within.any():
        return 0, int(at_same.sum())
    typical = np.sort(widths)[(len(widths) - 1) // 2]
    narrow = widths[above[within] - 1] < _HOLE * typical
    return int(narrow.sum()), int(at_same.sum())


def _is_orderly(places: Places, rounding_mm: float) -> bool:
    """Whether most distances are like one beside them, as those of any real acquisition are."""
    widths = np.diff(places)
    if len(widths) < 2:
        return False
    alike = np.abs(np.diff(widths)) <= _ALIKE_MM + 4 * rounding_mm
    beside = np.concatenate([[False], alike]) | np.concatenate([alike, [False]])
    return bool(beside.mean() >= _ORDERLY)


def _lattices(along_mm: Places, slack_mm: float) -> list[Planes]:
    """Find regular grids of one spacing that lie in each other, not evenly; none otherwise."""
    order = np.argsort(along_mm, kind="stable")
    places = along_mm[order]
    for lag in range(1, min(_MOST_LATTICES, len(places) // 3) + 1):
        spacing = float(np.median(places[lag:] - places[:-lag]))
        sets = _chains(places, spacing, slack_mm)
        if _lie_unevenly(places, sets, spacing, slack_mm):
            return [np.sort(order[one]) for one in sets]
    return []


def _chains(places: Places, spacing: float, slack_mm: float) -> list[Planes]:
    """Group places into chains of that spacing, in which single ones may be missing.

    None if there are more than a few.
    """
    chains: list[list[int]] = []
    for number, place in enumerate(places):
        for chain in chains:
            steps = round((place - places[chain[-1]]) / spacing)
            beside_mm = abs(place - places[chain[-1]] - steps * spacing)
            if steps in (1, 2) and beside_mm <= slack_mm:
                chain.append(number)
                break
        else:
            chains.append([number])
        if len(chains) > _MOST_LATTICES:
            return []
    return [np.array(chain) for chain in chains]


def _lie_unevenly(places: Places, sets: Sequence[Planes], spacing: float, slack_mm: float) -> bool:
    """Whether grids lie over each other and do not make one finer grid."""
    if len(sets) < 2 or min(len(one) for one in sets) < 3:
        return False
    top = min(places[one[-1]] for one in sets)
    bottom = max(places[one[0]] for one in sets)
    phases = np.sort([places[one[0]] % spacing for one in sets])
    between = np.diff(phases, append=phases[0] + spacing)
    return bool(top - bottom >= spacing and np.ptp(between) > 2 * slack_mm)


def _at_gaps(along_mm: Places, marks: Sequence[Mark], rounding_mm: float) -> list[Planes]:
    """Cut where planes are missing that no acquisition ever had."""
    order = np.argsort(along_mm, kind="stable")
    places = along_mm[order]
    slots = np.flatnonzero(np.diff(places, prepend=-np.inf) > SAME_POSITION_MM)
    if len(slots) < 2:
        return []
    missing = missing_in_gaps(np.diff(places[slots]), rounding_mm)
    along = [(mark.kind, mark.values[order[slots]]) for mark in marks]
    cuts = [
        int(slots[gap + 1])
        for gap in map(int, np.flatnonzero(missing > 1))
        if not _numbers_are_missing(along, gap, int(missing[gap]))
        and any(
            _changes(values, gap, int(missing[gap]))
            for kind, values in along
            if kind != "numbering"
        )
    ]
    return [np.sort(order[a:b]) for a, b in pairwise([0, *cuts, len(order)])] if cuts else []


def _numbers_are_missing(along: Sequence[tuple[Kind, Places]], gap: int, missing: int) -> bool:
    """Whether images are numbered as if just the missing ones had been there."""
    return any(
        abs(values[gap + 1] - values[gap]) == missing + 1
        for kind, values in along
        if kind == "numbering"
    )


def _changes(values: Places, gap: int, missing: int) -> bool:
    """Whether a mark is of one acquisition below a gap and of another above it."""
    steps = np.abs(np.diff(values))
    if not steps[gap]:
        return False
    runs = 1 + np.count_nonzero(steps)
    if runs == len(np.unique(values)) <= max(2, len(values) // 4):
        return True
    usual = float(np.median(steps))
    return usual > 0 and bool(steps[gap] > _JUMP * (missing + 1) * usual)
