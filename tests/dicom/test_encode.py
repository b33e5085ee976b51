import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.valuerep import is_valid_ds
from scipy.spatial.transform import Rotation

from ctpet.dicom.encode import (
    LARGEST_STORED,
    decimal_string,
    image_planes,
    put_pixels,
    put_plane,
    quantise,
)
from ctpet.volume import Geometry, Volume

SUV = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=3, max_dims=3, max_side=4),
    elements=st.floats(-(2.0**100), 2.0**100, width=32),
)


@given(SUV)
def test_a_value_reads_back_within_half_a_step(values: NDArray[np.float32]) -> None:
    pixels = quantise(values)
    error = np.abs(pixels.array * pixels.slope - values.astype(np.float64))
    assert error.max() <= 0.5 * pixels.slope * (1 + 1e-9)


@given(SUV)
def test_a_slope_is_a_legal_decimal_string_that_leaves_the_ends_of_the_range(
    values: NDArray[np.float32],
) -> None:
    pixels = quantise(values)
    assert is_valid_ds(pixels.slope_text)
    assert pixels.slope > 0
    assert np.abs(pixels.array.astype(np.int32)).max() <= LARGEST_STORED


def test_zero_stays_zero_and_negative_stays_negative() -> None:
    values = np.array([[[-2.0, 0.0, 4.0]]], np.float32)
    pixels = quantise(values)
    assert pixels.array.tolist() == [[[-16000, 0, 32000]]]
    assert pixels.slope_text == "0.000125"


def test_a_volume_of_zeros_has_slope_one() -> None:
    pixels = quantise(np.zeros((1, 2, 3), np.float32))
    assert pixels.slope_text == "1"
    assert not pixels.array.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_only_finite_values_are_stored(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        quantise(np.array([[[1, value]]], np.float32))


@given(st.floats(-1e6, 1e6))
def test_millimetres_survive_as_decimal_strings(value: float) -> None:
    text = decimal_string(value)
    assert is_valid_ds(text)
    assert abs(float(text) - value) < 1e-8


def test_decimal_strings_are_short_where_they_can_be() -> None:
    assert [decimal_string(x) for x in (1.0, -0.0, 3.27, 0.1 + 0.2)] == [
        "1",
        "0",
        "3.27",
        "0.30000000000000",
    ]


@st.composite
def orthogonal(draw: st.DrawFn) -> Volume:
    """Any orthogonal volume, right- or left-handed, with any spacing and origin."""
    turn = Rotation.from_euler("xyz", draw(st.tuples(*[st.floats(-3.1, 3.1)] * 3))).as_matrix()
    mirror = np.diag([draw(st.sampled_from((1.0, -1.0))), 1.0, 1.0])
    spacing = np.diag(draw(st.tuples(*[st.floats(0.3, 9.0)] * 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn @ mirror @ spacing
    affine[:3, 3] = draw(st.tuples(*[st.floats(-900.0, 900.0)] * 3))
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    return Volume(array, Geometry((2, 3, 4), affine), "SUVBW")


@given(orthogonal())
def test_every_voxel_lies_where_it_lay(volume: Volume) -> None:
    planes = image_planes(volume)
    row, column = np.array(planes.orientation, float).reshape(2, 3)
    between_rows, between_columns = (float(x) for x in planes.pixel_spacing)
    for k, position in enumerate(planes.positions):
        for j, i in np.ndindex(3, 4):
            found = (
                np.array(position, float) + j * between_rows * column + i * between_columns * row
            )
            value = planes.volume.array[k, j, i]
            index = np.argwhere(volume.array == value)[0]
            np.testing.assert_allclose(found, volume.geometry.index_to_lps(index), atol=1e-7)


@given(orthogonal())
def test_planes_follow_one_another_along_their_normal(volume: Volume) -> None:
    planes = image_planes(volume)
    row, column = np.array(planes.orientation, float).reshape(2, 3)
    first, second = np.array(planes.positions, float)
    normal = np.cross(row, column)
    assert (second - first) @ normal == pytest.approx(float(planes.slice_spacing))
    np.testing.assert_allclose(planes.normal, normal, atol=1e-9)


def test_a_sheared_volume_cannot_be_written() -> None:
    affine = np.array([[0, 0, 2, 0], [0.01, 2, 0, 0], [2, 0, 0, 0], [0, 0, 0, 1]], float)
    volume = Volume(np.zeros((2, 2, 2), np.float32), Geometry((2, 2, 2), affine), "SUVBW")
    with pytest.raises(ValueError, match="not orthogonal"):
        image_planes(volume)


def test_attributes_hold_the_plane_and_the_pixels() -> None:
    affine = np.array([[0, 0, 3, 1], [0, 2, 0, 5], [4, 0, 0, 7], [0, 0, 0, 1]], float)
    volume = Volume(np.zeros((3, 2, 2), np.float32), Geometry((3, 2, 2), affine), "SUVBW")
    ds = Dataset()
    put_plane(ds, image_planes(volume), 2)
    put_pixels(ds, np.array([[1, -2], [3, 4], [5, 6]], np.int16))
    assert list(ds.ImagePositionPatient) == [1, 5, 15]
    assert list(ds.PixelSpacing) == [2, 3]
    assert ds.SliceThickness == ds.SpacingBetweenSlices == 4
    assert (ds.Rows, ds.Columns, ds.PixelRepresentation) == (3, 2, 1)
    assert np.frombuffer(ds.PixelData, "<i2").tolist() == [1, -2, 3, 4, 5, 6]
