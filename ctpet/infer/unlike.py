"""How unlike the training a CT is, from the model's own map of it, and where along the body.

A model that promises familiarity returns beside its SUV how far what it sees of each place lies
from all that it saw in training (:mod:`ctpet.learn.familiarity`). Patients differ from voxel to
voxel, so that only a whole stretch of a body tells: the map is meant over the body in stretches of
:data:`STRETCH_MM`, and the patient's score is the stretch that is most unlike.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.contract import ModelContract
from ctpet.errors import ModelInvalid
from ctpet.findings import Finding
from ctpet.volume import Volume
from ctpet.volume.outline import body_of_ct

STRETCH_MM = 96.0
"""Length along the body that is meant over."""

LEAST_BODY = 0.25
"""Of the largest stretch's voxels of body: a stretch with fewer is an end, and tells nothing."""

MOST_OF = 0.5
"""Of a third of the body: a part that covers so much of it is said to lie there."""


@dataclass(frozen=True, slots=True)
class Unlikeness:
    """How unlike the training a patient is.

    Attributes:
        score: of the stretch that is most unlike.
        parts_mm: (lowest, highest) LPS z of each part of the body beyond the contract's limit,
            from below.
        where: the same in words, such as ``the upper third``; empty where there is none.
        body_share: of the body's voxels, those in such parts.
    """

    score: float
    parts_mm: tuple[tuple[float, float], ...]
    where: str
    body_share: float

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


def unlikeness(
    unlike: NDArray[np.float32], shown: Volume, contract: ModelContract
) -> Unlikeness | None:
    """Reduce a model's map to the patient; None where there is no body or no promise.

    Args:
        unlike: the map, (k, j, i).
        shown: the CT that the model saw, HU, on an LPS-aligned grid.
        contract: says beyond what a patient is told to be unlike the training.

    Raises:
        ModelInvalid: the map is not finite.
    """
    if contract.familiarity is None:
        return None
    if not np.isfinite(unlike).all():
        raise ModelInvalid(
            f"{contract.name} returned how unlike its training the CT is, and it is no number. Do "
            "not use this output; try --precision fp32, or another model."
        )
    body = body_of_ct(shown.array, shown.geometry)
    along = unlike_along(unlike, body, shown.geometry.spacing_mm[0])
    if not body.any():
        return None
    beyond = along > contract.familiarity.limit
    edges = np.flatnonzero(np.diff(np.concatenate([[False], beyond, [False]]).astype(np.int8)))
    low_mm, step_mm = shown.geometry.origin_mm[2], shown.geometry.spacing_mm[0]
    parts = tuple(
        (float(low_mm + (start - 0.5) * step_mm), float(low_mm + (stop - 0.5) * step_mm))
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
    )
    voxels = body.sum(axis=(1, 2))
    share = float(voxels[beyond].sum() / voxels.sum())
    return Unlikeness(float(along.max()), parts, _where(beyond, voxels > 0), share)


def unlike_along(
    unlike: NDArray[np.float32], body: NDArray[np.bool_], step_mm: float
) -> NDArray[np.float64]:
    """Return the map's mean over the body of the stretch around each slice; 0 where there is none.

    Args:
        unlike: the map, (k, j, i).
        body: whose voxels count, of the same shape.
        step_mm: between the slices.
    """
    window = 2 * round((STRETCH_MM / step_mm - 1) / 2) + 1
    slices = np.stack(
        [np.where(body, unlike, 0).sum(axis=(1, 2), dtype=float), body.sum(axis=(1, 2))]
    )
    total, voxels = ndimage.uniform_filter1d(slices.astype(float), window, mode="constant")
    enough = voxels > max(LEAST_BODY * voxels.max(), 0.5 / window)
    return np.where(enough, total / np.where(enough, voxels, 1), 0.0)


def unlike_finding(found: Unlikeness | None, contract: ModelContract) -> Finding | None:
    """Tell which part of a patient is more unlike the training than one in a hundred patients."""
    usual = contract.familiarity
    if found is None or usual is None or not found.parts_mm:
        return None
    stretches = " and ".join(f"{low:.0f} to {high:.0f}" for low, high in found.parts_mm)
    return Finding(
        "unlike-training",
        "warning",
        f"{found.where[0].upper()}{found.where[1:]} of the body in this CT (z {stretches} mm, "
        f"{found.body_share:.0%} of its volume) is unlike all that {contract.name} learned from: "
        f"{found.score:.3g}, where {usual.in_words}",
        "Do not rely on the PET there; see whether position, spacing and HU of the CT are right, "
        "and whether the model was made for this part of the body",
    )


def _where(beyond: NDArray[np.bool_], inside: NDArray[np.bool_]) -> str:
    """Say in thirds of the body's length, from below, where slices lie."""
    if not beyond.any():
        return ""
    slices = np.flatnonzero(inside)
    ends = np.linspace(slices[0], slices[-1] + 1, 4).round().astype(int)
    thirds = [bool(beyond[a:b].mean() >= MOST_OF) if b > a else False for a, b in pairwise(ends)]
    if all(thirds):
        return "the whole length"
    names = ("lower", "middle", "upper")
    named = [name for name, there in zip(names, thirds, strict=True) if there]
    if len(named) == 1:
        return f"the {named[0]} third"
    if named:
        return f"the {' and the '.join(reversed(named))} third"
    middle = (np.flatnonzero(beyond).mean() - ends[0]) / max(1, ends[-1] - ends[0])
    return f"a part of the {names[min(2, int(3 * middle))]} third"
