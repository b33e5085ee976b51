"""Quality control of a pair: what is measured, and what is said about it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.prepare.body import Mask, filled_outline
from ctpet.prepare.cases import UNMEASURED, ArrayName
from ctpet.volume import Geometry

PET_BODY_ABOVE_SUV = 0.15


def measure(
    geometry: Geometry, arrays: dict[ArrayName, NDArray[Any]], body: Mask
) -> dict[str, float]:
    """Return what quality control measures, by name."""
    measured = arrays["region"] != UNMEASURED
    pet = arrays["pet"]
    of_pet = filled_outline((pet > PET_BODY_ABOVE_SUV) & measured, geometry)
    both = int(np.count_nonzero(of_pet & body & measured))
    total = int(np.count_nonzero(of_pet)) + int(np.count_nonzero(body & measured))
    return {
        "pet_coverage": float(np.mean(measured[body])),
        "body_dice": 2 * both / max(1, total),
    }
