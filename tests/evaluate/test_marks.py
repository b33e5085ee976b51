"""Lesions of a case on the grid of its reference, and what is lost or doubtful of them."""

import numpy as np
import pytest

from ctpet.errors import InputRefused
from ctpet.evaluate.marks import read_marks
from tests.evaluate.pairs import geometry, write

SHAPE = (6, 8, 10)
GRID = geometry(SHAPE)
FINE = geometry((12, 16, 20), mm=4.0)
"""Its even voxels have the grid's centres; the odd ones are nearest to none."""


@pytest.fixture
def read(tmp_path):
    def read(known=None, **maps):
        files = {}
        for role, (array, on) in maps.items():
            files[role] = write(array, tmp_path / f"{role}.nii.gz", "HU", on)
        return read_marks(files, np.ones(SHAPE, np.bool_) if known is None else known, GRID)

    return read


def blocks(shape, *places, values=(1, 1, 1)):
    array = np.zeros(shape)
    for place, value in zip(places, values, strict=False):
        array[place] = value
    return array


def codes(marks):
    return [finding.code for finding in marks.findings]


def test_parts_that_are_apart_stay_apart_on_a_coarser_grid(read):
    apart = blocks(FINE.shape, np.s_[0:4, 0:4, 0:4], np.s_[0:4, 0:4, 5:9])
    found = read(lesions=(apart, FINE))
    assert set(np.unique(found.lesions)) == {0, 1, 2}
    assert codes(found) == []


def test_a_map_of_several_numbers_keeps_them(read):
    several = blocks(FINE.shape, np.s_[0:4], np.s_[4:8], np.s_[8:12], values=(7, 101, 7))
    assert set(np.unique(read(lesions=(several, FINE)).lesions)) == {7, 101}


def test_a_lesion_alone_keeps_its_number(read):
    alone = blocks(FINE.shape, np.s_[0:4, 0:4, 0:4], values=(5,))
    assert set(np.unique(read(lesions=(alone, FINE)).lesions)) == {0, 5}


def test_a_part_smaller_than_a_voxel_is_told_not_dropped_in_silence(read):
    small = blocks(FINE.shape, np.s_[4:8, 4:8, 4:8], np.s_[1, 1, 1], np.s_[2, 2, 12])
    found = read(lesions=(blocks(FINE.shape, np.s_[4:8]), FINE), predicted_lesions=(small, FINE))
    assert np.unique(found.segmented["predicted"]).size == 3
    (finding,) = found.findings
    assert finding.code == "lesions-lost"
    assert finding.message.startswith("1 of 3 parts of predicted lesions lie on no voxel")


def test_a_lesion_outside_the_field_is_lost_and_told(read):
    wide = geometry((6, 8, 30))
    two = blocks(wide.shape, np.s_[0:2, 0:2, 0:2], np.s_[0:2, 0:2, 20:22])
    found = read(lesions=(two, wide))
    assert found.findings[0].message.startswith("1 of 2 lesions lie on no voxel")
    with pytest.raises(InputRefused, match="none on a voxel"):
        read(lesions=(blocks(wide.shape, np.s_[0:2, 0:2, 20:22]), wide))


def test_a_map_without_lesions_is_a_patient_without(read):
    for grid in (GRID, FINE):
        found = read(lesions=(np.zeros(grid.shape), grid))
        assert not found.lesions.any()
        assert codes(found) == []
    assert read().lesions is None


def test_what_was_not_predicted_is_left_out_of_every_map(read):
    known = np.ones(SHAPE, np.bool_)
    known[:, :, 5:] = False
    row = blocks(SHAPE, np.s_[2, 2, 3:8])
    found = read(
        known, lesions=(row, GRID), predicted_lesions=(blocks(SHAPE, np.s_[2, 2, 1:8]), GRID)
    )
    assert np.count_nonzero(found.lesions) == 2
    assert np.count_nonzero(found.segmented["predicted"]) == 4
    assert codes(found) == ["lesions-not-covered"]


def test_a_mask_that_is_a_copy_is_doubted(read):
    one, other = blocks(SHAPE, np.s_[1:3]), blocks(SHAPE, np.s_[2:4])
    nothing = np.zeros(SHAPE)

    def doubts(lesions, predicted, measured):
        maps = {"lesions": lesions, "predicted_lesions": predicted, "measured_lesions": measured}
        return codes(read(**{role: (array, GRID) for role, array in maps.items()}))

    assert doubts(one, 5 * one, other) == ["mask-equals-another"]
    assert doubts(other, one, one) == ["mask-equals-another"]
    assert doubts(one, other, one) == []  # without a reader the measured PET's may be the reference
    assert doubts(nothing, nothing, nothing) == []
