"""What a voxel of a rendered patient can be: the names, and the numbers that label maps hold."""

from types import MappingProxyType

_NAMES = (
    "background",
    "skin",
    "fat",
    "muscle",
    "skull",
    "spine",
    "ribs",
    "sternum",
    "shoulder_girdle",
    "humeri",
    "pelvis",
    "femora",
    "forearms",
    "bone_marrow",
    "discs",
    "cartilage",
    "spinal_cord",
    "csf",
    "brain",
    "eyes",
    "airways",
    "lung_left",
    "lung_right",
    "lung_vessels",
    "myocardium",
    "heart_blood",
    "aorta",
    "great_vessels",
    "oesophagus",
    "thyroid",
    "liver",
    "gallbladder",
    "spleen",
    "pancreas",
    "kidney_left",
    "kidney_right",
    "renal_pelvis",
    "adrenals",
    "stomach_wall",
    "stomach_content",
    "bowel_wall",
    "bowel_content",
    "bowel_gas",
    "bladder",
    "prostate",
    "uterus",
    "table",
    "brain_white",
    "breast",
    "necrosis",
    "effusion",
    "ascites",
    "calcification",
    "metal",
    "cushion",
)

PLAIN_LABELS = 49
"""The first so many occur in plain patients; the others in wide ones alone."""

FIRST_LESION = 100
"""Lesion n of an anatomy (counted from 0) has the label ``FIRST_LESION + n``."""

LABELS = MappingProxyType({name: number for number, name in enumerate(_NAMES)})
"""Name to number. Bones are their hard part (cortex); ``bone_marrow`` is what all of them hold
inside. ``brain`` is grey matter. ``kidney_*`` are cortex and medulla."""

NAMES = MappingProxyType({number: name for name, number in LABELS.items()})
"""Number to name."""


def label_of(name: str) -> int:
    """Return the number of a structure, ``lesion_<n>`` included.

    Raises:
        KeyError: there is no structure of that name.
    """
    if name.startswith("lesion_"):
        return FIRST_LESION + int(name.removeprefix("lesion_"))
    return LABELS[name]
