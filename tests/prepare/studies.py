"""PET/CT examinations made in memory: a trunk with lungs, and a PET that belongs to it."""

from pathlib import Path

import numpy as np
from pydicom.uid import generate_uid

from tests.dicom_factory import ct_series, write_series
from tests.pet_factory import FACTOR, pet_series, set_all

SPACING_MM = 8.0
SHAPE = (24, 40, 48)
ORIGIN_MM = (-188.0, -156.0, 10.0)
PERSON = {
    "PatientID": "BN-0042",
    "PatientName": "Nguyễn^Văn Ánh",
    "PatientBirthDate": "19610203",
    "PatientSex": "M",
}


def trunk(shape=SHAPE) -> np.ndarray:
    """HU, int16 (k, j, i): fat around muscle, a spine, two lungs above a liver; no symmetry."""
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    radius = (j / 0.7) ** 2 + (i / 0.85) ** 2
    hu = np.full(shape, -1000, np.int16)
    hu[radius < 1] = -90
    hu[radius < 0.8] = 50
    hu[(j - 0.45) ** 2 + i**2 < 0.02] = 700
    for side in (-0.4, 0.4):
        hu[(j**2 + (i - side) ** 2 < 0.08) & (k > 0)] = -800
    return hu


def uptake(hu: np.ndarray) -> np.ndarray:
    """SUVbw that belongs to such HU: air 0, fat 0.3, lung 0.5, soft tissue 1.2, bone 1."""
    suv = np.select([hu > 300, hu > 0, hu > -200, hu > -900], [1.0, 1.2, 0.3, 0.5], 0.0)
    suv[2:4, 18:22, 10:14] = np.where(hu[2:4, 18:22, 10:14] == 50, 6.0, suv[2:4, 18:22, 10:14])
    return suv


def study(hu=None, suv=None, **person):
    """Return CT and PET data sets of one examination; ``person`` changes what the headers say."""
    hu = trunk() if hu is None else hu
    suv = uptake(hu) if suv is None else suv
    ct = ct_series(hu, spacing_mm=(SPACING_MM,) * 3, origin_mm=ORIGIN_MM)
    pet = pet_series(suv / FACTOR, slope=1)
    for k, ds in enumerate(pet):
        x, y, z = ORIGIN_MM
        ds.ImagePositionPatient = [f"{x:g}", f"{y:g}", f"{z + k * SPACING_MM:g}"]
        ds.PixelSpacing, ds.SliceThickness = ["8", "8"], "8"
        ds.NumberOfSlices = len(pet)
    both = {
        **PERSON,
        **person,
        "StudyInstanceUID": generate_uid(),
        "FrameOfReferenceUID": generate_uid(),
    }
    set_all([*ct, *pet], **both)
    return ct, pet


def write_study(folder: Path, hu=None, suv=None, **person) -> Path:
    """Write an examination into ``folder``/ct and ``folder``/pet."""
    ct, pet = study(hu, suv, **person)
    write_series(ct, folder / "ct")
    write_series(pet, folder / "pet")
    return folder
