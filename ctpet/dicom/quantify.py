"""Stored values to quantities: rescale, padding, wrapped signs; one plane at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ctpet.dicom.pixels import BitsNote, StoredPlane
from ctpet.dicom.wrapped import is_wrapped
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.volume import Quantity
from ctpet.volume.no_data import AIR_HU

PADDING_IN_TISSUE_HU = -900.0
HIGHEST_HU = 31743.0
"""2¹⁵ − 1 − 1024: an unsigned value above it may be a wrapped negative."""


@dataclass(frozen=True, slots=True)
class Rescale:
    """Quantity = slope × stored value + intercept (PS3.3 C.11.1)."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Padding:
    """Stored values that are no measurement: (0028,0120) to (0028,0121), both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class PlaneNotes:
    """What was changed in one plane.

    Attributes:
        padded: number of voxels that were padding and now hold the fill value.
        codes: ``sign-wrapped``, ``padding-ignored``, and the bits notes of
            :func:`ctpet.dicom.pixels.settle_bits`.
    """

    padded: int = 0
    codes: frozenset[str] = frozenset()


def fill_value(quantity: Quantity) -> float:
    """Return what padding becomes: −1024 HU, or 0 of anything else."""
    return AIR_HU if quantity == "HU" else 0.0


def padding_of(header: Dataset) -> Padding | None:
    """Return the padding a header names (PS3.3 C.7.5.1.1.2), None if it names none."""
    value = header.get("PixelPaddingValue")
    if not isinstance(value, int):
        return None
    limit = header.get("PixelPaddingRangeLimit")
    other = limit if isinstance(limit, int) else value
    return Padding(min(value, other), max(value, other))


def quantify(
    plane: StoredPlane,
    rescale: Rescale,
    padding: Padding | None,
    quantity: Quantity,
    out: NDArray[np.float32],
) -> PlaneNotes:
    """Write the quantity of one plane into ``out`` (rows, columns).

    Padding that the header names becomes :func:`fill_value`; what it does not name is found in
    the whole volume, by :mod:`ctpet.volume.no_data`. A named padding that would lie above −900 HU
    is not believed, as masking it would riddle tissue.
    """
    stored, note = plane.values, plane.note
    if quantity == "HU":
        stored, note = settle_sign(plane, rescale)
    codes = {str(note)}
    _rescale(stored, rescale, out)
    mask = None if padding is None else _named(plane.raw, padding)
    if mask is not None and quantity == "HU" and (out[mask] > PADDING_IN_TISSUE_HU).any():
        mask = None
        codes.add("padding-ignored")
    _require_finite(stored, out)
    padded = 0
    if mask is not None:
        padded = int(np.count_nonzero(mask))
        out[mask] = fill_value(quantity)
    return PlaneNotes(padded, frozenset(codes))


def settle_sign(plane: StoredPlane, rescale: Rescale) -> tuple[NDArray[Any], BitsNote]:
    """Return the stored values of a CT with a sign where they need one, and the note on it.

    What :func:`ctpet.dicom.pixels.settle_bits` gave a sign, and unsigned values beyond
    :data:`HIGHEST_HU`, are judged by :func:`ctpet.dicom.wrapped.is_wrapped`.
    """
    if plane.note in {"sign-extended", "sign-wrapped"}:
        if _is_wrapped(plane.values, rescale):
            return plane.values, plane.note
        return plane.raw, "bits-beyond-stored"
    values = plane.values
    if values.dtype.kind == "u" and values.max() * rescale.slope + rescale.intercept > HIGHEST_HU:
        signed = values.view(values.dtype.str.replace("u", "i"))
        if _is_wrapped(signed, rescale):
            return signed, "sign-wrapped"
    return values, plane.note


def _is_wrapped(signed: NDArray[Any], rescale: Rescale) -> bool:
    return is_wrapped(signed, slope=rescale.slope, intercept=rescale.intercept)


def _rescale(stored: NDArray[np.generic], rescale: Rescale, out: NDArray[np.float32]) -> None:
    if stored.dtype.itemsize <= 2:
        np.copyto(out, stored)
        out *= np.float32(rescale.slope)
        out += np.float32(rescale.intercept)
    else:
        out[...] = stored.astype(np.float64) * rescale.slope + rescale.intercept


def _require_finite(stored: NDArray[np.generic], out: NDArray[np.float32]) -> None:
    if stored.dtype.kind == "f" and not np.isfinite(out).all():
        raise InputRefused(
            "pixels-not-finite",
            "pixels that are infinite or not a number",
            remedy="Send the series again from the scanner or archive",
        )


def _named(raw: NDArray[Any], padding: Padding) -> NDArray[np.bool_]:
    """Where ``raw`` is padding; both signs of a 16-bit number mean the same."""
    if padding.low == padding.high and raw.dtype.kind in "iu":
        bits = raw.dtype.itemsize * 8
        unsigned = raw.view(raw.dtype.str.replace("i", "u"))
        return np.asarray(unsigned == (padding.low & ((1 << bits) - 1)))
    return np.asarray((raw >= padding.low) & (raw <= padding.high))


def note_findings(notes: Sequence[PlaneNotes], quantity: Quantity) -> list[Finding]:
    """Return the findings that sum up what was changed in the planes of a stack."""
    findings = []
    padded = sum(note.padded for note in notes)
    if padded:
        findings.append(
            Finding(
                "padding-filled",
                "info",
                f"{padded} voxels are padding and are set to {fill_value(quantity):g} {quantity}",
            )
        )
    told = {
        "padding-ignored": "name a padding value that lies in the range of tissue; it is not used",
        "sign-wrapped": "hold negative values that were wrapped to unsigned ones; they are "
        "unwrapped",
        "sign-extended": "do not extend the sign beyond BitsStored (0028,0101); it is extended",
        "bits-beyond-stored": "hold values beyond BitsStored (0028,0101)",
    }
    for code, text in told.items():
        count = sum(code in note.codes for note in notes)
        if count:
            findings.append(Finding(code, "warning", f"{count} of {len(notes)} slices {text}"))
    return findings
