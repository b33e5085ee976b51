"""Attributes of a source as Unicode text, whatever character set they were written in."""

from collections.abc import Callable
from typing import Any

from pydicom import Dataset
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.config import RAISE
from pydicom.datadict import dictionary_description, dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import (
    CUSTOMIZABLE_CHARSET_VR,
    MAX_VALUE_LEN,
    PN_DELIMS,
    TEXT_VR_DELIMS,
    PersonName,
    validate_value,
)

from ctpet.dicom.warned import collected_warnings
from ctpet.findings import Finding
from ctpet.printable import printable

Report = Callable[[Finding], None]
"""Takes a finding, where something of the source was changed or doubted."""

_LATIN = ("iso8859", "latin_1")
"""What pydicom calls the default repertoire and ISO_IR 100; both map every byte to a character."""


def source_text(ds: Dataset, keyword: str, report: Report) -> str | None:
    """Return one attribute as text, without trailing padding; None where it is absent.

    The declared Specific Character Set (0008,0005) is believed unless the bytes cannot be meant
    by it (PS3.5 6.1): undeclared or Latin-1 bytes that are UTF-8 are read as UTF-8 (text that is
    legal in both has not been seen), bytes that the declared set cannot hold as UTF-8 or else
    Latin-1. Several values stay joined by backslashes.

    Args:
        ds: header as read by pydicom, converted or not; no warning of pydicom's leaves.
        keyword: a DICOM keyword of a text-like attribute.
        report: is given a ``character-set`` finding where the declared set was not followed.
    """
    tag = _tag(keyword)
    if tag not in ds:
        return None
    item = ds.get_item(tag)
    declared = _declared_encodings(ds)
    vr = dictionary_VR(tag)
    data = item.value if isinstance(item, RawDataElement) else _bytes_or_text(item.value, declared)
    if data is None:
        return ""
    if isinstance(data, str):
        text, believed = data, "\ufffd" not in data
    elif vr in CUSTOMIZABLE_CHARSET_VR:
        text, believed = _decode(data, declared, vr)
    else:
        text, believed = data.decode("latin_1"), True
    if not believed:
        report(_character_set_finding(tag))
    return text.rstrip(" \0")


def legal_text(ds: Dataset, keyword: str, report: Report) -> str | None:
    """Return one single-valued attribute as text that is legal to write (PS3.5 6.2).

    Args:
        ds: header as read by pydicom.
        keyword: a DICOM keyword of a text-like attribute of multiplicity 1.
        report: is given a ``source-value-illegal`` finding where a value cannot be copied.

    Returns:
        The text; empty where it is empty or illegal in the source; None where it is absent.
    """
    text = source_text(ds, keyword, report)
    if not text:
        return text
    return text if _is_legal(keyword, [text], report) else ""


def source_uid(ds: Dataset, keyword: str) -> str:
    """Return a UID as the source has it, legal or not: another one would name something else.

    Discovery tells what is wrong with it (``uid-irregular``).

    Args:
        ds: header as read by :func:`ctpet.dicom.header.read_header`.
        keyword: a DICOM keyword of a UID of multiplicity 1.

    Returns:
        The UID without padding; empty where it is absent, or several.
    """
    value = ds.get(keyword)
    return value.rstrip(" \0") if isinstance(value, str) and "\\" not in value else ""


def legal_texts(ds: Dataset, keyword: str, report: Report) -> list[str]:
    """Return the values of an attribute of multiplicity 1-n, if all of them are legal.

    Args and findings are those of :func:`legal_text`; the list is empty for what is absent,
    empty or illegal.
    """
    text = source_text(ds, keyword, report)
    values = text.split("\\") if text else []
    return values if _is_legal(keyword, values, report) else []


def _is_legal(keyword: str, values: list[str], report: Report) -> bool:
    tag = _tag(keyword)
    reasons = [reason for value in values if (reason := why_illegal(dictionary_VR(tag), value))]
    if reasons:
        report(
            Finding(
                "source-value-illegal",
                "warning",
                f"{dictionary_description(tag)} {tag} of the CT {reasons[0]}; "
                "it was left out of the PET series",
                "Nothing needs to be done; to keep the value, correct it in the CT and run again",
            )
        )
    return not reasons


def why_illegal(vr: str, text: str) -> str | None:
    """Say why a text is not one legal value of a VR (PS3.5 6.2); None if it is legal."""
    if "\\" in text:
        return "holds several values"
    if printable(text) != text:
        return "holds control characters"
    if vr != "PN" and len(text) > (limit := MAX_VALUE_LEN.get(vr, len(text))):
        return f"is {len(text)} characters long and {vr} allows {limit}"
    try:
        with collected_warnings():
            validate_value(vr, text, RAISE)
    except ValueError:
        return f"is not a legal {vr} value"
    return "is a range" if vr in ("DA", "TM") and "-" in text else None


def _tag(keyword: str) -> BaseTag:
    number = tag_for_keyword(keyword)
    if number is None:
        raise ValueError(f"{keyword} is not a DICOM keyword")
    return Tag(number)


def _declared_encodings(ds: Dataset) -> list[str] | None:
    """Return the Python encodings of (0008,0005); None where it is absent or empty."""
    with collected_warnings():
        value = ds.get("SpecificCharacterSet")
        if not value:
            return None
        names = [value] if isinstance(value, str) else [str(name) for name in value]
        return convert_encodings(names)


def _bytes_or_text(value: Any, declared: list[str] | None) -> bytes | str | None:
    """Return a converted value as the bytes it came from where they can be had, else as text."""
    if value is None:
        return None
    if isinstance(value, PersonName) and isinstance(value.original_string, bytes):
        return value.original_string
    text = "\\".join(str(v) for v in value) if isinstance(value, MultiValue) else str(value)
    if declared is None or declared[0] in _LATIN:
        try:
            return text.encode("latin_1")
        except UnicodeEncodeError:
            return text
    return text


def _decode(data: bytes, declared: list[str] | None, vr: str) -> tuple[str, bool]:
    """Return bytes as text, and whether the declared character set was followed."""
    if data.isascii() and b"\x1b" not in data:
        return data.decode("ascii"), True
    if declared is not None and (len(declared) > 1 or declared[0] not in _LATIN):
        text = _decode_strictly(data, declared, vr)
        if text is not None:
            return text, True
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        text = _decode_strictly(data, declared or ["latin_1"], vr)
        return text if text is not None else data.decode("latin_1"), declared is not None


def _decode_strictly(data: bytes, encodings: list[str], vr: str) -> str | None:
    delimiters = PN_DELIMS if vr == "PN" else TEXT_VR_DELIMS
    groups = data.split(b"=") if vr == "PN" and len(encodings) > 1 else [data]
    try:
        with collected_warnings() as collected:
            text = "=".join(decode_bytes(group, encodings, delimiters) for group in groups)
    except (UnicodeError, LookupError):
        return None
    return None if collected else text


def _character_set_finding(tag: BaseTag) -> Finding:
    return Finding(
        "character-set",
        "warning",
        f"{dictionary_description(tag)} {tag} of the CT is not written in the character set its "
        "header declares; it was read as UTF-8 where that is possible and as Latin-1 elsewhere",
        "Compare the name on the PET series with the one on the CT.",
    )
