"""Header text without control characters: what a header says is shown, stored and written again."""

from collections.abc import Callable
from typing import Any

from pydicom import DataElement
from pydicom.multival import MultiValue

from ctpet.printable import printable, printable_lines

_ONE_LINE = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "PN", "SH", "TM", "UC", "UR"})
_SEVERAL_LINES = frozenset({"LT", "ST", "UT"})
"""May hold line ends and tabs, PS3.5 6.1.3."""


def clean(element: DataElement) -> bool:
    """Take control characters and escape sequences out of a text element; tell whether any were.

    Bytes of UTF-8 that were decoded as Latin-1, for want of a declared character set, may look like
    them: :mod:`ctpet.dicom.source_text` reads those.
    """
    change = printable if element.VR in _ONE_LINE else printable_lines
    if element.VR not in _ONE_LINE | _SEVERAL_LINES or not element.value:
        return False
    several = isinstance(element.value, MultiValue)
    values = [str(value) for value in (element.value if several else [element.value])]
    cleaned = [_cleaned(value, change) for value in values]
    if cleaned == values:
        return False
    element.value = cleaned if several else cleaned[0]
    return True


def is_clean_uid(element: DataElement) -> bool:
    """Whether a UID holds nothing that cannot be written again as it is."""
    value: Any = element.value
    values = value if isinstance(value, MultiValue) else [value]
    return all(printable(str(one)) == str(one) for one in values)


def _cleaned(text: str, change: Callable[[str], str]) -> str:
    cleaned = change(text)
    if cleaned == text:
        return text
    try:
        meant = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return cleaned
    if meant == text:
        return cleaned
    return text if change(meant) == meant else change(meant)
