"""Agreement about focal uptake: what a synthetic PET fabricates, and what it omits.

Hot is SUV 4 or more, the fixed threshold by which metabolic tumour volume is measured in lymphoma
(Boellaard et al., J Nucl Med 2024;65:1343). Parts are connected by faces, edges or corners (26
neighbours). There is no reader and no segmenter: hot organs are foci as lesions are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.autopet import autopet_agreement
from ctpet.evaluate.components import (
    Mask,
    Numbers,
    components,
    dice,
    near,
    overlapping,
    touched,
    volume_ml,
    volumes_ml,
)
from ctpet.evaluate.sharpness import Spacing

HOT_SUV = 4.0

LEAST_ML = 0.3
"""A sphere of 8.3 mm; less is noise, or below what a PET resolves."""

NEAR_MM = 8.0
"""A choice: two voxels of 4 mm, in the order of the FWHM of a PET and of what breathing moves
uptake from where CT shows it. Closer, a shift and an invention look the same."""

SIZE_EDGES_ML = (1.0, 5.0, 20.0)
SIZE_CLASSES = ("<1", "1–5", "5–20", ">20")
"""In mL; a volume that is an edge belongs to the class above it."""


@dataclass(frozen=True, slots=True)
class BySize:
    """Some foci or lesions, by :data:`SIZE_CLASSES`.

    Attributes:
        count: how many.
        volume_ml: their volume together.
    """

    count: Mapping[str, int]
    volume_ml: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Foci:
    """Foci of two PETs and those without counterpart; see :func:`foci`.

    Attributes:
        predicted: all foci of the predicted PET.
        measured: all foci of the measured PET.
        fabricated: of the predicted, those that the measured PET has not.
        omitted: of the measured, those that the predicted PET has not.
        predicted_ml: volume of all hot voxels of the predicted PET.
        measured_ml: the same of the measured PET.
        fabricated_ml: of the predicted, what lies farther than :data:`NEAR_MM` from every hot
            voxel of the measured PET.
        omitted_ml: of the measured, what lies that far from every hot voxel of the predicted PET.
        hot_dice: Dice coefficient of the hot voxels of both; NaN where neither has any.
    """

    predicted: BySize
    measured: BySize
    fabricated: BySize
    omitted: BySize
    predicted_ml: float
    measured_ml: float
    fabricated_ml: float
    omitted_ml: float
    hot_dice: float


@dataclass(frozen=True, slots=True)
class LesionAgreement:
    """How a PET shows reference lesions; see :func:`lesion_agreement`.

    Without a lesion, Dice and what is missed are NaN.

    Attributes:
        dice: of the predicted lesions and the reference.
        spurious_ml: volume of predicted lesions that overlap none of the reference.
        missed_ml: volume of lesions that overlap no predicted lesion.
        lesions: of the reference.
        detected: lesions that the predicted lesions overlap.
        measured_dice: the same Dice for the measured PET: what a threshold can reach.
        measured_detected: lesions hot on the measured PET; others cannot be expected of a
            prediction.
        detected_by_both: lesions in ``detected`` and ``measured_detected``.
        autopet_dice: of all that is hot on the predicted PET, nothing cut away, by autoPET's own
            rule: see :func:`ctpet.evaluate.autopet.autopet_agreement`.
        autopet_false_positive_ml: likewise.
        autopet_false_negative_ml: likewise.
        measured_autopet_false_positive_ml: of all that is hot on the measured PET: physiological
            uptake, which a threshold alone cannot tell from lesions.
    """

    dice: float
    spurious_ml: float
    missed_ml: float
    lesions: BySize
    detected: BySize
    measured_dice: float
    measured_detected: BySize
    detected_by_both: BySize
    autopet_dice: float
    autopet_false_positive_ml: float
    autopet_false_negative_ml: float
    measured_autopet_false_positive_ml: float


def foci(
    predicted: NDArray[np.float32],
    measured: NDArray[np.float32],
    body: Mask,
    spacing_mm: Spacing,
) -> Foci:
    """Find the foci of each PET that have no counterpart in the other.

    A focus is a component of hot voxels of at least :data:`LEAST_ML`. A predicted focus is
    fabricated if the measured PET has no hot voxel within :data:`NEAR_MM` of it, and a measured
    one is omitted if the predicted PET has none: the terms of the DREAM report (Xia et al., J Nucl
    Med 2026;67:166), which calls only the first a hallucination.

    One hot voxel nearby is a counterpart, as one shared voxel is in autoPET, of whatever size its
    own component: a share of the focus would count a tumour as omitted of which the prediction
    shows the tip, and few hot voxels, though too little to accuse with, are enough to excuse. So
    both counts are lower bounds: a focus of any size around one hot voxel is in neither. The
    volumes are counted voxel by voxel, so that what such a focus invents is in them, but for the
    first :data:`NEAR_MM` around what is there. Uptake invented within that distance of a hot
    organ is in neither; it lowers ``hot_dice``.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        body: where foci count, of the same shape; leave out what was not predicted. What is hot
            beyond it excuses, since it is there.
        spacing_mm: along (k, j, i).

    Raises:
        ValueError: the shapes differ.
    """
    _check_shapes(predicted, measured, body)
    hot, real = (pet >= HOT_SUV for pet in (predicted, measured))
    of_predicted, fabricated, fabricated_ml = _unmatched(hot & body, real, spacing_mm)
    of_measured, omitted, omitted_ml = _unmatched(real & body, hot, spacing_mm)
    return Foci(
        predicted=of_predicted,
        measured=of_measured,
        fabricated=fabricated,
        omitted=omitted,
        predicted_ml=volume_ml(hot & body, spacing_mm),
        measured_ml=volume_ml(real & body, spacing_mm),
        fabricated_ml=fabricated_ml,
        omitted_ml=omitted_ml,
        hot_dice=dice(hot & body, real & body),
    )


def lesion_agreement(
    predicted: NDArray[np.float32],
    measured: NDArray[np.float32],
    lesions: NDArray[np.integer] | Mask,
    spacing_mm: Spacing,
) -> LesionAgreement:
    """Compare the hot voxels of a PET, less physiological uptake, with reference lesions.

    A hot component that overlaps a lesion belongs to it up to :data:`NEAR_MM` from the contour,
    which may leave out a rim; all else that is hot on the measured PET is physiological. The
    predicted lesions are the hot components of the prediction, but where one overlaps
    physiological uptake, only what of it belongs to a lesion and is not itself physiological.
    Components below :data:`LEAST_ML` that overlap no lesion are left out.

    So physiology is cut away by one who knows the measured PET, and what is invented beside a hot
    organ is not spurious: the figures of autoPET's own rule stand beside these. The measured PET is
    judged by the same rule. As in autoPET, one voxel in common is a detection; how much is shown of
    a lesion is for Dice to tell.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        lesions: reference of the same shape; see :func:`lesion_numbers`.
        spacing_mm: along (k, j, i).

    Raises:
        ValueError: the shapes differ.
    """
    _check_shapes(predicted, measured, lesions)
    numbers, count = lesion_numbers(lesions)
    reference = numbers > 0
    hot, hot_measured = predicted >= HOT_SUV, measured >= HOT_SUV
    around = near(reference, spacing_mm, NEAR_MM)
    physiological = hot_measured & ~_of_lesions(hot_measured, reference, around)
    shown, real = (
        _without_specks(_shown(mask, reference, around, physiological), reference, spacing_mm)
        for mask in (hot, hot_measured)
    )
    sizes_ml = volumes_ml(numbers, count, spacing_mm)
    as_autopet, measured_as_autopet = (
        autopet_agreement(mask, reference, spacing_mm) for mask in (hot, hot_measured)
    )
    seen, can_be_seen = (touched(numbers, count, mask) for mask in (shown, real))
    nan = float("nan")
    return LesionAgreement(
        dice=dice(shown, reference) if count else nan,
        spurious_ml=volume_ml(shown & ~overlapping(shown, reference), spacing_mm),
        missed_ml=float(sizes_ml[~seen].sum()) if count else nan,
        lesions=_by_size(sizes_ml),
        detected=_by_size(sizes_ml[seen]),
        measured_dice=dice(real, reference),
        measured_detected=_by_size(sizes_ml[can_be_seen]),
        detected_by_both=_by_size(sizes_ml[seen & can_be_seen]),
        autopet_dice=as_autopet.dice,
        autopet_false_positive_ml=as_autopet.false_positive_ml,
        autopet_false_negative_ml=as_autopet.false_negative_ml,
        measured_autopet_false_positive_ml=measured_as_autopet.false_positive_ml,
    )


def lesion_numbers(lesions: NDArray[np.integer] | Mask) -> tuple[NDArray[np.int32], int]:
    """Number the lesions of a reference map from 1, without gaps.

    Args:
        lesions: (k, j, i), 0 elsewhere. With several numbers each is a lesion, in one piece or
            not; with one, each component is.

    Returns:
        The number of the lesion of each voxel, and how many lesions there are.
    """
    marked = lesions > 0
    own, numbers_of_marked = np.unique(lesions[marked], return_inverse=True)
    if own.size <= 1:
        return components(marked)
    numbers = np.zeros(lesions.shape, np.int32)
    numbers[marked] = numbers_of_marked + 1
    return numbers, own.size


def lesion_names(lesions: NDArray[np.integer] | Mask, numbers: Numbers) -> dict[int, str]:
    """Return what the lesions are called, by their number from 1: after the map's own numbers.

    Parts that share one number are called after their order.

    Args:
        lesions: the reference map.
        numbers: of its lesions, see :func:`lesion_numbers`.
    """
    inside = numbers > 0
    first = np.unique(numbers[inside], return_index=True)
    own = dict(zip(first[0].tolist(), lesions[inside][first[1]].tolist(), strict=True))
    shared = len(set(own.values())) < len(own)
    return {number: f"lesion {number if shared else value}" for number, value in own.items()}


def _unmatched(hot: Mask, other: Mask, spacing_mm: Spacing) -> tuple[BySize, BySize, float]:
    """Return the foci of a PET, those far from all hot of the other, and mL of hot that far."""
    numbers, count = components(hot)
    sizes_ml = volumes_ml(numbers, count, spacing_mm)
    enough = sizes_ml >= LEAST_ML
    excused = near(other, spacing_mm, NEAR_MM)
    alone = enough & ~touched(numbers, count, hot & excused)
    far_ml = volume_ml(hot & ~excused, spacing_mm)
    return _by_size(sizes_ml[enough]), _by_size(sizes_ml[alone]), far_ml


def _of_lesions(hot: Mask, reference: Mask, around: Mask) -> Mask:
    """Return the part around the lesions of the hot components that overlap one."""
    return overlapping(hot, reference) & around


def _shown(hot: Mask, reference: Mask, around: Mask, physiological: Mask) -> Mask:
    """Return the hot voxels that count as lesions, specks among them."""
    cut = _of_lesions(hot, reference, around) & ~physiological
    return (hot & ~overlapping(hot, physiological)) | overlapping(cut, reference)


def _without_specks(mask: Mask, reference: Mask, spacing_mm: Spacing) -> Mask:
    numbers, count = components(mask)
    kept = touched(numbers, count, reference)
    kept |= volumes_ml(numbers, count, spacing_mm) >= LEAST_ML
    return np.append(False, kept)[numbers]


def _by_size(sizes_ml: NDArray[np.float64]) -> BySize:
    classes = np.digitize(sizes_ml, SIZE_EDGES_ML)
    count = np.bincount(classes, minlength=len(SIZE_CLASSES))
    together_ml = [float(sizes_ml[classes == each].sum()) for each in range(len(SIZE_CLASSES))]
    return BySize(
        count=dict(zip(SIZE_CLASSES, count.tolist(), strict=True)),
        volume_ml=dict(zip(SIZE_CLASSES, together_ml, strict=True)),
    )


def _check_shapes(predicted: NDArray[np.float32], *others: NDArray[np.generic]) -> None:
    if any(other.shape != predicted.shape for other in others):
        shapes = ", ".join(str(each.shape) for each in (predicted, *others))
        raise ValueError(f"shapes differ: {shapes}")
