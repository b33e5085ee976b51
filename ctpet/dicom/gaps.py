"""Read the distances between slices: regular, one missing, several missing, or varying."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import InputRefused

JITTER_MM = 0.02
"""How far a written position may lie from the true one; so 0.04 mm from a line through two."""

_HOLE = 1.75
_SAME_GAP_MM = 0.1
_RUN = 3


@dataclass(frozen=True, eq=False)
class Gaps:
    """How slices fill a regular grid.

    Attributes:
        count: number of slices of the grid; its first and last are acquired ones.
        index: k in the grid of every acquired slice, rising from 0 to ``count - 1``.
        hole: the slice after which one is missing; None if none is.
        varies: whether the acquired slices do not lie on the grid.
    """

    count: int
    index: NDArray[np.float64]
    hole: int | None = None
    varies: bool = False


def find_gaps(along_mm: NDArray[np.float64]) -> Gaps:
    """Fit a regular grid to slices at ``along_mm`` (rising, mm along the normal, from 0).

    A gap of at least 1.75 times its neighbours counts as missing slices. Gaps of one width that
    come three or more in a row are a change of spacing instead. Where the spacing varies, the
    grid's step is the (lower) median gap, but no more than twice as many slices as acquired.

    Raises:
        InputRefused: ``missing-slices`` if more than one is missing.
    """
    slices = len(along_mm)
    if slices < 2:
        return Gaps(slices, np.zeros(slices))
    widths = np.diff(along_mm)
    missing = _missing(widths)
    _require_few_missing(along_mm, missing)
    hole = int(missing.argmax()) if missing.any() else None
    index = np.concatenate([[0], np.cumsum(missing + 1)]).astype(np.float64)
    count = slices + int(missing.sum())
    off = np.abs(along_mm - index * along_mm[-1] / (count - 1)).max()
    if off <= 2 * JITTER_MM:
        return Gaps(count, index, hole)
    step = max(_lower_median(widths), along_mm[-1] / (2 * slices))
    count = max(2, round(along_mm[-1] / step) + 1)
    return Gaps(count, along_mm * ((count - 1) / along_mm[-1]), hole, varies=True)


def _missing(widths: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count the slices missing in each gap."""
    run_of = np.concatenate([[0], np.cumsum(np.abs(np.diff(widths)) > _SAME_GAP_MM)])
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
