"""Breathing between CT and PET: the diaphragm stands elsewhere on the two."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy import Anatomy
from ctpet.volume import Geometry

_DOME_Z, _REACH_MM = 320.0, 75.0


@dataclass(frozen=True, slots=True)
class Breath:
    """A shift along z that is largest at the domes of the diaphragm.

    Attributes:
        dome_mm: LPS z of the domes.
        reach_mm: distance from them over which it falls to exp(−1).
        shift_mm: how much higher PET shows what lies there.
    """

    dome_mm: float
    reach_mm: float
    shift_mm: float

    def at(self, z_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the shift at some LPS z, mm."""
        return np.asarray(self.shift_mm * np.exp(-(((z_mm - self.dome_mm) / self.reach_mm) ** 2)))


def breath_of(anatomy: Anatomy) -> Breath | None:
    """Return how a patient breathed between CT and PET; None: CT and PET agree."""
    if anatomy.scan is None or anatomy.scan.breath_mm == 0:
        return None
    dome = float(anatomy.frame.to_lps((0.0, 0.0, _DOME_Z))[2])
    return Breath(dome, _REACH_MM * anatomy.frame.scale[2], anatomy.scan.breath_mm)


def breathe(array: NDArray[np.float32], geometry: Geometry, breath: Breath) -> NDArray[np.float32]:
    """Return an image, (k, j, i), with what lies at z − shift(z) brought to z.

    Axis k must be the patient's z, as it is on every grid that digital patients are seen on.
    """
    count = geometry.shape[0]
    z = geometry.affine[2, 3] + geometry.affine[2, 0] * np.arange(count)
    source = np.arange(count) - breath.at(z) / geometry.affine[2, 0]
    low = np.clip(np.floor(source), 0, count - 1).astype(int)
    part = np.clip(source - low, 0, 1).astype(np.float32)[:, None, None]
    return np.asarray(array[low] * (1 - part) + array[np.minimum(low + 1, count - 1)] * part)
