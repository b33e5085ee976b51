"""Foci and lesions by size, summed over all cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ctpet.evaluate.lesions import SIZE_CLASSES
from ctpet.evaluate.report import numbers
from ctpet.evaluate.summary import Summary

FOCI = ("predicted", "fabricated", "measured", "omitted")
LESIONS = ("lesions", "measured_detected", "detected", "detected_by_both")


@dataclass(frozen=True, slots=True)
class SizeRow:
    """Foci or lesions of one sort.

    Attributes:
        name: of their words.
        counts: by size class, then of all together.
        volume: of all together, mL.
    """

    name: str
    counts: tuple[str, ...]
    volume: str


def size_rows(
    summary: Summary, kind: Literal["foci", "lesions"], sorts: Sequence[str]
) -> list[SizeRow]:
    """Return a row for each sort: :data:`FOCI` or :data:`LESIONS`."""
    return [
        SizeRow(
            name=f"{kind}.{sort}",
            counts=tuple(
                numbers.count(each)
                for each in (*_by_size(summary, kind, sort, "count"), total(summary, kind, sort))
            ),
            volume=numbers.number(sum(_by_size(summary, kind, sort, "volume_ml"))),
        )
        for sort in sorts
    ]


def total(summary: Summary, kind: Literal["foci", "lesions"], sort: str) -> int:
    """Return how many foci or lesions of a sort there are, of any size."""
    return int(sum(_by_size(summary, kind, sort, "count")))


def uptake_ml(summary: Summary) -> dict[str, str]:
    """Return the hot volume of each sort of :data:`FOCI` over all cases, in mL."""
    return {sort: numbers.number(summary.totals.get(f"foci: {sort}_ml", 0.0)) for sort in FOCI}


def _by_size(summary: Summary, kind: str, sort: str, unit: str) -> list[float]:
    return [summary.totals.get(f"{kind}: {sort} {unit} {size}", 0.0) for size in SIZE_CLASSES]
