"""Uptake over 1 mL, steadier against noise than that of the hottest voxel: the basis of SUVpeak."""

from collections.abc import Iterator
from math import pi

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.sharpness import Spacing

PEAK_RADIUS_MM = 10 * (3 / (4 * pi)) ** (1 / 3)
"""Of a sphere of 1 mL, 6.2 mm (Wahl et al., J Nucl Med 2009;50 Suppl 1:122S)."""

Offset = tuple[int, int, int]
Box = tuple[slice, ...]


def sphere_means(pet: NDArray[np.float32], spacing_mm: Spacing) -> NDArray[np.float32]:
    """Return the mean over a sphere of 1 mL around the centre of each voxel.

    A voxel counts if its centre lies within :data:`PEAK_RADIUS_MM` and it lies in the image, in a
    region or not (IBSI reference manual, "Local intensity features").

    Args:
        pet: SUVbw, (k, j, i).
        spacing_mm: along (k, j, i).

    Returns:
        SUVbw, of the same shape.
    """
    offsets = sphere_offsets(PEAK_RADIUS_MM, spacing_mm)
    total = np.zeros(pet.shape, np.float32)
    for here, there in shifts(pet.shape, offsets):
        total[here] += pet[there]
    total /= _counts(pet.shape, offsets)
    return total


def sphere_offsets(radius_mm: float, spacing_mm: Spacing) -> list[Offset]:
    """Return the steps in voxels, (k, j, i), to all centres within a radius of a centre."""
    reach = [int(radius_mm / step) for step in spacing_mm]
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1)
    within = np.linalg.norm(steps * spacing_mm, axis=-1) <= radius_mm
    return [(int(k), int(j), int(i)) for k, j, i in steps[within]]


def shifts(shape: tuple[int, ...], offsets: list[Offset]) -> Iterator[tuple[Box, Box]]:
    """Yield for each offset the voxels that have a neighbour there, and these neighbours."""
    for offset in offsets:
        pairs = list(zip(offset, shape, strict=True))
        here = tuple(slice(max(0, -step), max(0, n - max(0, step))) for step, n in pairs)
        there = tuple(slice(max(0, step), max(0, n + min(0, step))) for step, n in pairs)
        yield here, there


def _counts(shape: tuple[int, ...], offsets: list[Offset]) -> NDArray[np.float32]:
    """Return how many of the offsets lead from each voxel to one in the image."""
    inside = []
    for n, steps in zip(shape, zip(*offsets, strict=True), strict=True):
        reached = np.arange(n)[:, None] + np.array(steps)
        inside.append(((reached >= 0) & (reached < n)).astype(np.float32))
    counts: NDArray[np.float32] = np.einsum("ko,jo,io->kji", *inside, optimize=True)
    return counts
