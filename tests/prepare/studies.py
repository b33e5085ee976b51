"""PET/CT examinations made in memory: a trunk with lungs, and a PET that belongs to it."""

from pathlib import Path

import numpy as np
from pydicom.uid import generate_uid

from ctpet.infer.patient import put_back
from ctpet.prepare.cases import Case
from ctpet.volume import Geometry
from tests.dicom_factory import ct_series, write_series
from tests.pet_factory import FACTOR, pet_series, set_all

SPACING_MM = 8.0
SHAPE = (24, 40, 48)
ORIGIN_MM = (-192.0, -160.0, 16.0)
AIR_HU = -1000
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
    hu = np.full(shape, AIR_HU, np.int16)
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


def grid(shape=SHAPE) -> Geometry:
    """The grid of these CTs."""
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
    affine[:3, 3] = ORIGIN_MM
    affine[3, 3] = 1
    return Geometry(shape, affine)


def on_ct(case: Case, name, shape=SHAPE) -> np.ndarray:
    """An array of a case where the CT had it; beyond the patient's box are air and nothing."""
    array, beyond = case.array(name), -1024 if name == "ct" else 0
    there = put_back(array - np.float32(beyond), case.geometry, grid(shape)) + beyond
    return there.astype(array.dtype)


def alone(hu: np.ndarray) -> np.ndarray:
    """What is shown of a CT: all but the patient is air as the network knows it."""
    return np.where(hu < -900, -1024, hu)


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
