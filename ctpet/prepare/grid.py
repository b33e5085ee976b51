"""A pair as a model sees it: the arrays of a case, of the patient alone, in a box around him."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import InputRefused
from ctpet.infer.patient import box_around, only_patient
from ctpet.prepare.cases import AIR, BODY, UNMEASURED, ArrayName
from ctpet.prepare.pair import Pair
from ctpet.volume import Geometry, Volume, nearest, resample
from ctpet.volume.geometry import Shape3, Spacing3
from ctpet.volume.outline import body_of_ct

BOX_STEP: Shape3 = (16, 16, 16)
"""A case's box begins and ends on multiples of so many voxels, and so of each smaller power of 2:
strided networks lay their coarse grids through it as they do in a hospital."""

_OUTSIDE = -3e38
"""Marks voxels outside a field of view while resampling; nothing measured is so low."""


def patient_box(ct: Volume, spacing_mm: Spacing3) -> Volume:
    """Return the patient of a CT, and air, as training, validation and serving see it.

    Args:
        ct: HU, on any grid.
        spacing_mm: of the box, (k, j, i).

    Raises:
        InputRefused: ``no-patient``.
    """
    return box_around(only_patient(ct), spacing_mm, BOX_STEP)


def covered_by(image: Volume, grid: Geometry) -> NDArray[np.bool_]:
    """Return which voxels of a grid have their centres in an image's field of view, (k, j, i)."""
    return resample(image, grid, fill=_OUTSIDE).array > _OUTSIDE


def on_grid(pair: Pair, spacing_mm: Spacing3) -> tuple[Geometry, dict[ArrayName, NDArray[Any]]]:
    """Put a pair into the patient's box.

    Args:
        pair: CT and PET in one frame of reference, each on its own grid.
        spacing_mm: of the box, (k, j, i).

    Returns:
        The grid and the arrays (k, j, i): ``ct`` int16, ``pet`` float32, ``region`` uint8, and
        ``lesions`` and ``labels`` where the pair has them. Voxels of which CT or PET does not
        cover the centre are UNMEASURED; their PET is 0.

    Raises:
        InputRefused: ``frame-of-reference-differs``; ``no-overlap``; ``no-patient``.
    """
    shown = patient_box(pair.ct, spacing_mm)
    grid = shown.geometry
    pet = resample(pair.pet, grid, fill=_OUTSIDE).array
    inside_pet = pet > _OUTSIDE
    measured = covered_by(pair.ct, grid) & inside_pet
    body = body_of_ct(shown.array, grid)
    if not (measured & body).any():
        raise InputRefused(
            "no-overlap",
            "The PET covers no part of the body in the CT",
            remedy="Give the PET of the same examination",
        )
    region = np.where(body, BODY, AIR)
    region[~measured] = UNMEASURED
    arrays: dict[ArrayName, NDArray[Any]] = {
        "ct": stored_hu(shown.array),
        "pet": np.where(inside_pet, pet, np.float32(0)),
        "region": region.astype(np.uint8),
    }
    if pair.lesions is not None:
        arrays["lesions"] = nearest(pair.lesions, grid)
    if pair.labels is not None:
        arrays["labels"] = nearest(pair.labels, grid)
    return grid, arrays


def stored_hu(hu: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return HU as cases store them."""
    limits = np.iinfo(np.int16)
    return np.rint(np.clip(hu, limits.min, limits.max)).astype(np.int16)
