"""Hounsfield units by tissue: published means, spread between patients, contrast agent."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.labels import LABELS

_PLAIN: Mapping[str, tuple[float, float]] = MappingProxyType({
    "background": (-1000, 0), "table": (-620, 60), "skin": (10, 8), "fat": (-104, 5),
    "breast": (25, 12), "muscle": (54, 5), "skull": (1150, 90), "spine": (420, 60),
    "ribs": (520, 60), "sternum": (380, 50), "shoulder_girdle": (620, 60), "humeri": (1000, 90),
    "pelvis": (560, 60), "femora": (1050, 90), "forearms": (950, 80), "bone_marrow": (165, 45),
    "discs": (85, 12), "cartilage": (105, 25), "spinal_cord": (36, 3), "csf": (8, 3),
    "brain": (38, 1.5), "brain_white": (28, 1.5), "eyes": (12, 5), "airways": (-990, 4),
    "lung_left": (-830, 28), "lung_right": (-830, 28), "lung_vessels": (38, 4),
    "myocardium": (45, 4), "heart_blood": (42, 4), "aorta": (42, 4), "great_vessels": (42, 4),
    "oesophagus": (38, 6), "thyroid": (110, 14), "liver": (58, 7), "gallbladder": (8, 5),
    "spleen": (48, 4), "pancreas": (38, 6), "kidney_left": (33, 3), "kidney_right": (33, 3),
    "renal_pelvis": (6, 4), "adrenals": (25, 8), "stomach_wall": (40, 5),
    "stomach_content": (12, 10), "bowel_wall": (42, 5), "bowel_content": (22, 10),
    "bowel_gas": (-940, 15), "bladder": (6, 4), "prostate": (40, 5), "uterus": (50, 6),
})  # fmt: skip
"""Mean and spread between patients without contrast agent at 120 kVp, HU.

Fat, muscle and solid organs: Lamba et al., AJR 2014 (CT Hounsfield numbers of soft tissues on
unenhanced scans); liver and spleen: Pickhardt et al., AJR 2012; lung: Cropp et al. 2012 and
Kinsella et al. 1990 at mid inspiration; vertebral marrow by age: Pickhardt et al., Ann Intern Med
2013; brain, blood and cortical bone: Schneider et al., Phys Med Biol 1996 and ICRU Report 46.
"""

_VENOUS: Mapping[str, tuple[float, float]] = MappingProxyType({
    "myocardium": (60, 10), "heart_blood": (105, 15), "aorta": (105, 15),
    "great_vessels": (112, 15), "lung_vessels": (105, 15), "liver": (52, 8), "spleen": (70, 9),
    "pancreas": (52, 9), "kidney_left": (150, 18), "kidney_right": (150, 18),
    "renal_pelvis": (40, 30), "adrenals": (40, 8), "thyroid": (65, 15), "stomach_wall": (40, 8),
    "bowel_wall": (45, 8), "muscle": (9, 2), "prostate": (30, 8), "uterus": (65, 12),
    "brain": (4, 1), "brain_white": (2, 0.5), "bone_marrow": (12, 4), "skin": (10, 3),
    "breast": (8, 4), "oesophagus": (30, 6), "spinal_cord": (4, 1),
})  # fmt: skip
"""What portal venous contrast agent adds: Bae, Radiology 2010 (about 50 HU to liver, 100 to 130 to
vessels, 140 to 180 to kidneys at 70 s)."""


def draw_hu(anatomy: Anatomy) -> Mapping[int, float]:
    """Return the mean HU of each label of a patient, lesions included.

    The patient's own values follow from the anatomy's seed, so every CT of the patient shares
    them. Bone loses about 2 HU of marrow a year after 30 (Pickhardt 2013).
    """
    rng = np.random.default_rng([anatomy.seed, 0x4855])
    t = anatomy.traits
    out: dict[int, float] = {}
    for name, (mean, spread) in _PLAIN.items():
        out[LABELS[name]] = mean + spread * float(np.clip(rng.normal(), -2, 2))
    for group in (("lung_left", "lung_right"), ("kidney_left", "kidney_right"),
                  ("heart_blood", "aorta", "great_vessels", "lung_vessels")):  # fmt: skip
        for name in group[1:]:
            out[LABELS[name]] = out[LABELS[group[0]]]
    out[LABELS["bone_marrow"]] += 70 - 1.7 * (t.age_years - 25)
    gain = float(rng.uniform(0.85, 1.15))
    fatty = max(0.0, float(rng.normal(0.9 * (t.bmi - 27), 6)))
    out[LABELS["liver"]] -= min(fatty, 35.0)
    if t.contrast == "venous":
        for name, (mean, _) in _VENOUS.items():
            out[LABELS[name]] += gain * mean
        out[LABELS["spleen"]] = max(out[LABELS["spleen"]], out[LABELS["liver"]])
    if t.oral_contrast:
        out[LABELS["bowel_content"]] = float(rng.uniform(120, 320))
        out[LABELS["stomach_content"]] = float(rng.uniform(80, 260))
    for lesion in anatomy.lesions:
        uptake = gain * float(rng.uniform(15, 40)) if t.contrast == "venous" else 0.0
        out[lesion.label] = lesion.hu + uptake
    return MappingProxyType(out)
