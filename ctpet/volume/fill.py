"""Find what a tool filled in: piles of voxels on one value, connected to the border."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FILL_ABOVE_HU = -850.0
"""A fill that is darker is air already."""
EDGE_OF_AIR_HU = -850.0
LEAST_FILL = 0.001
"""Of the volume, in one piece; tissue has single voxels of one value, as noise parts them."""
LEAST_PART = 0.001
UNCLEAR_FILL = 0.01
LEAST_AIR_AROUND = 0.25
"""Between a fill and a patient lies air, unless the field of view cuts the patient."""
LEAST_BEYOND = 0.01
BEYOND_HU = 50
SPIKE = 8
"""So many times as frequent as the values beside it; normal noise of 1 HU makes 5. And in a piece
so many times as large as theirs: in boxes of 24³ voxels of muscle noise makes 3."""
BESIDE_HU = (-4, -3, -2, -1, 1, 2, 3, 4)
DARKEST_TISSUE_HU = -200
MOST_DRAWN = 0.5
"""Part of the other tissue that spikes may hold; in a drawing without noise they hold all."""
CORNERS_OF_DRAWING = 4
BRIGHTEST_AIR_HU = 1500
"""The brightest value below it may be air of exchanged bright and dark, which the guard tells."""
EXACT_HU = 0.05
"""Beside a fill tissue of about its value is kept."""
LOWEST_COUNTED_HU, HIGHEST_COUNTED_HU = -2000, 70000
_COARSE = 96

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fill:
    """A value and the voxels that a tool filled with it.

    Attributes:
        value: HU.
        mask: (k, j, i).
        unclear: whether the same could be tissue.
    """

    value: float
    mask: Mask
    unclear: bool


def find_fills(hu: Floats) -> list[Fill]:
    """Find fill values, on at most 96 planes along each axis.

    A fill is brighter than air, is not the darkest value, and lies in one piece of at least 0.1 %
    at the border, or beside what lies there, which is eight times as large as the pieces of values
    beside it where there is noise. It holds a corner, or its value is a spike in the
    distribution of values. And

    - a quarter of what lies two and three voxels away is air, or
    - it holds a corner in a volume with noise, and is neither the darkest nor the brightest value.

    A pile of 1 % at a corner that has neither, and is no air of another scale, is unclear.

    Args:
        hu: (k, j, i), finite.
    """
    coarse = _Coarse.of(hu)
    at_corners = np.rint(coarse.values[corners_of(coarse.values.shape)]).ravel().tolist()
    counts = _Counts(coarse.values, frozenset(at_corners))
    outside = faces_of(coarse.values.shape)
    for value in set(at_corners):
        outside |= _connected(_equal(coarse.values, value, 0.5), outside)
    fills = []
    for value in sorted({*at_corners, *counts.spikes}):
        region = _connected(_equal(coarse.values, value, 0.5), outside)
        verdict = _judge(_Pile(value, region, at_corners.count(value)), coarse.values, counts)
        if verdict is not None:
            mask = coarse.spread(region, hu.shape) & _equal(hu, value, EXACT_HU)
            fills.append(Fill(value, mask, verdict))
    return fills


@dataclass(frozen=True, eq=False)
class _Pile:
    """A value at the border, the voxels that hold it, and how many of the 8 corners it holds."""

    value: float
    region: Mask
    corners: int


def _judge(pile: _Pile, values: Floats, counts: "_Counts") -> bool | None:
    """Return whether a pile is an unclear fill (True) or a clear one (False); None: it is none."""
    below, above = counts.below(pile.value), counts.above(pile.value)
    if pile.value <= FILL_ABOVE_HU or below < LEAST_FILL or _largest(pile.region) < LEAST_FILL:
        return None
    noisy = counts.has_noise_beside(pile.value)
    if noisy and not _stands_out(pile, values):
        return None
    if _air_around(values, pile.region) >= LEAST_AIR_AROUND:
        enough = 1 if noisy else CORNERS_OF_DRAWING
        told = pile.corners >= enough or (noisy and above > 0)
        return False if told and counts.has_tissue_beside(pile.value) else None
    if not (noisy and pile.corners):
        return None
    if min(below, above) >= LEAST_BEYOND:
        return False
    may_be_air = above < LEAST_BEYOND and pile.value < BRIGHTEST_AIR_HU
    return None if may_be_air or pile.region.mean() < UNCLEAR_FILL else True


def _stands_out(pile: _Pile, values: Floats) -> bool:
    """Tell a pile from tissue of one value that noise has left together, as it has others."""
    beside = [_largest(_equal(values, pile.value + hu, 0.5)) for hu in BESIDE_HU]
    return _largest(pile.region) > SPIKE * max(1 / values.size, float(np.mean(beside)))


@dataclass(frozen=True, eq=False)
class _Coarse:
    """At most 96 planes along each axis, the outermost among them.

    Attributes:
        values: HU.
        index: which planes of the volume they are, axis by axis.
    """

    values: Floats
    index: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, hu: Floats) -> "_Coarse":
        index = tuple(
            np.unique(np.rint(np.linspace(0, n - 1, min(n, _COARSE))).astype(np.intp))
            for n in hu.shape
        )
        return cls(hu[np.ix_(*index)], index)

    def spread(self, region: Mask, shape: tuple[int, ...]) -> Mask:
        """Return the part of a volume of that shape within two coarse voxels of a region."""
        wide = grown(grown(region))
        nearest = [
            np.rint(np.interp(np.arange(n), places, np.arange(places.size))).astype(np.intp)
            for n, places in zip(shape, self.index, strict=True)
        ]
        return np.asarray(wide[np.ix_(*nearest)])


class _Counts:
    """How often each whole HU occurs.

    Attributes:
        spikes: values that hold at least the least fill and are far more frequent than those
            beside them.

    Args:
        values: HU.
        suspects: values that count as no tissue.
    """

    def __init__(self, values: Floats, suspects: frozenset[float]) -> None:
        self._suspects = suspects
        whole = np.rint(np.clip(values, LOWEST_COUNTED_HU, HIGHEST_COUNTED_HU)).astype(np.int64)
        cells = HIGHEST_COUNTED_HU - LOWEST_COUNTED_HU + 1
        self._counts = np.bincount(whole.ravel() - LOWEST_COUNTED_HU, minlength=cells)
        self._size = values.size
        self.spikes = list(self._spikes())

    def below(self, value: float) -> float:
        """Part of the voxels that is clearly darker."""
        return float(self._counts[: max(0, _cell(value) - BEYOND_HU)].sum() / self._size)

    def above(self, value: float) -> float:
        """Part of the voxels that is clearly brighter."""
        return float(self._counts[_cell(value) + BEYOND_HU :].sum() / self._size)

    def has_tissue_beside(self, value: float) -> bool:
        """Whether there is tissue of another value."""
        return self._tissue_beside(value) >= LEAST_BEYOND * self._size

    def has_noise_beside(self, value: float) -> bool:
        """Whether there is tissue of other values that are no spikes."""
        drawn = self._held_by(set(self.spikes) - self._suspects - {value})
        return self.has_tissue_beside(value) and drawn < MOST_DRAWN * self._tissue_beside(value)

    def _tissue_beside(self, value: float) -> int:
        tissue = int(self._counts[_cell(DARKEST_TISSUE_HU) :].sum())
        return tissue - self._held_by(self._suspects | {value})

    def _held_by(self, values: AbstractSet[float]) -> int:
        held = (self._counts[_cell(value)] for value in values if value >= DARKEST_TISSUE_HU)
        return sum(map(int, held))

    def _spikes(self) -> Iterator[float]:
        for cell in np.flatnonzero(self._counts >= LEAST_FILL * self._size):
            beside = np.r_[self._counts[max(0, cell - 4) : cell], self._counts[cell + 1 : cell + 5]]
            if self._counts[cell] > SPIKE * max(1.0, float(beside.mean())):
                yield float(cell + LOWEST_COUNTED_HU)


def _cell(value: float) -> int:
    return int(np.clip(value, LOWEST_COUNTED_HU, HIGHEST_COUNTED_HU)) - LOWEST_COUNTED_HU


def _equal(values: Floats, value: float, tolerance: float) -> Mask:
    return np.asarray((values >= value - tolerance) & (values <= value + tolerance))


def _largest(mask: Mask) -> float:
    """Size of the largest connected part, as a part of the whole."""
    labels, _ = ndimage.label(mask)
    return float(np.bincount(labels.ravel())[1:].max(initial=0) / mask.size)


def _connected(mask: Mask, start: Mask) -> Mask:
    """Keep the parts of a mask that touch a start, but for those that are small beside another."""
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    touching = np.zeros(count + 1, bool)
    touching[np.unique(labels[grown(start)])] = True
    touching[0] = False
    kept = touching & (sizes >= LEAST_PART * sizes[touching].max(initial=0))
    return np.asarray(kept[labels])


def _air_around(values: Floats, region: Mask) -> float:
    """Part of what lies two and three voxels away from a region that is air."""
    near = grown(region)
    ring = grown(grown(near)) & ~near
    return float((values[ring] < EDGE_OF_AIR_HU).mean()) if ring.any() else 0.0


def corners_of(shape: tuple[int, ...]) -> tuple[NDArray[np.intp], ...]:
    """Return an index of the 8 corners."""
    return np.ix_(*[[0, n - 1] for n in shape])


def faces_of(shape: tuple[int, ...]) -> Mask:
    """Return the outermost voxels."""
    faces = np.ones(shape, bool)
    faces[1:-1, 1:-1, 1:-1] = False
    return faces


def grown(mask: Mask) -> Mask:
    """Add every voxel that touches a mask, by its corners too; much faster than scipy's."""
    wider = mask.copy()
    for axis in range(mask.ndim):
        before = np.moveaxis(wider.copy(), axis, 0)
        view = np.moveaxis(wider, axis, 0)
        view[1:] |= before[:-1]
        view[:-1] |= before[1:]
    return wider
