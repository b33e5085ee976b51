"""Decode stored pixel values of one file, frame by frame, whatever the transfer syntax."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, RLELossless

from ctpet.dicom.header import complete_file_meta, whole_number
from ctpet.dicom.parse import TooMuch, parse_pixels
from ctpet.errors import InputRefused

BitsNote = Literal["", "sign-extended", "bits-beyond-stored", "sign-wrapped"]

_TAGS: list[BaseTag | int] = [
    Tag(keyword)
    for keyword in (
        "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames",
        "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
        "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelData", "FloatPixelData",
        "DoubleFloatPixelData",
    )
]  # fmt: skip


_REQUIRED = ("Rows", "Columns", "BitsAllocated", "BitsStored", "PixelRepresentation")


@dataclass(frozen=True, eq=False)
class StoredPlane:
    """The stored values of one frame.

    Attributes:
        values: (rows, columns), an integer or float type wide enough for the true values.
        raw: the same before any repair of bits; what PixelPaddingValue is compared with.
        note: what was done to the bits, see :func:`settle_bits`.
    """

    values: NDArray[Any]
    raw: NDArray[Any]
    note: BitsNote = ""


def decode(stream: BinaryIO, numbers: Sequence[int]) -> Iterator[StoredPlane]:
    """Yield the frames with these numbers (from 0) of the file in ``stream``.

    Raises:
        InputRefused: ``pixel-data-truncated``, ``pixel-data-missing``,
            ``transfer-syntax-unsupported``, ``pixel-layout-unsupported`` or
            ``pixel-data-unreadable``; the message names the rule, the caller adds the place.
    """
    try:
        dataset = parse_pixels(stream, _TAGS)
    except (zlib.error, EOFError) as error:
        raise _truncated() from error
    except TooMuch as error:
        raise _unreadable(error) from error
    dataset.file_meta = complete_file_meta(dataset)
    syntax = dataset.file_meta.TransferSyntaxUID
    _require_layout(dataset, syntax)
    native = not syntax.is_encapsulated or syntax == RLELossless
    for plane in _decoded(dataset, syntax, numbers, {"correct_unused_bits": not native}):
        if plane.ndim != 2:
            raise _layout("more than one sample a pixel")
        if not native or plane.dtype.kind == "f":
            yield StoredPlane(plane, plane)
            continue
        values, note = settle_bits(plane, int(dataset.BitsStored))
        yield StoredPlane(values, plane, note)


def _decoded(
    dataset: Dataset, syntax: UID, numbers: Sequence[int], options: dict[str, Any]
) -> Iterator[NDArray[Any]]:
    try:
        decoder = get_decoder(syntax)
        for plane, _ in decoder.iter_array(
            dataset, indices=numbers, raw=True, allow_excess_frames=False, **options
        ):
            yield plane
    except NotImplementedError as error:
        raise _unsupported(syntax) from error
    except ValueError as error:
        if "less than expected" in str(error):
            raise _truncated() from error
        raise _unreadable(error) from error
    except RuntimeError as error:
        if "does not support" in str(error) or "missing" in str(error):
            raise _unsupported(syntax) from error
        raise _unreadable(error) from error
    except MemoryError:
        raise
    except Exception as error:
        raise _unreadable(error) from error


def settle_bits(raw: NDArray[Any], bits_stored: int) -> tuple[NDArray[Any], BitsNote]:
    """Settle the bits above BitsStored (0028,0101), which may hold anything (PS3.5 8.1.1).

    Most writers extend the sign there. Where they did not, the true value follows from what is
    there:

    - signed, nothing negative, values beyond the stored bits: the sign is bit BitsStored − 1
      (``sign-extended``);
    - signed, both negative values and values beyond the stored bits: the header's BitsStored
      is too small and the full width counts (``bits-beyond-stored``);
    - unsigned, all unused bits set where any is: a negative value was wrapped
      (``sign-wrapped``), such as a padding of −2000;
    - else the unused bits are masked (``bits-beyond-stored`` if any was set).

    Args:
        raw: integers as allocated, sign by PixelRepresentation (0028,0103).
        bits_stored: (0028,0101).

    Returns:
        The values, in ``raw``'s width, and the note; ``raw`` itself where nothing is to be done.
    """
    allocated = raw.dtype.itemsize * 8
    unused = allocated - bits_stored
    if unused <= 0 or raw.size == 0:
        return raw, ""
    low, high = int(raw.min()), int(raw.max())
    if raw.dtype.kind == "i":
        limit = 1 << (bits_stored - 1)
        if -limit <= low and high < limit:
            return raw, ""
        if low < 0:
            return raw, "bits-beyond-stored"
        return np.right_shift(np.left_shift(raw, unused), unused), "sign-extended"
    if high < 1 << bits_stored:
        return raw, ""
    above = raw >> bits_stored
    if np.isin(above, (0, (1 << unused) - 1)).all():
        return raw.view(raw.dtype.str.replace("u", "i")), "sign-wrapped"
    return raw & ((1 << bits_stored) - 1), "bits-beyond-stored"


def _require_layout(dataset: Dataset, syntax: UID) -> None:
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        if syntax.is_encapsulated:
            raise _truncated()
        raise InputRefused(
            "pixel-data-missing",
            "no pixel data",
            remedy="Send the series again from the scanner or archive",
        )
    for keyword in _REQUIRED:
        if whole_number(dataset, keyword) is None and "PixelData" in dataset:
            raise _layout(f"no {keyword}")
    stored, high = whole_number(dataset, "BitsStored"), whole_number(dataset, "HighBit")
    if stored is not None and high is not None and high != stored - 1:
        raise _layout(f"HighBit (0028,0102) {high} with BitsStored (0028,0101) {stored}")


def _truncated() -> InputRefused:
    return InputRefused(
        "pixel-data-truncated",
        "pixel data that ends early",
        remedy="Send the series again from the scanner or archive",
    )


def _unsupported(syntax: UID) -> InputRefused:
    return InputRefused(
        "transfer-syntax-unsupported",
        f"pixel data in transfer syntax {syntax.name} ({syntax}), which cannot be decoded",
        remedy="Export the series uncompressed (Explicit VR Little Endian)",
    )


def _layout(what: str) -> InputRefused:
    return InputRefused(
        "pixel-layout-unsupported",
        f"{what}, which is not read",
        remedy="Export the original CT images",
    )


def _unreadable(error: Exception) -> InputRefused:
    return InputRefused(
        "pixel-data-unreadable",
        f"pixel data that cannot be decoded ({type(error).__name__})",
        remedy="Send the series again from the scanner or archive",
    )
