"""The lesions of a case on the grid of its reference: those of the reference, and a segmenter's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from ctpet.errors import InputRefused
from ctpet.evaluate.components import Mask, components, touched
from ctpet.evaluate.detection import SEGMENTED_PETS, SegmentedPet
from ctpet.evaluate.files import Role
from ctpet.evaluate.lesions import lesion_numbers
from ctpet.findings import Finding
from ctpet.nifti import read_nifti_labels
from ctpet.volume import Geometry, LabelMap, nearest

Labels = NDArray[np.uint16]

_MASKS: Mapping[SegmentedPet, Role] = {
    "predicted": "predicted_lesions",
    "measured": "measured_lesions",
}
_MOST_NUMBERS = np.iinfo(np.uint16).max


@dataclass(frozen=True, eq=False)
class Marks:
    """What is marked on a case, where both PETs are known.

    Attributes:
        lesions: of the reference, (k, j, i), 0 elsewhere; None without a map.
        segmented: a segmenter's masks by the PET on which it made them.
        findings: what was seen or changed.
    """

    lesions: Labels | None
    segmented: Mapping[SegmentedPet, Labels]
    findings: tuple[Finding, ...]


def read_marks(files: Mapping[Role, Path], known: Mask, grid: Geometry) -> Marks:
    """Read the lesions of a case; a map without any is that of a patient without lesions.

    What lies where there is no prediction is left out: it would be scored as one of no uptake.

    Args:
        files: of the case.
        known: where both PETs are, (k, j, i).
        grid: of the reference.

    Raises:
        InputRefused: what the reader refuses; ``lesions-outside``: nothing of a map lies on the
            grid.
    """
    roles: tuple[Role, ...] = ("lesions", *_MASKS.values())
    read = {role: _on_grid(files[role], grid, role) for role in roles if role in files}
    lesions = read["lesions"][0] if "lesions" in read else None
    findings = [finding for _, lost in read.values() for finding in lost]
    findings += _not_covered(lesions, known)
    within = {role: np.where(known, labels, np.uint16(0)) for role, (labels, _) in read.items()}
    segmented = {pet: within[_MASKS[pet]] for pet in SEGMENTED_PETS if _MASKS[pet] in within}
    findings += _doubtful(within.get("lesions"), segmented)
    return Marks(within.get("lesions"), segmented, tuple(findings))


def _on_grid(path: Path, grid: Geometry, role: Role) -> tuple[Labels, list[Finding]]:
    """Return a map on the grid, and what of it is lost there.

    Parts are numbered before, so that those that are apart stay apart, and a lost one is known.

    Raises:
        InputRefused: ``lesions-outside``.
    """
    given = read_nifti_labels(path)
    if given.geometry.agrees_with(grid):
        return given.array, []
    numbered = _numbered(given)
    labels = nearest(numbered, grid)
    if given.array.any() and not labels.any():
        raise InputRefused(
            "lesions-outside",
            "The lesion map marks lesions, but none on a voxel of the reference",
            remedy="Check that it is the lesion map of this patient",
        )
    numbers = np.unique(numbered.array[numbered.array > 0])
    lost = np.setdiff1d(numbers, labels).size
    if not lost:
        return labels, []
    what = "lesions" if role == "lesions" else f"parts of {role.replace('_', ' ')}"
    message = (
        f"{lost} of {numbers.size} {what} lie on no voxel of the reference, being smaller than "
        "one or outside its field; they are counted nowhere"
    )
    return labels, [Finding("lesions-lost", "warning", message)]


def _numbered(given: LabelMap) -> LabelMap:
    """Return a map with the numbers that it has or, if it has but one, one for each part."""
    marked = given.array > 0
    if np.unique(given.array[marked]).size != 1:
        return given
    (box,) = find_objects(marked.astype(np.uint8))
    numbers, count = components(marked[box])
    if not 1 < count <= _MOST_NUMBERS:
        return given
    array = np.zeros_like(given.array)
    array[box] = numbers
    return LabelMap(array, given.geometry)


def _not_covered(lesions: Labels | None, known: Mask) -> list[Finding]:
    """Say how many lesions lie, in part or whole, where nothing was predicted."""
    if lesions is None or not (lesions[~known] > 0).any():
        return []
    numbers, count = lesion_numbers(lesions)
    cut = int(np.count_nonzero(touched(numbers, count, ~known)))
    return [
        Finding(
            "lesions-not-covered",
            "warning",
            f"{cut} of {count} lesions lie, in part or whole, where nothing was predicted; that "
            "part is not scored",
        )
    ]


def _doubtful(lesions: Labels | None, segmented: Mapping[SegmentedPet, Labels]) -> list[Finding]:
    """Say what makes a segmenter's figures mean nothing."""
    if not segmented:
        return []
    if lesions is None:
        message = "A segmenter’s mask has no reference lesions beside it; nothing is counted of it"
        return [Finding("masks-without-lesions", "warning", message)]
    predicted = segmented.get("predicted")
    others = {
        "the reference lesions": lesions,
        "the mask of the measured PET": segmented.get("measured"),
    }
    return [
        Finding(
            "mask-equals-another",
            "warning",
            f"The mask of the predicted PET marks the very voxels of {what}: is it a copy?",
        )
        for what, other in others.items()
        if predicted is not None
        and other is not None
        and predicted.any()
        and np.array_equal(predicted > 0, other > 0)
    ]
