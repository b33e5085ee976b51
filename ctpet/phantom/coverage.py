"""How much of each voxel a shape covers; blocks far from its surface are skipped or filled."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.frame import Frame
from ctpet.phantom.shapes import SLACK, Floats, Points, Shape
from ctpet.volume import Geometry

Region = tuple[slice, slice, slice]

_SMALL = 6000


@dataclass(frozen=True, eq=False)
class Grid:
    """A geometry, and the frame through which shapes see it.

    Attributes:
        geometry: what is rendered onto.
        frame: the patient's.
        width_mm: over how far a voxel mixes what lies on both sides of a surface, in the
            drawing's mm: the standard deviation of a voxel's extent along a direction, averaged
            over directions, times the square root of 12.
        block: voxels along k, j, i that are judged together.
    """

    geometry: Geometry
    frame: Frame
    width_mm: float
    block: tuple[int, int, int]


def grid_of(geometry: Geometry, frame: Frame) -> Grid:
    """Return what is needed to render onto a geometry."""
    spacing = np.asarray(geometry.spacing_mm)
    width = float(np.sqrt((spacing**2).mean())) / frame.size
    side = 3.0 * float(np.prod(spacing) ** (1 / 3))
    k, j, i = (int(n) for n in np.clip(np.round(side / spacing), 2, 10))
    return Grid(geometry, frame, width, (k, j, i))


def regions_of(boxes: NDArray[np.float64], grid: Grid) -> list[Region | None]:
    """Return the voxels that may be reached from boxes of the drawing, ``(n, 2, 3)`` mm.

    Returns:
        For each box a region, or None if it lies outside the field of view.
    """
    lps = np.clip(grid.frame.box_to_lps(boxes), -1e6, 1e6)
    pick = np.array(list(product((0, 1), repeat=3)))
    corners = lps[:, pick, np.arange(3)]
    index = grid.geometry.lps_to_index(corners.reshape(-1, 3)).reshape(corners.shape)
    low = np.maximum(np.floor(index.min(axis=1)) - 1, 0).astype(int)
    high = np.minimum(np.ceil(index.max(axis=1)) + 2, grid.geometry.shape).astype(int)
    seen = (high > low).all(axis=1)
    return [
        (slice(a[0], b[0]), slice(a[1], b[1]), slice(a[2], b[2])) if ok else None
        for a, b, ok in zip(low.tolist(), high.tolist(), seen, strict=True)
    ]


def cover(shape: Shape, insets: Sequence[float], grid: Grid, region: Region) -> list[Floats]:
    """Return how much of each voxel of a region a shape covers, ``[0, 1]``.

    Args:
        shape: evaluated in the drawing's mm.
        insets: one answer for each: the shape shrunk by so many mm of the drawing.
        grid: what is rendered onto.
        region: which voxels.

    Returns:
        One float32 array of the region's size for each inset.
    """
    start = np.array([s.start for s in region])
    size = np.array([s.stop - s.start for s in region])
    if size.prod() <= _SMALL:
        k, j, i = np.ogrid[tuple(slice(0, int(n)) for n in size)]
        d = shape.distance(_points(grid, k + start[0], j + start[1], i + start[2]))
        return [_ramp(d, inset, grid.width_mm) for inset in insets]
    return _cover_by_blocks(shape, insets, grid, start, size)


def _cover_by_blocks(
    shape: Shape,
    insets: Sequence[float],
    grid: Grid,
    start: NDArray[np.int64],
    size: NDArray[np.int64],
) -> list[Floats]:
    block = np.array(grid.block)
    count = -(-size // block)
    centres = [
        s + (b - 1) / 2 + b * np.arange(n) for s, b, n in zip(start, block, count, strict=True)
    ]
    d = shape.distance(_points(grid, *np.ix_(*centres)))
    d = np.broadcast_to(d, tuple(count))
    spacing = np.asarray(grid.geometry.spacing_mm) / np.asarray(grid.frame.scale).min()
    reach = SLACK * 0.5 * float(np.linalg.norm((block - 1) * spacing)) + grid.width_mm
    near = (d < reach) & (d > -max(insets) - reach)
    whole = [np.where(d < -inset, np.float32(1), np.float32(0)) for inset in insets]
    out = []
    for w in whole:
        full = np.empty((count[0], block[0], count[1], block[1], count[2], block[2]), np.float32)
        full[...] = w[:, None, :, None, :, None]
        out.append(full)
    which = np.nonzero(near)
    batch = max(1, 1_000_000 // int(block.prod()))
    local = np.ogrid[tuple(slice(0, int(b)) for b in block)]
    for first in range(0, len(which[0]), batch):
        part = [w[first : first + batch] for w in which]
        index = [
            (s + b * w)[:, None, None, None] + o[None]
            for s, b, w, o in zip(start, block, part, local, strict=True)
        ]
        exact = shape.distance(_points(grid, *index))
        for full, inset in zip(out, insets, strict=True):
            full[part[0], :, part[1], :, part[2], :] = _ramp(exact, inset, grid.width_mm)
    ends = tuple(int(n) for n in size)
    return [full.reshape(tuple(count * block))[: ends[0], : ends[1], : ends[2]] for full in out]


def _ramp(d: Floats, inset: float, width: float) -> Floats:
    """Return the covered part of a voxel whose centre is ``d`` mm outside a flat surface."""
    level = np.float32(0.5 - inset / width)
    return np.asarray(np.clip(level - d * np.float32(1 / width), 0, 1))


def _points(grid: Grid, *index: NDArray[Any]) -> Points:
    """Return where voxels lie in the drawing, from their k, j and i, which broadcast."""
    whole = np.broadcast_shapes(*(n.shape for n in index))
    xyz = []
    for *steps, start in grid.geometry.affine[:3].tolist():
        total: NDArray[np.float64] = np.float64(start) * np.ones((1,) * len(whole))
        for n, step in zip(index, steps, strict=True):
            if step:
                total = total + n * np.float64(step)
        xyz.append(np.broadcast_to(total.astype(np.float32), whole))
    return grid.frame.to_drawing(Points(*xyz))
