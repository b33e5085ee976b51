"""Read the distances between slices: regular, one missing, several missing, or varying."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.lattice import Spacings, possible_spacings
from ctpet.errors import InputRefused

JITTER_MM = 0.02
"""How far a written position may lie from the true one; so 0.04 mm from a line through two."""

_BESIDE = 0.025
_MOST_BESIDE_MM = 0.1
_HOLE = 1.75
_SAME_GAP_MM = 0.1
_FEW_HOLES = 0.1
_RUN = 3


@dataclass(frozen=True, eq=False)
class Gaps:
    """How slices fill a regular grid.

    Attributes:
        count: number of slices of the grid; its first and last are acquired ones.
        index: k in the grid of every acquired slice, rising from 0 to ``count - 1``.
        hole: the slice after which one is missing; None if none is.
        varies: whether the acquired slices do not lie on the grid.
        spacings: those that the places allow, where they are written too coarsely to show the
            one; None where the first and last slice tell it.
    """

    count: int
    index: NDArray[np.float64]
    hole: int | None = None
    varies: bool = False
    spacings: Spacings | None = None


def find_gaps(along_mm: NDArray[np.float64], rounding_mm: float = 0.0) -> Gaps:
    """Fit a regular grid to slices at ``along_mm`` (rising, mm along the normal, from 0).

    Slices within 2.5 % of their spacing (0.04 to 0.1 mm) of a regular grid are on it.
    A gap of at least 1.75 times its neighbours counts as missing slices. Gaps of one width that
    come three or more in a row are a change of spacing instead. Where the spacing varies, the
    grid's step is the (lower) median gap, but no more than twice as many slices as acquired.

    Places that are regular within the decimals they are written with are regular, with one slice
    missing at most; what is less than those decimals can tell is not seen.

    Args:
        along_mm: places of the slices.
        rounding_mm: half a unit of the last decimal that places are written with.

    Raises:
        InputRefused: ``missing-slices`` if more than one is missing.
    """
    slices = len(along_mm)
    if slices < 2:
        return Gaps(slices, np.zeros(slices))
    widths = np.diff(along_mm)
    missing = missing_in_gaps(widths)
    if rounding_mm > JITTER_MM and not _is_exact(along_mm, missing):
        rounded = _regular_if_rounded(along_mm, rounding_mm)
        if rounded is not None:
            return rounded
        missing = missing_in_gaps(widths, rounding_mm)
    _require_few_missing(along_mm, missing)
    hole = int(missing.argmax()) if missing.any() else None
    if _is_on_grid(along_mm, missing):
        return Gaps(slices + int(missing.sum()), _index(missing), hole)
    step = max(_lower_median(widths), along_mm[-1] / (2 * slices))
    count = max(2, round(along_mm[-1] / step) + 1)
    return Gaps(count, along_mm * ((count - 1) / along_mm[-1]), hole, varies=True)


def is_regular(along_mm: NDArray[np.float64], rounding_mm: float = 0.0) -> bool:
    """Whether slices (as :func:`find_gaps` takes them) fill a regular grid, none missing."""
    widths = np.diff(along_mm)
    if not widths.size:
        return True
    whole = np.zeros(len(widths), np.int64)
    if _is_on_grid(along_mm, whole):
        return True
    return rounding_mm > JITTER_MM and _rounded(along_mm, whole, rounding_mm) is not None


def _is_exact(along_mm: NDArray[np.float64], missing: NDArray[np.int64]) -> bool:
    """Whether places are a regular grid as written, with a few planes missing at most.

    All whole numbers lie on a grid of 1 mm, so many holes are no sign of one.
    """
    few = max(1.0, _FEW_HOLES * len(missing))
    return missing.sum() <= few and beside_grid_mm(along_mm, _index(missing)) <= 2 * JITTER_MM


def _is_on_grid(along_mm: NDArray[np.float64], missing: NDArray[np.int64]) -> bool:
    """Whether places lie on the grid from the first to the last, or so near that it is the same.

    Tables stop within some hundredths of a millimetre: a PET of several beds may lie 0.05 mm
    beside its grid. Interpolating for that would blur every slice for nothing.
    """
    index = _index(missing)
    return bool(beside_grid_mm(along_mm, index) <= _limit_mm(along_mm, index))


def _limit_mm(along_mm: NDArray[np.float64], index: NDArray[np.float64]) -> float:
    return float(max(2 * JITTER_MM, min(_BESIDE * along_mm[-1] / index[-1], _MOST_BESIDE_MM)))


def _rounded(
    along_mm: NDArray[np.float64], missing: NDArray[np.int64], rounding_mm: float
) -> Spacings | None:
    index = _index(missing)
    return possible_spacings(along_mm, index, rounding_mm + _limit_mm(along_mm, index))


def beside_grid_mm(along_mm: NDArray[np.float64], index: NDArray[np.float64]) -> float:
    """Return how far places lie beside the grid from the first to the last, at most."""
    return float(np.abs(along_mm - index * along_mm[-1] / index[-1]).max())


def _regular_if_rounded(along_mm: NDArray[np.float64], rounding_mm: float) -> Gaps | None:
    """Return the grid that rounding has hidden, with no slice missing or one."""
    widths = np.diff(along_mm)
    holes = np.eye(len(widths), dtype=np.int64)[widths > widths.mean() + 2 * rounding_mm]
    for missing in (np.zeros(len(widths), np.int64), *holes):
        spacings = _rounded(along_mm, missing, rounding_mm)
        if spacings is not None:
            index = _index(missing)
            hole = int(missing.argmax()) if missing.any() else None
            return Gaps(int(index[-1]) + 1, index, hole, spacings=spacings)
    return None


def _index(missing: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.concatenate([[0], np.cumsum(missing + 1)]).astype(np.float64)


def missing_in_gaps(widths: NDArray[np.float64], rounding_mm: float = 0.0) -> NDArray[np.int64]:
    """Count the slices missing in each gap; widths of places that are rounded differ by it."""
    same_mm = max(_SAME_GAP_MM, 4 * rounding_mm)
    run_of = np.concatenate([[0], np.cumsum(np.abs(np.diff(widths)) > same_mm)])
    lengths = np.bincount(run_of)
    run_width = np.array([widths[run_of == run].mean() for run in range(len(lengths))])
    typical = _lower_median(widths)
    missing = np.zeros(len(widths), np.int64)
    for gap, run in enumerate(run_of):
        if lengths[run] >= _RUN:
            continue
        beside = [run_width[other] for other in (run - 1, run + 1) if 0 <= other < len(lengths)]
        usual = max([typical, *beside])
        if widths[gap] < _HOLE * usual:
            continue
        missing[gap] = round(widths[gap] / usual) - 1
    return missing


def _require_few_missing(along_mm: NDArray[np.float64], missing: NDArray[np.int64]) -> None:
    total = int(missing.sum())
    if total <= 1:
        return
    places = [
        f"{missing[gap]} between {along_mm[gap]:.1f} and {along_mm[gap + 1]:.1f} mm"
        for gap in np.flatnonzero(missing)
    ]
    more = f" and {len(places) - 5} more gaps" if len(places) > 5 else ""
    raise InputRefused(
        "missing-slices",
        f"{total} slices are missing: {', '.join(places[:5])}{more} above the first slice; the "
        "limit is 1",
        remedy="Send the series again from the scanner or archive",
    )


def _lower_median(values: NDArray[np.float64]) -> float:
    return float(np.sort(values)[(len(values) - 1) // 2])
