"""Who the patient is, in numbers drawn at random."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Sex = Literal["F", "M"]
Arms = Literal["up", "down"]
Contrast = Literal["none", "venous"]


@dataclass(frozen=True)
class Traits:
    """What distinguishes a patient before any organ is drawn.

    Attributes:
        sex: F or M.
        age_years: 20 to 85.
        stature_mm: height (ICRP 89: 1630 women, 1760 men, spread 70).
        bmi: body mass index in kg/m².
        arms: up beside the head, or down beside the trunk.
        contrast: intravenous contrast agent, portal venous phase.
        oral_contrast: whether the bowel holds contrast agent.
        subcutaneous: fat under the skin in units of a lean adult's (about 1 mm per unit at the
            belly).
        belly: how far visceral fat pushes the belly's wall, mm.
        organ_scale: linear factors by organ name, around 1.
        bladder_ml: how full the bladder is.
    """

    sex: Sex
    age_years: int
    stature_mm: float
    bmi: float
    arms: Arms
    contrast: Contrast
    oral_contrast: bool
    subcutaneous: float
    belly: float
    organ_scale: dict[str, float]
    bladder_ml: float

    def organ(self, name: str) -> float:
        """Return an organ's linear factor, 1 if nothing was drawn for it."""
        return self.organ_scale.get(name, 1.0)

    @property
    def weight_kg(self) -> float:
        """Weight by stature and body mass index."""
        return self.bmi * (self.stature_mm / 1000) ** 2


_FEMALE = {
    "liver": 1.00,
    "spleen": 1.02,
    "kidneys": 1.03,
    "heart": 0.98,
    "brain": 1.04,
    "lungs": 1.0,
}
"""A woman's organs over a man's after both are scaled by stature (ICRP 89, table 2.8)."""


def draw_traits(rng: np.random.Generator) -> Traits:
    """Draw a patient's build."""
    sex: Sex = "F" if rng.random() < 0.5 else "M"
    stature = float(np.clip(rng.normal(1630 if sex == "F" else 1760, 65), 1480, 1930))
    bmi = float(np.clip(rng.lognormal(np.log(25.0), 0.16), 17.5, 38))
    excess = bmi - 17
    visceral = float(rng.uniform(0.8, 1.2))
    scale = {
        name: (_FEMALE[name] if sex == "F" else 1.0)
        * float(np.clip(rng.normal(1, spread), 0.85, 1.15))
        for name, spread in (
            ("liver", 0.05),
            ("spleen", 0.08),
            ("kidneys", 0.05),
            ("heart", 0.05),
            ("brain", 0.025),
            ("lungs", 0.03),
        )
    }
    return Traits(
        sex=sex,
        age_years=int(rng.integers(25, 85)),
        stature_mm=stature,
        bmi=bmi,
        arms="up" if rng.random() < 0.6 else "down",
        contrast="venous" if rng.random() < 0.4 else "none",
        oral_contrast=bool(rng.random() < 0.3),
        subcutaneous=3.0 + excess * (2.1 if sex == "F" else 1.5) * (2 - visceral),
        belly=excess * (2.0 if sex == "F" else 3.2) * visceral - 12,
        organ_scale=scale,
        bladder_ml=float(rng.uniform(60, 350)),
    )
