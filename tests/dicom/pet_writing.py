"""What the tests of the PET writer start from."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread

from ctpet.dicom.provenance import Provenance
from ctpet.dicom.series import DicomFile, SeriesInfo
from ctpet.dicom.write_pet import PetWriting, write_pet
from ctpet.volume import Geometry, Volume
from tests.dicom_factory import write_series

PROVENANCE = Provenance(
    ctpet_version="0.1.0",
    model_name="tissue-lookup",
    model_version="1.0.0",
    model_digest="0123456789abcdef" * 4,
    tracer="FDG",
    radionuclide="F-18",
    device="CPU",
    provider="CPUExecutionProvider",
    precision="float32",
    options=(("overlap", "0.25"),),
)


def provenance(**changes: object) -> Provenance:
    return replace(PROVENANCE, **changes)


def source_of(datasets: Iterable[Dataset], folder: Path) -> SeriesInfo:
    """Write data sets and read their headers back, as a study on disk would be."""
    return read_source(write_series(datasets, folder))


def read_source(folder: Path) -> SeriesInfo:
    paths = sorted(folder.glob("*.dcm"))
    headers = tuple(dcmread(path, stop_before_pixels=True) for path in paths)
    return SeriesInfo(tuple(DicomFile(path) for path in paths), headers)


def a_pet(
    shape: tuple[int, int, int] = (5, 8, 9),
    affine: np.ndarray | None = None,
    frame_of_reference_uid: str | None = None,
) -> Volume:
    """A volume without symmetry, SUV 0 to 8, LPS-aligned unless told otherwise."""
    if affine is None:
        affine = np.array([[0, 0, 4, -60], [0, 4, 0, -50], [4, 0, 0, 10], [0, 0, 0, 1]], np.float64)
    array = np.random.default_rng(7).gamma(1.2, 0.8, shape).astype(np.float32)
    array[shape[0] - 1, 1, 2] = 8.0
    return Volume(array, Geometry(shape, affine, frame_of_reference_uid), "SUVBW")


def write(pet: Volume, source: SeriesInfo, out: Path, **changes: object) -> PetWriting:
    return write_pet(pet, source=source, provenance=provenance(**changes), out=out)


def codes_of(writing: PetWriting) -> set[str]:
    return {finding.code for finding in writing.findings}
