"""One acquisition goes on along the normal; what alternates or lies over it is another."""

import numpy as np
import pytest

from ctpet.dicom.marks import Mark
from ctpet.dicom.passes import into_passes


def grid(first, count, spacing=3.0):
    return first + spacing * np.arange(count)


def told(*values, kind="acquisition"):
    """One mark: a number for each set of planes, or an array of one a plane."""
    return Mark("mark", kind, np.concatenate([np.asarray(one, float) for one in values]))


def each(sets, *values, kind="acquisition"):
    return told(*(np.full(len(s), v) for s, v in zip(sets, values, strict=True)), kind=kind)


def parts(sets, *marks, rounding=0.0):
    """Divide the sets thrown together, in a shuffled order; as sorted places of each part."""
    along = np.concatenate(sets)
    order = np.random.default_rng(5).permutation(len(along))
    found = into_passes(along[order], [mark.of(order) for mark in marks], rounding)
    assert sorted(np.concatenate(found)) == list(range(len(along)))
    return [np.sort(along[order][part]).tolist() for part in found]


def as_lists(*sets):
    return [np.sort(one).tolist() for one in sets]


OFFSETS = [0.0, 0.06, 0.3, 0.9, 1.0, 1.5, 2.4, 14.0]


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(("many", "others"), [(40, 40), (40, 25), (12, 40), (7, 4)])
def test_two_numbered_passes(offset, many, others):
    sets = grid(0, many), grid(offset, others)
    assert parts(sets, each(sets, 1, 2)) == as_lists(*sets)
    assert parts(sets, each(sets, 2, 1)) == as_lists(*sets[::-1])


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("back", [False, True])
def test_two_helices_told_apart_by_the_time_of_each_plane(offset, back):
    sets = grid(0, 40), grid(offset, 40)
    there = 0.1 * np.arange(40)
    again = 30 + (there[::-1] if back else there)
    assert parts(sets, told(there, again)) == as_lists(*sets)


@pytest.mark.parametrize("back", [False, True])
def test_the_pause_tells_where_a_pass_ends(back):
    """The second starts beyond the first, so its first planes alone would prolong the first."""
    sets = grid(0, 40), grid(61.5, 40)
    again = 30 + 0.1 * np.arange(40)
    assert parts(sets, told(0.1 * np.arange(40), again[::-1] if back else again)) == as_lists(*sets)


@pytest.mark.parametrize("count", [3, 4, 10])
def test_many_phases(count):
    sets = [grid(0, 20) for _ in range(count)]
    assert parts(sets, each(sets, *range(count))) == as_lists(*sets)
    sets = [grid(3 * n / count, 20) for n in range(count)]
    assert parts(sets, each(sets, *range(count))) == as_lists(*sets)


def test_two_frames_of_three_beds_each():
    beds = [grid(0, 10), grid(30, 10), grid(60, 10)]
    sets = [*beds, *beds]
    whole = np.concatenate(beds)
    assert parts(sets, each(sets, 1, 2, 3, 4, 5, 6)) == as_lists(whole, whole)


def test_two_marks_that_cross():
    sets = [grid(0, 10)] * 4
    assert len(parts(sets, each(sets, 1, 1, 2, 2), each(sets, 1, 2, 1, 2))) == 4


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (0, 2, 1, 3), (2, 0, 3, 1)])
def test_beds_one_after_the_other_are_one_stack(order):
    sets = [grid(45 * n, 15) for n in range(4)]
    assert len(parts(sets, each(sets, *order))) == 1


def test_beds_whose_edge_planes_were_dealt_out_are_one_stack():
    along = grid(0, 30)
    beds = np.repeat([1, 2], 15)
    beds[[14, 15]] = 2, 1
    assert len(parts([along], told(beds))) == 1


@pytest.mark.parametrize("kind", ["acquisition", "made", "numbering"])
def test_noise_divides_nothing(kind):
    along = grid(0, 60)
    for seed in range(40):
        random = np.random.default_rng(seed)
        for values in (
            random.permutation(60),
            random.integers(0, 12, 60),
            np.round(np.arange(60) / 8 + random.normal(0, 0.3, 60)),
        ):
            assert len(parts([along], told(values, kind=kind))) == 1, (seed, values)


def test_each_plane_with_a_time_or_number_of_its_own_is_one_stack():
    along = grid(0, 60, 1.25)
    for values in (np.arange(60), np.arange(60)[::-1], np.arange(60) // 4):
        assert len(parts([along], told(values))) == 1


@pytest.mark.parametrize("spacing", [(5, 10), (1.25, 5), (2, 3)])
def test_a_change_of_spacing_is_one_stack(spacing):
    below = grid(0, 12, spacing[0])
    sets = below, grid(below[-1] + spacing[1], 12, spacing[1])
    assert len(parts(sets)) == 1
    assert len(parts(sets, each(sets, 1, 2))) == 1


def test_touching_passes_are_one_stack():
    sets = grid(0, 20), grid(60, 20)
    assert len(parts(sets, each(sets, 1, 2))) == 1


@pytest.mark.parametrize("offset", [0.06, 0.3, 0.9, 1.0, 1.2])
@pytest.mark.parametrize("others", [30, 18])
def test_two_grids_in_each_other_need_no_mark(offset, others):
    sets = grid(0, 30), grid(9 + offset, others)
    assert parts(sets) == as_lists(*sets)


def test_two_grids_without_a_mark_that_meet_in_the_middle():
    sets = grid(0, 30), grid(61, 30)
    assert parts(sets) == as_lists(*sets)


def test_half_a_slice_and_no_mark_is_a_finer_grid():
    assert len(parts([grid(0, 30), grid(1.5, 30)])) == 1


def test_numbers_of_images_divide_only_what_is_not_regular():
    sets = grid(0, 30), grid(1.5, 30)
    numbers = told(np.arange(30), 30 + np.arange(30), kind="numbering")
    assert len(parts(sets, numbers)) == 1
    sets = grid(0, 30), grid(1.2, 30)
    assert parts(sets, numbers) == as_lists(*sets)
    sets = grid(0, 30), grid(0, 30)
    assert parts(sets, numbers) == as_lists(*sets)


def test_a_copy_made_later_is_no_acquisition():
    sets = grid(0, 30), grid(9, 1)
    assert len(parts(sets, each(sets, 1, 2, kind="made"))) == 1
    assert len(parts(sets, each(sets, 1, 2))) == 2


def test_a_gap_between_passes_divides_and_lost_planes_do_not():
    sets = grid(0, 20), grid(120, 20)
    assert parts(sets, each(sets, 1, 2)) == as_lists(*sets)
    assert parts(sets, told(0.1 * np.arange(20), 40 + 0.1 * np.arange(20))) == as_lists(*sets)
    assert len(parts(sets, told(0.1 * np.arange(20), 4 + 0.1 * np.arange(20)))) == 1
    assert len(parts(sets)) == 1
    lost = told(1 + np.arange(20), 41 + np.arange(20), kind="numbering")
    assert len(parts(sets, each(sets, 1, 2), lost)) == 1
    renumbered = told(1 + np.arange(20), 21 + np.arange(20), kind="numbering")
    assert len(parts(sets, each(sets, 1, 2), renumbered)) == 2


def test_one_missing_plane_between_blocks_divides_nothing():
    sets = grid(0, 20), grid(63, 20)
    assert len(parts(sets, each(sets, 1, 2))) == 1


def test_a_pass_with_a_plane_lost():
    sets = np.delete(grid(0, 30), 11), grid(1.5, 30)
    assert parts(sets, each(sets, 1, 2)) == as_lists(*sets)
    assert parts(sets, each(sets, 1, 2, kind="made")) == as_lists(*sets)


def test_rounded_places():
    sets = np.round(grid(0.7, 40, 3.27), 1), np.round(grid(2.335, 40, 3.27), 1)
    assert parts(sets, each(sets, 1, 2), rounding=0.05) == as_lists(*sets)
    assert len(parts([np.round(grid(0.7, 80, 3.27), 1)], rounding=0.05)) == 1
    assert len(parts([np.round(grid(0.7, 80, 2.5))], rounding=0.5)) == 1


def test_images_made_in_any_order_within_each_pass():
    random = np.random.default_rng(3)
    for offset in (0, 1.5):
        sets = grid(0, 40), grid(offset, 40)
        made = told(random.permutation(40), 300 + random.permutation(40), kind="made")
        assert parts(sets, made) == as_lists(*sets)


def test_the_cut_lies_where_the_table_went_back():
    """The first pass ends above the second, so its last plane would prolong the second, too."""
    sets = grid(0, 40), grid(0, 24, 5.0)
    numbers = told(np.arange(40), 40 + np.arange(24), kind="numbering")
    assert parts(sets, numbers) == as_lists(*sets)


def test_grids_in_each_other_of_which_one_lost_a_plane():
    sets = np.delete(grid(0, 30), 11), grid(0.9, 30)
    assert parts(sets) == as_lists(*sets)
