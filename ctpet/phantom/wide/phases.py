"""Hounsfield units of a wide patient: contrast phases, fatty liver, fluid, calcium, metal."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.hounsfield import draw_hu
from ctpet.phantom.labels import LABELS
from ctpet.phantom.traits import Contrast

PHASES: tuple[tuple[Contrast, float], ...] = (("none", 0.55), ("arterial", 0.12), ("venous", 0.33))
"""Intravenous contrast agent and how often. Low-dose CT without any is the most frequent."""

_VESSELS = ("heart_blood", "aorta", "great_vessels", "lung_vessels")

ADDED: Mapping[Contrast, Mapping[str, float]] = MappingProxyType({
    "none": MappingProxyType({}),
    "arterial": MappingProxyType({
        "heart_blood": 215, "aorta": 245, "great_vessels": 130, "lung_vessels": 160,
        "myocardium": 65, "liver": 14, "spleen": 75, "pancreas": 60, "kidney_left": 105,
        "kidney_right": 105, "adrenals": 40, "thyroid": 80, "stomach_wall": 35, "bowel_wall": 40,
        "muscle": 3, "prostate": 20, "uterus": 40, "brain": 4, "skin": 5, "bone_marrow": 6,
        "oesophagus": 15,
    }),
    "venous": MappingProxyType({
        "heart_blood": 105, "aorta": 105, "great_vessels": 112, "lung_vessels": 105,
        "myocardium": 60, "liver": 52, "spleen": 70, "pancreas": 52, "kidney_left": 150,
        "kidney_right": 150, "renal_pelvis": 40, "adrenals": 40, "thyroid": 65,
        "stomach_wall": 40, "bowel_wall": 45, "muscle": 9, "prostate": 30, "uterus": 65,
        "brain": 4, "brain_white": 2, "bone_marrow": 12, "skin": 10, "breast": 8,
        "oesophagus": 30,
    }),
})  # fmt: skip
"""HU that the agent adds. Portal venous: Bae, Radiology 2010; 256:32-61, as in the plain phantom.
Late arterial: vessels 200 to 300 HU and a liver that hardly enhances, by the same review, from
memory of its curves."""

_OWN: Mapping[str, tuple[float, float]] = MappingProxyType({
    "necrosis": (8, 26), "effusion": (2, 20), "ascites": (0, 18), "calcification": (350, 1100),
    "metal": (3071, 3071), "cushion": (-960, -850),
})  # fmt: skip
"""Lowest and highest mean. Effusions: Çullu et al., Eur J Radiol Open 2014 (exudates 12 HU,
transudates 4 HU, from memory); the others from memory."""

FATTY_SHARE = 0.3
_LIVER_LOWEST_HU = -15.0
_GAIN = {"none": (1.0, 1.0), "arterial": (0.75, 1.3), "venous": (0.7, 1.3)}


def draw_phase(rng: np.random.Generator) -> Contrast:
    """Draw whether and when contrast agent was given."""
    names, shares = zip(*PHASES, strict=True)
    chosen: Contrast = names[int(rng.choice(len(names), p=shares))]
    return chosen


def draw_wide_hu(
    anatomy: Anatomy, enhances: Mapping[int, float], rng: np.random.Generator
) -> Mapping[int, float]:
    """Return the mean HU of each label of a wide patient.

    Args:
        anatomy: the patient, with lesions; its traits say which phase.
        enhances: by label of a lesion, HU that portal venous contrast agent adds.
        rng: the randomness.
    """
    t = anatomy.traits
    out = dict(draw_hu(replace(anatomy, hu=None, traits=replace(t, contrast="none"))))
    if rng.random() < FATTY_SHARE:
        liver = LABELS["liver"]
        out[liver] = max(_LIVER_LOWEST_HU, out[liver] - float(rng.uniform(5, 55)))
    gain = float(rng.uniform(*_GAIN[t.contrast]))
    for name, added in ADDED[t.contrast].items():
        out[LABELS[name]] += gain * added
    part = {"none": 0.0, "arterial": 0.6, "venous": 1.0}[t.contrast]
    for lesion in anatomy.lesions:
        out[lesion.label] = lesion.hu + part * gain * enhances[lesion.label]
    for name, (low, high) in _OWN.items():
        out[LABELS[name]] = float(rng.uniform(low, high))
    return MappingProxyType(out)
