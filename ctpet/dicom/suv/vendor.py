"""Private elements of PET makers that SUV needs, and how they are found.

One table, one reader. An element belongs to whoever reserved its block (PS3.5 section 7.8.1). Where
de-identification dropped the reservation, Manufacturer (0008,0070) is asked in its place.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydicom import Dataset

from ctpet.dicom.suv.header import element_text, text
from ctpet.findings import Finding

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VendorElement:
    """A private element (group, xx``element``).

    Attributes:
        name: what it says, for people.
        maker: pattern that Manufacturer (0008,0070) begins with.
        creator: who reserves its block.
    """

    name: str
    maker: str
    group: int
    creator: str
    element: int

    def __str__(self) -> str:
        return f"{self.name} ({self.group:04X},xx{self.element:02X})"


_GE, _SIEMENS, _PHILIPS = r"GE\b|GEMS\b|GENERAL ELECTRIC", r"SIEMENS|CPS\b|CTI\b", r"PHILIPS"
_PHILIPS_GROUP = (0x7053, "Philips PET Private Group")

GE_SCAN_TIME = VendorElement("GE's scan time", _GE, 0x0009, "GEMS_PETD_01", 0x0D)
SIEMENS_DECAY_TIME = VendorElement(
    "Siemens' decay correction time", _SIEMENS, 0x0071, "SIEMENS MED PT", 0x22
)
PHILIPS_SUV_FACTOR = VendorElement("Philips' SUV factor", _PHILIPS, *_PHILIPS_GROUP, 0x00)
PHILIPS_ACTIVITY_FACTOR = VendorElement("Philips' activity factor", _PHILIPS, *_PHILIPS_GROUP, 0x09)
"""From the makers' DICOM conformance statements and the QIBA vendor-neutral SUV pseudo-code."""

REFERENCE_TIMES = (GE_SCAN_TIME, SIEMENS_DECAY_TIME)
"""Elements that name the instant to which decay was corrected."""


def made_by(ds: Dataset, element: VendorElement) -> bool:
    """Return whether Manufacturer (0008,0070) is the element's maker."""
    return re.match(element.maker, text(ds, "Manufacturer"), re.IGNORECASE) is not None


def vendor_values(
    headers: Sequence[Dataset], element: VendorElement, parse: Callable[[str, Dataset], T | None]
) -> tuple[tuple[T | None, ...], tuple[Finding, ...]]:
    """Return what a private element says in each slice, and what is to be told of its creator.

    Args:
        headers: of all slices.
        element: from the table of this module.
        parse: the value from its text and its data set; None for what says nothing.
    """
    claimed = [_value(ds, element, parse, element.creator) for ds in headers]
    pairs = zip(claimed, headers, strict=True)
    orphans = [None if said is not None else _value(ds, element, parse, "") for said, ds in pairs]
    if all(orphan is None for orphan in orphans):
        return tuple(claimed), ()
    if all(made_by(ds, element) for ds in headers):
        message = f"{element} was found without its private creator '{element.creator}'"
        read = (said if said is not None else o for said, o in zip(claimed, orphans, strict=True))
        return tuple(read), (Finding("private-creator-missing", "warning", message),)
    message = f"What may be {element} has no private creator, and the maker does not say so either"
    remedy = "Take the PET with its private creators or its Manufacturer (0008,0070)."
    finding = Finding("private-creator-unknown", "warning", f"{message}; it was not read", remedy)
    return tuple(claimed), (finding,)


def _value(
    ds: Dataset, element: VendorElement, parse: Callable[[str, Dataset], T | None], owner: str
) -> T | None:
    """Return the first value that says something in a block of that owner (empty: nobody's)."""
    for block in _blocks(ds, element):
        if element_text(ds, element.group, block).upper() == owner.upper():
            value = parse(element_text(ds, element.group, (block << 8) | element.element), ds)
            if value is not None:
                return value
    return None


def _blocks(ds: Dataset, element: VendorElement) -> list[int]:
    """Return the blocks 10 to FF in which the element stands, whoever reserved them."""
    tags = (tag for tag in ds.keys() if tag >> 16 == element.group)  # noqa: SIM118  (tags wanted)
    blocks = ((tag >> 8) & 0xFF for tag in tags if tag & 0xFF == element.element)
    return sorted(block for block in blocks if block >= 0x10)
