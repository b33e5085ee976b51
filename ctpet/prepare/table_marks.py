"""Structures (SEG, RTSTRUCT) of the images that a row of a table names.

A row may name files of marks in its columns ``lesions`` and ``labels``; what lies in the places of
CT and PET, or beside them, and says that it is about them, is taken too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ctpet.dicom.structures.structure import Structure, Structures
from ctpet.errors import InputRefused
from ctpet.findings import Finding, Severity
from ctpet.prepare.cases import ArrayName
from ctpet.prepare.marks_seen import MarkedOn, MarksSeen, read_marks
from ctpet.prepare.structures import Kind, kind_of

_KIND: Mapping[ArrayName, Kind] = {"lesions": "lesion", "labels": "organ"}


def named_marks(
    columns: Sequence[ArrayName], marks: Sequence[MarksSeen], images: Sequence[MarkedOn]
) -> Structures:
    """Read the marks that a row names.

    Args:
        columns: that name them. In ``lesions`` alone, what is called nothing else is a lesion.
        marks: that lie at the place named.
        images: CT and PET. If one of them says no frame of reference, as NIfTI does not, the
            table is believed that the marks lie on it.

    Raises:
        InputRefused: ``marks-missing``: there are none; or with the code of the finding for which
            none of them can be taken.
    """
    where = " and ".join(columns)
    if not marks:
        raise InputRefused(
            "marks-missing",
            f"What the row names for {where} is no NIfTI, and holds no DICOM SEG or RTSTRUCT",
            remedy="Name a label map as NIfTI, or the file or folder of a SEG or RTSTRUCT",
        )
    images, told = _believed(marks, images)
    read = read_marks(marks, [one.file for one in marks], images)
    if not read.found:
        why = next((one for one in read.findings if one.severity == "warning"), None)
        raise InputRefused(
            why.code if why else "marks-empty",
            f"Nothing can be taken for {where}: {why.message if why else 'it marks no voxel'}",
            remedy="Name marks of this examination, or leave the cell empty",
        )
    found = read.found
    if list(columns) == ["lesions"]:
        found = tuple(replace(one, meanings=(*one.meanings, "Lesion")) for one in found)
    return Structures(found, (*told, *read.findings))


def _believed(
    marks: Sequence[MarksSeen], images: Sequence[MarkedOn]
) -> tuple[Sequence[MarkedOn], tuple[Finding, ...]]:
    """Put marks into the frame of an image that says none, if they are of no other image."""
    silent = [image for image in images if not image.frame_uids]
    if not silent or any(image.has(one) for one in marks for image in images):
        return images, ()
    stated = frozenset(uid for one in marks for uid in one.frame_uids)
    believed = replace(silent[0], frame_uids=stated)
    message = (
        "CT or PET says no frame of reference; that the marked structures lie on it is what the "
        "table says"
    )
    finding = Finding("structures-frame-unsaid", "warning", message)
    return [believed, *(image for image in images if image is not silent[0])], (finding,)


def marks_there(
    inside: Sequence[MarksSeen],
    beside: Sequence[MarksSeen],
    images: Sequence[MarkedOn],
    others: frozenset[str],
) -> Structures:
    """Read the marks that lie with the images of a row, and say that they are about them.

    Args:
        inside: that lie in the places which the row names.
        beside: that lie next to them; what is of another patient there is no matter of this row.
        images: CT and PET.
        others: UIDs of all series in the places, whose marks are no loss.

    Returns:
        Structures, and what was left and why.
    """
    mine = [one for one in (*inside, *beside) if _is_of(one, images)]
    read = read_marks(mine, [one.file for one in mine], images)
    foreign = [one for one in inside if one not in mine]
    lost = [one for one in foreign if not one.series_uids & others]
    people = {person.key for image in images for person in image.persons} - {""}
    left = [one for one in beside if one not in mine and one.person.key in people]
    left += [one for one in foreign if one not in lost]
    return Structures(
        read.found,
        (
            *_told(lost, "structures-elsewhere", "warning"),
            *_told(left, "structures-left", "info"),
            *read.findings,
        ),
    )


def _is_of(marks: MarksSeen, images: Iterable[MarkedOn]) -> bool:
    return any(image.has(marks) for image in images)


def _told(marks: Sequence[MarksSeen], code: str, severity: Severity) -> tuple[Finding, ...]:
    """Count the files of marks that are of other images."""
    if not marks:
        return ()
    kinds = sorted({one.modality for one in marks})
    message = (
        f"{len({one.sop_uid for one in marks})} {' and '.join(kinds)} with CT and PET are of other "
        "images, in another frame of reference, and were left out"
    )
    return (Finding(code, severity, message),)


def without(kinds: Iterable[ArrayName], structures: Iterable[Structure]) -> Structures:
    """Leave the structures of which the row names others.

    Args:
        kinds: label maps that the row names.
        structures: that lie with CT and PET.
    """
    named = {_KIND[name] for name in kinds}
    there = tuple(structures)
    kept = tuple(one for one in there if kind_of(one.name, one.meanings, one.codes) not in named)
    if len(kept) == len(there):
        return Structures(kept)
    message = (
        f"{len(there) - len(kept)} structures that lie with CT and PET were left for what the row "
        "names"
    )
    return Structures(kept, (Finding("structures-left", "info", message),))
