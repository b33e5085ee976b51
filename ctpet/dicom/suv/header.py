"""Header values of a PET series, read without trusting them: absent, empty, wrong or private.

The data sets are those of :func:`ctpet.dicom.discover.discover`, whose values are converted.
"""

from collections.abc import Sequence
from math import isfinite

from pydicom import Dataset

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
    return as_number(texts(ds, keyword))


def same_text(headers: Sequence[Dataset], keyword: str) -> str:
    """Return the one value that all slices share, upper case; empty when it is absent.

    Raises:
        InputRefused: ``mixed-headers`` when slices differ, or one slice has several values.
    """
    values = {tuple(dict.fromkeys(each.upper() for each in texts(ds, keyword))) for ds in headers}
    if len(values) > 1:
        raise _mixed(keyword, len(values))
    (told,) = values
    if len(told) > 1:
        raise _mixed(keyword, len(told))
    return told[0] if told else ""


def same_number(headers: Sequence[Dataset], keyword: str) -> float | None:
    """Return the number that all slices share, None when it is absent.

    Raises:
        InputRefused: ``mixed-headers`` when slices differ.
    """
    values = {number(ds, keyword) for ds in headers}
    if len(values) > 1:
        raise _mixed(keyword, len(values))
    return values.pop() if values else None


def element_text(ds: Dataset, group: int, element: int) -> str:
    """Return the first value of an element, by its tag, as text; empty when absent or empty.

    A reader that does not know a private element leaves it as UN bytes: they are read as ASCII.
    """
    if (group, element) not in ds:
        return ""
    value = ds[group, element].value
    if isinstance(value, bytes):
        value = value.decode("ascii", "ignore").split("\\")[0]
    found = _as_texts(value)
    return found[0] if found else ""


def _as_texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    items = value if several else (value,)
    assert isinstance(items, Sequence)  # noqa: S101  (narrows for mypy)
    return tuple(found for item in items if (found := str(item).strip("\0 ")))


def as_number(values: tuple[str, ...]) -> float | None:
    """Return the one text of a value as a finite number; None for none, several or no number."""
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
