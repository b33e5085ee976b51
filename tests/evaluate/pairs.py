"""Small evaluations on disk: trunks at 8 mm with a PET and a prediction, as NIfTI."""

from pathlib import Path

import numpy as np

from ctpet.nifti import write_nifti
from ctpet.volume import Geometry, Volume
from tests.prepare.studies import ORIGIN_MM, SHAPE, trunk, uptake

MM = 8.0
LIVER, LESION = 5, 1
ERRORS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
"""Of the predictions of :func:`write_patients`, in SUV."""


def geometry(shape=SHAPE, *, origin_mm=ORIGIN_MM, mm=MM) -> Geometry:
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = mm
    affine[:3, 3] = origin_mm
    affine[3, 3] = 1
    return Geometry(shape, affine)


def write(array, path: Path, quantity="SUVBW", on: Geometry | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(Volume(np.asarray(array, np.float32), on or geometry(), quantity), path)
    return path


def measured(number: int = 0) -> np.ndarray:
    """SUV of a patient: that of its tissues, a little hotter with each number."""
    return uptake(trunk()) * (1 + 0.05 * number)


def labels() -> np.ndarray:
    """A liver of soft tissue low in the trunk, on the patient's right; SHAPE, whole numbers."""
    organs = np.zeros(SHAPE)
    organs[1:9, 12:28, 8:20] = LIVER
    return np.where(trunk() == 50, organs, 0)


def lesions() -> np.ndarray:
    """The block of SUV 6 that ``uptake`` puts into soft tissue."""
    return (uptake(trunk()) == 6).astype(float) * LESION


def write_patient(root: Path, number: int, *, error: float = 0.1, name: str | None = None) -> str:
    """Write ``root``/{measured,predicted,ct,labels,lesions}/NAME.nii.gz.

    The prediction is the measured PET plus an error inside the body.
    """
    name = name or f"patient-{number}"
    real = measured(number)
    write(real, root / "measured" / f"{name}.nii.gz")
    write(real + error * (trunk() > -950), root / "predicted" / f"{name}.nii.gz")
    write(trunk(), root / "ct" / f"{name}.nii.gz", "HU")
    write(labels(), root / "labels" / f"{name}.nii.gz", "HU")
    write(lesions(), root / "lesions" / f"{name}.nii.gz", "HU")
    return name


def write_patients(root: Path) -> Path:
    """Write a patient for each of :data:`ERRORS`; return the folder."""
    for number, error in enumerate(ERRORS):
        write_patient(root, number, error=error)
    return root
