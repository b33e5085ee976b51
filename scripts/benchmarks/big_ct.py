"""A CT of clinical size as DICOM, made for timing: 300 slices of 512×512 at 0.9 × 0.9 × 2.5 mm."""

from pathlib import Path

import numpy as np

from tests.dicom_factory import body_hu, ct_series, write_series

SLICES, SIDE = 300, 512
SPACING_MM = (2.5, 0.9, 0.9)


def write_big_ct(folder: Path) -> Path:
    """Write the series, with noise so that nothing compresses or repeats, and return the folder."""
    rng = np.random.default_rng(0)
    hu = body_hu((SLICES, SIDE, SIDE))
    for plane in hu:
        np.add(plane, rng.normal(0, 12, plane.shape).astype(np.int16), out=plane)
    return write_series(ct_series(np.maximum(hu, -1024), spacing_mm=SPACING_MM), folder)
