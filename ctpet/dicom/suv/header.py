"""Header values of a PET series, read without trusting them: absent, empty, wrong or private.

The data sets are those of :func:`ctpet.dicom.discover.discover`, whose values are converted.
"""

from collections.abc import Sequence
from math import isfinite

from pydicom import Dataset
from pydicom.dataelem import DataElement

from ctpet.errors import InputRefused


def text(ds: Dataset, keyword: str) -> str:
    """Return the value as stripped text; empty when the attribute is absent, empty or broken."""
    values = texts(ds, keyword)
    return values[0] if values else ""


def texts(ds: Dataset, keyword: str) -> tuple[str, ...]:
    """Return all values of an attribute as stripped text, empty ones left out."""
    return _as_texts(ds.get(keyword))


def number(ds: Dataset, keyword: str) -> float | None:
    """Return the value as a finite number; None when absent, empty, several or not a number."""
    return _as_number(texts(ds, keyword))


def same_text(headers: Sequence[Dataset], keyword: str) -> str:
    """Return the value that all slices share, upper case.

    Raises:
        InputRefused: ``mixed-headers`` when slices differ.
    """
    values = {text(ds, keyword).upper() for ds in headers}
    if len(values) > 1:
        raise _mixed(keyword, len(values))
    return values.pop() if values else ""


def same_number(headers: Sequence[Dataset], keyword: str) -> float | None:
    """Return the number that all slices share, None when it is absent.

    Raises:
        InputRefused: ``mixed-headers`` when slices differ.
    """
    values = {number(ds, keyword) for ds in headers}
    if len(values) > 1:
        raise _mixed(keyword, len(values))
    return values.pop() if values else None


def private_text(ds: Dataset, group: int, creator: str, element: int) -> str:
    """Return a private value as text, found by its creator; empty when absent.

    Private data elements may stand in any block (PS3.5 section 7.8.1), and a reader that does not
    know them leaves them as UN bytes: both are handled.
    """
    try:
        found = ds.private_block(group, creator)[element]
    except KeyError:
        return ""
    return _element_text(found)


def private_number(ds: Dataset, group: int, creator: str, element: int) -> float | None:
    """Return a private value as a finite number, None when absent or not a number."""
    value = private_text(ds, group, creator, element)
    return _as_number((value,) if value else ())


def orphan_number(ds: Dataset, group: int, element: int) -> float | None:
    """Return a private number from block 10 when nobody reserved that block; else None.

    Illegal by PS3.5 section 7.8.1, and common after de-identification, which drops the creator.
    """
    if (group, 0x0010) in ds or (group, 0x1000 + element) not in ds:
        return None
    value = _element_text(ds[group, 0x1000 + element])
    return _as_number((value,) if value else ())


def _element_text(element: DataElement) -> str:
    value = element.value
    if isinstance(value, bytes):
        value = value.decode("ascii", "ignore").strip("\0 ")
    found = _as_texts(value)
    return found[0] if found else ""


def _as_texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    items = value if several else (value,)
    assert isinstance(items, Sequence)  # noqa: S101  (narrows for mypy)
    return tuple(found for item in items if (found := str(item).strip("\0 ")))


def _as_number(values: tuple[str, ...]) -> float | None:
    if len(values) != 1:
        return None
    try:
        result = float(values[0])
    except ValueError:
        return None
    return result if isfinite(result) else None


def _mixed(keyword: str, count: int) -> InputRefused:
    return InputRefused(
        "mixed-headers",
        f"{keyword} has {count} different values among the slices of one PET series",
        remedy="Export the series again, or separate what was merged into it.",
    )
