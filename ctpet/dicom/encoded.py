"""Elements as the bytes they are written as, so that what slices share is encoded once."""

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info

CHARACTER_SET = "ISO_IR 192"
"""(0008,0005) of everything encoded here: Unicode in UTF-8, PS3.3 C.12.1.1.2."""

Elements = Mapping[int, bytes]
"""Explicit VR little endian bytes of each element, by its tag as a number."""


def encoded(ds: Dataset) -> dict[int, bytes]:
    """Return the elements of a data set as bytes, with tag, VR and length (PS3.5 7.1.2)."""
    elements = {}
    for element in ds:
        buffer = _buffer()
        write_data_element(buffer, element, CHARACTER_SET)
        elements[int(element.tag)] = buffer.getvalue()
    return elements


def encoded_item(item: Dataset) -> bytes:
    """Return a sequence item of defined length as bytes (PS3.5 7.5.1)."""
    content = b"".join(encoded(item).values())
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content


def encoded_sequence(tag: int, items: Iterable[bytes]) -> dict[int, bytes]:
    """Return a sequence of :func:`encoded_item` bytes as an element of defined length."""
    content = b"".join(items)
    header = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, len(content))
    return {tag: header + content}


def write_file(path: Path, meta: FileMetaDataset, *parts: Elements) -> None:
    """Write a DICOM file (PS3.10 7.1) from elements, in the order of their tags.

    Args:
        path: the file to write.
        meta: file meta information whose transfer syntax is explicit VR little endian.
        parts: elements; a tag comes in one of them only.

    Raises:
        OSError: if the file cannot be written.
    """
    header = _buffer()
    write_file_meta_info(header, meta, enforce_standard=True)
    elements = sorted(element for part in parts for element in part.items())
    data = b"".join(value for _, value in elements)
    path.write_bytes(b"\0" * 128 + b"DICM" + header.getvalue() + data)


def _buffer() -> DicomBytesIO:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    return buffer
