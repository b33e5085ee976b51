"""Lesions found by a segmenter, by its masks: on the predicted PET, and on the measured one.

A mask is made by others (a network, a reader, a threshold); nothing is cut from it or added. What
it finds on the measured PET is the ceiling: lesions missed there are the segmenter's misses and not
the synthesis', and what it marks there outside the lesions are its own false positives.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.evaluate.components import dice
from ctpet.evaluate.lesions import lesion_numbers
from ctpet.evaluate.sharpness import Spacing

SegmentedPet = Literal["predicted", "measured"]
SEGMENTED_PETS: tuple[SegmentedPet, ...] = get_args(SegmentedPet)

Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One part of a segmenter's mask.

    Attributes:
        voxels: of it.
        volume_ml: of it.
        candidate_suv_max: SUVbw of its hottest voxel, on the PET on which it was segmented.
        overlapped_lesions: lesions of the reference that share a voxel with it; 0: false positive.
        on_measured: 1 if it shares a voxel with a candidate of the measured PET, else 0; NaN where
            there is no mask of the measured PET.
    """

    voxels: float
    volume_ml: float
    candidate_suv_max: float
    overlapped_lesions: float
    on_measured: float


@dataclass(frozen=True, slots=True)
class Detection:
    """What a segmenter found on one PET.

    Attributes:
        lesions: for each lesion of the reference, in the order of its numbers, the SUVmax of the
            hottest candidate that shares a voxel with it; NaN: missed.
        candidates: in the order of their numbers.
        dice: of the whole mask and all lesions; NaN where both are empty.
    """

    lesions: tuple[float, ...]
    candidates: tuple[Candidate, ...]
    dice: float

    def counts(self) -> dict[str, float]:
        """Return the figures of a case; a share of nothing is NaN."""
        found = int(np.isfinite(self.lesions).sum())
        true = sum(one.overlapped_lesions > 0 for one in self.candidates)
        return {
            "lesions": len(self.lesions),
            "found": found,
            "sensitivity": found / len(self.lesions) if self.lesions else np.nan,
            "candidates": len(self.candidates),
            "true_candidates": true,
            "ppv": true / len(self.candidates) if self.candidates else np.nan,
            "false_positives": len(self.candidates) - true,
            "segmentation_dice": self.dice,
        }


def detect(
    masks: Mapping[SegmentedPet, Labels],
    pets: Mapping[SegmentedPet, NDArray[np.float32]],
    lesions: Labels,
    spacing_mm: Spacing,
) -> dict[SegmentedPet, Detection]:
    """Match each mask's candidates with the lesions of the reference.

    Both maps are read by one rule, :func:`ctpet.evaluate.lesions.lesion_numbers`: with several
    numbers each is one, else each connected part (26 neighbours). One voxel in common is a match,
    as in autoPET; a candidate may find several lesions, and a lesion be found by several.

    Args:
        masks: of the segmenter, by the PET on which it segmented; each (k, j, i).
        pets: SUVbw, of the same shape.
        lesions: of the reference, of the same shape.
        spacing_mm: along (k, j, i).

    Raises:
        ValueError: the shapes differ.
    """
    measured = masks.get("measured")
    return {
        name: _detect(mask, pets[name], lesions, measured, spacing_mm)
        for name, mask in masks.items()
    }


def found_values(detections: Mapping[SegmentedPet, Detection], number: int) -> dict[str, float]:
    """Return of one lesion, counted from 0, on which PETs it was found, and how hot."""
    values = {}
    for name, detection in detections.items():
        suv_max = detection.lesions[number]
        values[f"{name}_found"] = float(np.isfinite(suv_max))
        values[f"{name}_candidate_suv_max"] = suv_max
    return values


def candidate_values(detection: Detection) -> list[dict[str, float]]:
    """Return the figures of each candidate."""
    return [asdict(one) for one in detection.candidates]


def _detect(
    mask: Labels,
    pet: NDArray[np.float32],
    lesions: Labels,
    measured: Labels | None,
    spacing_mm: Spacing,
) -> Detection:
    if not mask.shape == pet.shape == lesions.shape:
        raise ValueError(f"shapes differ: {mask.shape}, {pet.shape}, {lesions.shape}")
    lesion_of, lesion_count = lesion_numbers(lesions)
    candidate_of, count = lesion_numbers(mask)
    numbers = np.arange(1, count + 1)
    hottest = np.atleast_1d(ndimage.maximum(pet, candidate_of, numbers)) if count else np.empty(0)
    both = (lesion_of > 0) & (candidate_of > 0)
    pairs = np.unique(np.stack([lesion_of[both], candidate_of[both]]), axis=1) - 1
    scores = np.full(lesion_count, -np.inf)
    np.maximum.at(scores, pairs[0], hottest[pairs[1]])
    overlapped = np.bincount(pairs[1], minlength=count)
    on_measured = np.full(count, np.nan)
    if measured is not None:
        on_measured = np.isin(numbers, candidate_of[measured > 0]).astype(float)
    voxels = np.bincount(candidate_of.ravel(), minlength=count + 1)[1:]
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    return Detection(
        lesions=tuple(np.where(np.isfinite(scores), scores, np.nan).tolist()),
        candidates=tuple(
            Candidate(float(size), float(size) * voxel_ml, float(suv), float(lesion), float(same))
            for size, suv, lesion, same in zip(
                voxels, hottest, overlapped, on_measured, strict=True
            )
        ),
        dice=dice(candidate_of > 0, lesion_of > 0),
    )
