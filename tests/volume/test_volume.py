import dataclasses

import numpy as np
import pytest

from ctpet.volume import Volume
from tests.volume.grids import grid


def test_holds_its_values_place_and_meaning():
    array = np.arange(480, dtype=np.float32).reshape(6, 8, 10)
    vol = Volume(array, g := grid(), "SUVBW")
    assert vol.array[5, 7, 9] == 479
    assert vol.geometry is g
    assert vol.quantity == "SUVBW"


@pytest.mark.parametrize("dtype", [np.float64, np.int16, np.float16])
def test_refuses_another_dtype(dtype):
    with pytest.raises(ValueError, match="float32"):
        Volume(np.zeros((6, 8, 10), dtype), grid(), "HU")


def test_refuses_an_array_of_another_shape_and_says_both():
    with pytest.raises(ValueError, match=r"\(10, 8, 6\).*\(6, 8, 10\)"):
        Volume(np.zeros((10, 8, 6), np.float32), grid(), "HU")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_refuses_one_value_that_is_not_finite(bad):
    array = np.zeros((6, 8, 10), np.float32)
    array[3, 3, 3] = bad
    with pytest.raises(ValueError, match="finite"):
        Volume(array, grid(), "HU")


def test_is_read_only_without_locking_the_array_it_was_made_of():
    array = np.zeros((6, 8, 10), np.float32)
    vol = Volume(array, grid(), "HU")
    with pytest.raises(ValueError, match="read-only"):
        vol.array[0, 0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        vol.quantity = "SUVBW"
    array[0, 0, 0] = 1
