"""One image, whatever form it has: a DICOM series or a NIfTI file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ctpet.dicom.discover import Discovery, discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.select import select_ct
from ctpet.dicom.select_pet import select_pet
from ctpet.dicom.series import SeriesInfo
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.nifti import is_nifti_name, read_nifti_ct, read_nifti_pet
from ctpet.volume import Volume

_CHOSEN = re.compile(r"(.+?)#([0-9][0-9.]*(?:#[0-9]+)?)")


@dataclass(frozen=True, eq=False)
class Image:
    """A volume and what its headers say.

    Attributes:
        volume: HU or SUVBW.
        patient_id: (0010,0020); empty for NIfTI. It stays in memory.
        findings: what was seen or changed while reading.
    """

    volume: Volume
    patient_id: str = ""
    findings: tuple[Finding, ...] = ()


def read_ct_image(path: Path) -> Image:
    """Read the one CT at a path as HU.

    Args:
        path: NIfTI file, or DICOM: folder, zip archive or file, with ``#UID`` or ``#UID#n`` after
            it to choose a series.

    Raises:
        InputRefused: what the readers refuse.
    """
    if is_nifti_name(path):
        ct = read_nifti_ct(path)
        return Image(ct.volume, findings=ct.findings)
    place, chosen = place_and_series(path)
    return ct_image(chosen_ct(discover(place), chosen))


def read_pet_image(path: Path) -> Image:
    """Read the one PET at a path as SUVbw.

    Args:
        path: NIfTI file in SUVbw, or DICOM: folder, zip archive or file, with ``#UID`` or
            ``#UID#n`` after it to choose a series.

    Raises:
        InputRefused: what the readers refuse; a NIfTI file that ctpet made.
    """
    if is_nifti_name(path):
        return Image(read_nifti_pet(path))
    place, chosen = place_and_series(path)
    return pet_image(chosen_pet(discover(place), chosen))


def ct_image(series: SeriesInfo) -> Image:
    """Read a CT series as HU.

    Raises:
        InputRefused: what :func:`ctpet.dicom.read_ct.read_ct` refuses.
    """
    reading = read_ct(series)
    return Image(reading.volume, _patient(series.first), reading.findings)


def pet_image(series: SeriesInfo) -> Image:
    """Read a PET series as SUVbw.

    Raises:
        InputRefused: what :func:`ctpet.dicom.read_pet.read_pet` refuses.
    """
    reading = read_pet(series)
    return Image(reading.volume, _patient(series.first), reading.findings)


def stated_pair(one: Image, other: Image, what: str) -> tuple[Volume, tuple[Finding, ...]]:
    """Return an image in the frame of reference of another, where a table says they are a pair.

    A collection may have re-identified the series of one examination apart; whether they lie over
    each other is for their outlines to tell.

    Args:
        one: whose frame of reference counts.
        other: that is returned.
        what: names both, such as ``CT and PET``.

    Returns:
        The volume, and a warning where the headers say otherwise.
    """
    frames = {image.volume.geometry.frame_of_reference_uid for image in (one, other)} - {None}
    if len(frames) <= 1:
        return other.volume, ()
    message = (
        f"{what} have different frames of reference; the table says that they belong together, "
        "and only their outlines tell whether they lie over each other"
    )
    finding = Finding("frame-of-reference-differs", "warning", message)
    return other.volume.in_frame_of(one.volume), (finding,)


def place_and_series(path: Path) -> tuple[Path, str | None]:
    """Part a path from the series that is chosen in it: ``FOLDER#UID``, or ``FOLDER#UID#n``.

    Returns:
        Where it lies, and what ``ctpet scan`` calls the series; None where it is not said.
    """
    found = None if path.exists() else _CHOSEN.fullmatch(str(path))
    return (path, None) if found is None else (Path(found[1]), found[2])


def chosen_ct(discovery: Discovery, series: str | None) -> SeriesInfo:
    """Choose the CT that a path means; a refusal names no UID, as it may stand in a report.

    Args:
        discovery: of what lies at the path.
        series: what stands after its ``#``, or None.

    Raises:
        InputRefused: what :func:`ctpet.dicom.select.select_ct` refuses.
    """
    with _without_uids():
        return select_ct(discovery, series=series)


def chosen_pet(discovery: Discovery, series: str | None) -> SeriesInfo:
    """Choose the PET that a path means; see :func:`chosen_ct`.

    Raises:
        InputRefused: what :func:`ctpet.dicom.select_pet.select_pet` refuses.
    """
    with _without_uids():
        return select_pet(discovery, series_uid=series)


@contextmanager
def _without_uids() -> Iterator[None]:
    """Take UIDs out of a refusal to choose.

    Raises:
        InputRefused: what the selection refuses.
    """
    try:
        yield
    except InputRefused as refusal:
        told = {
            "several-series": refusal.message.partition(":")[0],
            "series-not-found": "The series that a path names does not lie there",
        }
        if refusal.code not in told:
            raise
        raise InputRefused(
            refusal.code,
            told[refusal.code],
            remedy="Put the one that is meant into a folder of its own, or name it in a table: "
            "FOLDER#UID, or FOLDER#UID#n of a series that holds several; `ctpet scan` lists them",
        ) from refusal


def _patient(header: object) -> str:
    return str(getattr(header, "PatientID", None) or "").strip()
