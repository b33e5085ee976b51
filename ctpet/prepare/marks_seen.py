"""Files of marked structures (SEG, RTSTRUCT): found, put to the images they are of, and read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread

from ctpet.dicom.discover import Discovery
from ctpet.dicom.files import FileOpener
from ctpet.dicom.series import DicomFile
from ctpet.dicom.structures.contours import read_contours
from ctpet.dicom.structures.segmentation import read_segmentation
from ctpet.dicom.structures.structure import Structure, Structures, StructureUnreadable
from ctpet.dicom.warned import collected_warnings
from ctpet.findings import Finding
from ctpet.prepare.dicom_series import SeriesSeen
from ctpet.prepare.person import Person, contradict
from ctpet.volume import Geometry

MODALITIES = ("SEG", "RTSTRUCT")


@dataclass(frozen=True, slots=True)
class MarksSeen:
    """A file of marked structures; its header has been read and let go.

    Attributes:
        archive: the tar archive it lies in, or None.
        file: under a tar archive, relative to its root.
        modality: SEG or RTSTRUCT.
        sop_uid: (0008,0018).
        own_series_uid: (0020,000E).
        study_uid: (0020,000D).
        frame_uids: that it says its structures are in.
        series_uids: of the images that it says they were marked on.
        person: whom its header names.
    """

    archive: Path | None
    file: DicomFile
    modality: str
    sop_uid: str
    own_series_uid: str
    study_uid: str
    frame_uids: frozenset[str]
    series_uids: frozenset[str]
    person: Person


def marks_seen(discovery: Discovery, *, under: Path | None = None) -> list[MarksSeen]:
    """Return the files of marked structures of a discovery; see :func:`series_seen`."""
    found = []
    for series in (*discovery.series, *discovery.dropped):
        if series.modality not in MODALITIES:
            continue
        for file, header in zip(series.files, series.headers, strict=True):
            path = file.path if under is None else file.path.relative_to(under)
            found.append(
                MarksSeen(
                    archive=None,
                    file=DicomFile(path, file.member),
                    modality=series.modality,
                    sop_uid=str(header.get("SOPInstanceUID") or ""),
                    own_series_uid=series.series_instance_uid,
                    study_uid=series.study_instance_uid,
                    frame_uids=frozenset(
                        (*_uids(header, "FrameOfReferenceUID"), *_regions(header))
                    ),
                    series_uids=frozenset(_uids(header, "SeriesInstanceUID", below=True)),
                    person=Person.of(header),
                )
            )
    return found


def _uids(header: Dataset, keyword: str, *, below: bool = False) -> Iterable[str]:
    """Return the values of an attribute in a header's references, and at its top."""
    if not below and header.get(keyword):
        yield str(header[keyword].value)
    for word in (
        "ReferencedFrameOfReferenceSequence",
        "RTReferencedStudySequence",
        "RTReferencedSeriesSequence",
        "ReferencedSeriesSequence",
    ):
        for item in header.get(word) or ():
            yield from _uids(item, keyword, below=False)


def _regions(header: Dataset) -> Iterable[str]:
    """Return the frames of reference that the regions of a structure set name one by one."""
    for region in header.get("StructureSetROISequence") or ():
        if region.get("ReferencedFrameOfReferenceUID"):
            yield str(region.ReferencedFrameOfReferenceUID)


@dataclass(frozen=True, eq=False)
class MarkedOn:
    """An image of a pair that structures may be marked on.

    Attributes:
        geometry: where its voxels lie.
        series_uid: (0020,000E); empty for NIfTI.
        frame_uids: frames of reference of its slices; none for NIfTI.
        persons: whom its headers name.
    """

    geometry: Geometry
    series_uid: str = ""
    frame_uids: frozenset[str] = frozenset()
    persons: frozenset[Person] = frozenset()

    @classmethod
    def of(cls, series: SeriesSeen, geometry: Geometry) -> "MarkedOn":
        """Return what the headers of a series say."""
        return cls(geometry, series.series_uid, series.frame_uids, series.persons)

    def has(self, marks: MarksSeen) -> bool:
        """Tell whether a file says that it is about this image, or lies in its frame."""
        return self.series_uid in marks.series_uids or bool(self.frame_uids & marks.frame_uids)


def belongs(marks: MarksSeen, ct: SeriesSeen, pet: SeriesSeen) -> bool:
    """Tell whether a file is about an examination: by study, series or frame of reference."""
    return marks.archive == ct.archive and (
        marks.study_uid == ct.study_uid
        or bool(marks.series_uids & {ct.series_uid, pet.series_uid})
        or bool(marks.frame_uids & ct.frame_uids)
    )


def read_marks(
    marks: Sequence[MarksSeen], files: Sequence[DicomFile], images: Sequence[MarkedOn]
) -> Structures:
    """Read files of marked structures that belong to an examination.

    Args:
        marks: what is known of them.
        files: where they lie, parallel to ``marks``.
        images: CT and PET, which lie over each other whatever their frames of reference are
            called.

    Returns:
        Structures in the pair's coordinates. What is of another frame, of another person, or
        cannot be read is a finding.
    """
    found: list[Structure] = []
    findings: list[Finding] = []
    once = {one.sop_uid or str(one.file): (one, file)
            for one, file in zip(marks, files, strict=True)}  # fmt: skip
    for _, (one, file) in sorted(once.items()):
        read = _read(one, file, images)
        found += read.found
        findings += read.findings
    return Structures(tuple(found), tuple(dict.fromkeys(findings)))


def _read(one: MarksSeen, file: DicomFile, images: Sequence[MarkedOn]) -> Structures:
    of_these = [image for image in images if image.has(one)] or list(images)
    persons = {one.person, *(person for image in of_these for person in image.persons)}
    keys = {person.key for person in persons} - {""}
    if len(keys) > 1 or contradict(persons):
        message = f"A {one.modality} of the study names another patient and was left out"
        return Structures(findings=(Finding("structures-of-another", "warning", message),))
    referred = [image for image in images if image.series_uid in one.series_uids]
    drawn_on = (referred or of_these)[0].geometry
    try:
        with FileOpener() as opener, opener.open(file) as stream, collected_warnings():
            ds = dcmread(stream, force=True)
            whole = read_segmentation(ds) if one.modality == "SEG" else read_contours(ds, drawn_on)
    except StructureUnreadable as error:
        return Structures(findings=(_unreadable(one, str(error)),))
    except Exception as error:  # noqa: BLE001  (marks that cannot be read must not lose the pair)
        return Structures(findings=(_unreadable(one, f"{type(error).__name__}"),))
    frames = frozenset(uid for image in images for uid in image.frame_uids)
    here = [
        part
        for part in whole.found
        if (part.frame_uid in frames if part.frame_uid else bool(referred))
    ]
    elsewhere = len(whole.found) - len(here)
    findings = whole.findings
    if elsewhere:
        message = (
            f"{elsewhere} structures of a {one.modality} are of another frame of reference than "
            "CT and PET, so nobody can say where they lie, and were left out"
        )
        findings += (Finding("structures-elsewhere", "warning", message),)
    return Structures(tuple(here), findings)


def _unreadable(one: MarksSeen, reason: str) -> Finding:
    return Finding(
        "structures-unreadable",
        "warning",
        f"A {one.modality} beside the series was left out: {reason}",
        "Export it again, or give a NIfTI label map beside the series",
    )
