"""Write a synthetic PET volume as a classic DICOM PET series beside its CT."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage

from ctpet.dicom.bound import Bound
from ctpet.dicom.encode import (
    Planes,
    StoredPixels,
    image_planes,
    put_pixels,
    put_plane,
    quantise,
)
from ctpet.dicom.encoded import (
    CHARACTER_SET,
    Elements,
    encoded,
    encoded_item,
    encoded_sequence,
    write_file,
)
from ctpet.dicom.modules.equipment import put_equipment
from ctpet.dicom.modules.frame_of_reference import put_frame_of_reference
from ctpet.dicom.modules.isotope import put_isotope
from ctpet.dicom.modules.orientation import put_orientation
from ctpet.dicom.modules.patient_study import put_patient_and_study
from ctpet.dicom.modules.pet_image import (
    SOURCE_IMAGE_SEQUENCE,
    nearby_sources,
    put_image,
    put_lossy_history,
    put_slice_numbers,
    source_image_items,
)
from ctpet.dicom.modules.pet_series import (
    acquisition_moment,
    put_general_series,
    put_pet_series,
)
from ctpet.dicom.provenance import Provenance
from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.uid import derived_uid
from ctpet.dicom.warned import collected_warnings
from ctpet.errors import CtpetError
from ctpet.findings import Finding
from ctpet.progress import Progress, silent
from ctpet.volume import Volume

_IMPLEMENTATION_CLASS_UID = UID(derived_uid("ctpet", "implementation-class"))


@dataclass(frozen=True, slots=True)
class PetWriting:
    """A series that was written.

    Attributes:
        paths: one file a slice, in order along the normal; for an axial volume feet to head.
        series_instance_uid: (0020,000E) of the new series.
        rescale_slope: SUVbw in g/mL of one stored step.
        findings: what of the CT's header could not be copied as it was.
    """

    paths: tuple[Path, ...]
    series_instance_uid: str
    rescale_slope: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class _Series:
    """What the slices of one series are made from."""

    planes: Planes
    pixels: StoredPixels
    common: Dataset
    identity: str
    source: SeriesInfo
    ctpet_version: str


def write_pet(
    pet: Volume,
    *,
    source: SeriesInfo,
    provenance: Provenance,
    out: Path,
    bound: Bound | None = None,
    progress: Progress = silent,
) -> PetWriting:
    """Write a PET volume as PET Image Storage (PS3.3 A.21), one file a slice.

    The series joins the CT's study and frame of reference. Files are named ``PET00001.dcm`` and
    on, numbered along the slice normal. Every byte follows from the arguments: a re-run writes
    the same files, and any other pixel, geometry, CT, model or option gives other UIDs.

    Args:
        pet: SUVbw in g/mL on an orthogonal grid; negative values are kept.
        source: the CT that the volume was computed from.
        provenance: what computed it.
        out: a folder that does not exist yet or is empty.
        bound: that the volume is, of a PET; None: it is the PET.
        progress: told about the stage ``write``.

    Raises:
        ValueError: if the volume is not SUVbw, sheared, or in another frame of reference.
        InputRefused: if the CT belongs to no study.
        CtpetError: if the folder holds files, or cannot be written (disk full).
    """
    if pet.quantity != "SUVBW":
        raise ValueError(f"only SUVBW is written as PET, not {pet.quantity}")
    findings: dict[Finding, None] = {}
    if bound is not None:
        shows = ("shows", bound.in_words)
        provenance = replace(provenance, options=(*provenance.options, shows))
    with collected_warnings():  # of a source's UIDs, which discovery has told of
        series = _prepare(pet, source, provenance, bound, findings)
        paths = _write_all(series, out, progress)
    return PetWriting(
        paths, str(series.common.SeriesInstanceUID), series.pixels.slope, tuple(findings)
    )


def _prepare(
    pet: Volume,
    source: SeriesInfo,
    provenance: Provenance,
    bound: Bound | None,
    findings: dict[Finding, None],
) -> _Series:
    planes = image_planes(pet)
    pixels = quantise(planes.volume.array)
    identity = _identity(planes, pixels, source, provenance)

    def report(finding: Finding) -> None:
        findings[finding] = None

    ds = Dataset()
    ds.SpecificCharacterSet = CHARACTER_SET
    ds.SOPClassUID = PositronEmissionTomographyImageStorage
    ds.SyntheticData = "YES"
    ds.SeriesInstanceUID = derived_uid("pet-series", identity)
    put_patient_and_study(ds, source.first, report)
    put_frame_of_reference(ds, source.first, pet.geometry.frame_of_reference_uid, report)
    put_general_series(ds, source.first, provenance.tracer, bound, report)
    put_equipment(ds, source.first, provenance, report)
    put_orientation(ds, source.first, report)
    put_isotope(ds, provenance)
    moment = acquisition_moment(source.headers, report)
    put_pet_series(ds, moment, len(planes.positions))
    put_image(ds, moment, provenance)
    put_lossy_history(ds, source.headers, report)
    ds.RescaleSlope = pixels.slope_text
    return _Series(planes, pixels, ds, identity, source, provenance.ctpet_version)


def _identity(
    planes: Planes, pixels: StoredPixels, source: SeriesInfo, provenance: Provenance
) -> str:
    """Return a digest of all that makes this series different from another one."""
    geometry = planes.volume.geometry
    parts = (
        *sorted(str(header.SOPInstanceUID) for header in source.headers),
        provenance.to_json(),
        repr(geometry.shape),
        geometry.affine.astype("<f8").tobytes().hex(),
        pixels.slope_text,
        hashlib.sha256(pixels.array.astype("<i2", copy=False).tobytes()).hexdigest(),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _slices(series: _Series) -> Iterator[tuple[FileMetaDataset, Elements]]:
    """Yield what each plane has of its own, in order along the normal."""
    headers = series.source.headers
    items = [encoded_item(item) for item in source_image_items(headers)]
    near = nearby_sources(headers, series.planes)
    for k, stored in enumerate(series.pixels.array):
        ds = Dataset()
        ds.SOPInstanceUID = derived_uid("pet-image", series.identity, str(k))
        put_slice_numbers(ds, k)
        put_plane(ds, series.planes, k)
        put_pixels(ds, stored)
        sources = encoded_sequence(SOURCE_IMAGE_SEQUENCE, (items[n] for n in near[k]))
        yield _file_meta(str(ds.SOPInstanceUID), series.ctpet_version), encoded(ds) | sources


def _file_meta(sop_instance_uid: str, ctpet_version: str) -> FileMetaDataset:
    """Return the file meta information, PS3.10 7.1."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = PositronEmissionTomographyImageStorage
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = f"CTPET_{ctpet_version}"[:16]
    return meta


def _write_all(series: _Series, out: Path, progress: Progress) -> tuple[Path, ...]:
    paths = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise CtpetError(f"The folder {out} is not empty. Name a new one for the PET series.")
        shared = encoded(series.common)
        for k, (meta, own) in enumerate(_slices(series)):
            path = out / f"PET{k + 1:05d}.dcm"
            write_file(path, meta, shared, own)
            paths.append(path)
            progress("write", len(paths) / len(series.planes.positions))
    except OSError as error:
        raise CtpetError(
            f"The PET series cannot be written to {out}: {error.strerror or error}. "
            "Free some space or name another folder."
        ) from error
    return tuple(paths)
