"""The box protocol on the Soft-tissue-Sarcoma crops.

Each crop of the data set is a tumour plus 5 cm, so the distance to the nearest face of the crop
says where the tumour is. Models are therefore fitted and scored on random 96 mm boxes inside the
crops, each seen without anything outside it.
"""

import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.volume import Geometry, Volume, resample

BOX_MM = 96.0
BOXES_PER_PATIENT = 8
SEED = 20261122
BODY_HU = -300.0


@dataclass(frozen=True)
class Box:
    """One box: CT and PET without anything outside it.

    Attributes:
        patient: such as ``STS_002``.
        ct: HU on the CT's own grid.
        ct_on_pet: the same HU on the PET's grid.
        pet: measured SUVbw on the PET's own grid.
    """

    patient: str
    ct: Volume
    ct_on_pet: Volume
    pet: Volume

    @property
    def body(self) -> NDArray[np.bool_]:
        """Voxels of the PET grid that are inside the body."""
        return self.ct_on_pet.array > BODY_HU


def patients(folder: Path) -> list[str]:
    """Return the names of the patients in the data folder, sorted."""
    return sorted(path.name.removesuffix(".tar.xz") for path in folder.glob("STS_*.tar.xz"))


def boxes_of(folder: Path, patient: str) -> list[Box]:
    """Return the boxes of one patient, the same ones every time."""
    ct, pet = _read_pair(folder / f"{patient}.tar.xz")
    rng = np.random.default_rng([SEED, zlib.crc32(patient.encode())])
    return [_box(patient, ct, pet, rng) for _ in range(BOXES_PER_PATIENT)]


def all_boxes(folder: Path) -> Iterator[list[Box]]:
    """Yield the boxes of each patient in turn."""
    for patient in patients(folder):
        yield boxes_of(folder, patient)


def _read_pair(archive: Path) -> tuple[Volume, Volume]:
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        series = {info.modality: info for info in discover(Path(scratch)).series}
        return read_ct(series["CT"]).volume, read_pet(series["PT"]).volume


def _box(patient: str, ct: Volume, pet: Volume, rng: np.random.Generator) -> Box:
    low_ct, high_ct = _extent_mm(ct.geometry)
    low_pet, high_pet = _extent_mm(pet.geometry)
    low, high = np.maximum(low_ct, low_pet), np.minimum(high_ct, high_pet)
    room = np.maximum(high - low - BOX_MM, 0)
    start = low + rng.uniform(size=3) * room
    stop = np.minimum(start + BOX_MM, high)
    ct_box, pet_box = _crop(ct, start, stop), _crop(pet, start, stop)
    return Box(patient, ct_box, resample(ct_box, pet_box.geometry, fill=-1024.0), pet_box)


def _extent_mm(geometry: Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    corners = geometry.corners_mm()
    return corners.min(axis=0), corners.max(axis=0)


def _crop(volume: Volume, start_mm: NDArray[np.float64], stop_mm: NDArray[np.float64]) -> Volume:
    """Keep the voxels whose centres lie in the box; for axis-aligned volumes."""
    index = volume.geometry.lps_to_index(np.stack([start_mm, stop_mm]))
    first = np.clip(np.ceil(index.min(axis=0)).astype(int), 0, None)
    last = np.minimum(np.floor(index.max(axis=0)).astype(int), np.array(volume.array.shape) - 1)
    region = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    affine = volume.geometry.affine.copy()
    affine[:3, 3] = volume.geometry.index_to_lps(first)
    array = np.ascontiguousarray(volume.array[region])
    geometry = Geometry(array.shape, affine, volume.geometry.frame_of_reference_uid)
    return Volume(array, geometry, volume.quantity)
