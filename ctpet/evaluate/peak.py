"""Uptake over 1 mL, steadier against noise than that of the hottest voxel: the basis of SUVpeak."""

from collections.abc import Iterator
from math import pi

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.components import box_of
from ctpet.evaluate.sharpness import Spacing

PEAK_RADIUS_MM = 10 * (3 / (4 * pi)) ** (1 / 3)
"""Of a sphere of 1 mL, 6.2 mm (Wahl et al., J Nucl Med 2009;50 Suppl 1:122S)."""

SLAB_VOXELS = 8
"""Planes that are summed at once, so that their sums stay in a processor's cache."""

Offset = tuple[int, int, int]
Box = tuple[slice, ...]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def sphere_means(
    pet: Floats, spacing_mm: Spacing, known: Mask | None = None, wanted: Mask | None = None
) -> Floats:
    """Return the mean over a sphere of 1 mL around the centre of each voxel.

    A voxel counts if its centre lies within :data:`PEAK_RADIUS_MM`, and it lies in the image and
    is known, in a region or not (IBSI reference manual, "Local intensity features").

    Args:
        pet: SUVbw, (k, j, i).
        spacing_mm: along (k, j, i).
        known: where it is defined, of the same shape; everywhere if None.
        wanted: where a mean is asked for, of the same shape; everywhere if None.

    Returns:
        SUVbw, of the same shape; NaN where no voxel counts. Beyond what is wanted it may be NaN.
    """
    offsets = sphere_offsets(PEAK_RADIUS_MM, spacing_mm)
    reach = [max(along) for along in zip(*offsets, strict=True)]
    means = np.full(pet.shape, np.nan, np.float32)
    for box in _boxes(pet.shape, wanted):
        weights = _padded(np.broadcast_to(np.float32(1), pet.shape), box, reach)
        values = _padded(pet, box, reach)
        if known is not None:
            weights *= _padded(known, box, reach)
            values *= weights
        if weights.all():
            means[box] = _sphere_sums(values, offsets, reach) / np.float32(len(offsets))
            continue
        counts = _sphere_sums(weights, offsets, reach)
        np.divide(_sphere_sums(values, offsets, reach), counts, out=means[box], where=counts > 0)
    return means


def sphere_offsets(radius_mm: float, spacing_mm: Spacing) -> list[Offset]:
    """Return the steps in voxels, (k, j, i), to all centres within a radius of a centre."""
    reach = [int(radius_mm / step) for step in spacing_mm]
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1)
    within = np.linalg.norm(steps * spacing_mm, axis=-1) <= radius_mm
    return [(int(k), int(j), int(i)) for k, j, i in steps[within]]


def _boxes(shape: tuple[int, ...], wanted: Mask | None) -> Iterator[Box]:
    """Yield slabs of planes, cropped to what is wanted of them."""
    for start in range(0, shape[0], SLAB_VOXELS):
        slab = slice(start, min(start + SLAB_VOXELS, shape[0]))
        if wanted is None:
            yield slab, slice(0, shape[1]), slice(0, shape[2])
        elif wanted[slab].any():
            _, j, i = box_of(wanted[slab])
            yield slab, j, i


def _padded(field: Floats | Mask, box: Box, reach: list[int]) -> Floats:
    """Return a copy of a box and all within reach of it, 0 beyond the field."""
    wide = [(part.start - n, part.stop + n) for part, n in zip(box, reach, strict=True)]
    inside = tuple(slice(max(0, low), high) for low, high in wide)
    missing = [
        (max(0, -low), max(0, high - size))
        for (low, high), size in zip(wide, field.shape, strict=True)
    ]
    return np.pad(field[inside].astype(np.float32, copy=False), missing)


def _sphere_sums(padded: Floats, offsets: list[Offset], reach: list[int]) -> Floats:
    """Return the sum over the offsets from each voxel but those within reach of the border.

    A sphere is a bundle of rods along i, of which each length is summed once for all.
    """
    half: dict[tuple[int, int], int] = {}
    for k, j, i in offsets:
        half[k, j] = max(half.get((k, j), 0), i)
    size_k, size_j, size_i = (n - 2 * r for n, r in zip(padded.shape, reach, strict=True))
    along = np.pad(padded.cumsum(axis=2, dtype=np.float64), ((0, 0), (0, 0), (1, 0)))
    rods = {
        n: (
            along[..., reach[2] + n + 1 : reach[2] + n + 1 + size_i]
            - along[..., reach[2] - n : reach[2] - n + size_i]
        ).astype(np.float32)
        for n in set(half.values())
    }
    total = np.zeros((size_k, size_j, size_i), np.float32)
    for (k, j), n in half.items():
        start_k, start_j = reach[0] + k, reach[1] + j
        total += rods[n][start_k : start_k + size_k, start_j : start_j + size_j]
    return total
