"""How FDG uptake is distributed between patients, organ by organ: what CT does not tell.

A structure's SUVbw is a mixture of log-normals. Its logarithm is correlated with that of every
other structure through one hidden patient factor (glucose, uptake time, cross-calibration): in
1018 subjects liver and blood pool correlate with r = 0.82 ("Effect of blood pool 18F-FDG activity
on liver SUV: a calibration methodology study"), which two loadings of 0.9 give.

Each row names a publication that reports the organ. Rows whose ``checked`` is true have the mean
and spread that its abstract states; the others are rounded to the usual range of the atlas named
and are no quotation of its table. None of these is a fit to data of this project.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Mode:
    """One log-normal of a mixture.

    Attributes:
        weight: its share.
        median: SUVbw, g/mL.
        log_sd: standard deviation of ln SUV.
    """

    weight: float
    median: float
    log_sd: float

    @property
    def mean(self) -> float:
        """Its expected SUVbw."""
        return self.median * exp(self.log_sd**2 / 2)


@dataclass(frozen=True, slots=True)
class TissuePrior:
    """How the SUVbw of one structure is distributed.

    Attributes:
        modes: the mixture; weights sum to 1.
        loading: correlation of each mode's ln SUV with the hidden patient factor.
        texture: relative standard deviation of the uptake inside the structure.
        source: where the numbers come from.
        checked: whether the abstract of the source states the mean and the spread.
    """

    modes: tuple[Mode, ...]
    loading: float
    texture: float
    source: str
    checked: bool = False

    def __post_init__(self) -> None:
        if abs(sum(mode.weight for mode in self.modes) - 1) > 1e-9:
            raise ValueError("the weights of a mixture sum to 1")
        if not -1 <= self.loading <= 1:
            raise ValueError(f"a loading is a correlation, not {self.loading}")

    @property
    def mean(self) -> float:
        """Expected SUVbw over patients."""
        return sum(mode.weight * mode.mean for mode in self.modes)

    @property
    def second_moment(self) -> float:
        """Expected square of SUVbw over patients."""
        return sum(m.weight * m.median**2 * exp(2 * m.log_sd**2) for m in self.modes)


def from_mean(mean: float, sd: float) -> Mode:
    """Return the log-normal of that mean and standard deviation, as publications state them."""
    variance = log(1 + (sd / mean) ** 2)
    return Mode(1.0, mean / sqrt(1 + (sd / mean) ** 2), sqrt(variance))


_BOKTOR = "Boktor et al., J Nucl Med 2013; 54:677-682 (132 patients)"
_WANG = "Wang et al., Mol Imaging Biol 2007; 9:83-90 (98 patients)"
_RAMOS = "Ramos et al., Eur J Nucl Med 2001; 28:155-164 (28 structures, 20 patients)"
_ZINCIRKESER = "Zincirkeser et al., J Int Med Res 2007; 35:231-236"
_MIYAUCHI = "Miyauchi & Wahl, Eur J Nucl Med 1996; 23:517-523 (regional, up to 0.80 ± 0.23)"
_INOUE = "Inoue et al., Nucl Med Commun 2005 (marrow below liver in health)"
_KUMAR = "Kumar et al., Indian J Nucl Med 2014; 29:140-145 (10 % to 55 % without uptake, by fast)"
_LAST = "myocardial patterns in 302 patients, PMC7408629 (36 % none, 26 % diffuse)"
_TOKAI = "Tokai J Exp Clin Med 1998; 23:241-244 (11 % of 1068 healthy high)"
_GONTIER = "Gontier et al., Eur J Nucl Med Mol Imaging 2008; 35:95-99 (metformin)"
_URINE = (
    "Acta Med Austriaca 2004; 31:76-78 (median 6.0 without diuretic); "
    "J Nucl Med 2015; 56 suppl 3:1434 (mean 13.8 ± 10.3 before diuretic)"
)
_FAT = "Adipose tissue at PET/CT: Obesity 2015; 23:286-289 (visceral above subcutaneous)"

TISSUES: dict[str, TissuePrior] = {
    "brain": TissuePrior((from_mean(8.0, 2.2),), -0.3, 0.10, _WANG + ", cerebellum", checked=True),
    "blood": TissuePrior((from_mean(1.55, 0.38),), 0.9, 0.03, _BOKTOR, checked=True),
    "liver": TissuePrior((from_mean(2.17, 0.44),), 0.9, 0.05, _BOKTOR, checked=True),
    "spleen": TissuePrior((from_mean(1.8, 0.45),), 0.8, 0.05, _ZINCIRKESER),
    "kidney": TissuePrior((from_mean(2.5, 0.7),), 0.4, 0.20, _ZINCIRKESER),
    "pancreas": TissuePrior((from_mean(1.5, 0.4),), 0.7, 0.08, _RAMOS),
    "stomach": TissuePrior((from_mean(1.9, 0.7),), 0.4, 0.20, _RAMOS),
    "lung": TissuePrior((from_mean(0.5, 0.13),), 0.7, 0.12, _MIYAUCHI),
    "muscle": TissuePrior((from_mean(0.65, 0.16),), 0.5, 0.10, _RAMOS),
    "fat": TissuePrior((from_mean(0.25, 0.08),), 0.4, 0.15, _FAT),
    "marrow": TissuePrior((from_mean(1.4, 0.40),), 0.6, 0.10, _INOUE),
    "cortex": TissuePrior((from_mean(0.5, 0.15),), 0.5, 0.10, _RAMOS),
    "soft": TissuePrior((from_mean(1.3, 0.40),), 0.6, 0.12, _RAMOS),
    "fluid": TissuePrior((from_mean(0.5, 0.15),), 0.6, 0.03, _RAMOS),
    "myocardium": TissuePrior(
        (Mode(0.4, 1.7, 0.25), Mode(0.6, 5.5, 0.6)), 0.1, 0.10, f"{_KUMAR}; {_LAST}"
    ),
    "bowel": TissuePrior(
        (Mode(0.85, 1.3, 0.35), Mode(0.15, 4.0, 0.5)), 0.2, 0.35, f"{_TOKAI}; {_GONTIER}"
    ),
    "urine": TissuePrior((Mode(1.0, 8.0, 0.75),), 0.0, 0.03, _URINE),
}
"""Every kind of tissue that takes up FDG, by name."""

VISIBLE_LESION = TissuePrior(
    (Mode(0.3, 1.2, 0.4), Mode(0.7, 6.0, 0.55)),
    0.1,
    0.10,
    "solitary nodules: Erdoğan et al., Mol Imaging Radionucl Ther 2019; 28:112-119 (cut-off of "
    "malignancy SUVmax 4.4); a third is benign or necrotic and is not avid",
)
"""The uptake of a lesion that CT shows; none to speak of for some."""


def draw_suv(
    priors: Sequence[TissuePrior], rng: np.random.Generator, count: int = 1
) -> NDArray[np.float64]:
    """Draw the SUVbw of structures in independent patients.

    Args:
        priors: one a structure.
        rng: the randomness.
        count: how many patients.

    Returns:
        SUVbw, (count, structures); structures of one row share the patient factor.
    """
    shape = (count, len(priors))
    patient = rng.standard_normal((count, 1))
    own = rng.standard_normal(shape)
    which = rng.random(shape)
    loading = np.array([prior.loading for prior in priors])
    deviate = loading * patient + np.sqrt(1 - loading**2) * own
    suv = np.empty(shape)
    for s, prior in enumerate(priors):
        edges = np.cumsum([mode.weight for mode in prior.modes])[:-1]
        mode = np.searchsorted(edges, which[:, s], side="right")
        medians = np.array([m.median for m in prior.modes])[mode]
        log_sds = np.array([m.log_sd for m in prior.modes])[mode]
        suv[:, s] = medians * np.exp(log_sds * deviate[:, s])
    return suv
