"""Volumes as NIfTI files: RAS+ millimetres, axes i, j, k, turned into LPS and k, j, i and back.

The fields are those of NIfTI-1.1, `nifti1.h` (NIMH, 2007). A NIfTI file knows no frame of
reference, so a volume read from one has none.
"""

# nibabel declares itself typed but annotates few of its methods.
# mypy: disable-error-code="no-untyped-call"

import gzip
import io
import math
import zlib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.fileholders import FileHolder
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.volume import Geometry, LabelMap, Quantity, Volume
from ctpet.volume.no_data import fill_no_data, fill_not_a_number
from ctpet.volume.volume import MAX_VOXELS
from ctpet.zipped import MOST_BYTES, read_member

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_UNIT_MM = {"unknown": 1.0, "mm": 1.0, "meter": 1000.0, "micron": 0.001}
_SCANNER = 1
_SYNTHETIC = b"SYNTHETIC"
_DESCRIP_BYTES = 79
_GZIP = b"\x1f\x8b"
_NIFTI_2_BYTES = 540
_SAME_PLACE_MM = 1.0
_MOST_INFLATED = 1032
"""Bytes that one of deflated data can stand for: 258 for two bits (RFC 1951 3.2.5)."""

_LARGEST_LABEL = 2**16 - 1
_BROKEN_FILE = (ImageFileError, HeaderDataError, OSError, EOFError, ValueError, zlib.error)


SYNTHETIC_PET = "SYNTHETIC PET SUVbw NOT FOR DIAGNOSIS"
"""What a file of ours says of itself where its maker is not told elsewhere."""


def is_nifti_name(path: Path) -> bool:
    """Tell whether a file is called as NIfTI files are, in capitals or not."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


@dataclass(frozen=True, eq=False)
class NiftiCt:
    """A CT, read.

    Attributes:
        volume: HU.
        findings: what was changed.
    """

    volume: Volume
    findings: tuple[Finding, ...]


def read_nifti_ct(path: Path) -> NiftiCt:
    """Read a CT as HU; see :func:`read_nifti`.

    Padding, and what a tool filled in, becomes −1024 HU with a finding, as in DICOM
    (:mod:`ctpet.volume.no_data`).

    Raises:
        InputRefused: also ``synthetic-input`` or ``not-ct``: the file says that it is our own
            output, or that it holds SUV; those of :func:`ctpet.volume.no_data.fill_no_data`.
    """
    description = _open(path).header["descrip"].item()
    if b"SUVbw" in description and not description.startswith(_SYNTHETIC):
        raise InputRefused(
            "not-ct",
            f"{path.name} says in its description that it holds SUV, not HU",
            remedy="Give the CT",
        )
    _refuse_synthetic(description, path, remedy="Give the CT itself")
    array, geometry = _read(path)
    findings = fill_not_a_number(array)
    _require_finite(array, path)
    findings += fill_no_data(array, geometry.axis_along_body)
    return NiftiCt(Volume(array, geometry, "HU"), tuple(findings))


def read_nifti_pet(path: Path) -> Volume:
    """Read a measured PET as SUVbw; see :func:`read_nifti`.

    Raises:
        InputRefused: also ``synthetic-input``: the file says that it is our own output.
    """
    description = _open(path).header["descrip"].item()
    _refuse_synthetic(description, path, remedy="Give the measured PET")
    return read_nifti(path, "SUVBW")


def _refuse_synthetic(description: bytes, path: Path, *, remedy: str) -> None:
    if description.startswith(_SYNTHETIC):
        raise InputRefused(
            "synthetic-input",
            f"{path.name} says in its description that it is synthetic",
            remedy=remedy,
        )


def read_nifti(path: Path, quantity: Quantity) -> Volume:
    """Read one 3D NIfTI file (.nii, .nii.gz) with its scaling applied.

    The place comes from the sform, else from the qform. Lengths are read in the stated unit;
    where none is stated they are millimetres, as every reader takes it.

    Args:
        path: the file.
        quantity: what its scaled values are; the file does not say.

    Returns:
        The values as float32 (k, j, i), reversed from the file's (i, j, k), with an LPS geometry
        in mm.

    Raises:
        InputRefused: ``nifti-unreadable`` (missing, damaged, truncated or another format),
            ``nifti-not-3d``, ``volume-too-large``, ``nifti-not-scalar`` (colours, complex numbers),
            ``nifti-units-unknown``, ``nifti-no-orientation`` (neither sform nor qform),
            ``nifti-orientations-differ`` (sform and qform place it differently),
            ``nifti-bad-orientation`` (not an invertible map) or ``nifti-not-finite``.
    """
    array, geometry = _read(path)
    _require_finite(array, path)
    return Volume(array, geometry, quantity)


def _read(path: Path) -> tuple[NDArray[np.float32], Geometry]:
    """Return scaled values, (k, j, i), writable and maybe not finite, and where they lie."""
    image = _open(path)
    shape = image.shape
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise InputRefused(
            "nifti-not-3d",
            f"{path.name} has the shape {'×'.join(map(str, shape))}, not three axes",
            remedy="Give one volume of the series",
        )
    _require_size(image, path)
    geometry = _geometry(image, path)
    array = _values(image, path).reshape(geometry.shape[::-1], order="F").T
    return np.ascontiguousarray(array), geometry


def read_nifti_labels(path: Path) -> LabelMap:
    """Read whole numbers from a NIfTI file; see :func:`read_nifti`.

    Raises:
        InputRefused: also ``labels-not-whole``.
    """
    volume = read_nifti(path, "HU")  # a label has no quantity; only its numbers are used
    values = volume.array
    whole = values.min() >= 0 and values.max() <= _LARGEST_LABEL and (values % 1 == 0).all()
    if not whole:
        raise InputRefused(
            "labels-not-whole",
            f"A label map holds values that are not whole numbers from 0 to {_LARGEST_LABEL}",
            remedy="Give the labels as they were drawn, not interpolated",
        )
    return LabelMap(values.astype(np.uint16), volume.geometry)


def write_nifti(volume: Volume, path: Path, *, descrip: str = "") -> None:
    """Write a volume as float32 NIfTI-1 with sform and qform in scanner coordinates (code 1).

    The same volume gives the same bytes. A sheared grid gets no qform, which cannot hold shears
    and would place it wrongly.

    Args:
        volume: what to write.
        path: ends in .nii or .nii.gz; an existing file is replaced.
        descrip: free text of at most 79 ASCII characters; synthetic PET says here that it is.

    Raises:
        ValueError: the path ends otherwise, or descrip is too long or not ASCII.
    """
    text = descrip.encode("ascii")
    if len(text) > _DESCRIP_BYTES:
        raise ValueError(f"descrip holds {_DESCRIP_BYTES} characters, not {len(text)}")
    if not path.name.endswith((".nii", ".nii.gz")):
        raise ValueError(f"a NIfTI file ends in .nii or .nii.gz, not {path.name}")
    affine = RAS_TO_LPS @ volume.geometry.affine[:, [2, 1, 0, 3]]
    image = nib.Nifti1Image(volume.array.T, affine)
    image.set_sform(affine, code=_SCANNER)
    image.set_qform(affine, code=0 if _is_sheared(affine) else _SCANNER)
    image.header.set_xyzt_units("mm")
    image.header.set_slope_inter(1, 0)
    image.header["descrip"] = text
    with path.open("wb") as file:
        packed = (
            gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
            if path.suffix == ".gz"
            else nullcontext(file)
        )
        with packed as stream:
            image.to_file_map({"image": FileHolder(fileobj=cast("io.IOBase", stream))})


def _open(path: Path) -> nib.Nifti1Image:
    """Return a file's image with its values still on disk, or those of a member of an archive."""
    packed = None if path.exists() else read_member(path)
    try:
        image = nib.load(path) if packed is None else _unpacked(packed)
    except _BROKEN_FILE as error:
        raise _unreadable(path, error) from error
    if not isinstance(image, nib.Nifti1Image):
        raise _unreadable(path, TypeError(f"it is a {type(image).__name__}"))
    return image


def _unpacked(packed: bytes) -> nib.Nifti1Image:
    """Return the image in the bytes of a .nii or .nii.gz file."""
    if packed.startswith(_GZIP):
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            packed = stream.read(MOST_BYTES + 1)
        if len(packed) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES >> 30} GiB unpacked")
    size = packed[:4]
    newer = _NIFTI_2_BYTES in (int.from_bytes(size, "little"), int.from_bytes(size, "big"))
    return (nib.Nifti2Image if newer else nib.Nifti1Image).from_bytes(packed)


def _unreadable(path: Path, error: Exception) -> InputRefused:
    reason = str(error).replace(str(path), path.name)
    return InputRefused(
        "nifti-unreadable",
        f"{path.name} cannot be read as NIfTI ({type(error).__name__}: {reason})",
        remedy="Give a complete .nii or .nii.gz file",
    )


def _require_size(image: nib.Nifti1Image, path: Path) -> None:
    """Refuse a file that cannot hold what its header promises, before memory is asked for it."""
    voxels = math.prod(image.shape)
    if voxels > MAX_VOXELS:
        raise InputRefused(
            "volume-too-large",
            f"{path.name} has {'×'.join(map(str, image.shape))} voxels; the limit is {MAX_VOXELS}",
            remedy="Resample it to a coarser grid",
        )
    if not path.exists():
        return  # a member of an archive, whose bytes are in memory
    packed = path.name.lower().endswith(".gz")
    most = path.stat().st_size * (_MOST_INFLATED if packed else 1)
    if voxels * image.get_data_dtype().itemsize > most:
        raise _unreadable(path, EOFError("it ends early"))


def _geometry(image: nib.Nifti1Image, path: Path) -> Geometry:
    """Return where the voxels lie, in LPS mm."""
    to_mm = _to_mm(image, path)
    ras = _ras_affine(image, path).copy()
    ras[:3] *= to_mm
    i, j, k = image.shape[:3]
    try:
        return Geometry((k, j, i), (RAS_TO_LPS @ ras)[:, [2, 1, 0, 3]])
    except ValueError as error:
        raise InputRefused(
            "nifti-bad-orientation",
            f"{path.name} does not say where its voxels are: {error}",
            remedy="Convert the DICOM series again",
        ) from error


def _to_mm(image: nib.Nifti1Image, path: Path) -> float:
    """Return the length of the file's unit in mm."""
    try:
        return _UNIT_MM[image.header.get_xyzt_units()[0]]
    except KeyError as error:
        raise InputRefused(
            "nifti-units-unknown",
            f"{path.name} states a unit of length that NIfTI does not have"
            f" (xyzt_units {int(image.header['xyzt_units'])})",
            remedy="Write it in millimetres (xyzt_units 2)",
        ) from error


def _ras_affine(image: nib.Nifti1Image, path: Path) -> NDArray[np.float64]:
    """Return the map from (i, j, k, 1) to the file's RAS coordinates."""
    try:
        sform, qform = image.get_sform(coded=True)[0], image.get_qform(coded=True)[0]
    except (HeaderDataError, ValueError) as error:
        raise _unreadable(path, error) from error
    if sform is None and qform is None:
        raise InputRefused(
            "nifti-no-orientation",
            f"{path.name} has neither sform nor qform (both codes are 0):"
            " left and right cannot be told apart",
            remedy="Convert the DICOM series again with a tool that keeps the orientation",
        )
    if sform is None or qform is None:
        return np.asarray(qform if sform is None else sform, dtype=np.float64)
    apart = _apart(sform, qform, image.shape[:3]) * _to_mm(image, path)
    if apart > _SAME_PLACE_MM and not _is_sheared(sform):
        raise InputRefused(
            "nifti-orientations-differ",
            f"sform and qform of {path.name} place voxels {apart:.1f} mm apart"
            f" (limit {_SAME_PLACE_MM:g} mm)",
            remedy="Convert the DICOM series again, or remove the transform that is wrong",
        )
    return np.asarray(sform, dtype=np.float64)


def _apart(one: NDArray[np.float64], other: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """Return the greatest distance between two places of a corner voxel."""
    corners = np.array([*np.array(list(np.ndindex(2, 2, 2))).T * np.subtract(shape, 1)[:, None]])
    difference = (one - other)[:3] @ np.vstack([corners, np.ones(8)])
    return float(np.linalg.norm(difference, axis=0).max())


def _is_sheared(affine: NDArray[np.float64]) -> bool:
    """Whether the axes are not at right angles, which a qform cannot say."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() > 1e-5)


def _values(image: nib.Nifti1Image, path: Path) -> NDArray[np.float32]:
    """Return the scaled values as float32, (i, j, k) with trailing axes of 1."""
    if image.get_data_dtype().kind not in "iuf":
        raise InputRefused(
            "nifti-not-scalar",
            f"{path.name} holds {image.get_data_dtype()}, not one number a voxel",
            remedy="Give a CT in Hounsfield units",
        )
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            values = image.get_fdata(dtype=np.float32, caching="unchanged")
    except _BROKEN_FILE as error:
        raise _unreadable(path, error) from error
    return values


def _require_finite(values: NDArray[np.float32], path: Path) -> None:
    if not (np.isfinite(values.min()) and np.isfinite(values.max())):
        raise InputRefused(
            "nifti-not-finite",
            f"{path.name} holds values that are not finite numbers (NaN or infinite)",
            remedy="Find out what they stand for and write the file without them",
        )
