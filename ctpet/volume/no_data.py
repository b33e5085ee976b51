"""What a CT holds where nothing was measured: padding of scanners, fill of registration tools.

A scanner pads with −2000, −3024 or −32768; a tool that turns or frames a volume fills with 0, or
with anything. Both pile up on exact values at the border, as noisy measurements never do.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.volume.fill import (
    EDGE_OF_AIR_HU,
    UNCLEAR_FILL,
    Fill,
    corners_of,
    faces_of,
    find_fills,
    grown,
)

AIR_HU = -1024.0
PADDING_BELOW_HU = -1500.0
"""Nothing scanned is darker: air is −1000 (PS3.3 C.11.1.1.2), and noise reaches no lower."""
STILL_BODY_HU = -500.0
MOST_UNEXPLAINED = 0.02
"""Part of a volume that may be darker than anything scanned without being an exact padding."""
MOST_PADDINGS = 3
LEAST_EXACT = 0.5
MOST_BLURRED_VOXELS = 3
BLURRED = 0.25
SMALLEST = 8
"""Voxels along each axis; in less nothing is told apart."""
_REMEDY = (
    "Give the CT as it was reconstructed, or fill with −1024 HU where a tool turned or framed it"
)

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def fill_no_data(hu: Floats, along: int = 0) -> list[Finding]:
    """Set what was never measured to −1024 HU, in place.

    Padding is all that is darker than −1500 HU, if at most 2 % of the volume is so without lying on
    one of three exact values or beside them; else nothing is changed, as the scale is wrong. What
    a fill is says :func:`ctpet.volume.fill.find_fills`.

    Args:
        hu: (k, j, i), finite; the whole volume.
        along: axis along which slices were acquired.

    Raises:
        InputRefused: ``slices-empty``: slices of one value between others;
            ``fill-unclear``: a spike at a corner of at least 1 % that may be fill or not.
    """
    findings = _fill_padding(hu)
    if min(hu.shape) < SMALLEST:
        return findings
    _require_no_empty_slices(np.moveaxis(hu, along, 0))
    fills = find_fills(hu)
    for fill in fills:
        if fill.unclear:
            raise _unclear(fill)
        findings.append(_replaced(float(fill.mask.mean()), f"{fill.value:g} HU"))
    if fills:
        hu[_with_blurred_edge(hu, np.logical_or.reduce([fill.mask for fill in fills]))] = AIR_HU
    return findings


def fill_not_a_number(hu: Floats) -> list[Finding]:
    """Set NaN to −1024 HU, in place, if all of it is connected to the border and holds a corner.

    Args:
        hu: (k, j, i); NaN elsewhere stays and is to be refused.
    """
    missing = np.isnan(hu)
    if not missing[corners_of(hu.shape)].any():
        return []
    labels, count = ndimage.label(missing)
    if np.setdiff1d(np.arange(1, count + 1), labels[faces_of(hu.shape)]).size:
        return []
    hu[missing] = AIR_HU
    return [_replaced(float(missing.mean()), "NaN")]


def _fill_padding(hu: Floats) -> list[Finding]:
    if hu.min() >= PADDING_BELOW_HU:
        return []
    dark = hu < PADDING_BELOW_HU
    total = int(np.count_nonzero(dark))
    if total > MOST_UNEXPLAINED * hu.size and not _is_padding(hu, dark):
        return []
    hu[dark] = AIR_HU
    text = f"{total} voxels are padding and are set to {AIR_HU:g} HU"
    return [Finding("padding-filled", "info", text)]


def _is_padding(hu: Floats, dark: Mask) -> bool:
    """Whether half of what is dark is exact, and nearly all of the rest a blurred edge of that."""
    values, counts = np.unique(np.rint(hu[dark]), return_counts=True)
    most = np.argsort(counts)[-MOST_PADDINGS:]
    if counts[most].sum() < LEAST_EXACT * counts.sum():
        return False
    exact = np.isin(np.rint(hu), values[most]) & dark
    unexplained = dark & ~grown(grown(exact))
    return int(np.count_nonzero(unexplained)) <= MOST_UNEXPLAINED * hu.size


def _require_no_empty_slices(slices: Floats) -> None:
    """Refuse slices of one value that lie between slices of a body."""
    thinned = slices[:, :: max(1, slices.shape[1] // 64), :: max(1, slices.shape[2] // 64)]
    low, high = thinned.min(axis=(1, 2)), thinned.max(axis=(1, 2))
    body = np.flatnonzero((low < high) & (high > STILL_BODY_HU))
    if body.size == 0:
        return
    between = np.arange(body[0], body[-1] + 1)
    empty = [k for k in between[low[between] == high[between]] if np.ptp(slices[k]) == 0]
    if empty:
        raise InputRefused(
            "slices-empty",
            f"{len(empty)} of {len(slices)} slices, the first of them slice {empty[0] + 1}, hold "
            f"one value ({slices[empty[0]].flat[0]:g} HU) between others that hold a body; the "
            "limit is 0",
            remedy="Send the series again from the scanner or archive",
        )


def _with_blurred_edge(hu: Floats, filled: Mask) -> Mask:
    """Add layers beside a fill that hold less air than those behind them: they are its mixture."""
    layers, whole = [], filled
    for _ in range(MOST_BLURRED_VOXELS + 1):
        wider = grown(whole)
        layers.append(wider & ~whole)
        whole = wider
    air = [float((hu[layer] < EDGE_OF_AIR_HU).mean()) for layer in layers if layer.any()]
    clear = [n for n, share in enumerate(air) if share >= air[-1] - BLURRED]
    return np.asarray(np.logical_or.reduce([filled, *layers[: clear[0] if clear else 0]]))


def _replaced(share: float, what: str) -> Finding:
    return Finding(
        "fill-replaced",
        "warning",
        f"{share:.1%} of the voxels, connected to the border, hold {what}, as tools fill in where "
        f"nothing was measured; they are set to {AIR_HU:g} HU",
        _REMEDY,
    )


def _unclear(fill: Fill) -> InputRefused:
    return InputRefused(
        "fill-unclear",
        f"{fill.mask.mean():.0%} of the voxels, at a corner of the volume, hold exactly "
        f"{fill.value:g} HU without air beside them; a tool may have filled them in, and the limit "
        f"is {UNCLEAR_FILL:.0%}",
        remedy=_REMEDY,
    )
