"""Read one DICOM header so that nothing in it can fail or warn later."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

from pydicom import DataElement, Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from ctpet.dicom.clean import clean, is_clean_uid
from ctpet.dicom.parse import (
    MAX_DEPTH,
    Budget,
    TooMuch,
    expand_sequence,
    is_skipped,
    parse_header,
    unconverted,
)

Content = Literal["empty", "zeros", "cut short", "something else", "a directory of files"]
"""What a file is that is no DICOM image."""

_TEXT_VRS = frozenset({"PN", "LO", "SH", "ST", "LT", "UC", "UT"})
_NUMBER_VRS = frozenset({"DS", "IS"})
_FIRST_GROUPS = frozenset({0x0002, 0x0008})


class NotDicom(Exception):
    """The file is something else.

    Args:
        content: what it is instead.
    """

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        self.content: Content = content


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
    """What was done to a header.

    Attributes:
        removed: tags of values that cannot be read.
        cleaned: tags of texts that control characters were taken out of.
        character_set: that was assumed; empty: it was named.
    """

    removed: list[str] = field(default_factory=list)
    cleaned: list[str] = field(default_factory=list)
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
    budget = Budget()
    try:
        parsed = parse_header(stream, budget)
    except Exception as error:
        raise HeaderUnreadable(budget.excess or type(error).__name__) from error
    if parsed.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise NotDicom("a directory of files")
    header = Dataset(parsed)
    header.file_meta = complete_file_meta(parsed)
    implicit, little = parsed.original_encoding
    header.set_original_encoding(implicit, little, parsed.original_character_set)
    notes = HeaderNotes()
    try:
        _convert(header, notes, budget)
    except TooMuch as error:
        raise HeaderUnreadable(str(error)) from error
    _settle_character_set(header, notes)
    notes.cleaned += [str(element.tag) for element in header.iterall() if clean(element)]
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
    if len(head) < 132:
        raise NotDicom("cut short" if head else "empty")
    if not any(head):
        raise NotDicom("zeros")
    if not groups & _FIRST_GROUPS or element > 0x0100:
        raise NotDicom("something else")


def _convert(dataset: Dataset, notes: HeaderNotes, budget: Budget, depth: int = 0) -> None:
    """Convert every value, however deep.

    Raises:
        TooMuch: sequences hold more than an image can need.
    """
    if depth > MAX_DEPTH:
        budget.refuse(f"sequences in sequences, more than {MAX_DEPTH} deep")
    for tag in list(dataset.keys()):
        element = _converted(dataset, tag, budget)
        if element is None:
            del dataset[tag]
            notes.removed.append(str(tag))
        elif element.VR == "SQ":
            for item in element.value:
                _convert(item, notes, budget, depth + 1)


def _converted(dataset: Dataset, tag: BaseTag, budget: Budget) -> DataElement | None:
    """Return an element with its value converted; None where that cannot be."""
    raw = unconverted(dataset, tag)
    if raw and is_skipped(raw):
        return None
    try:
        if raw:
            expand_sequence(dataset, raw, budget)
        element = dataset[tag]
        return element if _is_usable(element) else None
    except Exception as error:
        if budget.excess:
            raise TooMuch(budget.excess) from error
        return None  # any malformed value, whatever it raises


def _is_usable(element: DataElement) -> bool:
    if element.VR in _NUMBER_VRS:
        return _is_number(element)
    return element.VR != "UI" or is_clean_uid(element)


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
