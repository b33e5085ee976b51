"""Wherever the CT lay, a voxel of the PET lies where it did: by four readers that agree."""

from pathlib import Path

import highdicom
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from scipy.spatial.transform import Rotation

from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.write_pet import PetWriting
from ctpet.volume import Geometry, Volume, covering_grid
from tests.dicom.pet_writing import a_pet, source_of, write
from tests.dicom_factory import ct_series
from tests.validators import assert_valid_series

TURNS = {
    "axial": np.eye(3),
    "oblique": Rotation.from_euler("xyz", (0.3, -0.2, 0.5)).as_matrix(),
    "coronal": np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], float),
    "sagittal": np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]], float),
    "feet up": np.diag([-1.0, 1.0, -1.0]),
    "left-handed": np.diag([1.0, 1.0, -1.0]),
    "mirrored": np.diag([-1.0, 1.0, 1.0]),
}
"""Columns: LPS direction of i, j and k."""


def turned(directions: np.ndarray) -> Volume:
    """A PET with spacing 5, 4, 3 mm along k, j, i in these directions."""
    affine = np.eye(4)
    affine[:3, :3] = directions[:, ::-1] * (5.0, 4.0, 3.0)
    affine[:3, 3] = (-60.123456789, 35.3, -812.7)
    return a_pet((6, 8, 9), affine)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SeriesInfo:
    return source_of(ct_series(), tmp_path_factory.mktemp("source") / "ct")


def simpleitk_at(writing: PetWriting, points: np.ndarray) -> np.ndarray:
    folder = str(writing.paths[0].parent)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(folder))
    image = reader.Execute()
    indices = [image.TransformPhysicalPointToContinuousIndex(p) for p in points.tolist()]
    nearest = np.rint(indices)
    assert np.abs(np.array(indices) - nearest).max() < 1e-4
    return np.array([image[tuple(int(x) for x in index)] for index in nearest])


def highdicom_at(writing: PetWriting, points: np.ndarray) -> np.ndarray:
    volume = highdicom.get_volume_from_series([dcmread(p) for p in writing.paths])
    indices = volume.map_reference_to_indices(points)
    nearest = np.rint(indices).astype(int)
    assert np.abs(indices - nearest).max() < 1e-4
    return volume.array[tuple(nearest.T)]


def pydicom_at(writing: PetWriting, points: np.ndarray) -> np.ndarray:
    """The standard's own equation, PS3.3 C.7.6.2.1.1, slice by slice."""
    values = np.full(len(points), np.nan)
    for path in writing.paths:
        ds = dcmread(path)
        row, column = np.array(ds.ImageOrientationPatient, float).reshape(2, 3)
        offset = points - np.array(ds.ImagePositionPatient, float)
        here = np.abs(offset @ np.cross(row, column)) < 1e-4
        j = np.rint(offset[here] @ column / float(ds.PixelSpacing[0])).astype(int)
        i = np.rint(offset[here] @ row / float(ds.PixelSpacing[1])).astype(int)
        values[here] = ds.pixel_array[j, i] * float(ds.RescaleSlope)
    return values


@pytest.mark.parametrize("name", TURNS)
def test_readers_agree_on_every_voxel(name: str, source: SeriesInfo, tmp_path: Path) -> None:
    pet = turned(TURNS[name])
    writing = write(pet, source, tmp_path / "pt")
    index = np.array(list(np.ndindex(pet.geometry.shape)))
    points = pet.geometry.index_to_lps(index)
    truth = pet.array[tuple(index.T)]
    for reader in (pydicom_at, highdicom_at, simpleitk_at):
        error = np.abs(reader(writing, points) - truth).max()
        assert error <= writing.rescale_slope * 0.5001 + 1e-6, reader.__name__


@pytest.mark.parametrize("name", TURNS)
def test_validators_accept_any_orientation(
    name: str, source: SeriesInfo, tmp_path: Path, require_tool
) -> None:
    write(turned(TURNS[name]), source, tmp_path / "pt")
    assert_valid_series(
        tmp_path / "pt", source.files[0].path.parent, tmp_path / "judged", require_tool
    )


ORIENTATIONS = {
    "HFS": (1, 0, 0, 0, 1, 0),
    "HFP": (-1, 0, 0, 0, -1, 0),
    "HFDR": (0, 1, 0, -1, 0, 0),
    "HFDL": (0, -1, 0, 1, 0, 0),
    "FFS": (-1, 0, 0, 0, 1, 0),
    "FFP": (1, 0, 0, 0, -1, 0),
    "FFDR": (0, -1, 0, -1, 0, 0),
    "FFDL": (0, 1, 0, 1, 0, 0),
}


@pytest.mark.parametrize("position", ORIENTATIONS)
def test_a_marker_lands_where_it_was_in_the_ct(position: str, tmp_path: Path, require_tool) -> None:
    """The CT's corner voxel, on the LPS grid that covers a CT lying in any way."""
    slices = ct_series(orientation=ORIENTATIONS[position], patient_position=position)
    source = source_of(slices, tmp_path / "ct")
    row, column = np.array(ORIENTATIONS[position], float).reshape(2, 3)
    first = np.array(slices[0].ImagePositionPatient, float)
    affine = np.eye(4)
    affine[:3, :3] = np.stack((3 * np.cross(row, column), 2 * column, 2 * row), axis=1)
    affine[:3, 3] = first
    grid = covering_grid(
        Geometry((12, 40, 48), affine, slices[0].FrameOfReferenceUID), (4.0, 4.0, 4.0)
    )
    array = np.zeros(grid.shape, np.float32)
    k, j, i = np.rint(grid.lps_to_index(first)).astype(int)
    array[k, j, i] = 5.0
    writing = write(Volume(array, grid, "SUVBW"), source, tmp_path / "pt")
    marker = grid.index_to_lps((k, j, i))
    assert np.abs(marker - first).max() <= 2.0 + 1e-9
    for reader in (pydicom_at, highdicom_at, simpleitk_at):
        assert reader(writing, marker[None])[0] == pytest.approx(5.0, abs=1e-4)
    assert_valid_series(tmp_path / "pt", tmp_path / "ct", tmp_path / "judged", require_tool)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    angles=st.tuples(*[st.floats(-3.1, 3.1)] * 3),
    handedness=st.sampled_from((1.0, -1.0)),
)
def test_any_rotation_reads_back(
    angles: tuple[float, float, float],
    handedness: float,
    source: SeriesInfo,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directions = Rotation.from_euler("xyz", angles).as_matrix() @ np.diag((1, 1, handedness))
    pet = turned(directions)
    writing = write(pet, source, tmp_path_factory.mktemp("turned") / "pt")
    index = np.array(list(np.ndindex(pet.geometry.shape)))
    found = pydicom_at(writing, pet.geometry.index_to_lps(index))
    error = np.abs(found - pet.array[tuple(index.T)]).max()
    assert error <= writing.rescale_slope * 0.5001


@pytest.mark.parametrize("shape", [(1, 4, 5), (3, 1, 1)])
def test_thin_volumes_are_written(
    shape: tuple[int, int, int], source: SeriesInfo, tmp_path: Path, require_tool
) -> None:
    write(a_pet_of(shape), source, tmp_path / "pt")
    assert_valid_series(
        tmp_path / "pt", source.files[0].path.parent, tmp_path / "judged", require_tool
    )


def a_pet_of(shape: tuple[int, int, int]) -> Volume:
    geometry = a_pet().geometry
    return Volume(np.ones(shape, np.float32), Geometry(shape, geometry.affine), "SUVBW")


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-6, 12345.678])
def test_constant_volumes_read_back(value: float, source: SeriesInfo, tmp_path: Path) -> None:
    geometry = a_pet().geometry
    pet = Volume(np.full(geometry.shape, value, np.float32), geometry, "SUVBW")
    writing = write(pet, source, tmp_path / "pt")
    ds = dcmread(writing.paths[0])
    found = ds.pixel_array * float(ds.RescaleSlope)
    np.testing.assert_allclose(found, np.float32(value), rtol=2e-5)
