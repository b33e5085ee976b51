"""Sampling along the axes of an array, one axis after the other, plane by plane."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Axis:
    """What is sampled along one source axis.

    Attributes:
        centres: positions of the new voxel centres, in source voxels, ``(n,)``.
        ratio: size of a new voxel in source voxels; above 1 it is antialiased.
    """

    centres: NDArray[np.float64]
    ratio: float

    @property
    def on_lattice(self) -> bool:
        """Whether every centre is a source voxel's own, so that values are copied."""
        return self.ratio <= 1 and bool((self.centres == np.round(self.centres)).all())


def inside_view(centres: NDArray[np.float64], count: int, tolerance: float) -> NDArray[np.bool_]:
    """Whether positions along an axis lie between the outer edges of its ``count`` voxels."""
    return (centres >= -0.5 - tolerance) & (centres <= count - 0.5 + tolerance)


def _kernel(distance: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
    """Weight of a source voxel at a distance (in source voxels) from the new centre.

    Linear interpolation (a hat of half-width 1) convolved with a hat of half-width
    ``sqrt(ratio² - 1)``, so that the variance is that of a hat of half-width ``ratio`` and the
    case ``ratio = 1`` is plain linear interpolation. Because the linear hats sum to one
    everywhere, constants and ramps are kept for every ratio and phase, which a sampled hat of
    half-width ``ratio`` does only for whole ratios. The closed form is the fourth difference of
    the truncated cubic ``|x|³ / 12`` (Schoenberg 1946, B-splines with unequal steps).
    """
    if ratio <= 1 + 1e-6:
        return np.maximum(0.0, 1.0 - np.abs(distance))
    half = np.sqrt(ratio**2 - 1)
    total = np.zeros_like(distance)
    for p, weight_p in ((-1, 1), (0, -2), (1, 1)):
        for q, weight_q in ((-half, 1), (0, -2), (half, 1)):
            total += weight_p * weight_q * np.abs(distance + p + q) ** 3
    total[np.abs(distance) >= 1 + half] = 0
    return np.asarray(np.maximum(0.0, total / (12 * half**2)))


def _weights(axis: Axis, count: int) -> "sparse.csr_array[np.float32]":
    """Return the ``(new, count)`` matrix of an axis whose centres are all in view; rows sum to 1.

    Weights that fall beyond the first or last voxel are left out before the rows are divided by
    their sum: nothing outside the field of view darkens its border.
    """
    reach = np.sqrt(max(axis.ratio, 1.0) ** 2 - 1) + 1
    first = np.floor(axis.centres - reach).astype(np.int64)
    columns = first[:, None] + np.arange(int(np.ceil(2 * reach)) + 2)
    values = _kernel(columns - axis.centres[:, None], axis.ratio)
    values[(columns < 0) | (columns >= count)] = 0
    values /= values.sum(axis=1, keepdims=True)
    rows, used = np.nonzero(values > 1e-9)
    entries = values[rows, used].astype(np.float32)
    shape = (axis.centres.size, count)
    return sparse.csr_array((entries, (rows, columns[rows, used])), shape=shape)


def sample_separable(
    array: Floats, axes: list[Axis], tolerance: NDArray[np.float64], out: Floats
) -> None:
    """Write the samples inside the field of view into ``out``, whose axes are the array's.

    The source is read once, plane by plane: each plane is reduced (or enlarged) within itself and
    added to the new planes it contributes to, so that no temporary is larger than a plane.
    """
    inside = [
        np.flatnonzero(inside_view(axis.centres, n, t))
        for axis, n, t in zip(axes, array.shape, tolerance, strict=True)
    ]
    if not all(part.size for part in inside):
        return
    view = out[tuple(slice(part[0], part[-1] + 1) for part in inside)]
    axes = [Axis(axis.centres[part], axis.ratio) for axis, part in zip(axes, inside, strict=True)]
    if all(axis.on_lattice for axis in axes):
        view[...] = array[tuple(_lattice_run(axis.centres) for axis in axes)]
        return
    across, rows, columns = (_weights(*pair) for pair in zip(axes, array.shape, strict=True))
    view[...] = 0
    contributions = across.tocsc()
    for k in range(array.shape[0]):
        span = slice(contributions.indptr[k], contributions.indptr[k + 1])
        if span.start == span.stop:
            continue
        plane = (columns @ (rows @ array[k]).T).T
        for o, weight in zip(contributions.indices[span], contributions.data[span], strict=True):
            view[o] += weight * plane


def _lattice_run(centres: NDArray[np.float64]) -> slice:
    """Return the run of source voxels, forwards or backwards, that the centres lie on."""
    first, last = int(centres[0]), int(centres[-1])
    step = 1 if last >= first else -1
    stop = last + step
    return slice(first, stop if stop >= 0 else None, step)
