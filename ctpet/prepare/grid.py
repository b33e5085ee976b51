"""A pair on the model's grid: the arrays of a case."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import InputRefused
from ctpet.infer.window import PADDING_HU
from ctpet.prepare.cases import AIR, BODY, UNMEASURED, ArrayName
from ctpet.prepare.pair import Pair
from ctpet.volume import Geometry, covering_grid, nearest, resample
from ctpet.volume.geometry import Spacing3
from ctpet.volume.outline import body_of_ct

_OUTSIDE = -3e38
"""Marks voxels outside a field of view while resampling; nothing measured is so low."""


def on_grid(pair: Pair, spacing_mm: Spacing3) -> tuple[Geometry, dict[ArrayName, NDArray[Any]]]:
    """Put a pair on the grid that covers its CT.

    Args:
        pair: CT and PET in one frame of reference, each on its own grid.
        spacing_mm: of the grid, (k, j, i).

    Returns:
        The grid and the arrays (k, j, i): ``ct`` int16, ``pet`` float32, ``region`` uint8, and
        ``lesions`` and ``labels`` where the pair has them. Voxels of which CT or PET does not
        cover the centre are UNMEASURED; their PET is 0.

    Raises:
        InputRefused: ``frame-of-reference-differs``; ``no-overlap``; ``no-body``.
    """
    grid = covering_grid(pair.ct.geometry, spacing_mm)
    ct = resample(pair.ct, grid, fill=_OUTSIDE).array
    pet = resample(pair.pet, grid, fill=_OUTSIDE).array
    inside_ct, inside_pet = ct > _OUTSIDE, pet > _OUTSIDE
    hu = np.where(inside_ct, ct, np.float32(PADDING_HU))
    body = body_of_ct(hu, grid)
    if not body.any():
        raise InputRefused(
            "no-body", "Nothing in the CT is as dense and thick as a body", remedy="Check the CT"
        )
    measured = inside_ct & inside_pet
    if not (measured & body).any():
        raise InputRefused(
            "no-overlap",
            "The PET covers no part of the body in the CT",
            remedy="Give the PET of the same examination",
        )
    region = np.where(body, BODY, AIR)
    region[~measured] = UNMEASURED
    limits = np.iinfo(np.int16)
    arrays: dict[ArrayName, NDArray[Any]] = {
        "ct": np.rint(np.clip(hu, limits.min, limits.max)).astype(np.int16),
        "pet": np.where(inside_pet, pet, np.float32(0)),
        "region": region.astype(np.uint8),
    }
    if pair.lesions is not None:
        arrays["lesions"] = nearest(pair.lesions, grid)
    if pair.labels is not None:
        arrays["labels"] = nearest(pair.labels, grid)
    return grid, arrays
