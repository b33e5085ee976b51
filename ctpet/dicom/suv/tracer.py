"""What was injected, by its codes: the nuclide, and whether the compound is FDG."""

import re
from collections.abc import Sequence

from pydicom import Dataset

from ctpet.dicom.suv.header import number, text
from ctpet.findings import Finding
from ctpet.suv import F18_HALF_LIFE_S

POSITRON_EMITTERS = {
    "40565003": "C-11",
    "C-105A1": "C-11",
    "21576001": "N-13",
    "C-107A1": "N-13",
    "129504001": "O-15",
    "C-B1038": "O-15",
    "77004003": "F-18",
    "C-111A1": "F-18",
    "3932008": "Cu-64",
    "C-127A2": "Cu-64",
    "35337001": "Ga-68",
    "C-131A3": "Ga-68",
    "79197006": "Rb-82",
    "C-159A2": "Rb-82",
    "63360001": "Zr-89",
    "C-168A4": "Zr-89",
    "40937006": "I-124",
    "C-114A5": "I-124",
}
"""Code value to nuclide (PS3.16 CID 4020), in SNOMED CT and in the older SRT and SNM3."""

SINGLE_PHOTON_EMITTERS = {
    "72454006": "Tc-99m",
    "C-163A8": "Tc-99m",
    "56609000": "In-111",
    "C-145A4": "In-111",
    "21572004": "I-123",
    "C-114A4": "I-123",
    "1368003": "I-131",
    "C-114B1": "I-131",
    "60057003": "Tl-201",
    "C-138A9": "Tl-201",
    "2008008": "Ga-67",
    "C-131A2": "Ga-67",
    "447553000": "Lu-177",
    "C-101ED": "Lu-177",
}
"""Code value to nuclide (PS3.16 CID 18) of common emitters that PET cannot image."""

FDG_CODES = frozenset({"35321007", "C-B1031"})
"""Fluorodeoxyglucose F^18^ (PS3.16 CID 4021), SNOMED CT and SRT."""

_FDG_TEXT = re.compile(r"fdg|fluoro-?\s*d(?:e|es)oxy-?\s*(?:d-?)?\s*glucose", re.IGNORECASE)
_NAMES_NO_COMPOUND = {"f", "fluor", "fluorine", "isotope", "solution", "injection", "other"}
_FLUORINE_TEXT = re.compile(r"(?<!\d)18\W*F|F\W*18(?!\d)|fluorin", re.IGNORECASE)


def injection_item(ds: Dataset) -> Dataset | None:
    """Return the first item of Radiopharmaceutical Information Sequence (0054,0016), or None."""
    items = _items(ds, "RadiopharmaceuticalInformationSequence")
    return items[0] if items else None


def injection_count(ds: Dataset) -> int:
    """Return how many radiopharmaceuticals the data set lists."""
    return len(_items(ds, "RadiopharmaceuticalInformationSequence"))


def nuclide(item: Dataset) -> str | None:
    """Return the nuclide, such as ``F-18``, named by Radionuclide Code Sequence (0054,0300).

    The code decides; a code meaning that names fluorine-18 is taken where the code is unknown.
    """
    for code in _items(item, "RadionuclideCodeSequence"):
        value = text(code, "CodeValue")
        found = POSITRON_EMITTERS.get(value) or SINGLE_PHOTON_EMITTERS.get(value)
        if found:
            return found
        if _FLUORINE_TEXT.search(text(code, "CodeMeaning")):
            return "F-18"
    return None


def tracer_findings(ds: Dataset) -> tuple[Finding, ...]:
    """Say whether the tracer is not FDG, or cannot be told."""
    item = injection_item(ds)
    name = _compound_is_fdg(item) if item is not None else None
    if name is False:
        return (
            Finding(
                "tracer-not-fdg",
                "warning",
                "The header names a tracer other than FDG",
                "Do not mix it with FDG for training or comparison.",
            ),
        )
    if name is None:
        return (
            Finding(
                "tracer-unknown",
                "warning",
                "The header does not name the tracer",
                "Check in the patient's record that it is FDG.",
            ),
        )
    return ()


def names_fdg(item: Dataset) -> bool:
    """Return whether the compound is called FDG, by its code or in words."""
    codes = _items(item, "RadiopharmaceuticalCodeSequence")
    if any(text(code, "CodeValue") in FDG_CODES for code in codes):
        return True
    return any(_FDG_TEXT.search(name) for name in _names(item))


def _compound_is_fdg(item: Dataset) -> bool | None:
    """Return whether the compound is FDG; None when the header does not say."""
    codes, names = _items(item, "RadiopharmaceuticalCodeSequence"), _names(item)
    if any(text(code, "CodeValue") in FDG_CODES for code in codes):
        return True
    if names_fdg(item):
        return nuclide(item) in (None, "F-18")
    if any(names) and any(text(code, "CodeValue") for code in codes):
        return False
    isotope = nuclide(item)
    if isotope not in (None, "F-18") or _half_life_is_not_fluorine(item):
        return False
    return False if any(_names_a_compound(name) for name in names) else None


def _names(item: Dataset) -> tuple[str, ...]:
    codes = _items(item, "RadiopharmaceuticalCodeSequence")
    return (text(item, "Radiopharmaceutical"), *(text(code, "CodeMeaning") for code in codes))


def _names_a_compound(name: str) -> bool:
    """Return whether more than the isotope is named ("F-18" or "Fluorine" alone says nothing)."""
    return bool(set(re.findall(r"[a-z]+", name.lower())) - _NAMES_NO_COMPOUND)


def _half_life_is_not_fluorine(item: Dataset) -> bool:
    half_life_s = number(item, "RadionuclideHalfLife")
    return half_life_s is not None and abs(half_life_s / F18_HALF_LIFE_S - 1) > 0.05


def _items(ds: Dataset, keyword: str) -> Sequence[Dataset]:
    value = ds.get(keyword)
    return list(value) if value else []
