"""Time of writing a PET series, beside plain pydicom saving the same pixel bytes.

python scripts/benchmarks/write_pet.py [slices] [rows]
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from ctpet.dicom.provenance import Provenance
from ctpet.dicom.series import DicomFile, SeriesInfo
from ctpet.dicom.uid import derived_uid
from ctpet.dicom.write_pet import write_pet
from ctpet.volume import Geometry, Volume

PROVENANCE = Provenance(
    "0", "benchmark", "0", "0" * 64, "FDG", "F-18", "CPU", "CPUExecutionProvider", "float32"
)
SPACING_MM = 4.0
CT_SPACING_MM = 3.0


def main() -> None:
    slices, rows = (int(n) for n in sys.argv[1:3]) if len(sys.argv) == 3 else (225, 128)
    pet, source = volume(slices, rows), ct_source(slices)
    with tempfile.TemporaryDirectory() as scratch:
        ours = min(timed(lambda n=n: write(pet, source, Path(scratch, f"a{n}"))) for n in range(3))
        plain = min(timed(lambda n=n: save(pet, Path(scratch, f"b{n}"))) for n in range(3))
    print(f"{slices} slices of {rows}×{rows}")
    print(f"write_pet     {ours:.3f} s, {ours / slices * 1000:.2f} ms a slice")
    print(f"plain pydicom {plain:.3f} s, {plain / slices * 1000:.2f} ms a slice")
    print(f"ratio         {ours / plain:.2f}")


def timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def volume(slices: int, rows: int) -> Volume:
    affine = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]) * SPACING_MM
    affine[3, 3] = 1
    shape = (slices, rows, rows)
    array = np.random.default_rng(0).gamma(1.2, 0.8, shape).astype(np.float32)
    return Volume(array, Geometry(shape, affine), "SUVBW")


def ct_source(slices: int) -> SeriesInfo:
    """A CT of 3 mm slices over the same stretch."""
    headers = []
    for n in range(int(slices * SPACING_MM / CT_SPACING_MM)):
        ds = Dataset()
        ds.SOPClassUID = CTImageStorage
        ds.SOPInstanceUID = derived_uid("ct", str(n))
        ds.SeriesInstanceUID, ds.StudyInstanceUID = "1.2.3", "1.2.4"
        ds.FrameOfReferenceUID = "1.2.5"
        ds.AcquisitionDate, ds.AcquisitionTime = "20260105", "101610"
        ds.ImagePositionPatient = [0, 0, CT_SPACING_MM * n]
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.PixelSpacing = [1, 1]
        ds.Rows = ds.Columns = 512
        headers.append(ds)
    return SeriesInfo(tuple(DicomFile(Path(str(n))) for n in range(len(headers))), tuple(headers))


def write(pet: Volume, source: SeriesInfo, out: Path) -> None:
    write_pet(pet, source=source, provenance=PROVENANCE, out=out)


def save(pet: Volume, out: Path) -> None:
    """Save the same number of pixel bytes with no more header than pydicom needs."""
    out.mkdir()
    for k, plane in enumerate(pet.array):
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, f"1.2.{k}"
        ds.Rows, ds.Columns = plane.shape
        ds.add_new("PixelData", "OW", plane.astype("<i2").tobytes())
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dcmwrite(out / f"{k:05d}.dcm", ds, enforce_file_format=True)


if __name__ == "__main__":
    main()
