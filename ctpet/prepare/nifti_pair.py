"""A pair of NIfTI files, however a source lays them out."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.nifti import read_nifti_ct, read_nifti_labels, read_nifti_pet
from ctpet.prepare.pair import Glimpse, Pair
from ctpet.prepare.spelling import stem_of
from ctpet.volume import LabelMap, Volume

_HIGHEST_SUV = 50.0
"""In SUVbw, 99 of 100 voxels lie far below it; in Bq/mL those of a body lie above 1000."""


@dataclass(frozen=True, slots=True)
class NiftiPair:
    """A CT in HU and a PET in SUVbw as files; see :class:`ctpet.prepare.pair.PairSource`.

    Attributes:
        name: shown.
        patient: what the source calls the patient.
        ct: HU.
        pet: SUVbw.
        lesions: label map, or None.
        labels: label map of organs, or None; may be the file of the lesions.
        lesion_numbers: which numbers of a file for both are lesions; None: it is for one.
        suv_factor: SUVbw per value of the PET.
        scaled: how it was made; None where the values are SUVbw.
    """

    name: str
    patient: str
    ct: Path
    pet: Path
    lesions: Path | None = None
    labels: Path | None = None
    lesion_numbers: frozenset[int] | None = None
    suv_factor: float = 1.0
    scaled: Finding | None = None

    @property
    def identity(self) -> str:
        """The places of CT and PET."""
        scaled = "" if self.suv_factor == 1.0 else f" × {self.suv_factor:.9g}"
        return f"{self.ct.resolve()} {self.pet.resolve()}{scaled}"

    def files(self) -> Iterable[Path]:
        """Return CT, PET and label maps."""
        return [path for path in (self.ct, self.pet, self.lesions, self.labels) if path]

    def load(self) -> Pair:
        """Read the files.

        Raises:
            InputRefused: those of :mod:`ctpet.nifti`; ``pet-not-suv``.
        """
        findings: tuple[Finding, ...] = ()
        if stem_of(self.ct).lower() == "ctres":
            message = "The CT was resampled to the PET's grid by its source"
            findings = (Finding("ct-resampled-by-source", "info", message),)
        findings += (self.scaled,) if self.scaled else ()
        ct = read_nifti_ct(self.ct)
        return Pair(
            ct=ct.volume,
            pet=read_suv(self.pet, self.suv_factor),
            lesions=self._map(self.lesions, lesions=True),
            labels=self._map(self.labels, lesions=False),
            findings=(*findings, *ct.findings),
        )

    def glimpse(self) -> Glimpse:
        """Read what can be read of the images."""
        return Glimpse.of(
            lambda: read_nifti_ct(self.ct).volume, lambda: read_suv(self.pet, self.suv_factor)
        )

    def _map(self, path: Path | None, *, lesions: bool) -> LabelMap | None:
        if path is None:
            return None
        whole = read_nifti_labels(path)
        if self.lesion_numbers is None:
            return whole
        mine = np.isin(whole.array, list(self.lesion_numbers)) == lesions
        return LabelMap(np.where(mine, whole.array, 0).astype(np.uint16), whole.geometry)


def read_suv(path: Path, factor: float = 1.0) -> Volume:
    """Read a measured PET in SUVbw, and refuse one whose values are no SUV.

    Args:
        path: NIfTI.
        factor: SUVbw per value of the file.

    Raises:
        InputRefused: those of :func:`ctpet.nifti.read_nifti_pet`; ``pet-not-suv``.
    """
    pet = read_nifti_pet(path)
    if factor != 1.0:
        pet = Volume(pet.array * np.float32(factor), pet.geometry, pet.quantity)
    high = float(np.percentile(pet.array, 99))
    if high > _HIGHEST_SUV:
        raise InputRefused(
            "pet-not-suv",
            f"One of 100 voxels of the PET is above {high:.4g}, which is no SUVbw (limit "
            f"{_HIGHEST_SUV:g}); it may be Bq/mL",
            remedy="Convert it to SUVbw, or give the DICOM series that it was made from",
        )
    return pet
