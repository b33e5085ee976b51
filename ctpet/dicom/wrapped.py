"""Whether stored values are negative ones that were written as unsigned, or truly that large.

Metal on an extended scale reaches 65535 (16 bit unsigned, intercept −8192); a padding of −2000 that
was wrapped reads 63536. Only what the values are then, and where they lie, tells them apart.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

DARKEST_AIR_HU = -1500.0
"""Noise in air reaches lower only as padding does."""
AIR_REPRESENTED_BELOW_HU = -900.0
"""A scale whose stored zero lies below holds air without a sign."""
MOST_PADDINGS = 3
LEAST_EXPLAINED = 0.5
_ALL_BITS_SET = -1


def is_wrapped(signed: NDArray[Any], *, slope: float, intercept: float) -> bool:
    """Tell whether what is negative in ``signed`` must be negative.

    Where the scale holds air without a sign (intercept −1024, −8192), every value in question must
    be explained by it: darker than what is unsigned and down to −1500 HU, or a padding, which is
    one of at most three exact values and holds a corner. Where it does not (intercept 0), half of
    them must be. The largest number alone is a saturated detector or metal.

    Args:
        signed: (rows, columns), the stored bits read with a sign.
        slope: HU per stored value.
        intercept: HU of a stored 0.
    """
    negative = signed < 0
    if (signed[negative] == _ALL_BITS_SET).all():
        return False
    hu = signed[negative].astype(np.float64) * slope + intercept
    holds_air = intercept <= AIR_REPRESENTED_BELOW_HU
    highest_hu = intercept if holds_air else 0.0
    explained = (hu >= DARKEST_AIR_HU) & (hu < highest_hu)
    others = np.unique(signed[negative][~explained])
    if 0 < others.size <= MOST_PADDINGS:
        corners = signed[[0, 0, -1, -1], [0, -1, 0, -1]]
        explained |= np.isin(signed[negative], np.intersect1d(others, corners))
    return bool(explained.mean() >= (1.0 if holds_air else LEAST_EXPLAINED))
