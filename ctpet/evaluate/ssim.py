"""Structural similarity of a synthetic and the measured PET, in 3D, on one scale or on three.

SSIM = (2 μ_p μ_m + C1)(2 σ_pm + C2) / ((μ_p² + μ_m² + C1)(σ_p² + σ_m² + C2)), with moments under a
Gaussian window around each voxel (Wang et al., IEEE Trans. Image Process. 2004;13:600-612); the
quotient of the factors with C2 is its contrast-structure term. 1 is equal.

Along an axis a Gaussian with mirrored borders is a matrix with a narrow band, so that smoothing is
three matrix products, much faster than a convolution. Moments are float64: in a bladder of SUV 80
the variance is lost in the squares of float32.

Where one of the PETs is not known nothing counts: the fields end at the smallest box around what
is known, mirrored there as at any border, so that a part is scored as if the rest had been cropped.
Within the box a window's weights are those of its known voxels, divided by their sum.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import find_objects, minimum_filter

from ctpet.evaluate.agreement import RANGE_SUV, require_one_shape

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]
Pair = tuple[Doubles, Doubles]

SIGMA_VOXELS = 1.5
RADIUS_VOXELS = 5
WINDOW_VOXELS = 2 * RADIUS_VOXELS + 1

C1 = (0.01 * RANGE_SUV) ** 2
"""K1 = 0.01 and K2 = 0.03 as Wang et al. 2004; SUV²."""

C2 = (0.03 * RANGE_SUV) ** 2

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001)
"""Exponents of the scales, finest first, before they are divided by their sum: the first three of
the five of Wang, Simoncelli and Bovik (Asilomar 2003). Five would need 176 voxels along each axis.
"""

BLOCK_VOXELS = 16
"""Length along an axis that is smoothed at once, from all that its windows reach."""


@dataclass(frozen=True, eq=False)
class Similarity:
    """Maps of two PETs, to be averaged over as many masks as wanted; NaN where not known.

    Attributes:
        shape: of the PETs, (k, j, i).
        box: of the PETs, around what is known of both; the maps are those of this part.
        ssim: of the window around each voxel; at a border of the box the fields are mirrored.
        scales: for each scale, finest first, the map whose mean is its factor of MS-SSIM: the
            contrast-structure term, and of the coarsest scale the SSIM; empty where no window fits
            into the coarsest.
    """

    shape: tuple[int, ...]
    box: tuple[slice, ...]
    ssim: Floats
    scales: tuple[Floats, ...]


def similarity(predicted: Floats, measured: Floats, known: Mask | None = None) -> Similarity:
    """Return the maps of SSIM on every scale; see :func:`mean_ssim` and :func:`mean_ms_ssim`.

    A coarser voxel is the mean of those of 2×2×2 finer ones that are known, and is known if half
    of them are; a last plane without a partner is dropped.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        known: where both are defined, of the same shape; everywhere if None.

    Raises:
        ValueError: the shapes differ.
    """
    require_one_shape(predicted, measured, known)
    shape = predicted.shape
    if known is not None and not known.any():
        return Similarity(shape, (slice(0, 0),) * len(shape), np.empty((0, 0, 0), np.float32), ())
    box, known = _around(known, shape)
    predicted, measured = predicted[box], measured[box]
    finest, structure = _maps(predicted, measured, known)
    coarser = len(SCALE_WEIGHTS) - 1
    if min(predicted.shape) // 2**coarser < WINDOW_VOXELS:
        return Similarity(shape, box, finest, ())
    scales = [structure]
    for scale in range(1, coarser + 1):
        predicted, measured, known = _coarser(predicted, measured, known)
        whole, structure = _maps(predicted, measured, known)
        scales.append(whole if scale == coarser else structure)
    return Similarity(shape, box, finest, tuple(scales))


def ssim_map(predicted: Floats, measured: Floats) -> Floats:
    """Return the SSIM of the window around each voxel alone; see :class:`Similarity`."""
    return _maps(predicted, measured, None)[0]


def mean_ssim(maps: Similarity, mask: Mask | None = None) -> float:
    """Return the mean SSIM.

    Args:
        maps: of two PETs.
        mask: where to average of what is known, (k, j, i). If None, where the whole window is
            known.

    Returns:
        The mean; NaN where there is no such voxel.

    Raises:
        ValueError: the shapes differ.
    """
    return _mean(maps.ssim, _cropped(mask, maps))


def mean_ms_ssim(maps: Similarity, mask: Mask | None = None) -> float:
    """Return the SSIM over three scales, each half as fine as the one before.

    It is the product, each factor at least 0 and to the power of its scale's weight, of the mean
    contrast-structure terms of the finer scales and the mean SSIM of the coarsest.

    Args:
        maps: of two PETs.
        mask: where to average of what is known, (k, j, i); of a coarser scale the voxels of which
            at least half lies in it. If None, where the whole window is known.

    Returns:
        From 0 to 1; NaN where a side of what is known is shorter than 44 voxels, so that no window
        fits into the coarsest scale, or where no voxel of a scale lies in the mask.

    Raises:
        ValueError: the shapes differ.
    """
    mask = _cropped(mask, maps)
    if not maps.scales:
        return math.nan
    covered = None if mask is None else mask.astype(np.float32)
    terms: list[float] = []
    for each in maps.scales:
        if terms and covered is not None:
            covered = _halved(covered)
        terms.append(_mean(each, None if covered is None else covered >= 0.5))
    weights = np.divide(SCALE_WEIGHTS, sum(SCALE_WEIGHTS))
    return float(np.prod(np.maximum(terms, 0) ** weights))


def _around(known: Mask | None, shape: tuple[int, ...]) -> tuple[tuple[slice, ...], Mask | None]:
    """Return the box around what is known, and what is known of it; None: all."""
    if known is None:
        return tuple(slice(0, n) for n in shape), None
    (box,) = find_objects(known.astype(np.uint8))
    return box, None if known[box].all() else known[box]


def _cropped(mask: Mask | None, maps: Similarity) -> Mask | None:
    if mask is None:
        return None
    if mask.shape != maps.shape:
        raise ValueError(f"shapes differ: {maps.shape}, {mask.shape}")
    return mask[maps.box]


def _mean(field: Floats, mask: Mask | None) -> float:
    if mask is not None:
        inside = field[mask]
    else:
        inside = field[(slice(RADIUS_VOXELS, -RADIUS_VOXELS),) * field.ndim]
    mean = float(inside.mean(dtype=np.float64)) if inside.size else math.nan
    if not (inside.size and math.isnan(mean)):
        return mean
    if mask is None:
        whole = minimum_filter(~np.isnan(field), WINDOW_VOXELS, mode="constant", cval=False)
        inside = field[whole]
    inside = inside[~np.isnan(inside)]
    return float(inside.mean(dtype=np.float64)) if inside.size else math.nan


def _coarser(
    predicted: Floats, measured: Floats, known: Mask | None
) -> tuple[Floats, Floats, Mask | None]:
    """Return both PETs at half the fineness, and where they are known."""
    if known is None:
        return _halved(predicted), _halved(measured), None
    part = _halved(known.astype(np.float32))
    p, m = (_halved(np.where(known, pet, np.float32(0))) for pet in (predicted, measured))
    for pet in (p, m):
        np.divide(pet, part, out=pet, where=part > 0)
    return p, m, part >= 0.5


def _halved(field: Floats) -> Floats:
    k, j, i = (n // 2 for n in field.shape)
    pairs = field[: 2 * k, : 2 * j, : 2 * i].reshape(k, 2, j, 2, i, 2)
    means: Floats = pairs.mean(axis=(1, 3, 5))
    return means


def _maps(predicted: Floats, measured: Floats, known: Mask | None) -> tuple[Floats, Floats]:
    """Return the maps of SSIM and of its contrast-structure term, computed slab by slab."""
    require_one_shape(predicted, measured)
    along_k, along_j, along_i = (_gaussian_matrix(n) for n in predicted.shape)
    similarity, structure = np.empty((2, *predicted.shape), np.float32)
    for slab, reach in _bands(along_k):
        moments = _products(
            predicted[reach], measured[reach], None if known is None else known[reach]
        )
        moments = _times(along_k[slab, reach], moments, 1)
        moments = _times(along_j, moments, 2)
        moments = _times(along_i, moments, 3)
        if known is not None:
            weight = np.where(known[slab], moments[4], np.nan)
            moments = moments[:4] / weight
        similarity[slab], structure[slab] = _terms(*moments)
    return similarity, structure


def _products(predicted: Floats, measured: Floats, known: Mask | None) -> Doubles:
    """Return p, m, p² + m² and pm; and what is known, where each is 0 elsewhere."""
    products = np.empty((4 if known is None else 5, *predicted.shape))
    products[0], products[1] = predicted, measured
    if known is not None:
        products[:2] *= known
        products[4] = known
    np.multiply(products[0], products[0], out=products[2])
    np.multiply(products[1], products[1], out=products[3])
    products[2] += products[3]
    np.multiply(products[0], products[1], out=products[3])
    return products


def _terms(mean_p: Doubles, mean_m: Doubles, squares: Doubles, product: Doubles) -> Pair:
    """Return SSIM and contrast-structure term from the windows' means of p, m, p² + m² and pm."""
    product_of_means, squares_of_means = mean_p * mean_m, mean_p * mean_p + mean_m * mean_m
    structure = (2 * (product - product_of_means) + C2) / (squares - squares_of_means + C2)
    return (2 * product_of_means + C1) / (squares_of_means + C1) * structure, structure


def _gaussian_matrix(length: int) -> Doubles:
    """Return the matrix that smooths columns of a length, mirrored at both ends."""
    window = np.exp(-np.square(np.arange(-RADIUS_VOXELS, RADIUS_VOXELS + 1) / SIGMA_VOXELS) / 2)
    mirrored = np.pad(np.eye(length), ((RADIUS_VOXELS, RADIUS_VOXELS), (0, 0)), "symmetric")
    smoothed = sliding_window_view(mirrored, WINDOW_VOXELS, axis=0) @ (window / window.sum())
    return np.asarray(smoothed)


def _times(matrix: Doubles, fields: Doubles, axis: int) -> Doubles:
    """Multiply the columns along an axis by a band matrix.

    The products are small enough for BLAS to stay in one thread: its threads wait for each other
    where others work on the same machine.
    """
    shape = list(fields.shape)
    shape[axis] = len(matrix)
    result = np.empty(shape)
    columns, products = fields.swapaxes(axis, -2), result.swapaxes(axis, -2)
    for rows, reach in _bands(matrix):
        np.matmul(matrix[rows, reach], columns[..., reach, :], out=products[..., rows, :])
    return result


def _bands(matrix: Doubles) -> Iterator[tuple[slice, slice]]:
    """Yield blocks of rows, each with the columns from its first to its last that is not 0."""
    for start in range(0, len(matrix), BLOCK_VOXELS):
        rows = slice(start, start + BLOCK_VOXELS)
        used = np.flatnonzero(matrix[rows].any(axis=0))
        yield rows, slice(used[0], used[-1] + 1)
