"""Peaks by which Hounsfield units are recognised in a field of any size: air, fat and lean tissue.

Air is −1000 by definition; fat peaks near −100 and lean tissue between 15 and 75 HU (brain, blood,
muscle, organs). Two of them fix slope and offset of the scale, however much bone lies beside them.
A peak is where a range holds clearly more than the ranges beside it.
"""

from dataclasses import dataclass

import numpy as np

from ctpet.infer.rules.sample import HIGHEST_HU, PADDING_BELOW_HU, CtSample

AIR_HU = (-1060, -920)
FAT_HU = (-125, -75)
LEAN_HU = (15, 75)
BESIDE_AIR_HU = ((-800, -660), (-1200, -1060))
BESIDE_FAT_HU = ((-60, -10), (-225, -175))
BESIDE_LEAN_HU = ((-60, 0), (110, 170), (160, 220))
LEAST_AIR = 0.01
LEAST_FAT = 0.01
LEAST_LEAN = 0.03
CLEARLY = 1.2
PILE_OVER_NEIGHBOURS = 4
"""Noise of 1 HU makes the mode that much more frequent than the three values on either side."""
LUNG_REACHES_HU = -750
"""Lung is −950 to −700 HU; air times 0.75 or less lies above."""
BRIGHT_AIR_HU = (820, 1100)
MOST_NARROW = 0.6
"""Of what is dark or bright, within 100 HU: lung and bone spread over more than air does."""
TISSUE_ABOVE_HU = -500


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Which peaks lie where they belong.

    Attributes:
        air: of what lies in the field.
        fat: of what is denser than −500 HU.
        lean: of the same.
    """

    air: bool
    fat: bool
    lean: bool

    @property
    def two(self) -> bool:
        """Whether two of them are seen, which fix the scale."""
        return self.air + self.fat + self.lean >= 2


def landmarks_of(sample: CtSample) -> Landmarks:
    """Look for the three peaks."""
    tissue = sample.count(TISSUE_ABOVE_HU, sample.highest + 1)
    return Landmarks(
        air=_peak(sample, AIR_HU, BESIDE_AIR_HU, LEAST_AIR * sample.size),
        fat=_peak(sample, FAT_HU, BESIDE_FAT_HU, LEAST_FAT * tissue),
        lean=_peak(sample, LEAN_HU, BESIDE_LEAN_HU, LEAST_LEAN * tissue),
    )


def _peak(
    sample: CtSample,
    place: tuple[int, int],
    beside: tuple[tuple[int, int], ...],
    least: float,
) -> bool:
    held = sample.count(*place)
    return held >= max(1.0, least) and all(held >= CLEARLY * sample.count(*one) for one in beside)


def is_lung(sample: CtSample) -> bool:
    """Whether what is dark is as dark as lung, and too varied for air of another scale."""
    dark = sample.count(PADDING_BELOW_HU, -250)
    peak = _most_within_100(sample, PADDING_BELOW_HU, -250)
    return sample.lowest < LUNG_REACHES_HU and peak < MOST_NARROW * dark


def is_bright_air(sample: CtSample) -> bool:
    """Whether what is bright is a peak where air lies once bright and dark are exchanged."""
    bright = sample.count(700, HIGHEST_HU + 1)
    return _most_within_100(sample, *BRIGHT_AIR_HU) >= MOST_NARROW * bright


def _most_within_100(sample: CtSample, low: int, high: int) -> int:
    """Return the most voxels within 100 HU around a mode that lies between two values."""
    mode = max(range(low, high, 50), key=lambda hu: sample.count(hu, hu + 50))
    return sample.count(max(PADDING_BELOW_HU, mode - 25), mode + 75)


def has_pile(sample: CtSample) -> bool:
    """Whether one value stands out from those beside it, as a fill or clipped values do."""
    mode = int(sample.counts.argmax())
    beside = np.r_[sample.counts[max(0, mode - 3) : mode], sample.counts[mode + 1 : mode + 4]]
    return bool(sample.counts[mode] > PILE_OVER_NEIGHBOURS * max(1.0, float(beside.mean())))
