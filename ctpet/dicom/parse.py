"""The one place where pydicom parses a file: bounded, whatever the file says about itself.

Corrupt files and archives made to do harm ask for more than any image needs: zeros that are a
hundred million empty elements, a value of 4 GB, sequences in sequences, a few kilobytes that
inflate to gigabytes. docs/decisions/0012-input.md has the largest real headers.
"""

import io
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, NoReturn, cast

from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileDataset
from pydicom.filereader import data_element_generator, read_partial, read_sequence
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

MAX_HEADER_BYTES = 64 * 2**20
MAX_FILE_BYTES = 2**32 + MAX_HEADER_BYTES
"""The pixel data's length is a number of 32 bits."""

MAX_INFLATED_BYTES = 2 * 2**30
MAX_READS = 3_000_000
"""An element takes two reads or three. A multi-frame image of 5,000 frames needs about 900,000."""

MAX_ALIKE = 10_000
"""Times that the same eight bytes may follow each other; zeros, and items without content, do."""

MAX_DEPTH = 32
"""Of sequences in sequences; a structured report has about ten."""

SKIPPED_ABOVE_BYTES = 4 * 2**20
"""A single value longer than this is no part of a header: raw data, an embedded document."""

_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_PREAMBLE_BYTES = 132
_START_BYTES = 4096
_SHORT_BYTES = 2**16
_PIECE_BYTES = 2**20


class TooMuch(Exception):
    """The file asks for more than an image can need; the message says of what."""


@dataclass(slots=True)
class Budget:
    """What may still be taken from one file.

    Attributes:
        bytes_left: to be read, or skipped over where skipping unpacks.
        reads_left: calls of ``read``.
        excess: what it asked for beyond that; empty while it has not. pydicom turns exceptions
            that pass through it into others.
    """

    bytes_left: int = MAX_HEADER_BYTES
    reads_left: int = MAX_READS
    excess: str = ""

    def refuse(self, excess: str) -> NoReturn:
        """End the reading.

        Raises:
            TooMuch: always.
        """
        self.excess = excess
        raise TooMuch(excess)


class Bounded(io.RawIOBase):
    """A stream that ends with :class:`TooMuch` where the budget does.

    Args:
        stream: to read from.
        budget: shared by all streams that one file's header is read through.
        size: of the stream where skipping forward costs nothing; None: skipping counts.
    """

    def __init__(self, stream: BinaryIO, budget: Budget, size: int | None = None) -> None:
        self._stream = stream
        self._budget = budget
        self._size = size
        self._last = b""
        self._alike = 0

    def read(self, size: int = -1, /) -> bytes:
        """Read as the stream does.

        Raises:
            TooMuch: the budget is spent, or the same eight bytes have come too often.
        """
        budget = self._budget
        budget.reads_left -= 1
        if budget.reads_left < 0:
            budget.refuse(f"more than {MAX_READS // 3} elements")
        if size < 0 or size > budget.bytes_left:
            size = budget.bytes_left + 1
        if size > _START_BYTES and self._size is not None:
            size = min(size, max(0, self._size - self._stream.tell()))
        data = self._stream.read(size)
        self._spend(len(data))
        if size == 8:
            self._alike = self._alike + 1 if data == self._last else 0
            self._last = data
            if self._alike > MAX_ALIKE:
                budget.refuse(f"the same element more than {MAX_ALIKE} times in a row")
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Seek as the stream does; where that unpacks, it counts as reading."""
        at = self._stream.tell()
        target = offset if whence == os.SEEK_SET else at + offset
        if self._size is None:
            if target - at > self._budget.bytes_left:
                self._budget.refuse(_TOO_LONG)
            self._spend(max(0, target - at))
        elif target > self._size:
            target = self._size
        return self._stream.seek(target)

    def tell(self) -> int:
        """Return the place in the stream."""
        return self._stream.tell()

    def _spend(self, count: int) -> None:
        self._budget.bytes_left -= count
        if self._budget.bytes_left < 0:
            self._budget.refuse(_TOO_LONG)


_TOO_LONG = f"more than {MAX_HEADER_BYTES // 2**20} MiB before its image"


def parse_header(stream: BinaryIO, budget: Budget) -> FileDataset:
    """Parse everything before the pixel data; values longer than a header's are skipped.

    Args:
        stream: at its first byte.
        budget: what may be taken from it.

    Raises:
        TooMuch: see :class:`Budget`.
        Exception: whatever pydicom raises for a damaged file.
    """
    plain, deflated = _plain(stream, MAX_HEADER_BYTES)
    bounded = Bounded(plain, budget, _free_size(plain))
    parsed = read_partial(
        cast(BinaryIO, bounded),
        stop_when=lambda tag, _vr, _length: int(tag) in _PIXELS,
        defer_size=SKIPPED_ABOVE_BYTES,
        force=True,
    )
    _read_long_sequences(parsed, bounded, budget)
    return _named(parsed, deflated=deflated)


def parse_pixels(stream: BinaryIO, tags: Sequence[BaseTag | int]) -> FileDataset:
    """Parse some attributes and the pixel data; what follows the pixel data is not looked at.

    Args:
        stream: at its first byte.
        tags: the attributes, pixel data among them.

    Raises:
        TooMuch: see :class:`Budget`.
        EOFError, zlib.error: deflated data that end early, or are damaged.
        Exception: whatever pydicom raises for a damaged file.
    """
    seen = False

    def after_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal seen
        after, seen = seen, seen or int(tag) in _PIXELS
        return after

    plain, deflated = _plain(stream, MAX_INFLATED_BYTES)
    bounded = Bounded(plain, Budget(MAX_FILE_BYTES), _free_size(plain))
    parsed = read_partial(
        cast(BinaryIO, bounded), stop_when=after_pixels, force=True, specific_tags=list(tags)
    )
    return _named(parsed, deflated=deflated)


def expand_sequence(dataset: Dataset, raw: RawDataElement, budget: Budget) -> None:
    """Turn a long sequence that pydicom has left as bytes into items, within the budget.

    Anything else stays as it is; a short one cannot hold much.

    Raises:
        TooMuch: see :class:`Budget`.
        Exception: whatever pydicom raises for a damaged sequence.
    """
    if raw.length > _SHORT_BYTES and _is_sequence(raw):
        value = raw.value or b""
        _put_sequence(dataset, raw, Bounded(io.BytesIO(value), budget, len(value)))


def unconverted(dataset: Dataset, tag: BaseTag) -> RawDataElement | None:
    """Return an element as it was parsed; None once pydicom has converted its value."""
    element = cast(object, dataset.get_item(tag, keep_deferred=True))
    return element if isinstance(element, RawDataElement) else None


def is_skipped(raw: RawDataElement) -> bool:
    """Tell whether a value was too long to be read with its header."""
    return raw.value is None and raw.length > SKIPPED_ABOVE_BYTES


def _read_long_sequences(parsed: Dataset, stream: Bounded, budget: Budget) -> None:
    """Read the sequences that were skipped for their length: per-frame groups may be long."""
    for tag in list(parsed.keys()):
        raw = unconverted(parsed, tag)
        if raw and is_skipped(raw) and _is_sequence(raw) and raw.length <= budget.bytes_left:
            stream.seek(raw.value_tell)
            _put_sequence(parsed, raw, stream)


def _put_sequence(dataset: Dataset, raw: RawDataElement, stream: Bounded) -> None:
    items = read_sequence(
        cast(BinaryIO, stream),
        raw.is_implicit_VR,
        raw.is_little_endian,
        raw.length,
        dataset.original_character_set,
    )
    dataset[raw.tag] = DataElement(raw.tag, "SQ", items)


def _is_sequence(raw: RawDataElement) -> bool:
    if raw.VR not in (None, "UN"):
        return raw.VR == "SQ"
    try:
        return dictionary_VR(raw.tag) == "SQ"
    except KeyError:
        return False


def _free_size(stream: BinaryIO) -> int | None:
    """Return the size of a stream in which skipping costs nothing; None where it unpacks."""
    if isinstance(stream, io.BytesIO):
        return stream.getbuffer().nbytes
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, AttributeError):
        return None


def _plain(stream: BinaryIO, limit: int) -> tuple[BinaryIO, bool]:
    """Return a stream that is not deflated (PS3.5 A.5), and whether it was.

    Of deflated data no more than ``limit`` bytes are inflated; the rest is cut off.
    """
    start = stream.read(_START_BYTES)
    stream.seek(0)
    syntax = str(DeflatedExplicitVRLittleEndian).encode()
    if start[_PREAMBLE_BYTES - 4 : _PREAMBLE_BYTES] != b"DICM" or syntax not in start:
        return stream, False
    head = io.BytesIO(start)
    head.seek(_PREAMBLE_BYTES)
    for _ in data_element_generator(
        head, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, *_: tag >> 16 != 2
    ):
        pass
    meta = start[: head.tell()]
    if syntax not in meta:
        return stream, False
    stream.seek(len(meta))
    plainly = str(ExplicitVRLittleEndian).encode().ljust(len(syntax), b"\0")
    return io.BytesIO(meta.replace(syntax, plainly) + _inflated(stream, limit)), True


def _inflated(stream: BinaryIO, limit: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces: list[bytes] = []
    left = limit
    while left > 0 and not inflater.eof:
        packed = inflater.unconsumed_tail or stream.read(_PIECE_BYTES)
        if not packed:
            raise EOFError("deflated data that end early")
        pieces.append(inflater.decompress(packed, left))
        left -= len(pieces[-1])
    return b"".join(pieces)


def _named(parsed: FileDataset, *, deflated: bool) -> FileDataset:
    """Give back the transfer syntax that the file has."""
    if deflated:
        parsed.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return parsed
