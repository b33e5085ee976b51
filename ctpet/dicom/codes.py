"""Coded concepts (PS3.3 8.8) that ctpet writes; values from PS3.16, annexes B and D."""

from dataclasses import dataclass

from pydicom import Dataset


@dataclass(frozen=True, slots=True)
class Code:
    """One coded concept: (0008,0100), (0008,0102) and (0008,0104)."""

    value: str
    scheme: str
    meaning: str

    def item(self) -> Dataset:
        """Return a new sequence item of the Code Sequence Macro, PS3.3 8.8."""
        item = Dataset()
        item.CodeValue = self.value
        item.CodingSchemeDesignator = self.scheme
        item.CodeMeaning = self.meaning
        return item


SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")
ACQUISITION_EQUIPMENT = Code("109101", "DCM", "Acquisition Equipment")
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")

FLUORINE_18 = Code("77004003", "SCT", "^18^Fluorine")

RECUMBENT = Code("102538003", "SCT", "recumbent")
SUPINE = Code("40199007", "SCT", "supine")
PRONE = Code("1240000", "SCT", "prone")
RIGHT_LATERAL_DECUBITUS = Code("102535000", "SCT", "right lateral decubitus")
LEFT_LATERAL_DECUBITUS = Code("102536004", "SCT", "left lateral decubitus")

HEADFIRST = Code("102540008", "SCT", "headfirst")
FEET_FIRST = Code("102541007", "SCT", "feet-first")
LEFT_FIRST = Code("126830", "DCM", "left first")
RIGHT_FIRST = Code("126831", "DCM", "right first")
POSTERIOR_FIRST = Code("126832", "DCM", "posterior first")
ANTERIOR_FIRST = Code("126833", "DCM", "anterior first")
