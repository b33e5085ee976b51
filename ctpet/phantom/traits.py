"""Who the patient is, in numbers drawn at random."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

Sex = Literal["F", "M"]
Arms = Literal["up", "down"]
Contrast = Literal["none", "arterial", "venous"]


@dataclass(frozen=True)
class Traits:
    """What distinguishes a patient before any organ is drawn.

    Attributes:
        sex: F or M.
        age_years: 20 to 85.
        stature_mm: height (ICRP 89: 1630 women, 1760 men, spread 70).
        bmi: body mass index in kg/m².
        arms: up beside the head, or down beside the trunk.
        contrast: intravenous contrast agent: none, arterial or portal venous phase.
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
    organ_scale: Mapping[str, float]
    bladder_ml: float

    def organ(self, name: str) -> float:
        """Return an organ's linear factor, 1 if nothing was drawn for it."""
        return self.organ_scale.get(name, 1.0)

    @property
    def weight_kg(self) -> float:
        """Weight by stature and body mass index."""
        return self.bmi * (self.stature_mm / 1000) ** 2


_ORGANS = MappingProxyType(
    {
        "liver": (1.0, 1.0, 0.04, 0.0),
        "spleen": (1.07, 1.01, 0.05, 0.3),
        "kidneys": (0.965, 1.0, 0.035, 0.5),
        "heart": (1.11, 0.955, 0.025, 0.3),
        "brain": (0.955, 0.983, 0.02, 0.75),
    }
)
"""By organ: linear factor of a man's, a woman's over a man's of her stature, the spread between
patients, and the power of stature that it does not follow (a head hardly grows with stature).
Fitted to the organ masses of ICRP Publication 89, table 2.8."""

_REFERENCE_MM = 1760.0


def draw_traits(rng: np.random.Generator) -> Traits:
    """Draw a patient's build."""
    sex: Sex = "F" if rng.random() < 0.5 else "M"
    stature = float(np.clip(rng.normal(1630 if sex == "F" else 1760, 65), 1480, 1930))
    bmi = float(np.clip(rng.lognormal(np.log(25.0), 0.16), 17.5, 38))
    excess = bmi - 17
    visceral = float(rng.uniform(0.8, 1.2))
    scale = {
        name: mean
        * (women if sex == "F" else 1.0)
        * float(np.clip(rng.normal(1, spread), 1 - 2.5 * spread, 1 + 2.5 * spread))
        * (_REFERENCE_MM / stature) ** power
        for name, (mean, women, spread, power) in _ORGANS.items()
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
