"""Whether the volumes of a case are about one body in SUV: what is refused, and what is doubted.

A piece that was cut out of a body shows neither its outline, nor which way up it is, nor what its
mean uptake is: a box inside a tumour is hot all over, and muscle looks alike from every side. What
is concluded from these for a body is not concluded for a piece.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.volume import Geometry
from ctpet.volume.blocks import block_factors, block_grid, block_means
from ctpet.volume.mirror import better_turned, correlation
from ctpet.volume.outline import (
    OUTLINES_ALIKE,
    OUTLINES_OVERLAP,
    SHIFT_MM,
    body_of_ct,
    body_of_pet,
    dice,
)
from ctpet.volume.shift import best_shift, tissue_of_ct, tissue_of_pet

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

PLAUSIBLE_MEAN_SUV = (0.1, 10.0)
"""Of a body: SUVbw is normalised to a mean near 1, a head alone has more. Bq/mL and counts lie far
off; kBq/mL may lie inside."""

PLAUSIBLE_PIECE_SUV = (0.01, 100.0)
"""Of a piece of a body, from lung to bladder; Bq/mL and counts lie off all the same."""

PIECE_MM = 150.0
"""Shorter than one bed position of a scanner along every axis, a field is a piece of a body."""

NEGATIVE_SUV = -1.0
"""Below it noise of a reconstruction does not reach."""

NEGATIVE_PART = 0.01
"""Of all voxels; from so many negative ones on a volume holds something else, such as HU."""

DOUBTFUL_MEAN_SUV = 2.5
"""Above it a field of view that is no head alone holds something else, such as kBq/mL."""

LEAST_COVER = 0.5
WORTH_SAYING_COVER = 0.98

DOUBTFUL_SCALE = 3.0
"""Of the means in the body, predicted to measured or the reverse. Both are SUVbw of one body, so
that a model without any knowledge is nearer."""

SAME_SHAPE = 0.5
"""Correlation with the reference from which on a prediction is not nothing, but in other units."""

COPY_RMS = 0.005
"""RMS of what is left of the prediction once a multiple of the reference is taken away, as part of
its own: a copy, in other numbers. No network that sees only CT repeats a scanner's noise."""

CONSTANT_PART = 0.99
"""Of the body; a prediction with one value there predicts nothing."""

LEAST_VOXELS = 8
"""Of fewer, such as a body's corner in a box, nothing is said: a voxel is a multiple of any."""

MOST_SUV = 4.0
"""At which uptake is cut before a prediction is turned over, so that a bladder does not decide."""

SURVEY_MM = 4.0
"""Blocks of this size are looked at: a voxel of a PET."""

_SAMPLE = 1 << 20


@dataclass(frozen=True, eq=False)
class Pair:
    """What is checked, all on the reference's grid, (k, j, i).

    Attributes:
        predicted: SUVbw.
        measured: SUVbw.
        known: where the prediction is defined.
        body: the patient's outline.
        hu: CT; None without one.
        hu_known: where the CT is defined.
        geometry: the grid.
        piece: whether this is a piece that was cut out of a body.
    """

    predicted: Floats
    measured: Floats
    known: Mask
    body: Mask
    hu: Floats | None
    hu_known: Mask
    geometry: Geometry
    piece: bool = False


def is_piece(geometry: Geometry) -> bool:
    """Tell whether a field is too small to show more than a piece of a body."""
    sides = zip(geometry.shape, geometry.spacing_mm, strict=True)
    return max(count * mm for count, mm in sides) < PIECE_MM


def check_pair(pair: Pair) -> list[Finding]:
    """Return what is doubtful about where and what the volumes are.

    Raises:
        InputRefused: ``no-body``, ``no-overlap``, ``suv-implausible``, ``outlines-differ``.
    """
    if not pair.body.any():
        raise InputRefused(
            "no-body", "There is no outline of a body to score in", remedy="Check the files"
        )
    scored = pair.body & pair.known
    cover = float(np.count_nonzero(scored) / np.count_nonzero(pair.body))
    if cover < LEAST_COVER:
        raise InputRefused(
            "no-overlap",
            f"The prediction covers {cover:.0%} of the body (limit {LEAST_COVER:.0%})",
            remedy="Use the prediction made from the CT of the same examination",
        )
    predicted, measured = pair.predicted[scored], pair.measured[scored]
    constant = _constant(predicted)
    means = {"reference": float(pair.measured[pair.body].mean())}
    means["prediction"] = float(predicted.mean())
    limits = PLAUSIBLE_PIECE_SUV if pair.piece else PLAUSIBLE_MEAN_SUV
    _require_suv(means, limits, alike=_alike(predicted, measured))
    _require_uptake({"reference": pair.measured, "prediction": pair.predicted[pair.known]})
    told = {
        "prediction-covers-part": _part(cover),
        "suv-high": "" if pair.piece else _high(means),
        "prediction-scale": "" if pair.piece or constant else _apart(predicted, measured),
        "prediction-constant": constant,
        "prediction-equals-reference": "" if constant else _copy(predicted, measured),
    }
    found = [Finding(code, "warning", message) for code, message in told.items() if message]
    return found if pair.piece else found + _places(_survey(pair), moved=not constant)


def _part(cover: float) -> str:
    if cover >= WORTH_SAYING_COVER:
        return ""
    return f"The prediction covers {cover:.0%} of the body; the rest is not scored"


def _require_suv(means: Mapping[str, float], limits: tuple[float, float], *, alike: bool) -> None:
    """Refuse means that no SUVbw has; a low prediction only if it is like the reference.

    Raises:
        InputRefused: ``suv-implausible``.
    """
    low, high = limits
    for what, mean in means.items():
        if mean > high or (mean < low and (what == "reference" or alike)):
            raise InputRefused(
                "suv-implausible",
                f"The mean of the {what} in the body is {mean:.4g}, which is no SUVbw "
                f"(expected is {low:g} to {high:g})",
                remedy="Convert it to SUVbw in g/mL first, for instance with `ctpet suv`",
            )


def _require_uptake(volumes: Mapping[str, Floats]) -> None:
    """Refuse what is negative in places, as HU are and uptake is not.

    Raises:
        InputRefused: ``suv-implausible``.
    """
    for what, volume in volumes.items():
        part = np.count_nonzero(volume < NEGATIVE_SUV) / volume.size
        if part > NEGATIVE_PART:
            raise InputRefused(
                "suv-implausible",
                f"{part:.0%} of the {what} is below {NEGATIVE_SUV:g} (limit {NEGATIVE_PART:.0%}), "
                "which no SUVbw is: it may be a CT in HU",
                remedy="Check which file is which",
            )


def _high(means: Mapping[str, float]) -> str:
    many = [what for what, mean in means.items() if mean > DOUBTFUL_MEAN_SUV]
    if not many:
        return ""
    return (
        f"The mean of the {' and the '.join(many)} in the body is above {DOUBTFUL_MEAN_SUV:g}: "
        "unless a head alone is in the field, it may be kBq/mL and no SUVbw"
    )


def _apart(predicted: Floats, measured: Floats) -> str:
    ratio = float(predicted.mean()) / float(measured.mean())
    if 1 / DOUBTFUL_SCALE <= ratio <= DOUBTFUL_SCALE:
        return ""
    return (
        f"The mean of the prediction in the body is {ratio:.3g} times that of the reference: "
        "it may be in other units than SUVbw"
    )


def _alike(predicted: Floats, measured: Floats) -> bool:
    step = max(1, predicted.size // _SAMPLE)
    return correlation(predicted[::step], measured[::step]) >= SAME_SHAPE


def _constant(predicted: Floats) -> str:
    if predicted.size < LEAST_VOXELS:
        return ""
    middle = np.float32(np.median(predicted[:: max(1, predicted.size // _SAMPLE)]))
    if np.count_nonzero(predicted == middle) < CONSTANT_PART * predicted.size:
        return ""
    return (
        f"The prediction is {middle:.4g} in all but {1 - CONSTANT_PART:.0%} of the body: it "
        "predicts nothing"
    )


def _copy(predicted: Floats, measured: Floats) -> str:
    if predicted.size < LEAST_VOXELS:
        return ""
    p, m = (
        each[:: max(1, each.size // _SAMPLE)].astype(np.float64) for each in (predicted, measured)
    )
    factor = float((p * m).sum() / (m * m).sum()) if m.any() else 0.0
    left = p - factor * m
    if factor <= 0 or (left * left).sum() > COPY_RMS**2 * (p * p).sum():
        return ""
    times = "" if abs(factor - 1) < COPY_RMS else f", times {factor:.3g}"
    return f"Prediction and reference have the same values{times}: one is a copy of the other"


def _survey(pair: Pair) -> Pair:
    """Average a pair over blocks; known is what is known of all of a block."""
    factors = block_factors(pair.geometry, SURVEY_MM)
    if max(factors) == 1 or min(np.floor_divide(pair.geometry.shape, factors)) < 1:
        return pair
    predicted, measured = (block_means(each, factors) for each in (pair.predicted, pair.measured))
    known, body, hu_known = (
        block_means(each, factors) for each in (pair.known, pair.body, pair.hu_known)
    )
    return Pair(
        predicted=predicted,
        measured=measured,
        known=known >= 1,
        body=body >= 0.5,
        hu=None if pair.hu is None else block_means(pair.hu, factors),
        hu_known=hu_known >= 1,
        geometry=block_grid(pair.geometry, factors),
    )


def _places(pair: Pair, *, moved: bool) -> list[Finding]:
    """Return whether outlines, place and sense of the CT and the prediction are the reference's.

    Raises:
        InputRefused: ``outlines-differ``: of the CT.
    """
    found = []
    if pair.hu is not None:
        known = pair.hu_known
        overlap = dice(
            body_of_pet(pair.measured, known, pair.geometry),
            body_of_ct(pair.hu, pair.geometry) & known,
        )
        if overlap < OUTLINES_OVERLAP:
            raise InputRefused(
                "outlines-differ",
                f"The outlines of the body in CT and reference overlap with a Dice of "
                f"{overlap:.2f} (limit {OUTLINES_OVERLAP:g})",
                remedy="Give the CT of the same examination",
            )
        tissue = tissue_of_ct(pair.hu), tissue_of_pet(pair.measured)
        found += _doubts("CT", overlap, tissue, known, pair.geometry)
    if not moved:
        return found
    # Couch and blankets of the CT, to which many models give some uptake, are no other body.
    couch = False if pair.hu is None else pair.hu_known & ~pair.body
    predicted = np.where(couch, np.float32(0), pair.predicted)
    overlap = dice(
        body_of_pet(pair.measured, pair.known, pair.geometry),
        body_of_pet(predicted, pair.known, pair.geometry),
    )
    uptake = np.clip(pair.predicted, 0, MOST_SUV), np.clip(pair.measured, 0, MOST_SUV)
    return found + _doubts("prediction", overlap, uptake, pair.known, pair.geometry)


def _doubts(
    what: str, overlap: float, both: tuple[Floats, Floats], known: Mask, geometry: Geometry
) -> list[Finding]:
    """Return doubts about one volume beside the reference, both as tissue or uptake."""
    found, code = [], what.lower()
    if overlap < OUTLINES_ALIKE:
        found.append(
            (
                f"{code}-outline-differs",
                f"The outlines of the body in {what} and reference overlap with a Dice of "
                f"{overlap:.2f}; expected is at least {OUTLINES_ALIKE:g}: it may be another "
                "person's",
            )
        )
    if turned := better_turned(*both, known, geometry):
        found.append(
            (
                f"{code}-turned",
                f"The {what} fits the reference better turned over from {turned.axis} (correlation "
                f"{turned.likeness:.2f} instead of {turned.unturned:.2f})",
            )
        )
    fixed, moving = (tissue_of_pet(each) for each in both)
    shift = best_shift(fixed, moving, known, geometry)
    if shift is not None and shift.length_mm > SHIFT_MM:
        found.append(
            (
                f"{code}-shifted",
                f"The reference would fit the {what} best if moved by {shift.length_mm:.0f} mm",
            )
        )
    remedy = "Look at the pictures of the case, and check which files belong together"
    return [Finding(name, "warning", message, remedy) for name, message in found]
