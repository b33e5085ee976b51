"""Pairs from DICOM: trees in any layout, zip archives, and tar archives."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from ctpet.dicom.discover import Discovery, discover_files
from ctpet.dicom.files import Listing, listing
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.series import DicomFile, SeriesInfo
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.nifti import read_nifti_labels
from ctpet.prepare.archive import is_archive, unpacked
from ctpet.prepare.dicom_series import SeriesSeen, merged, series_seen
from ctpet.prepare.found import Found
from ctpet.prepare.marks_seen import (
    MODALITIES,
    MarkedOn,
    MarksSeen,
    belongs,
    marks_seen,
    read_marks,
)
from ctpet.prepare.pair import Glimpse, Pair
from ctpet.prepare.pairing import Match, Refusal, match, name_of
from ctpet.progress import Progress
from ctpet.volume import LabelMap
from ctpet.workers import spread

LESION_NAMES = ("lesions.nii.gz", "SEG.nii.gz", "tumour_on_PET_grid.nii.gz")
LABEL_NAMES = ("labels.nii.gz",)
"""NIfTI files beside the folders of a pair, in the patient's coordinates."""


@dataclass(frozen=True, slots=True)
class DicomPair:
    """A CT and a PET series of one study; see :class:`ctpet.prepare.pair.PairSource`.

    Attributes:
        match: the series.
        marks: files of structures that someone marked on them.
    """

    match: Match
    marks: tuple[MarksSeen, ...] = ()

    @property
    def name(self) -> str:
        """The archive, or the folder of the CT."""
        return name_of(self.match.ct)

    @property
    def patient(self) -> str:
        """PatientID, else name and birth date."""
        return self.match.patient

    @property
    def identity(self) -> str:
        """The UIDs of both series."""
        return f"{self.match.ct.series_uid} {self.match.pet.series_uid}"

    @property
    def beside(self) -> Path:
        """The folder of both series, or what holds their folders; label maps lie there."""
        return _common_folder([*self.match.ct.files, *self.match.pet.files])

    def files(self) -> Iterable[Path]:
        """Return the archive, or all files and the label maps beside them."""
        archive = self.match.ct.archive
        if archive is not None:
            return [archive]
        series = [file.path for one in (self.match.ct, self.match.pet) for file in one.files]
        maps = [self.beside / name for name in (*LESION_NAMES, *LABEL_NAMES)]
        marks = [one.file.path for one in self.marks]
        return [*series, *marks, *(path for path in maps if path.is_file())]

    def load(self) -> Pair:
        """Read both series, and label maps beside them.

        Raises:
            InputRefused: what :func:`ctpet.dicom.read_ct.read_ct` and
                :func:`ctpet.dicom.read_pet.read_pet` refuse; ``several-stacks``.
        """
        with self._opened() as root:
            ct_files = _placed(self.match.ct.files, root)
            pet_files = _placed(self.match.pet.files, root)
            ct, pet = read_ct(_stack(ct_files, "CT")), read_pet(_stack(pet_files, "PT"))
            structures = read_marks(
                self.marks,
                _placed([one.file for one in self.marks], root),
                (
                    MarkedOn.of(self.match.ct, ct.volume.geometry),
                    MarkedOn.of(self.match.pet, pet.volume.geometry),
                ),
            )
            beside = _common_folder([*ct_files, *pet_files])
            return Pair(
                ct=ct.volume,
                pet=pet.volume,
                lesions=_label_map(beside, LESION_NAMES),
                labels=_label_map(beside, LABEL_NAMES),
                structures=structures.found,
                findings=(
                    *self.match.ct.findings,
                    *self.match.pet.findings,
                    *ct.findings,
                    *pet.findings,
                    *structures.findings,
                ),
            )

    def glimpse(self) -> Glimpse:
        """Read what can be read of the series.

        Raises:
            InputRefused: the archive cannot be unpacked.
        """
        with self._opened() as root:
            return Glimpse.of(
                lambda: read_ct(_stack(_placed(self.match.ct.files, root), "CT")).volume,
                lambda: read_pet(_stack(_placed(self.match.pet.files, root), "PT")).volume,
            )

    def _opened(self) -> AbstractContextManager[Path | None]:
        """Give the folder that files of an archive lie under; None: they lie open."""
        archive = self.match.ct.archive
        return nullcontext() if archive is None else unpacked(archive)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Files that are looked at together: those of one folder, or one archive.

    Attributes:
        archive: a tar archive; None: ``files`` say what there is.
        files: those of a folder, or one zip archive.
        broken_links: that lie in the folder.
    """

    archive: Path | None
    files: tuple[DicomFile, ...]
    broken_links: tuple[DicomFile, ...] = ()


def dicom_pairs(root: Path, there: Listing, workers: int, progress: Progress) -> Found:
    """Return the pairs of the DICOM series among some files.

    Args:
        root: that was given.
        there: what lies under it.
        workers: processes.
        progress: told of the stage ``scan``.

    Raises:
        InputRefused: an archive that is the source cannot be read.
    """
    chunks = chunks_of(root, there)
    by_chunk: dict[Chunk, Looked] = {}
    refusals: list[Refusal] = []
    for number, (chunk, seen) in enumerate(spread(look, chunks, workers), start=1):
        if isinstance(seen, Refusal):
            refusals.append(seen)
        else:
            by_chunk[chunk] = seen
        progress("scan", number / (len(chunks) + 1))
    looked = [by_chunk[chunk] for chunk in chunks if chunk in by_chunk]
    series = [one for each in looked for one in each.series]
    marks = [one for each in looked for one in each.marks]
    matches, unmatched = match(merged(series))
    sources = tuple(
        DicomPair(one, tuple(part for part in marks if belongs(part, one.ct, one.pet)))
        for one in matches
    )
    left = [part for part in marks if not any(part in source.marks for source in sources)]
    notes = (*_left_marks(left, root), *_left_series([m for each in looked for m in each.others]))
    kinds = frozenset({"dicom"}) if series else frozenset[str]()
    return Found(sources, (*refusals, *unmatched), notes, kinds)


_KNOWN = ("CT", "PT", *MODALITIES)


def _left_marks(left: Sequence[MarksSeen], root: Path) -> tuple[Finding, ...]:
    """Name files of marked structures that are of no pair."""
    return tuple(
        Finding(
            "structures-left",
            "warning",
            f"A {one.modality} is of no pair of CT and PET: {_shown(one, root)}",
        )
        for one in left
    )


def _shown(one: MarksSeen, root: Path) -> Path:
    place = one.archive or one.file.path
    return place.relative_to(root) if place != root and place.is_relative_to(root) else place


def _left_series(modalities: Sequence[str]) -> tuple[Finding, ...]:
    """Count the series that are neither CT nor PET."""
    if not modalities:
        return ()
    counts = Counter(modality or "unknown" for modality in modalities)
    told = ", ".join(f"{count} {modality}" for modality, count in sorted(counts.items()))
    message = f"Series that are neither CT nor PET were left: {told}"
    return (Finding("series-left", "info", message),)


def chunks_of(root: Path, found: Listing) -> list[Chunk]:
    """Divide what lies under a path into pieces that can be looked at side by side."""
    by_folder: dict[Path, list[DicomFile]] = {}
    broken: dict[Path, list[DicomFile]] = {}
    chunks = []
    for link in found.broken_links:
        broken.setdefault(link.path.parent, []).append(link)
        by_folder.setdefault(link.path.parent, [])
    for file in found.files:
        if file.member is None and is_archive(file.path):
            chunks.append(Chunk(file.path, ()))
        elif file.member is None and file.path.suffix.lower() == ".zip" and file.path != root:
            chunks.append(Chunk(None, (file,)))
        else:
            by_folder.setdefault(file.path.parent, []).append(file)
    chunks += [
        Chunk(None, tuple(files), tuple(broken.get(folder, ())))
        for folder, files in sorted(by_folder.items())
    ]
    return chunks


@dataclass(frozen=True, slots=True)
class Looked:
    """What a chunk holds.

    Attributes:
        series: CT and PET.
        marks: files of marked structures.
        others: modalities of what is neither, one entry a series.
    """

    series: tuple[SeriesSeen, ...]
    marks: tuple[MarksSeen, ...]
    others: tuple[str, ...]


def look(chunk: Chunk) -> Looked | Refusal:
    """Return what there is in a chunk, or what was lost of it; runs in a worker."""
    name = str(chunk.archive or (*chunk.files, *chunk.broken_links)[0].path)
    try:
        if chunk.archive is None:
            return _looked(name, chunk, discover_files(_with_members(chunk)))
        with unpacked(chunk.archive) as folder:
            return _looked(name, chunk, discover_files(listing(folder)), under=folder)
    except InputRefused as refusal:
        return Refusal(name, refusal.code, str(refusal))


def _looked(
    name: str, chunk: Chunk, found: Discovery, *, under: Path | None = None
) -> Looked | Refusal:
    """Sort what was discovered; refuse where a series may have been, and nothing is left."""
    series = [replace(one, archive=chunk.archive) for one in series_seen(found, under=under)]
    marks = [replace(one, archive=chunk.archive) for one in marks_seen(found, under=under)]
    if not found.series:
        for finding in found.findings:
            if finding.severity != "info":
                return Refusal(name, finding.code, f"{finding.message}. {finding.remedy}")
    packed = chunk.archive or any(file.path.suffix.lower() == ".zip" for file in chunk.files)
    if packed and not (series or marks):
        message = (
            f"The archive holds no CT and no PET series of DICOM ({found.other_count} other "
            "files); unpack it if it holds NIfTI"
        )
        return Refusal(name, "not-recognised", message)
    others = [one.modality for one in found.series if one.modality not in _KNOWN]
    return Looked(tuple(series), tuple(marks), tuple(others))


def _with_members(chunk: Chunk) -> Listing:
    """Put a zip archive's members in its place."""
    files = chunk.files
    alone = len(files) == 1 and files[0].member is None and not chunk.broken_links
    return listing(files[0].path) if alone else Listing(files, chunk.broken_links)


def _label_map(folder: Path, names: Iterable[str]) -> LabelMap | None:
    """Read the first of some files that lies in a folder; None if there is none."""
    for name in names:
        if (folder / name).is_file():
            return read_nifti_labels(folder / name)
    return None


def _placed(files: Sequence[DicomFile], root: Path | None) -> tuple[DicomFile, ...]:
    if root is None:
        return tuple(files)
    return tuple(replace(file, path=root / file.path) for file in files)


def _stack(files: Sequence[DicomFile], modality: str) -> SeriesInfo:
    """Return the one stack of planes that a series is."""
    stacks = [
        one for one in discover_files(Listing(tuple(files))).series if one.modality == modality
    ]
    if len(stacks) != 1:
        raise InputRefused(
            "several-stacks",
            f"The {modality} series holds {len(stacks)} stacks of images that differ in matrix, "
            "kernel, orientation, spacing or acquisition",
            remedy="Leave the one that is meant in the study, or name it in a table as "
            "FOLDER#UID#n; `ctpet scan` lists them",
        )
    return stacks[0]


def _common_folder(files: Sequence[DicomFile]) -> Path:
    parents = [set(file.path.parents) for file in files]
    return max(set.intersection(*parents), key=lambda path: len(path.parts))
