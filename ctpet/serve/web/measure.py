"""What a sphere holds: SUVmean, SUVmax, SUVpeak by the functions of `evaluate`, and HU."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ctpet.evaluate.peak import PEAK_RADIUS_MM
from ctpet.evaluate.regions import Uptake, uptake_of
from ctpet.evaluate.sharpness import Spacing
from ctpet.serve.web.study import Study, VolumeName
from ctpet.serve.web.volumes import Point, read_box


class SphereUptake(BaseModel):
    """Of one PET; see :class:`ctpet.evaluate.regions.Uptake`."""

    voxels: int
    volume_ml: float
    suv_mean: float
    suv_max: float
    suv_peak_global: float


class SphereHu(BaseModel):
    """Of the CT, in HU."""

    mean: float
    sd: float


class Measured(BaseModel):
    """A sphere on each volume where voxels of it lie in it; SUVbw in g/mL, HU."""

    uptake: dict[VolumeName, SphereUptake]
    hu: SphereHu | None


def sphere_uptake(path: Path, centre_mm: Point, radius_mm: float) -> Uptake | None:
    """Measure the voxels of a PET whose centres lie in a sphere.

    Only the sphere and what SUVpeak reaches beyond it are read from the disk.

    Args:
        path: NIfTI in SUVbw.
        centre_mm: LPS.
        radius_mm: of the sphere.

    Returns:
        None, if no voxel's centre lies in it.
    """
    values, inside, spacing_mm = _sphere(path, centre_mm, radius_mm, PEAK_RADIUS_MM)
    if not inside.any():
        return None
    return uptake_of(values, inside.astype(np.uint8), spacing_mm, None)[1]


def sphere_hu(path: Path, centre_mm: Point, radius_mm: float) -> SphereHu | None:
    """Return mean and standard deviation of HU in a sphere; None if no voxel lies in it."""
    values, inside, _ = _sphere(path, centre_mm, radius_mm, 0.0)
    hu = values[inside]
    if hu.size == 0:
        return None
    return SphereHu(mean=float(hu.mean(dtype=np.float64)), sd=float(hu.std(dtype=np.float64)))


def measure_sphere(study: Study, centre_mm: Point, radius_mm: float) -> Measured:
    """Measure a sphere on every volume of a study.

    Args:
        study: whose volumes are measured.
        centre_mm: LPS.
        radius_mm: of the sphere.
    """
    uptake: dict[VolumeName, SphereUptake] = {}
    for name in study.volumes:
        if name == "ct":
            continue
        found = sphere_uptake(study.volume(name), centre_mm, radius_mm)
        if found is not None:
            uptake[name] = SphereUptake.model_validate(
                {field: getattr(found, field) for field in SphereUptake.model_fields}
            )
    has_ct = "ct" in study.volumes
    hu = sphere_hu(study.volume("ct"), centre_mm, radius_mm) if has_ct else None
    return Measured(uptake=uptake, hu=hu)


def _sphere(
    path: Path, centre_mm: Point, radius_mm: float, margin_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_], Spacing]:
    """Return the values around a sphere, which of them lie in it, and their spacing; (k, j, i)."""
    values, geometry = read_box(path, centre_mm, radius_mm + margin_mm)
    indices = np.moveaxis(np.indices(values.shape), 0, -1)
    away = np.linalg.norm(geometry.index_to_lps(indices) - np.asarray(centre_mm), axis=-1)
    return values, away <= radius_mm, geometry.spacing_mm
