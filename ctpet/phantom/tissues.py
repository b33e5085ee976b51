"""Which tissue each structure of the body is, to FDG."""

from collections.abc import Mapping
from types import MappingProxyType

_BONES = (
    "skull", "spine", "ribs", "sternum", "shoulder_girdle", "humeri", "pelvis", "femora",
    "forearms",
)  # fmt: skip

_TISSUES: dict[str, tuple[str, float]] = {
    **dict.fromkeys(_BONES, ("cortex", 1.0)),
    "bone_marrow": ("marrow", 1.0),
    "discs": ("cortex", 1.2),
    "cartilage": ("cortex", 1.2),
    "skin": ("muscle", 0.7),
    "fat": ("fat", 1.0),
    "breast": ("fat", 1.8),
    "muscle": ("muscle", 1.0),
    "spinal_cord": ("soft", 1.2),
    "csf": ("fluid", 0.8),
    "eyes": ("fluid", 1.2),
    "brain": ("brain", 1.0),
    "brain_white": ("brain", 0.4),
    "lung_left": ("lung", 1.0),
    "lung_right": ("lung", 1.0),
    "lung_vessels": ("blood", 1.0),
    "heart_blood": ("blood", 1.0),
    "aorta": ("blood", 1.0),
    "great_vessels": ("blood", 1.0),
    "myocardium": ("myocardium", 1.0),
    "oesophagus": ("soft", 1.2),
    "thyroid": ("soft", 1.0),
    "adrenals": ("soft", 1.0),
    "prostate": ("soft", 1.2),
    "uterus": ("soft", 1.2),
    "liver": ("liver", 1.0),
    "gallbladder": ("fluid", 1.0),
    "spleen": ("spleen", 1.0),
    "pancreas": ("pancreas", 1.0),
    "kidney_left": ("kidney", 1.0),
    "kidney_right": ("kidney", 1.0),
    "renal_pelvis": ("urine", 0.7),
    "bladder": ("urine", 1.0),
    "stomach_wall": ("stomach", 1.0),
    "stomach_content": ("stomach", 0.3),
    "bowel_wall": ("bowel", 1.0),
    "bowel_content": ("bowel", 0.5),
    "necrosis": ("fluid", 1.5),
    "effusion": ("fluid", 1.2),
    "ascites": ("fluid", 1.2),
    "calcification": ("cortex", 0.8),
}

COLD = frozenset({"background", "table", "cushion", "airways", "bowel_gas", "metal"})
"""Structures without any uptake."""

OUTSIDE = frozenset({"background", "table", "cushion"})
"""What is not the patient."""

TISSUE_OF: Mapping[str, tuple[str, float]] = MappingProxyType(_TISSUES)
"""Structure to its tissue in :data:`ctpet.phantom.priors.TISSUES` and the share of that tissue's
SUV it has. Structures of one tissue share one draw: both kidneys, all blood. White matter takes up
about 0.4 of grey (Huang et al., Am J Physiol 1980; 238:E69-E82: 7.3 and 3.4 mg/min/100 g)."""


def tissue_of(name: str) -> tuple[str, float] | None:
    """Return the tissue of a structure and its share; a lesion is its own; None: no uptake.

    Raises:
        KeyError: there is no such structure.
    """
    if name.startswith("lesion_"):
        return name, 1.0
    if name in COLD:
        return None
    return TISSUE_OF[name]
