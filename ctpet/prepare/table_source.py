"""Pairs that a CSV table states: NIfTI files, or DICOM that headers alone would not pair."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ctpet.dicom.suv.kind import NOT_FOR_TRAINING
from ctpet.errors import InputRefused
from ctpet.images import Image, place_and_series, read_ct_image, read_pet_image, stated_pair
from ctpet.nifti import is_nifti_name, read_nifti_labels
from ctpet.prepare.archive import is_archive, unpacked
from ctpet.prepare.nifti_pair import read_suv
from ctpet.prepare.pair import Pair
from ctpet.prepare.pairing import Refusal
from ctpet.rows import read_rows

_NEEDED, _OPTIONAL = ("patient", "ct", "pet"), ("labels", "lesions")
_MAPS = frozenset(_OPTIONAL)
"""Columns of label maps, which are single files."""


@dataclass(frozen=True, slots=True)
class TablePair:
    """A CT and a PET that a row names; see :class:`ctpet.prepare.pair.PairSource`.

    The table says that they are one examination, whatever their study and frame of reference: a
    collection may have re-identified them apart. Whether they lie over each other is measured
    when the case is made (:mod:`ctpet.prepare.quality`).

    Attributes:
        name: shown.
        patient: what the table calls the patient.
        ct: NIfTI in HU, or DICOM: a folder, file or archive.
        pet: NIfTI in SUVbw, or DICOM likewise.
        lesions: NIfTI label map, or None.
        labels: NIfTI label map, or None.
    """

    name: str
    patient: str
    ct: Path
    pet: Path
    lesions: Path | None = None
    labels: Path | None = None

    @property
    def identity(self) -> str:
        """The places of CT and PET."""
        return f"{self.ct.resolve()} {self.pet.resolve()}"

    def files(self) -> Iterable[Path]:
        """Return every file under the places of the row."""
        named = [path for path in (self.ct, self.pet, self.lesions, self.labels) if path]
        return [
            file
            for path, _ in map(place_and_series, named)
            for file in (path.rglob("*") if path.is_dir() else (path,))
            if file.is_file()
        ]

    def load(self) -> Pair:
        """Read both images, and label maps.

        Raises:
            InputRefused: what :mod:`ctpet.images` and the reader of label maps refuse; a code of
                :data:`ctpet.dicom.suv.kind.NOT_FOR_TRAINING`; ``patients-differ``.
        """
        with ExitStack() as stack:
            archives = {path for path in _places(self.ct, self.pet) if is_archive(path)}
            folders = {path: stack.enter_context(unpacked(path)) for path in archives}
            ct = read_ct_image(_opened(self.ct, folders))
            pet = _pet(_opened(self.pet, folders))
        for finding in pet.findings:
            if finding.code in NOT_FOR_TRAINING:
                raise InputRefused(
                    finding.code,
                    f"The PET is not to be learned from: {finding.message.rstrip('.')}",
                    remedy="Name an attenuation-corrected FDG-PET",
                )
        _refuse_two_patients(ct, pet)
        volume, stated = stated_pair(ct, pet, "CT and PET")
        return Pair(
            ct=ct.volume,
            pet=volume,
            lesions=read_nifti_labels(self.lesions) if self.lesions else None,
            labels=read_nifti_labels(self.labels) if self.labels else None,
            findings=(*ct.findings, *pet.findings, *stated),
        )


def table_pairs(table: Path) -> tuple[list[TablePair], list[Refusal]]:
    """Return the pairs of a CSV table with the columns patient, ct, pet, and maybe labels, lesions.

    Paths are relative to the table. A row without a patient, or whose files are missing, is
    refused; the others are taken.

    Raises:
        InputRefused: ``table-unreadable``, ``table-columns``.
    """
    rows = read_rows(table, needed=_NEEDED, optional=_OPTIONAL)
    found = [_row(table, number, cells) for number, cells in rows]
    return (
        [one for one in found if isinstance(one, TablePair)],
        [one for one in found if isinstance(one, Refusal)],
    )


def _row(table: Path, number: int, cells: dict[str, str]) -> TablePair | Refusal:
    name = f"{table.name}, line {number}"
    lacking = [column for column in _NEEDED if not cells[column]]
    if lacking:
        return Refusal(name, "row-incomplete", f"The row has no {' and no '.join(lacking)}")
    paths = {column: table.parent / cells[column] for column in cells if column != "patient"}
    absent = [column for column in paths if cells[column] and not _is_there(column, paths[column])]
    if absent:
        return Refusal(name, "file-missing", f"There is no file for {' and '.join(absent)}")
    optional = {column: paths[column] for column in _OPTIONAL if cells[column]}
    return TablePair(
        f"{name}: {cells['ct']}", cells["patient"], paths["ct"], paths["pet"], **optional
    )


def _is_there(column: str, path: Path) -> bool:
    return path.is_file() if column in _MAPS else place_and_series(path)[0].exists()


def _places(*paths: Path) -> list[Path]:
    return [place_and_series(path)[0] for path in paths]


def _opened(path: Path, folders: Mapping[Path, Path]) -> Path:
    """Return a path whose archive was unpacked into a folder, with the series that it names."""
    place, series = place_and_series(path)
    folder = folders.get(place, place)
    return folder if series is None else Path(f"{folder}#{series}")


def _pet(path: Path) -> Image:
    return Image(read_suv(path)) if is_nifti_name(path) else read_pet_image(path)


def _refuse_two_patients(ct: Image, pet: Image) -> None:
    """Refuse a pair whose headers both have a PatientID, and not the same.

    Raises:
        InputRefused: ``patients-differ``.
    """
    if len({ct.patient_id, pet.patient_id} - {""}) > 1:
        raise InputRefused(
            "patients-differ",
            "The headers of CT and PET name different patients (PatientID)",
            remedy="Mend the row, or convert both to NIfTI where only the identifiers differ",
        )
