"""What the numbers of a CT image are: Hounsfield units, or a map of something else.

Terms are those of PS3.3 C.11.1.1.2 (Rescale Type) and C.8.15.3.8 / C.8.2.1.1.1 (value 4 of Image
Type, multi-energy CT), and the words that scanners and workstations put there beside them.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydicom import Dataset

from ctpet.findings import Finding

_HU = frozenset({"HU", "H", "HOUNSFIELD", "HOUNSFIELDUNIT", "HOUNSFIELDUNITS", "HNSFU"})
_UNSPECIFIED = frozenset({"", "US", "UNSPECIFIED", "UNKNOWN", "NONE", "NA"})
_TERMS = {
    "MGML": "a concentration in mg/mL",
    "ZEFF": "an effective atomic number",
    "ED": "an electron density",
    "EDW": "an electron density relative to water",
    "HUMOD": "Hounsfield units changed to show or hide a material",
    "PCT": "a percentage",
    "OD": "an optical density",
}
_IMAGE_TYPES = (
    (r"MATSPECIFIC|MATFRACTIONAL|MATVALUEBASED", "a map of one material"),
    (r"MATMODIFIED", "Hounsfield units changed to show or hide a material"),
    (r"EFFATOMICNUM.*|EFFECTIVEATOMIC.*|ZEFF.*|EFFECTIVEZ|RHOZ", "an effective atomic number"),
    (r"ELECTRONDENS.*", "an electron density"),
    (r"(?!.*(REMOVED|SUPPRESSED)).*IODINE.*", "a map of iodine"),
    (r"DENSITYMAP|MATERIALDENSITY.*", "a map of one material"),
    (r".*UMAP.*|ATTENUATION.*|ATT?N?MAP|ACMAP.*", "an attenuation map"),
    (r"PARAMETRIC.*|PERFUSIONMAP|CBF|CBV|MTT|TTP|TMAX|PBV|BLOOD(FLOW|VOLUME)", "a parametric map"),
)
_MONOENERGETIC = r"VMI.*|MONO.*|VMONO.*|DEMONO.*|\d+KEV.*"
_NON_CONTRAST = r"MATREMOVED|VNC.*|VUE|VIRTUALNONCONTRAST|VIRTUALUNENHANCED|.*IODINEREMOVED"
_DESCRIPTIONS = (
    (r"iodine|\bDE[ _-]?iod", "a map of iodine"),
    (r"z[ _-]?eff|effective[ _]z|\brho", "an effective atomic number"),
    (r"electron[ _]dens", "an electron density"),
    (r"\bu[ _-]?map|\bmu[ _-]?map|_umap|ac[ _-]?map|attenuation[ _]?map", "an attenuation map"),
    (r"\b(cbf|cbv|mtt|ttp|tmax|pbv)\b|blood[ _](flow|volume)", "a parametric map"),
    (r"material[ _]dens|\bMD[ _-]|uric|\bmg/", "a map of one material"),
)
_LONGEST_SHOWN = 16
REMEDY = (
    "Export the conventional images in Hounsfield units, or virtual monoenergetic ones near 70 keV"
)


def not_hu(headers: Iterable[Dataset]) -> Finding | None:
    """Return the refusal of CT images of which any says that it holds no Hounsfield units."""
    for header in headers:
        if told := other_quantity(header):
            return Finding("not-hu", "error", f"{told}, not Hounsfield units", REMEDY)
    return None


def other_quantity(header: Dataset) -> str:
    """Say what a CT image holds in place of Hounsfield units; empty if it does not say so.

    RescaleType (0028,1054) counts first, then ImageType (0008,0008) and FrameType (0008,9007),
    then the units of its Real World Value Mapping (0040,9096), if none of them is HU.
    """
    for told in _rescale_types(header):
        name = _compact(told)
        if name not in _HU | _UNSPECIFIED:
            shown = "".join(filter(str.isprintable, told))[:_LONGEST_SHOWN]
            return f"RescaleType (0028,1054) is {shown}, {_TERMS.get(name, 'another unit')}"
    for word in image_words(header):
        for pattern, what in _IMAGE_TYPES:
            if re.fullmatch(pattern, _compact(word)):
                return f"ImageType (0008,0008) holds {word[:_LONGEST_SHOWN]}, {what}"
    units = list(_mapped_units(header))
    if units and not any(_compact(unit) in _HU for unit in units):
        return f"RealWorldValueMappingSequence (0040,9096) has the unit {units[0][:_LONGEST_SHOWN]}"
    return ""


def unusual_hu(header: Dataset) -> list[Finding]:
    """Tell of Hounsfield units that were computed from several energies, or are not named."""
    words = [_compact(word) for word in image_words(header)]
    description = str(header.get("SeriesDescription") or "")
    findings = []
    energy = _energy_kev(header, description)
    if energy or any(re.fullmatch(_MONOENERGETIC, word) for word in words):
        at = f" at {energy:g} keV" if energy else ""
        findings.append(
            Finding(
                "virtual-monoenergetic",
                "warning",
                f"The images are virtual monoenergetic{at}; bone and contrast agent have other "
                "Hounsfield units than at the 120 kV that models see, the more so the farther "
                "from 70 keV",
                "Use the conventional images, or those nearest to 70 keV",
            )
        )
    if any(re.fullmatch(_NON_CONTRAST, word) for word in words):
        findings.append(
            Finding(
                "virtual-non-contrast",
                "warning",
                "The images are virtual non-contrast: contrast agent, and some bone with it, was "
                "computed away",
                "Use the conventional images if there are some",
            )
        )
    if any(_compact(told) in _UNSPECIFIED - {""} for told in _rescale_types(header)):
        findings.append(
            Finding(
                "rescale-type",
                "warning",
                "RescaleType (0028,1054) is US (unspecified); the values are taken as HU",
            )
        )
    return findings


def described_as_map(header: Dataset) -> str:
    """Say what SeriesDescription (0008,103E) takes the numbers for; empty if for nothing odd.

    A witness only: contrast agent is described as iodine too.
    """
    description = str(header.get("SeriesDescription") or "")
    for pattern, what in _DESCRIPTIONS:
        if re.search(pattern, description, re.IGNORECASE):
            return what
    return ""


def image_words(header: Dataset) -> list[str]:
    """Return the values of ImageType (0008,0008) and of every FrameType (0008,9007)."""
    words = _texts(header.get("ImageType"))
    for item in _items(header, "CTImageFrameTypeSequence"):
        words += _texts(item.get("FrameType"))
    return list(dict.fromkeys(words))


def _rescale_types(header: Dataset) -> Iterator[str]:
    items = [header, *_items(header, "PixelValueTransformationSequence")]
    return (text for item in items for text in _texts(item.get("RescaleType")))


def _mapped_units(header: Dataset) -> Iterator[str]:
    for mapping in _items(header, "RealWorldValueMappingSequence"):
        for unit in mapping.get("MeasurementUnitsCodeSequence") or ():
            yield str(unit.get("CodeValue") or "")


def _energy_kev(header: Dataset, description: str) -> float:
    """Return the energy of a monoenergetic image in keV; 0 where it is not one, or not told."""
    for item in _items(header, "MultienergyCTCharacteristicsSequence"):
        energy = item.get("MonoenergeticEnergyEquivalent")
        if isinstance(energy, float | int):
            return float(energy)
    energy = header.get("MonoenergeticEnergyEquivalent")
    if isinstance(energy, float | int):
        return float(energy)
    told = re.search(r"\b(\d{2,3}(?:\.\d)?)[ _]?keV", description, re.IGNORECASE)
    return float(told[1]) if told else 0.0


def _items(header: Dataset, sequence: str) -> Iterator[Dataset]:
    """Yield the items of a sequence at the top level and in all functional groups."""
    groups = (
        *(header.get("SharedFunctionalGroupsSequence") or ()),
        *(header.get("PerFrameFunctionalGroupsSequence") or ()),
    )
    for holder in (header, *groups):
        yield from holder.get(sequence) or ()


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(one) for one in value]


def _compact(text: str) -> str:
    """Letters and digits alone, in capitals."""
    return "".join(filter(str.isalnum, text)).upper()
