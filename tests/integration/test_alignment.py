"""However a CT was scanned: what is bright in it is bright in the PET at the same place.

The PET is read with pydicom alone: position, orientation, spacing, slope and pixels of each file.
"""

import functools

import numpy as np
import pytest
from pydicom import dcmread

from ctpet import api
from tests.dicom_factory import AXIAL, ct_series, write_series

synthesize = functools.partial(api.synthesize, model="tissue-lookup")

CENTRE_MM = np.array([37.0, -81.0, 412.0])
MARKER_MM = CENTRE_MM + np.array([14.0, 10.0, -12.0])
RADII_MM = (8.0, 28.0, 34.0)
SHAPE, SPACING_MM = (36, 60, 52), (3.0, 1.7, 2.1)


def turned(degrees, about):
    """ImageOrientationPatient of axial slices turned about an LPS axis."""
    angle, axis = np.radians(degrees), np.asarray(about, float) / np.linalg.norm(about)
    cross = np.cross(np.eye(3), axis)
    turn = np.eye(3) - np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return tuple(np.concatenate([turn @ AXIAL[:3], turn @ AXIAL[3:]]))


def scanned(orientation, position="HFS", *, lean=0.0):
    """A body of balls (bone in muscle in fat in air) on slices of that orientation.

    The slices lie around CENTRE_MM, the balls around MARKER_MM.

    Args:
        orientation: (0020,0037).
        position: (0018,5100).
        lean: mm that each slice is moved along its columns, as a tilted gantry does.
    """
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    step = SPACING_MM[0] * np.cross(row, column) + lean * column
    axes = np.stack([step, SPACING_MM[1] * column, SPACING_MM[2] * row])
    origin = CENTRE_MM - (np.asarray(SHAPE) - 1) / 2 @ axes
    places = origin + np.moveaxis(np.indices(SHAPE), 0, -1) @ axes
    away_mm = np.linalg.norm(places - MARKER_MM, axis=-1)
    hu = np.select([away_mm < radius for radius in RADII_MM], [900, 40, -100], -1000)
    slices = ct_series(
        hu.astype(np.int16),
        spacing_mm=SPACING_MM,
        orientation=orientation,
        origin_mm=origin,
        patient_position=position,
    )
    for k, ds in enumerate(slices):
        ds.ImagePositionPatient = [f"{value:.6f}" for value in origin + k * step]
    return slices


def centre_of_uptake(folder):
    """The mean place, LPS mm, of everything above half the highest SUV."""
    places, values = [], []
    for path in folder.iterdir():
        ds = dcmread(path)
        row, column = np.reshape(ds.ImageOrientationPatient, (2, 3)).astype(float)
        rows_mm, columns_mm = (float(value) for value in ds.PixelSpacing)
        j, i = np.indices((ds.Rows, ds.Columns))
        places.append(
            np.asarray(ds.ImagePositionPatient, float)
            + j[..., None] * rows_mm * column
            + i[..., None] * columns_mm * row
        )
        values.append(np.frombuffer(ds.PixelData, "<i2").reshape(j.shape) * float(ds.RescaleSlope))
    bright = np.stack(values) > np.max(values) / 2
    return np.stack(places)[bright].mean(axis=0)


@pytest.mark.parametrize(
    ("orientation", "options"),
    [
        pytest.param(AXIAL, {}, id="head-first-supine"),
        pytest.param((-1, 0, 0, 0, 1, 0), {"position": "FFS"}, id="feet-first-supine"),
        pytest.param((-1, 0, 0, 0, -1, 0), {"position": "HFP"}, id="head-first-prone"),
        pytest.param((1, 0, 0, 0, -1, 0), {}, id="rows-from-back-to-front"),
        pytest.param((0, 1, 0, 1, 0, 0), {}, id="rows-and-columns-swapped"),
        pytest.param((1, 0, 0, 0, 0, -1), {}, id="coronal"),
        pytest.param((0, 1, 0, 0, 0, -1), {}, id="sagittal"),
        pytest.param(turned(20, (1, 0, 0)), {}, id="oblique"),
        pytest.param(turned(35, (1, 2, -1)), {}, id="doubly-oblique"),
        pytest.param(AXIAL, {"lean": 1.1}, id="tilted-gantry"),
        pytest.param(turned(15, (0, 1, 1)), {"lean": -0.8}, id="oblique-and-tilted"),
    ],
)
def test_a_marker_stays_where_it_is(tmp_path, orientation, options):
    ct = write_series(scanned(orientation, **options), tmp_path / "ct")
    synthesize(ct, tmp_path / "out")
    np.testing.assert_allclose(centre_of_uptake(tmp_path / "out" / "pet"), MARKER_MM, atol=1.0)
