"""What made the series, and which scanner made the CT it came from."""

from pydicom import Dataset

from ctpet.dicom.codes import ACQUISITION_EQUIPMENT, PROCESSING_EQUIPMENT
from ctpet.dicom.provenance import Provenance
from ctpet.dicom.source_text import Report, legal_text

MANUFACTURER = "ctpet"


def put_equipment(ds: Dataset, source: Dataset, provenance: Provenance, report: Report) -> None:
    """Write General Equipment (PS3.3 C.7.5.1) and Contributing Equipment (C.12.1.1.5).

    The CT scanner is named only where the CT names its manufacturer (type 1 in the item).
    """
    versions = _software_versions(provenance)
    ds.Manufacturer = MANUFACTURER
    ds.ManufacturerModelName = provenance.model_name
    ds.SoftwareVersions = versions
    processing = Dataset()
    processing.PurposeOfReferenceCodeSequence = [PROCESSING_EQUIPMENT.item()]
    processing.Manufacturer = MANUFACTURER
    processing.ManufacturerModelName = provenance.model_name
    processing.SoftwareVersions = versions
    processing.ContributionDescription = "Synthesis of PET from CT"
    scanner = _scanner(source, report)
    ds.ContributingEquipmentSequence = [*([scanner] if scanner else []), processing]


def _software_versions(provenance: Provenance) -> list[str]:
    return [
        f"ctpet {provenance.ctpet_version}"[:64],
        f"{provenance.model_name} {provenance.model_version}"[:64],
        provenance.model_digest,
    ]


def _scanner(source: Dataset, report: Report) -> Dataset | None:
    manufacturer = legal_text(source, "Manufacturer", report)
    if not manufacturer:
        return None
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [ACQUISITION_EQUIPMENT.item()]
    item.Manufacturer = manufacturer
    for keyword in ("InstitutionName", "StationName", "ManufacturerModelName"):
        if text := legal_text(source, keyword, report):
            setattr(item, keyword, text)
    item.ContributionDescription = "Acquisition of the CT"
    return item
