"""Which tracer the picture stands for; none was given, so no dose and no time are written."""

from pydicom import Dataset

from ctpet.dicom.codes import FLUORINE_18
from ctpet.dicom.provenance import Provenance

_NUCLIDES = {"F-18": (FLUORINE_18, "6586.2")}
"""Code (PS3.16 CID 18) and half-life in seconds: 109.77 min, NIST 2014 (Bergeron & Fitzgerald)."""


def put_isotope(ds: Dataset, provenance: Provenance) -> None:
    """Write the PET Isotope module, PS3.3 C.8.9.2, without anything that did not happen.

    Raises:
        ValueError: if ctpet has no code for the provenance's radionuclide.
    """
    if provenance.radionuclide not in _NUCLIDES:
        raise ValueError(f"no code is known for the radionuclide {provenance.radionuclide!r}")
    code, half_life_s = _NUCLIDES[provenance.radionuclide]
    item = Dataset()
    item.Radiopharmaceutical = f"{provenance.tracer[:24]}: synthetic image, none was administered"
    item.RadionuclideHalfLife = half_life_s
    item.RadionuclideCodeSequence = [code.item()]
    ds.RadiopharmaceuticalInformationSequence = [item]
