"""The three figures of the autoPET challenges, by their own rule."""

from dataclasses import dataclass

from ctpet.evaluate.components import (
    BY_EDGES,
    Mask,
    components,
    dice,
    touched,
    volumes_ml,
)
from ctpet.evaluate.sharpness import Spacing


@dataclass(frozen=True, slots=True)
class MaskAgreement:
    """Agreement of two masks of lesions; see :func:`autopet_agreement`.

    Attributes:
        dice: 2 × the voxels in both / the voxels of each; NaN without a lesion.
        false_positive_ml: volume of the predicted parts that share no voxel with the reference.
        false_negative_ml: volume of the reference's parts that share no voxel with the
            prediction; NaN without a lesion.
    """

    dice: float
    false_positive_ml: float
    false_negative_ml: float


def autopet_agreement(predicted: Mask, reference: Mask, spacing_mm: Spacing) -> MaskAgreement:
    """Compare a mask of predicted lesions with the reference as autoPET I to III do.

    Parts are connected by faces and edges (18 neighbours), of any size; nothing is cut away. A
    reference without a lesion has false positives alone (Gatidis et al., Nat Mach Intell
    2024;6:1396, and the challenge's ``val_script.py``).

    Args:
        predicted: (k, j, i); a segmenter's lesions, or all that is hot.
        reference: of the same shape.
        spacing_mm: along (k, j, i).

    Raises:
        ValueError: the shapes differ.
    """
    if predicted.shape != reference.shape:
        raise ValueError(f"shapes differ: {predicted.shape}, {reference.shape}")
    nan = float("nan")
    some = bool(reference.any())
    return MaskAgreement(
        dice=dice(predicted, reference) if some else nan,
        false_positive_ml=_apart_ml(predicted, reference, spacing_mm),
        false_negative_ml=_apart_ml(reference, predicted, spacing_mm) if some else nan,
    )


def _apart_ml(mask: Mask, other: Mask, spacing_mm: Spacing) -> float:
    """Return the volume of the parts of a mask that share no voxel with another."""
    numbers, count = components(mask, BY_EDGES)
    alone = ~touched(numbers, count, other)
    return float(volumes_ml(numbers, count, spacing_mm)[alone].sum())
