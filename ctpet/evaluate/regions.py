"""What clinical reading reports of a region: SUVmean, SUVmax, SUVpeak, MTV and TLG.

A voxel belongs to a metabolic volume if its SUV is the threshold or more: "SUV ≥ 2.5" and "SUV ≥
41% of maximum" (Ilyas et al., Eur J Nucl Med Mol Imaging 2018;45:1142), "an SUV of at least 4"
(Boellaard et al., J Nucl Med 2024;65:1343).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects

from ctpet.evaluate.peak import sphere_means, sphere_offsets
from ctpet.evaluate.sharpness import Spacing

FIXED_SUV = {"2.5": 2.5, "4.0": 4.0}
PART_OF_MAX = {"41%": 0.41}
"""EANM procedure guidelines (Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328)."""

PERCIST = "percist"
THRESHOLDS = (*FIXED_SUV, *PART_OF_MAX, PERCIST)

LIVER_RADIUS_MM = 15.0


@dataclass(frozen=True, slots=True)
class Uptake:
    """Uptake of one region of one PET; SUVbw in g/mL.

    Attributes:
        voxels: of the region.
        volume_ml: of the region.
        suv_mean: over the region.
        suv_max: of the hottest voxel.
        suv_peak_local: mean over 1 mL around the hottest voxel; if several share the maximum, the
            highest of these (IBSI local intensity peak).
        suv_peak_global: highest mean over 1 mL around any voxel of the region (IBSI global
            intensity peak).
        mtv_ml: volume of the voxels with uptake at or above each of :data:`THRESHOLDS`.
        tlg_g: SUVmean over that volume × the volume, g/mL × mL; 0 where the volume is 0.
    """

    voxels: int
    volume_ml: float
    suv_mean: float
    suv_max: float
    suv_peak_local: float
    suv_peak_global: float
    mtv_ml: Mapping[str, float]
    tlg_g: Mapping[str, float]


def uptake_of(
    pet: NDArray[np.float32],
    labels: NDArray[np.integer],
    spacing_mm: Spacing,
    percist_suv: float | None,
    known: NDArray[np.bool_] | None = None,
) -> dict[int, Uptake]:
    """Measure every region of a label map on one PET.

    Args:
        pet: SUVbw, (k, j, i).
        labels: number of the region of each voxel, 0 for none, of the same shape.
        spacing_mm: along (k, j, i).
        percist_suv: threshold set by the liver, see :func:`percist_threshold`; if None, MTV and
            TLG by it are NaN.
        known: where both PETs are defined, of the same shape; everywhere if None. Spheres take no
            voxel from beyond it.

    Returns:
        Uptake by label, for the labels above 0 that occur.

    Raises:
        ValueError: the shapes differ.
    """
    if pet.shape != labels.shape:
        raise ValueError(f"shapes differ: {pet.shape}, {labels.shape}")
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    suv, peaks = pet.ravel(), sphere_means(pet, spacing_mm, known, labels > 0).ravel()
    return {
        label: _uptake(suv[voxels], peaks[voxels], voxel_ml, percist_suv)
        for label, voxels in _voxels_by_label(labels.ravel()).items()
    }


def percist_threshold(
    pet: NDArray[np.float32], liver: NDArray[np.bool_], spacing_mm: Spacing
) -> float | None:
    """Return 1.5 × mean + 2 × SD of a sphere of 3 cm in the liver, SUVbw.

    PERCIST (Wahl et al., J Nucl Med 2009;50 Suppl 1:122S) has the reader place the sphere in the
    right lobe, off ducts and vessels, and normalises by lean body mass. Here it stands where the
    liver is deepest, and SUV is by body weight.

    Args:
        pet: SUVbw, (k, j, i).
        liver: mask of the same shape.
        spacing_mm: along (k, j, i).

    Returns:
        The threshold; None if no sphere lies wholly in the liver.

    Raises:
        ValueError: the shapes differ.
    """
    if pet.shape != liver.shape:
        raise ValueError(f"shapes differ: {pet.shape}, {liver.shape}")
    if not liver.any():
        return None
    (box,) = find_objects(liver.astype(np.uint8))
    depth = distance_transform_edt(np.pad(liver[box], 1), sampling=spacing_mm)
    if depth.max() <= LIVER_RADIUS_MM:
        return None
    centre = np.array(np.unravel_index(depth.argmax(), depth.shape)) - 1
    sphere = centre + np.array(sphere_offsets(LIVER_RADIUS_MM, spacing_mm))
    suv = pet[box][tuple(sphere.T)].astype(np.float64)
    return float(1.5 * suv.mean() + 2 * suv.std())


def _voxels_by_label(labels: NDArray[np.integer]) -> dict[int, NDArray[np.int64]]:
    """Return where each label above 0 stands, by one sort and not a pass for each."""
    inside = np.flatnonzero(labels > 0)
    numbers = labels[inside]
    grouped = inside[np.argsort(numbers, kind="stable")]
    sizes = np.bincount(numbers)
    ends = np.cumsum(sizes)
    return {
        int(label): grouped[ends[label] - sizes[label] : ends[label]]
        for label in np.flatnonzero(sizes)
    }


def _uptake(
    suv: NDArray[np.float32],
    peaks: NDArray[np.float32],
    voxel_ml: float,
    percist_suv: float | None,
) -> Uptake:
    suv_max = float(suv.max())
    thresholds = FIXED_SUV | {name: part * suv_max for name, part in PART_OF_MAX.items()}
    thresholds[PERCIST] = float("nan") if percist_suv is None else percist_suv
    burdens = {name: _burden(suv, least, voxel_ml) for name, least in thresholds.items()}
    return Uptake(
        voxels=suv.size,
        volume_ml=suv.size * voxel_ml,
        suv_mean=float(suv.mean(dtype=np.float64)),
        suv_max=suv_max,
        suv_peak_local=float(peaks[suv == suv.max()].max()),
        suv_peak_global=float(peaks.max()),
        mtv_ml={name: mtv_ml for name, (mtv_ml, _) in burdens.items()},
        tlg_g={name: tlg_g for name, (_, tlg_g) in burdens.items()},
    )


def _burden(suv: NDArray[np.float32], least: float, voxel_ml: float) -> tuple[float, float]:
    """Return MTV in mL and TLG in g; a voxel without uptake is in neither."""
    if np.isnan(least):
        return float("nan"), float("nan")
    hot = suv[(suv >= least) & (suv > 0)]
    return hot.size * voxel_ml, float(hot.sum(dtype=np.float64)) * voxel_ml
