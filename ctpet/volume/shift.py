"""By how much a volume lies beside another: the rigid shift that would align them best."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ctpet.volume.blocks import block_factors, block_means
from ctpet.volume.geometry import Geometry
from ctpet.volume.outline import Mask

Floats = NDArray[np.float32]
Step = tuple[int, int, int]
Box = tuple[slice, ...]

SURVEY_MM = 8.0
"""Blocks of this size are compared: two voxels of a PET, and whole-body volumes in a second."""

FARTHEST_MM = 64.0
FARTHEST_PART = 0.25
"""Of the grid's length along an axis; beyond, too little is left to compare."""
LEAST_LENGTH_MM = 300.0
"""Of the grid along an axis, to look for a shift along it: a smaller piece, such as one of a limb,
looks much the same wherever it is moved to, and a tumour in it outweighs its outline."""
LEAST_GAIN = 0.01
"""What moving must gain in correlation to be believed: 12 mm along a whole body gain 0.014, and
along a limb, whose outline hardly changes, any step gains less."""
LEAST_LIKENESS = 0.5
"""Correlation of density and uptake below which nothing is said about the shift."""

_UPTAKE_UP_TO_SUV = 1.0
"""Where tissue is told from air; a tumour or a bladder must not draw the outline to itself."""
_LEAST_OVERLAP = 0.3
"""Of the volume, in both; below it a correlation means little."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The best rigid shift.

    Attributes:
        mm: by how much the PET must be moved along (k, j, i), to superior, posterior and left.
        likeness: correlation of tissue in both after it, −1 to 1.
        gain: by how much it is more than without a shift, in the same part of the fixed one.
    """

    mm: tuple[float, float, float]
    likeness: float
    gain: float

    @property
    def length_mm(self) -> float:
        """Its length."""
        return float(np.linalg.norm(self.mm))


def tissue_of_ct(hu: Floats) -> Floats:
    """Return 0 for air, 1 for water and above."""
    return np.clip(hu / 1000 + 1, 0, 1).astype(np.float32)


def tissue_of_pet(suv: Floats) -> Floats:
    """Return the uptake up to an SUVbw of 1: its outline, whatever is hot within."""
    return np.clip(suv, 0, _UPTAKE_UP_TO_SUV).astype(np.float32)


def best_shift(fixed: Floats, moving: Floats, known: Mask, geometry: Geometry) -> Shift | None:
    """Find the shift by climbing the gain in correlation of tissue, from none.

    Both are averaged over blocks of :data:`SURVEY_MM`; a parabola through the best block and its
    neighbours gives parts of a block.

    Args:
        fixed: tissue, (k, j, i), of a CT or PET; see :func:`tissue_of_ct`, :func:`tissue_of_pet`.
        moving: tissue of a PET on the same grid.
        known: where both were measured.
        geometry: the LPS-aligned grid.

    Returns:
        None where the grid is too small to tell, or both have too little in common.
    """
    factors = block_factors(geometry, SURVEY_MM)
    if any(n < factor for n, factor in zip(geometry.shape, factors, strict=True)):
        return None
    block_mm = [factor * mm for factor, mm in zip(factors, geometry.spacing_mm, strict=True)]
    weight = block_means(known, factors)
    density, uptake = (block_means(each * known, factors) for each in (fixed, moving))
    search = _Search(_mean(density, weight), _mean(uptake, weight), weight >= 1)
    farthest = [
        min(int(FARTHEST_MM / mm), int(FARTHEST_PART * count))
        if mm * count >= LEAST_LENGTH_MM
        else 0
        for mm, count in zip(block_mm, weight.shape, strict=True)
    ]
    if not any(farthest):
        return None
    best = search.climb(farthest)
    if search.gain(best) < LEAST_GAIN:
        best = (0, 0, 0)
    likeness = search.likeness(best)
    if not likeness >= LEAST_LIKENESS:
        return None
    k, j, i = (
        (best[axis] + search.part(best, axis)) * block_mm[axis] if farthest[axis] else 0.0
        for axis in range(3)
    )
    return Shift((k, j, i), likeness, search.gain(best))


class _Search:
    """Correlations of two volumes at whole shifts, each worked out once."""

    def __init__(self, density: Floats, uptake: Floats, known: Mask) -> None:
        self._density, self._uptake, self._known = density, uptake, known
        self._seen: dict[Step, tuple[float, float]] = {}

    def climb(self, farthest: list[int]) -> Step:
        """Return the step from which no neighbour is better."""
        best: Step = (0, 0, 0)
        while True:
            around = [
                (best[0] + a, best[1] + b, best[2] + c) for a, b, c in product((-1, 0, 1), repeat=3)
            ]
            near = [
                one
                for one in around
                if all(abs(n) <= most for n, most in zip(one, farthest, strict=True))
            ]
            better = max(near, key=self.gain)
            if self.gain(better) <= self.gain(best):
                return best
            best = better

    def likeness(self, step: Step) -> float:
        """Return the correlation if the uptake is moved by whole blocks; −1 if undefined."""
        return self._at(step)[0]

    def gain(self, step: Step) -> float:
        """Return by how much that is more than without moving it, in the same part of the CT."""
        return self._at(step)[1]

    def part(self, best: Step, axis: int) -> float:
        """Return where the peak of the parabola through three steps lies, −0.5 to 0.5."""
        low, high = ([*best] for _ in range(2))
        low[axis] -= 1
        high[axis] += 1
        a, b, c = (self.gain((s[0], s[1], s[2])) for s in (low, [*best], high))
        curve = a - 2 * b + c
        return float(np.clip((a - c) / (2 * curve), -0.5, 0.5)) if curve < 0 else 0.0

    def _at(self, step: Step) -> tuple[float, float]:
        if step not in self._seen:
            here, there, both = self._overlap(step)
            if both.sum() < _LEAST_OVERLAP * self._known.sum():
                return -1.0, -1.0
            density = self._density[here][both]
            likeness = _correlation(density, self._uptake[there][both])
            unmoved = _correlation(density, self._uptake[here][both])
            self._seen[step] = likeness, likeness - unmoved
        return self._seen[step]

    def _overlap(self, step: Step) -> tuple[Box, Box, Mask]:
        """Return the part of the density, that of the uptake, and where both are known."""
        here = tuple(slice(max(0, n), None if n >= 0 else n) for n in step)
        there = tuple(slice(max(0, -n), None if n <= 0 else -n) for n in step)
        return here, there, self._known[here] & self._known[there]


def _correlation(one: Floats, other: Floats) -> float:
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else -1.0


def _mean(total: Floats, weight: Floats) -> Floats:
    return np.asarray(total / np.maximum(weight, 1e-6), np.float32)
