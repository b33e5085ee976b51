"""Shared by the reading tests: write a series, find it, read it, look at one place of it."""

import numpy as np
from pydicom import Dataset

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.select import select_ct
from tests.dicom_factory import ct_series, write_series

MARKER_HU = 2000


def ramp_series(slices=7, **options):
    """A series whose k-th slice is 100·k HU everywhere, 3 mm apart from z = 0."""
    hu = np.repeat(100 * np.arange(slices, dtype=np.int16), 16).reshape(slices, 4, 4)
    return ct_series(hu, spacing_mm=(3, 2, 2), origin_mm=(0, 0, 0), **options)


def marker_series(**options):
    """A series of −1000 HU with one voxel of MARKER_HU at (k, j, i) = (2, 1, 5)."""
    hu = np.full((6, 8, 10), -1000, np.int16)
    hu[2, 1, 5] = MARKER_HU
    return ct_series(hu, **options)


def marker_lps(volume):
    """Where the marker lies, LPS mm."""
    k, j, i = np.argwhere(volume.array == MARKER_HU).squeeze()
    return volume.geometry.index_to_lps([k, j, i])


def move(ds: Dataset, *position: float):
    ds.ImagePositionPatient = [f"{value:.6f}" for value in position]


def find(folder):
    return select_ct(discover(folder))


def read(slices, folder):
    """Write the series, then read what lies in the folder as a job does."""
    return read_ct(find(write_series(slices, folder / "ct")))


def stored_as(slices, dtype, *, intercept=-1024, slope=1, bits_stored=None, wrap=False):
    """Store the same HU with another type; ``wrap`` lets what does not fit wrap around."""
    dtype = np.dtype(dtype)
    for ds in slices:
        old = "<i2" if ds.PixelRepresentation else "<u2"
        hu = np.frombuffer(ds.PixelData, old) * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        values = np.rint((hu - intercept) / slope).astype(np.int64)
        if not wrap:
            assert np.array_equal(values.astype(dtype), values)
        ds.PixelData = values.astype(dtype).tobytes()
        ds.BitsAllocated = dtype.itemsize * 8
        ds.BitsStored = bits_stored or ds.BitsAllocated
        ds.HighBit = ds.BitsStored - 1
        ds.PixelRepresentation = int(dtype.kind == "i")
        ds.RescaleSlope, ds.RescaleIntercept = f"{slope:g}", f"{intercept:g}"
    return slices


def codes(reading):
    return {finding.code for finding in reading.findings}


def replace_text(folder, old: bytes, new: bytes):
    """Change bytes of the same length in every file, as a careless writer would have."""
    assert len(old) == len(new)
    for path in folder.iterdir():
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new))
