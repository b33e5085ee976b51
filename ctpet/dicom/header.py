"""Read one DICOM header so that nothing in it can fail or warn later."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pydicom import DataElement, Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

_TEXT_VRS = frozenset({"PN", "LO", "SH", "ST", "LT", "UC", "UT"})
_NUMBER_VRS = frozenset({"DS", "IS"})
_FIRST_GROUPS = frozenset({0x0002, 0x0008})


class NotDicom(Exception):
    """The file is something else; nothing is wrong with it."""


class HeaderUnreadable(Exception):
    """The file says it is DICOM, and cannot be parsed.

    Args:
        reason: what failed.
        series_instance_uid: the series it belongs to, empty where that is not known.
    """

    def __init__(self, reason: str, *, series_instance_uid: str = "") -> None:
        super().__init__(reason)
        self.series_instance_uid = series_instance_uid


@dataclass(slots=True)
class HeaderNotes:
    """What was done to a header: removed keywords, and the character set that was assumed."""

    removed: list[str] = field(default_factory=list)
    character_set: str = ""


def read_header(stream: BinaryIO) -> tuple[Dataset, HeaderNotes]:
    """Read everything before the pixel data, and convert every value now.

    pydicom converts a value when it is first looked at, and warns or fails then. Here that
    happens at once: values that cannot be converted are removed and named in the notes.

    Args:
        stream: at its first byte; with or without the 128-byte preamble (PS3.10 7.1).

    Raises:
        NotDicom: for any other file, and for a DICOMDIR.
        HeaderUnreadable: if the file begins as DICOM and cannot be parsed, or an image has no
            Rows (0028,0010) and Columns (0028,0011).
    """
    _require_dicom(stream)
    try:
        parsed = dcmread(stream, stop_before_pixels=True, force=True)
    except Exception as error:
        raise HeaderUnreadable(type(error).__name__) from error
    if parsed.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise NotDicom
    header = Dataset(parsed)
    header.file_meta = complete_file_meta(parsed)
    implicit, little = parsed.original_encoding
    header.set_original_encoding(implicit, little, parsed.original_character_set)
    notes = HeaderNotes()
    _convert(header, notes)
    _settle_character_set(header, notes)
    if "SOPClassUID" not in header and "SeriesInstanceUID" not in header:
        raise HeaderUnreadable("no SOP class and no series")
    if str(header.get("Modality")) in {"CT", "PT", "MR"} and not has_matrix(header):
        raise HeaderUnreadable(
            "an image without Rows (0028,0010) and Columns (0028,0011)",
            series_instance_uid=str(header.get("SeriesInstanceUID") or ""),
        )
    return header, notes


def whole_number(dataset: Dataset, keyword: str) -> int | None:
    """Return an attribute that is one whole number; None if it is absent or anything else."""
    value = dataset.get(keyword)
    return int(value) if isinstance(value, int) else None


def has_matrix(header: Dataset) -> bool:
    """Whether Rows (0028,0010) and Columns (0028,0011) are positive numbers."""
    return min(whole_number(header, keyword) or 0 for keyword in ("Rows", "Columns")) > 0


def complete_file_meta(parsed: Dataset) -> FileMetaDataset:
    """Return the file meta information with the transfer syntax that was found by parsing.

    A file without preamble may have no file meta information at all (PS3.10 7.1); then only
    the three uncompressed syntaxes are possible.
    """
    meta: FileMetaDataset = parsed.file_meta
    syntax = meta.get("TransferSyntaxUID")
    if syntax is not None and not isinstance(syntax, UID):
        meta.TransferSyntaxUID = UID("\\".join(map(str, syntax)))
    if syntax is None:
        implicit, little = parsed.original_encoding
        if implicit:
            meta.TransferSyntaxUID = ImplicitVRLittleEndian
        else:
            meta.TransferSyntaxUID = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return meta


def _require_dicom(stream: BinaryIO) -> None:
    head = stream.read(132)
    stream.seek(0)
    if head[128:] == b"DICM":
        return
    groups = {int.from_bytes(head[:2], order) for order in ("little", "big")}
    element = min(int.from_bytes(head[2:4], order) for order in ("little", "big"))
    if len(head) < 132 or not groups & _FIRST_GROUPS or element > 0x0100:
        raise NotDicom


def _convert(dataset: Dataset, notes: HeaderNotes) -> None:
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            readable = _is_number(element) or element.VR not in _NUMBER_VRS
        except Exception:  # noqa: BLE001 - any malformed value, whatever it raises
            readable = False
        if not readable:
            del dataset[tag]
            notes.removed.append(str(tag))
            continue
        if element.VR == "SQ":
            for item in element.value:
                _convert(item, notes)


def _is_number(element: DataElement) -> bool:
    """Whether pydicom could convert a decimal or integer string; it keeps what it cannot."""
    return not any(isinstance(value, str) and value for value in _values(element.value))


def _settle_character_set(header: Dataset, notes: HeaderNotes) -> None:
    """Give text beyond ASCII a character set where the header names none (PS3.3 C.12.1.1.2).

    pydicom has decoded it as Latin-1, which keeps every byte; text that is valid UTF-8
    throughout is taken as that, else it stays Latin-1.
    """
    if header.get("SpecificCharacterSet"):
        return
    elements = [element for element in _text_elements(header) if not _is_ascii(element)]
    if not elements:
        return
    try:
        decoded = [_each(element.value, _as_utf8) for element in elements]
    except UnicodeError:
        notes.character_set = "ISO_IR 100"
    else:
        notes.character_set = "ISO_IR 192"
        for element, value in zip(elements, decoded, strict=True):
            element.value = value
    header.SpecificCharacterSet = notes.character_set


def _text_elements(dataset: Dataset) -> Iterator[DataElement]:
    return (element for element in dataset.iterall() if element.VR in _TEXT_VRS and element.value)


def _is_ascii(element: DataElement) -> bool:
    return all(str(value).isascii() for value in _values(element.value))


def _values(value: Any) -> list[Any]:
    return list(value) if isinstance(value, MultiValue) else [value]


def _each(value: Any, change: Callable[[str], str]) -> str | list[str]:
    changed = [change(str(one)) for one in _values(value)]
    return changed if isinstance(value, MultiValue) else changed[0]


def _as_utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8")
