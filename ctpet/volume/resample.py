"""The one resampler: a volume onto another grid, antialiased where that grid is coarser."""

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.errors import InputRefused
from ctpet.volume.geometry import Geometry, Shape3
from ctpet.volume.separable import Axis, Floats, inside_view, sample_separable
from ctpet.volume.volume import Volume

_SAME_PLACE_MM = 1e-3
"""Positions closer than this are the same place, as in ``Geometry.agrees_with``."""


def resample(volume: Volume, onto: Geometry, *, fill: float) -> Volume:
    """Sample a volume at the voxel centres of another grid.

    Where the new voxels are smaller the values are interpolated linearly; where they are larger
    a triangle filter of their size comes first, so that fine texture becomes its mean instead of
    an alias. Both are exact for linear ramps, shift nothing and never overshoot. Grids that share
    a lattice (the same one, flipped, permuted or cropped) are copied bit by bit.

    A new voxel whose centre lies outside the field of view, which ends at the edges of its outer
    voxels, is ``fill``; inside it, ``fill`` has no influence.

    Args:
        volume: what to sample; it is not changed.
        onto: where to sample; its orientation may differ in any way, sheared grids included.
        fill: value outside the field of view, in the volume's unit.

    Returns:
        A volume of the same quantity whose geometry is ``onto``.

    Raises:
        InputRefused: ``frame-of-reference-differs``: both frames of reference are known and are
            not the same, so that positions in one mean nothing in the other.
    """
    source = volume.geometry
    known = {source.frame_of_reference_uid, onto.frame_of_reference_uid} - {None}
    if len(known) > 1:
        raise InputRefused(
            "frame-of-reference-differs",
            "The volume and the grid to resample it onto have different frames of reference",
            remedy="Use series of one examination, or register them first",
        )
    matrix = np.asarray(np.linalg.solve(source.affine, onto.affine), dtype=np.float64)
    tolerance = np.minimum(_SAME_PLACE_MM / np.asarray(source.spacing_mm), 0.01)
    out = np.full(onto.shape, fill, dtype=np.float32)
    order = _aligned_axes(matrix, onto.shape, tolerance)
    if order is None:
        _sample_oblique(volume.array, matrix, tolerance, out)
    else:
        axes = [
            _axis(matrix[a, o], matrix[a, 3], onto.shape[o], tolerance[a])
            for a, o in enumerate(order)
        ]
        sample_separable(volume.array, axes, tolerance, out.transpose(order))
    return Volume(out, onto, volume.quantity)


def _aligned_axes(
    matrix: NDArray[np.float64], shape: Shape3, tolerance: NDArray[np.float64]
) -> tuple[int, ...] | None:
    """Return the new axis that runs along each source axis; None if they are not parallel."""
    steps = np.abs(matrix[:3, :3])
    order = tuple(int(o) for o in steps.argmax(axis=1))
    if sorted(order) != [0, 1, 2]:
        return None
    drift = steps * (np.asarray(shape) - 1)
    drift[np.arange(3), order] = 0
    return order if (drift.sum(axis=1) <= tolerance).all() else None


def _axis(step: float, first: float, count: int, tolerance: float) -> Axis:
    """Return an axis from its index map, with rounding errors of the affines taken out."""
    centres = first + step * np.arange(count, dtype=np.float64)
    ratio = abs(step)
    if abs(ratio - 1) * max(count - 1, 1) <= tolerance:
        ratio = 1.0
        if np.abs(centres - np.round(centres)).max() <= tolerance:
            centres = np.round(centres)
    return Axis(centres, ratio)


def _sample_oblique(
    array: Floats,
    matrix: NDArray[np.float64],
    tolerance: NDArray[np.float64],
    out: Floats,
) -> None:
    """Write the samples inside the field of view into ``out`` for axes that are not parallel.

    The source is first smoothed along its own axes onto a lattice of half a new voxel, then
    interpolated linearly. The filter's variance along a source axis is that of the new voxel's
    triangle projected onto it (squared row norm of the index map over 6), less what the linear
    interpolation adds, so that both ways of sampling blur alike.
    """
    corners = np.array(list(product(*((0, n - 1) for n in out.shape))))
    reach = corners @ matrix[:3, :3].T + matrix[:3, 3]
    last = np.asarray(array.shape) - 1
    low = np.clip(np.floor(reach.min(axis=0)), 0, last).astype(int)
    high = np.clip(np.ceil(reach.max(axis=0)), 0, last).astype(int)
    ratios = np.linalg.norm(matrix[:3, :3], axis=1)
    axes = [_smoothed_axis(lo, hi, r) for lo, hi, r in zip(low, high, ratios, strict=True)]
    if all(axis.on_lattice for axis in axes):
        smooth = array[tuple(slice(lo, hi + 1) for lo, hi in zip(low, high, strict=True))]
    else:
        smooth = np.empty([axis.centres.size for axis in axes], dtype=np.float32)
        sample_separable(array, axes, tolerance, smooth)
    scale = (np.asarray(smooth.shape) - 1) / np.maximum(high - low, 1)
    fill = float(out.flat[0])
    ndimage.affine_transform(
        smooth,
        scale[:, None] * matrix[:3, :3],
        scale * (matrix[:3, 3] - low),
        output=out,
        order=1,
        mode="nearest",
    )
    _fill_outside(out, matrix, array.shape, tolerance, fill)


def _smoothed_axis(low: int, high: int, ratio: float) -> Axis:
    """Return the samples from voxel ``low`` to ``high`` that stand in for an axis."""
    step = max(1.0, ratio / 2)
    count = int(np.ceil((high - low) / step)) + 1
    return Axis(np.linspace(low, high, count), float(np.sqrt(max(1.0, ratio**2 - step**2))))


def _fill_outside(
    out: Floats,
    matrix: NDArray[np.float64],
    shape: Shape3,
    tolerance: NDArray[np.float64],
    fill: float,
) -> None:
    """Put ``fill`` where the centre of a new voxel is outside the source's field of view."""
    j, i = np.ogrid[: out.shape[1], : out.shape[2]]
    for k, plane in enumerate(out):
        for (a, b, c, d), n, t in zip(matrix[:3], shape, tolerance, strict=True):
            plane[~inside_view(a * k + b * j + c * i + d, n, t)] = fill
