"""Pairs from NIfTI files in the layout of autoPET."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ctpet.findings import Finding
from ctpet.nifti import read_nifti_ct, read_nifti_labels, read_nifti_pet
from ctpet.prepare.pair import Pair
from ctpet.prepare.pairing import Refusal

_CT_NAMES = ("CT.nii.gz", "CTres.nii.gz")
"""The CT as it was scanned is taken before the one resampled to the PET's grid."""
_PET_NAME, _LESIONS_NAME = "SUV.nii.gz", "SEG.nii.gz"


@dataclass(frozen=True, slots=True)
class AutopetPair:
    """A CT in HU and a PET in SUVbw as files; see :class:`ctpet.prepare.pair.PairSource`.

    Attributes:
        name: shown.
        patient: what the source calls the patient.
        ct: HU.
        pet: SUVbw.
        lesions: label map, or None.
    """

    name: str
    patient: str
    ct: Path
    pet: Path
    lesions: Path | None = None

    @property
    def identity(self) -> str:
        """The places of CT and PET."""
        return f"{self.ct.resolve()} {self.pet.resolve()}"

    def files(self) -> Iterable[Path]:
        """Return CT, PET and lesions."""
        return [path for path in (self.ct, self.pet, self.lesions) if path]

    def load(self) -> Pair:
        """Read the files.

        Raises:
            InputRefused: those of :mod:`ctpet.nifti`.
        """
        findings: tuple[Finding, ...] = ()
        if self.ct.name == _CT_NAMES[1]:
            message = "The CT was resampled to the PET's grid by its source"
            findings = (Finding("ct-resampled-by-source", "info", message),)
        ct = read_nifti_ct(self.ct)
        return Pair(
            ct=ct.volume,
            pet=read_nifti_pet(self.pet),
            lesions=read_nifti_labels(self.lesions) if self.lesions else None,
            findings=(*findings, *ct.findings),
        )


def is_autopet(root: Path) -> bool:
    """Tell whether a folder holds PATIENT/STUDY/SUV.nii.gz."""
    return any(root.glob(f"*/*/{_PET_NAME}"))


def autopet_pairs(root: Path) -> tuple[list[AutopetPair], list[Refusal]]:
    """Return the pairs of PATIENT/STUDY/ folders with CT.nii.gz or CTres.nii.gz and SUV.nii.gz.

    SEG.nii.gz, where there is one, holds the lesions. A study without CT or PET is refused.
    """
    pairs, refusals = [], []
    for study in sorted(path for path in root.glob("*/*") if path.is_dir()):
        name = str(study.relative_to(root))
        cts = [study / file for file in _CT_NAMES if (study / file).is_file()]
        pet, lesions = study / _PET_NAME, study / _LESIONS_NAME
        if not pet.is_file():
            refusals.append(Refusal(name, "no-pet", f"There is no {_PET_NAME}"))
        elif not cts:
            refusals.append(Refusal(name, "no-ct", f"There is no {' or '.join(_CT_NAMES)}"))
        else:
            there = lesions if lesions.is_file() else None
            pairs.append(AutopetPair(name, study.parent.name, cts[0], pet, there))
    return pairs, refusals
