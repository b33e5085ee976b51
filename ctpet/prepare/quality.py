"""What quality control measures of a pair on its grid."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.prepare.cases import AIR, BODY, UNMEASURED, ArrayName
from ctpet.prepare.dome import dome_offset_mm
from ctpet.volume import Geometry
from ctpet.volume.outline import body_of_ct, body_of_pet, dice
from ctpet.volume.shift import best_shift, tissue_of_ct, tissue_of_pet

SOFT_TISSUE_HU = (20.0, 80.0)
"""Muscle and organs without contrast agent."""

CLIPPED_ABOVE_SUV = 20.0
"""Where models that we know end; bladder, kidneys and few tumours reach beyond."""

LATERAL_MM = 150.0
"""From the middle of the body: where arms are and the trunk is not."""
_COLD_SUV, _WARM_SUV = 0.1, 0.3
_THICK_MM = 10.0


def measure(geometry: Geometry, arrays: dict[ArrayName, NDArray[Any]]) -> dict[str, float]:
    """Return what quality control measures; what cannot be told of a pair is left out.

    Args:
        geometry: the grid.
        arrays: ``ct``, ``pet`` and ``region`` of a case, (k, j, i).

    Returns:
        ``pet_coverage``: part of the CT's body in which the PET was measured.
        ``body_dice``: overlap of the outlines of the body in CT and in PET, 0 to 1.
        ``soft_tissue_suv``: median SUVbw at 20 to 80 HU.
        ``clipped_fraction``: part of the body above an SUVbw of 20.
        ``lateral_mismatch_ml``: the largest thick piece beside the trunk that one of them lacks.
        ``shift_mm``, ``shift_k_mm``, ``shift_j_mm``, ``shift_i_mm``, ``likeness``: see
        :func:`ctpet.volume.shift.best_shift`.
        ``dome_offset_mm``: see :func:`ctpet.prepare.dome.dome_offset_mm`.
    """
    hu, suv, region = arrays["ct"].astype(np.float32), arrays["pet"], arrays["region"]
    measured, inside = region != UNMEASURED, region == BODY
    body = body_of_ct(hu, geometry)
    outline = body_of_pet(suv, measured, geometry)
    soft = inside & (hu >= SOFT_TISSUE_HU[0]) & (hu <= SOFT_TISSUE_HU[1])
    told = {
        "pet_coverage": float(measured[body].mean()),
        "body_dice": dice(outline, inside),
        "clipped_fraction": float((suv[inside] > CLIPPED_ABOVE_SUV).mean()),
        "lateral_mismatch_ml": lateral_mismatch_ml(suv, region, geometry),
    }
    if soft.any():
        told["soft_tissue_suv"] = float(np.median(suv[soft]))
    if shift := best_shift(tissue_of_ct(hu), tissue_of_pet(suv), measured, geometry):
        told |= {"shift_mm": shift.length_mm, "likeness": shift.likeness}
        told |= {f"shift_{axis}_mm": mm for axis, mm in zip("kji", shift.mm, strict=True)}
    if (offset := dome_offset_mm(hu, suv, body, geometry)) is not None:
        told["dome_offset_mm"] = offset
    return told


def lateral_mismatch_ml(
    suv: NDArray[np.float32], region: NDArray[np.uint8], geometry: Geometry
) -> float:
    """Return the largest thick piece beside the trunk that only CT or only PET has, in mL.

    It is body without uptake or air with uptake, at least 20 mm thick, more than
    :data:`LATERAL_MM` from the middle of the body: an arm that was moved.
    """
    body = region == BODY
    if not body.any():
        return 0.0
    apart = (body & (suv < _COLD_SUV)) | ((region == AIR) & (suv > _WARM_SUV))
    mm_i = geometry.spacing_mm[2]
    middle = float(np.nonzero(body)[2].mean())
    apart &= np.abs(np.arange(body.shape[2]) - middle) * mm_i > LATERAL_MM
    steps = [max(1, round(_THICK_MM / mm)) for mm in geometry.spacing_mm]
    thick = ndimage.binary_opening(apart, np.ones([2 * n + 1 for n in steps], bool))
    labels, count = ndimage.label(thick)
    most = int(np.bincount(labels.ravel())[1:].max()) if count else 0
    return most * geometry.voxel_volume_ml
