"""Pairs that a CSV table states: NIfTI files, or DICOM that headers alone would not pair."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ctpet.dicom.discover import discover_files
from ctpet.dicom.files import Listing
from ctpet.dicom.series import DicomFile, SeriesInfo
from ctpet.dicom.structures.structure import Structures
from ctpet.dicom.suv.kind import NOT_FOR_TRAINING
from ctpet.errors import InputRefused
from ctpet.images import (
    Image,
    chosen_ct,
    chosen_pet,
    ct_image,
    pet_image,
    place_and_series,
    read_ct_image,
    stated_pair,
)
from ctpet.nifti import is_nifti_name, read_nifti_labels
from ctpet.prepare.cases import ArrayName
from ctpet.prepare.dicom_series import seen_of
from ctpet.prepare.marks_beside import MarksBeside
from ctpet.prepare.marks_seen import MarkedOn, MarksSeen, marks_seen
from ctpet.prepare.nifti_pair import read_suv
from ctpet.prepare.pair import Glimpse, Pair
from ctpet.prepare.pairing import Refusal
from ctpet.prepare.places import Places
from ctpet.prepare.table_marks import marks_there, named_marks, without
from ctpet.rows import read_rows
from ctpet.volume import LabelMap

_NEEDED, _OPTIONAL = ("patient", "ct", "pet"), ("labels", "lesions")
_MAPS: tuple[ArrayName, ...] = ("lesions", "labels")


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
        lesions: NIfTI label map, or DICOM SEG or RTSTRUCT likewise, or None.
        labels: the same of organs.
        beside: files of marked structures that lie next to CT and PET.
    """

    name: str
    patient: str
    ct: Path
    pet: Path
    lesions: Path | None = None
    labels: Path | None = None
    beside: tuple[Path, ...] = ()

    @property
    def identity(self) -> str:
        """The places of CT and PET."""
        return f"{self.ct.resolve()} {self.pet.resolve()}"

    def files(self) -> Iterable[Path]:
        """Return every file under the places of the row, and the marks beside them."""
        named = [path for path in (self.ct, self.pet, self.lesions, self.labels) if path]
        places = [place_and_series(path)[0] for path in named]
        return [
            file
            for path in (*places, *self.beside)
            for file in (path.rglob("*") if path.is_dir() else (path,))
            if file.is_file()
        ]

    def load(self) -> Pair:
        """Read both images, label maps, and structures marked on the images.

        Raises:
            InputRefused: what :mod:`ctpet.images` and the reader of label maps refuse; a code of
                :data:`ctpet.dicom.suv.kind.NOT_FOR_TRAINING`; ``patients-differ``; what
                :func:`ctpet.prepare.table_marks.named_marks` refuses.
        """
        with Places() as places:
            ct, on_ct = _ct(self.ct, places)
            pet, on_pet = _pet(self.pet, places)
            _refuse_unfit(pet)
            _refuse_two_patients(ct, pet)
            structures = self._structures((on_ct, on_pet), places)
        volume, stated = stated_pair(ct, pet, "CT and PET")
        return Pair(
            ct=ct.volume,
            pet=volume,
            lesions=_label_map(self.lesions),
            labels=_label_map(self.labels),
            structures=structures.found,
            findings=(*ct.findings, *pet.findings, *stated, *structures.findings),
        )

    def glimpse(self) -> Glimpse:
        """Read what can be read of the images.

        Raises:
            InputRefused: an archive cannot be unpacked.
        """
        with Places() as places:
            return Glimpse.of(
                lambda: _ct(self.ct, places)[0].volume, lambda: _pet(self.pet, places)[0].volume
            )

    def _structures(self, images: Sequence[MarkedOn], places: Places) -> Structures:
        """Read the marks that the row names, and those that lie with its images.

        Raises:
            InputRefused: what :func:`ctpet.prepare.table_marks.named_marks` refuses.
        """
        columns: dict[Path, list[ArrayName]] = {}
        for column in _MAPS:
            path = getattr(self, column)
            if path is not None and not is_nifti_name(path):
                columns.setdefault(path, []).append(column)
        marks = {path: places.marks_at(path) for path in columns}
        named = [named_marks(names, marks[path], images) for path, names in columns.items()]
        there = self._lying_there(
            images, places, [m for several in marks.values() for m in several]
        )
        kept = without([name for names in columns.values() for name in names], there.found)
        read = (*named, replace(there, found=()), kept)
        return Structures(
            tuple(one for part in read for one in part.found),
            tuple(finding for part in read for finding in part.findings),
        )

    def _lying_there(
        self, images: Sequence[MarkedOn], places: Places, named: Iterable[MarksSeen]
    ) -> Structures:
        """Read the marks in the places of CT and PET and beside them, but for those named."""
        known = {one.sop_uid for one in named}
        looked = [places.at(path)[0] for path in (self.ct, self.pet) if not is_nifti_name(path)]
        inside = [one for discovery in looked for one in marks_seen(discovery)]
        others = frozenset(one.series_instance_uid for each in looked for one in each.series)
        beside = discover_files(Listing(tuple(map(DicomFile, self.beside))))
        read = marks_there(
            [one for one in inside if one.sop_uid not in known],
            [one for one in marks_seen(beside) if one.sop_uid not in known],
            images,
            others,
        )
        doubts = [finding for finding in beside.findings if finding.severity != "info"]
        return replace(read, findings=(*doubts, *read.findings))


def table_pairs(table: Path) -> tuple[list[TablePair], list[Refusal]]:
    """Return the pairs of a CSV table with the columns patient, ct, pet, and maybe labels, lesions.

    Paths are relative to the table. A row without a patient, or whose files are missing, is
    refused; the others are taken.

    Raises:
        InputRefused: ``table-unreadable``, ``table-columns``.
    """
    rows = read_rows(table, needed=_NEEDED, optional=_OPTIONAL)
    beside = MarksBeside()
    found = [_row(table, number, cells, beside) for number, cells in rows]
    return (
        [one for one in found if isinstance(one, TablePair)],
        [one for one in found if isinstance(one, Refusal)],
    )


def _row(
    table: Path, number: int, cells: dict[str, str], beside: MarksBeside
) -> TablePair | Refusal:
    name = f"{table.name}, line {number}"
    lacking = [column for column in _NEEDED if not cells[column]]
    if lacking:
        return Refusal(name, "row-incomplete", f"The row has no {' and no '.join(lacking)}")
    paths = {column: table.parent / cells[column] for column in cells if column != "patient"}
    absent = [
        column
        for column, path in paths.items()
        if cells[column] and not place_and_series(path)[0].exists()
    ]
    if absent:
        return Refusal(name, "file-missing", f"There is no file for {' and '.join(absent)}")
    optional = {column: paths[column] for column in _OPTIONAL if cells[column]}
    named = [place_and_series(path)[0] for path in (paths["ct"], paths["pet"], *optional.values())]
    next_to = beside.of(named) if any(not is_nifti_name(place) for place in named[:2]) else ()
    return TablePair(
        f"{name}: {cells['ct']}",
        cells["patient"],
        paths["ct"],
        paths["pet"],
        beside=next_to,
        **optional,
    )


def _ct(path: Path, places: Places) -> tuple[Image, MarkedOn]:
    if is_nifti_name(path):
        image = read_ct_image(path)
        return image, MarkedOn(image.volume.geometry)
    series = chosen_ct(*places.at(path))
    return _marked_on(ct_image(series), series)


def _pet(path: Path, places: Places) -> tuple[Image, MarkedOn]:
    if is_nifti_name(path):
        image = Image(read_suv(path))
        return image, MarkedOn(image.volume.geometry)
    series = chosen_pet(*places.at(path))
    return _marked_on(pet_image(series), series)


def _marked_on(image: Image, series: SeriesInfo) -> tuple[Image, MarkedOn]:
    return image, MarkedOn.of(seen_of(series), image.volume.geometry)


def _label_map(path: Path | None) -> LabelMap | None:
    return read_nifti_labels(path) if path is not None and is_nifti_name(path) else None


def _refuse_unfit(pet: Image) -> None:
    """Refuse a PET that must not be learned from.

    Raises:
        InputRefused: a code of :data:`ctpet.dicom.suv.kind.NOT_FOR_TRAINING`.
    """
    for finding in pet.findings:
        if finding.code in NOT_FOR_TRAINING:
            raise InputRefused(
                finding.code,
                f"The PET is not to be learned from: {finding.message.rstrip('.')}",
                remedy="Name an attenuation-corrected FDG-PET",
            )


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
