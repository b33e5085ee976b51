"""The line on which the corners of a stack's planes lie: is it straight, and what is its step."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.frames import Frame
from ctpet.dicom.gaps import JITTER_MM, Gaps
from ctpet.errors import InputRefused

SHIFT_TOLERANCE_MM = 0.1
_REMEDY = "Reconstruct the series with one field of view"

Vectors = NDArray[np.float64]


def shift_limit_mm(rounding_mm: Vectors) -> float:
    """Return how far a corner may lie beside the others' line: more where positions are rounded.

    Args:
        rounding_mm: see :func:`ctpet.dicom.precision.rounding_mm`; (3,).
    """
    coarse = np.where(rounding_mm > JITTER_MM, rounding_mm, 0)
    return SHIFT_TOLERANCE_MM + 2 * float(np.linalg.norm(coarse))


def require_straight(positions_mm: Vectors, along_mm: Vectors, limit_mm: float) -> None:
    """Refuse planes whose corners do not lie on one line (a tilted gantry's line may lean).

    Raises:
        InputRefused: ``slices-shifted``.
    """
    if len(positions_mm) < 3:
        return
    line = (positions_mm[-1] - positions_mm[0]) / along_mm[-1]
    off = np.linalg.norm(positions_mm - positions_mm[0] - along_mm[:, None] * line, axis=1)
    worst = int(off.argmax())
    if off[worst] > limit_mm:
        raise InputRefused(
            "slices-shifted",
            f"The slice {along_mm[worst]:.1f} mm above the first lies {off[worst]:.2f} mm beside "
            f"the line of the others; the limit is {limit_mm:.3g} mm",
            remedy=_REMEDY,
        )


def require_same_place(slots: Sequence[Sequence[Frame]], limit_mm: float) -> None:
    """Refuse duplicates that lie beside each other in their plane.

    Raises:
        InputRefused: ``slices-shifted``.
    """
    for number, slot in enumerate(slots, start=1):
        places = np.array([frame.position_mm for frame in slot])
        apart = float(np.linalg.norm(places - places[0], axis=1).max())
        if apart > limit_mm:
            raise InputRefused(
                "slices-shifted",
                f"Slice {number} of {len(slots)} (counted along the normal) is there "
                f"{len(slot)} times, {apart:.2f} mm apart in its plane; the limit is "
                f"{limit_mm:.3g} mm",
                remedy=_REMEDY,
            )


def fit_line(
    positions_mm: Vectors, gaps: Gaps, normal: Vectors, told_mm: Sequence[float]
) -> tuple[Vectors, Vectors]:
    """Return where the first plane of the grid lies, and the step to the next; LPS mm, (3,) each.

    Exact positions give it by the first and the last. Rounded ones give it by least squares, with
    the spacing along the normal that the header tells where the positions allow it.

    Args:
        positions_mm: of two planes at least; (n, 3).
        gaps: how they fill the grid.
        normal: unit vector (3,).
        told_mm: spacings that headers name, the most trusted first.
    """
    first = positions_mm[0]
    if gaps.spacings is None:
        return first, (positions_mm[-1] - first) / (gaps.count - 1)
    offsets = positions_mm - first
    centred = gaps.index - gaps.index.mean()
    step = centred @ offsets / (centred @ centred)
    step += (gaps.spacings.nearest_known(told_mm) - step @ normal) * normal
    return first + offsets.mean(axis=0) - step * gaps.index.mean(), step
