"""Whether a synthetic PET is as sharp as the measured one, which does not make it right.

A regression blurs what it cannot know; an adversarial network draws detail instead. Both ratios
are 1 where predicted and measured are equally sharp, and below it where the predicted one is
blurred. Noise is sharp too: a ratio of 1 may be structure, texture or invention.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects

Spacing = tuple[float, float, float]

BAND_CYCLES_PER_MM = (0.04, 0.10)
"""Periods of 25 to 10 mm, bright and dark halves of 12 to 5 mm: from organs' edges down to what a
PET of 5 mm FWHM still passes at a third of its power."""

BIN_CYCLES_PER_MM = 0.01

TAPER_MM = 1 / BAND_CYCLES_PER_MM[0]
"""The longest period of the band: a slope as long has no power in it."""


@dataclass(frozen=True, slots=True)
class Sharpness:
    """Ratios predicted / measured; NaN where they are not defined.

    Attributes:
        gradient_ratio: see :func:`gradient_ratio`.
        power_ratio: see :func:`power_ratio`.
    """

    gradient_ratio: float
    power_ratio: float


def gradient_ratio(
    predicted: NDArray[np.float32],
    measured: NDArray[np.float32],
    body: NDArray[np.bool_],
    spacing_mm: Spacing,
) -> float:
    """Return mean |∇predicted| / mean |∇measured|, |∇| = √(∂k² + ∂j² + ∂i²) in SUV/mm.

    Derivatives are central differences, taken where a voxel and its six neighbours lie in the
    body, so that neither the skin nor what was not measured counts.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        body: mask of the same shape.
        spacing_mm: along (k, j, i).

    Returns:
        The ratio; NaN where no voxel counts or the measured PET is flat.
    """
    if not (box := _box_of(body)):
        return float("nan")
    predicted, measured, body = predicted[box], measured[box], body[box]
    inner = _inner(body)
    if not inner.any():
        return float("nan")
    steep = float(_gradient_size(measured, spacing_mm)[inner].sum())
    if steep == 0:
        return float("nan")
    return float(_gradient_size(predicted, spacing_mm)[inner].sum()) / steep


def power_ratio(
    predicted: NDArray[np.float32],
    measured: NDArray[np.float32],
    body: NDArray[np.bool_],
    known: NDArray[np.bool_],
    spacing_mm: Spacing,
) -> float:
    """Return the geometric mean of P_predicted(f) / P_measured(f) over bins of a band.

    P(f) is the mean of |DFT|² over the frequencies of a shell, BIN_CYCLES_PER_MM wide, of the
    smallest box around the body, less its mean and times a Hann window along each axis (Harris,
    Proc. IEEE 1978). A Gaussian blur of a FWHM multiplies P by MTF² = exp(−(π·FWHM·f)² / (2 ln 2)),
    whatever the spectrum; a mean of ratios and not a ratio of sums keeps that, since the power of
    a body falls steeply with f. Shells beyond the coarsest axis' Nyquist frequency are left out.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw, of the same shape.
        body: mask of the same shape.
        known: mask of where both are defined. Towards what is not, values fade to their mean over
            TAPER_MM, so that no edge is made that neither PET has.
        spacing_mm: along (k, j, i).

    Returns:
        The ratio; NaN where there is no body, no shell, or a shell without measured power.
    """
    if not (box := _box_of(body)):
        return float("nan")
    top = min(BAND_CYCLES_PER_MM[1], 0.5 / max(spacing_mm))
    count = max(0, int((top - BAND_CYCLES_PER_MM[0]) / BIN_CYCLES_PER_MM + 1e-6))
    shells = _shells(body[box].shape, spacing_mm)
    weights = _taper(known[box], spacing_mm)
    shown, real = (_shell_power(pet[box], weights, shells, count) for pet in (predicted, measured))
    if not count or not (real > 0).all():
        return float("nan")
    with np.errstate(divide="ignore"):  # no predicted power: the ratio is exp(−∞)
        return float(np.exp(np.log(shown / real).mean()))


def sharpness(
    predicted: NDArray[np.float32],
    measured: NDArray[np.float32],
    body: NDArray[np.bool_],
    known: NDArray[np.bool_],
    spacing_mm: Spacing,
) -> Sharpness:
    """Return both ratios; see :func:`gradient_ratio` and :func:`power_ratio`."""
    return Sharpness(
        gradient_ratio=gradient_ratio(predicted, measured, body, spacing_mm),
        power_ratio=power_ratio(predicted, measured, body, known, spacing_mm),
    )


def _box_of(body: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Return the smallest box around a body; empty without one."""
    found: list[tuple[slice, ...]] = find_objects(body.view(np.uint8))
    return found[0] if found else ()


def _gradient_size(pet: NDArray[np.float32], spacing_mm: Spacing) -> NDArray[np.float32]:
    squares = np.zeros(pet.shape, np.float32)
    for axis, step in enumerate(spacing_mm):
        squares += np.square(np.gradient(pet, step, axis=axis))
    return np.sqrt(squares)


def _inner(body: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the voxels whose six neighbours are all in the body."""
    around = np.pad(body, 1)
    inner = body.copy()
    for axis in range(3):
        for by in (1, -1):
            inner &= np.roll(around, by, axis)[1:-1, 1:-1, 1:-1]
    return inner


def _shells(shape: tuple[int, ...], spacing_mm: Spacing) -> NDArray[np.int64]:
    """Return the number of the shell of each frequency of ``rfftn``; the band's first is 0."""
    along = [np.fft.fftfreq(n, d) for n, d in zip(shape[:2], spacing_mm[:2], strict=True)]
    along.append(np.fft.rfftfreq(shape[2], spacing_mm[2]))
    k, j, i = np.meshgrid(*along, indexing="ij", sparse=True)
    from_band = np.sqrt(k**2 + j**2 + i**2) - BAND_CYCLES_PER_MM[0]
    shells: NDArray[np.int64] = np.floor(from_band / BIN_CYCLES_PER_MM).astype(np.int64)
    return shells


def _taper(known: NDArray[np.bool_], spacing_mm: Spacing) -> NDArray[np.float32]:
    """Return the weights of a box: a Hann window along each axis, and from 1 to 0 towards gaps."""
    windows = [np.hanning(n + 2)[1:-1].astype(np.float32) for n in known.shape]
    k, j, i = np.meshgrid(*windows, indexing="ij", sparse=True)
    weights: NDArray[np.float32] = k * j * i
    if known.all():
        return weights
    inward = distance_transform_edt(known, sampling=spacing_mm) / TAPER_MM
    return weights * np.square(np.sin(np.pi / 2 * np.minimum(inward, 1))).astype(np.float32)


def _shell_power(
    values: NDArray[np.float32],
    weights: NDArray[np.float32],
    shells: NDArray[np.int64],
    count: int,
) -> NDArray[np.float64]:
    """Return the mean power in the first shells of the band; 0 in one without frequencies."""
    middle = values[weights > 0].mean() if weights.any() else np.float32(0)
    power = np.square(np.abs(np.fft.rfftn((values - middle) * weights)))
    inside = (shells >= 0) & (shells < count)
    total = np.bincount(shells[inside], power[inside], minlength=count)
    number = np.bincount(shells[inside], minlength=count)
    return total / np.maximum(number, 1)
