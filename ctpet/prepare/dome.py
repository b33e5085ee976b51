"""Whether CT and PET show the diaphragm at one height: breath held or not."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.volume import Geometry
from ctpet.volume.outline import Mask

LUNG_HU = (-950.0, -500.0)
LEAST_LUNG_ML = 500.0
"""Half of one lung of a small adult; what is less is no chest."""
REACH_MM = 60.0
"""How far above and below the dome of the CT the PET is looked at."""
LEAST_AREA_CM2 = 10.0
"""Of the dome seen from above; less says little through noise."""
LEAST_STEP_SUV = 0.5
"""From lung (about 0.5) to liver (about 2); less is no dome."""

_SOFT_ABOVE_HU = -150.0
_EDGE_MM = 8.0


def dome_offset_mm(
    hu: NDArray[np.float32], suv: NDArray[np.float32], body: Mask, geometry: Geometry
) -> float | None:
    """Return how much higher the PET shows the right dome of the diaphragm than the CT.

    Columns of voxels that lead from liver to right lung are laid over each other where the CT
    goes from one to the other; then the mean profiles of CT and PET are compared by where they
    cross half of their steps. The muscle of the diaphragm, which is dense and takes up little,
    makes the PET's crossing a few millimetres lower even where nothing has moved.

    Args:
        hu: CT, (k, j, i).
        suv: PET on the same grid.
        body: of the CT, filled.
        geometry: the LPS-aligned grid.

    Returns:
        Millimetres, positive if the CT was taken deeper in inspiration; None where there is no
        dome to be seen.
    """
    mm_k, mm_j, mm_i = geometry.spacing_mm
    lung = _right_lung(hu, body, geometry)
    reach, edge = round(REACH_MM / mm_k), max(1, round(_EDGE_MM / mm_k))
    if lung is None or hu.shape[0] <= 2 * reach:
        return None
    lowest = lung.argmax(axis=0)
    j, i = np.nonzero(lung.any(axis=0) & (lowest >= reach) & (lowest < hu.shape[0] - reach))
    k = lowest[j, i] + np.arange(-reach, reach + 1)[:, None]
    below, above = hu[k, j, i][: reach - edge], hu[k, j, i][reach + edge :]
    clear = (below > _SOFT_ABOVE_HU).all(axis=0) & (above < LUNG_HU[1]).all(axis=0)
    if np.count_nonzero(clear) * mm_j * mm_i / 100 < LEAST_AREA_CM2:
        return None
    density = np.clip(-hu[k, j, i][:, clear], 0, None).mean(axis=1, dtype=np.float64)
    uptake = suv[k, j, i][:, clear].mean(axis=1, dtype=np.float64)
    third = max(1, reach // 3)
    if uptake[:third].mean() - uptake[-third:].mean() < LEAST_STEP_SUV:
        return None
    on_ct, on_pet = _crossing(-density, reach), _crossing(uptake, reach)
    return None if on_ct is None or on_pet is None else (on_pet - on_ct) * mm_k


def _right_lung(hu: NDArray[np.float32], body: Mask, geometry: Geometry) -> Mask | None:
    """Return the largest airy part of the patient's right half; i grows to the left."""
    airy = body & (hu > LUNG_HU[0]) & (hu < LUNG_HU[1])
    if np.count_nonzero(airy) * geometry.voxel_volume_ml < LEAST_LUNG_ML:
        return None
    middle = round(float(np.nonzero(body)[2].mean()))
    airy[:, :, middle:] = False
    labels, count = ndimage.label(airy)
    if count == 0:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.max() * geometry.voxel_volume_ml < LEAST_LUNG_ML / 2:
        return None
    return np.asarray(labels == 1 + sizes.argmax())


def _crossing(profile: NDArray[np.float64], reach: int) -> float | None:
    """Return the index at which a falling profile crosses half of its step, nearest to reach."""
    third = max(1, reach // 3)
    half = (profile[-third:].mean() + profile[:third].mean()) / 2
    falls = np.nonzero((profile[:-1] >= half) & (profile[1:] < half))[0]
    if falls.size == 0:
        return None
    first = falls[np.abs(falls - reach).argmin()]
    part = (profile[first] - half) / (profile[first] - profile[first + 1])
    return float(first + part)
