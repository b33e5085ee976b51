"""Who the digital patient is to a hospital's computers, and how the examination went."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from ctpet import __version__
from ctpet.dicom.uid import derived_uid
from ctpet.phantom.domain import Domain, stream_of
from ctpet.phantom.traits import Traits
from ctpet.suv import F18_HALF_LIFE_S, decay_factor, suvbw_per_bqml

BED_S = 180.0
BEDS = 2

_STREAM = 0x0F1B
_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ")
_GIVEN = {
    "F": ("Thị Bích", "Thị Hồng", "Ngọc Ánh", "Thu Hằng", "Thị Mỹ Duyên", "Thuỳ Dương"),
    "M": ("Văn Ánh", "Đức Thắng", "Hữu Nghĩa", "Quốc Việt", "Văn Dũng", "Minh Tuấn"),
}
_SCAN_DAY = datetime(2026, 1, 5, 8, 0, 0)


@dataclass(frozen=True)
class Examination:
    """The header of a phantom study; everything follows from the traits and the seed.

    Attributes:
        seed: of the phantom.
        name: (0010,0010), with PHANTOM in it.
        patient_id: (0010,0020), with PHANTOM in it.
        sex: M or F.
        age_years: at the examination.
        size_m: stature.
        weight_kg: as written, to 0.1 kg.
        dose_bq: injected activity of F-18.
        injected: when; scanner-local.
        reference: start of the first bed, to which decay is corrected (START); scanner-local.
    """

    seed: int
    name: str
    patient_id: str
    sex: str
    age_years: int
    size_m: float
    weight_kg: float
    dose_bq: float
    injected: datetime
    reference: datetime

    @property
    def birth_date(self) -> date:
        """A day of birth that fits the age."""
        return date(self.reference.year - self.age_years - 1, 7, 1)

    @property
    def suvbw_per_bqml(self) -> float:
        """SUVbw (g/mL) of one Bq/mL at the reference time."""
        elapsed = (self.reference - self.injected).total_seconds()
        left = self.dose_bq * decay_factor(elapsed, F18_HALF_LIFE_S)
        return suvbw_per_bqml(self.weight_kg, left)

    def uid(self, what: str, *parts: str) -> str:
        """Return the UID of something in this study, the same in every run of one ctpet version."""
        return derived_uid("ctpet-phantom", __version__, self.patient_id, what, *parts)


def draw_examination(traits: Traits, seed: int, domain: Domain = "plain") -> Examination:
    """Draw the examination of a patient.

    About 4 MBq/kg, scanned 55 to 70 min after injection: the EANM procedure guideline for FDG
    (Boellaard et al., Eur J Nucl Med Mol Imaging 2015; 42:328-354) asks for 60 ± 5 min and allows
    the activity that the scanner needs.
    """
    rng = np.random.default_rng([stream_of(seed, domain), _STREAM])
    weight = round(traits.weight_kg, 1)
    family = _FAMILIES[rng.integers(len(_FAMILIES))]
    given = _GIVEN[traits.sex][rng.integers(len(_GIVEN[traits.sex]))]
    injected = _SCAN_DAY + timedelta(seconds=int(rng.integers(0, 7 * 3600)))
    return Examination(
        seed=seed,
        name=f"PHANTOM {family}^{given}",
        patient_id=f"PHANTOM-{seed}" if domain == "plain" else f"PHANTOM-WIDE-{seed}",
        sex=traits.sex,
        age_years=traits.age_years,
        size_m=round(traits.stature_mm / 1000, 2),
        weight_kg=weight,
        dose_bq=float(round(4.0e6 * weight * rng.uniform(0.9, 1.1), -3)),
        injected=injected,
        reference=injected + timedelta(seconds=int(rng.integers(55 * 60, 70 * 60))),
    )
