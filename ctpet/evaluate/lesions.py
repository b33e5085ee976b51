"""Agreement about focal uptake: what a synthetic PET fabricates, and what it omits.

Hot is SUV 4 or more, the fixed threshold by which metabolic tumour volume is measured in lymphoma
(Boellaard et al., J Nucl Med 2024;65:1343). Parts are connected by faces, edges or corners (26
neighbours). There is no reader and no segmenter: hot organs are foci as lesions are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.evaluate.peak import shifts, sphere_offsets
from ctpet.evaluate.sharpness import Spacing

Mask = NDArray[np.bool_]

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
        hot_dice: Dice coefficient of the hot voxels of both; NaN where neither has any.
    """

    predicted: BySize
    measured: BySize
    fabricated: BySize
    omitted: BySize
    hot_dice: float


@dataclass(frozen=True, slots=True)
class LesionAgreement:
    """How a PET shows reference lesions; see :func:`lesion_agreement`.

    Volumes and Dice are defined as in autoPET III, but for its 18 neighbours: without a lesion,
    Dice and false negatives are NaN.

    Attributes:
        dice: of the predicted lesions and the reference.
        false_positive_ml: volume of predicted components that overlap no lesion.
        false_negative_ml: volume of lesions that overlap no predicted lesion.
        lesions: of the reference.
        detected: lesions that the predicted lesions overlap.
        measured_dice: the same Dice for the measured PET: what a threshold can reach.
        measured_detected: lesions hot on the measured PET; others cannot be expected of a
            prediction.
        detected_by_both: lesions in ``detected`` and ``measured_detected``.
    """

    dice: float
    false_positive_ml: float
    false_negative_ml: float
    lesions: BySize
    detected: BySize
    measured_dice: float
    measured_detected: BySize
    detected_by_both: BySize


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
    both counts are lower bounds. Uptake invented beside a hot organ, or merged with one by blur,
    is in neither; it lowers ``hot_dice``.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        body: where to look in either PET, of the same shape; leave out what was not measured.
        spacing_mm: along (k, j, i).

    Raises:
        ValueError: the shapes differ.
    """
    _check_shapes(predicted, measured, body)
    hot, real = ((pet >= HOT_SUV) & body for pet in (predicted, measured))
    of_predicted, fabricated = _foci(hot, real, spacing_mm)
    of_measured, omitted = _foci(real, hot, spacing_mm)
    return Foci(of_predicted, of_measured, fabricated, omitted, _dice(hot, real))


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
    organ is no false positive. The measured PET is judged by the same rule. As in autoPET, one
    voxel in common is a detection; how much is shown of a lesion is for Dice to tell.

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
    around = _near(reference, spacing_mm)
    physiological = hot_measured & ~_of_lesions(hot_measured, reference, around)
    shown, real = (
        _without_specks(_shown(mask, reference, around, physiological), reference, spacing_mm)
        for mask in (hot, hot_measured)
    )
    volumes_ml = _volumes_ml(numbers, count, spacing_mm)
    seen, can_be_seen = (_touched(numbers, count, mask) for mask in (shown, real))
    nan = float("nan")
    return LesionAgreement(
        dice=_dice(shown, reference) if count else nan,
        false_positive_ml=_volume_ml(shown & ~_overlapping(shown, reference), spacing_mm),
        false_negative_ml=float(volumes_ml[~seen].sum()) if count else nan,
        lesions=_by_size(volumes_ml),
        detected=_by_size(volumes_ml[seen]),
        measured_dice=_dice(real, reference),
        measured_detected=_by_size(volumes_ml[can_be_seen]),
        detected_by_both=_by_size(volumes_ml[seen & can_be_seen]),
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
        return _components(marked)
    numbers = np.zeros(lesions.shape, np.int32)
    numbers[marked] = numbers_of_marked + 1
    return numbers, own.size


def _foci(hot: Mask, other: Mask, spacing_mm: Spacing) -> tuple[BySize, BySize]:
    """Return the foci of one PET, and those of them far from all that is hot on the other."""
    numbers, count = _components(hot)
    volumes_ml = _volumes_ml(numbers, count, spacing_mm)
    enough = volumes_ml >= LEAST_ML
    excused = _touched(numbers, count, _near(other, spacing_mm))
    return _by_size(volumes_ml[enough]), _by_size(volumes_ml[enough & ~excused])


def _of_lesions(hot: Mask, reference: Mask, around: Mask) -> Mask:
    """Return the part around the lesions of the hot components that overlap one."""
    return _overlapping(hot, reference) & around


def _shown(hot: Mask, reference: Mask, around: Mask, physiological: Mask) -> Mask:
    """Return the hot voxels that count as lesions, specks among them."""
    cut = _of_lesions(hot, reference, around) & ~physiological
    return (hot & ~_overlapping(hot, physiological)) | _overlapping(cut, reference)


def _without_specks(mask: Mask, reference: Mask, spacing_mm: Spacing) -> Mask:
    numbers, count = _components(mask)
    kept = _touched(numbers, count, reference)
    kept |= _volumes_ml(numbers, count, spacing_mm) >= LEAST_ML
    return np.append(False, kept)[numbers]


def _overlapping(mask: Mask, other: Mask) -> Mask:
    """Return the components of a mask that share a voxel with another."""
    numbers, count = _components(mask)
    return np.append(False, _touched(numbers, count, other))[numbers]


def _components(mask: Mask) -> tuple[NDArray[np.int32], int]:
    numbers = np.empty(mask.shape, np.int32)
    return numbers, int(ndimage.label(mask, structure=np.ones((3, 3, 3)), output=numbers))


def _touched(numbers: NDArray[np.int32], count: int, mask: Mask) -> Mask:
    """Return for each number from 1 whether one of its voxels lies in a mask."""
    return np.bincount(numbers[mask], minlength=count + 1)[1:] > 0


def _volumes_ml(numbers: NDArray[np.int32], count: int, spacing_mm: Spacing) -> NDArray[np.float64]:
    """Return the volume of each number from 1."""
    voxels = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    return voxels * float(np.prod(spacing_mm)) / 1000


def _volume_ml(mask: Mask, spacing_mm: Spacing) -> float:
    return int(mask.sum()) * float(np.prod(spacing_mm)) / 1000


def _near(mask: Mask, spacing_mm: Spacing) -> Mask:
    """Return the voxels within :data:`NEAR_MM` of a mask, from centre to centre."""
    near = np.zeros_like(mask)
    for here, there in shifts(mask.shape, sphere_offsets(NEAR_MM, spacing_mm)):
        near[here] |= mask[there]
    return near


def _dice(one: Mask, other: Mask) -> float:
    total = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / total if total else float("nan")


def _by_size(volumes_ml: NDArray[np.float64]) -> BySize:
    classes = np.digitize(volumes_ml, SIZE_EDGES_ML)
    count = np.bincount(classes, minlength=len(SIZE_CLASSES))
    volume_ml = [float(volumes_ml[classes == each].sum()) for each in range(len(SIZE_CLASSES))]
    return BySize(
        count=dict(zip(SIZE_CLASSES, count.tolist(), strict=True)),
        volume_ml=dict(zip(SIZE_CLASSES, volume_ml, strict=True)),
    )


def _check_shapes(predicted: NDArray[np.float32], *others: NDArray[np.generic]) -> None:
    if any(other.shape != predicted.shape for other in others):
        shapes = ", ".join(str(each.shape) for each in (predicted, *others))
        raise ValueError(f"shapes differ: {shapes}")
