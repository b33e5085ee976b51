"""What distances between slices mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctpet.dicom.gaps import find_gaps
from ctpet.errors import InputRefused


def places(*widths):
    return np.concatenate([[0], np.cumsum(widths)]).astype(float)


def test_regular():
    gaps = find_gaps(places(3, 3, 3))
    assert (gaps.count, gaps.hole, gaps.varies) == (4, None, False)
    assert gaps.index.tolist() == [0, 1, 2, 3]


def test_one_slice():
    assert find_gaps(places()).count == 1


def test_two_slices_have_no_other_gap_to_compare_with():
    assert find_gaps(places(17)).count == 2


@pytest.mark.parametrize(
    ("widths", "index", "hole"),
    [
        ((3, 3, 6, 3), [0, 1, 2, 4, 5], 2),
        ((6, 3, 3, 3), [0, 2, 3, 4, 5], 0),
        ((3, 3, 3, 6), [0, 1, 2, 3, 5], 3),
        ((5, 5, 10), [0, 1, 2, 4], 2),
        ((3, 6), [0, 1, 3], 1),
    ],
)
def test_one_missing(widths, index, hole):
    gaps = find_gaps(places(*widths))
    assert gaps.index.tolist() == index
    assert (gaps.count, gaps.hole, gaps.varies) == (index[-1] + 1, hole, False)


@pytest.mark.parametrize(
    ("widths", "number"),
    [
        ((3, 3, 9, 3, 3), 2),
        ((3, 6, 3, 6, 3, 3), 2),
        ((3, 6, 6, 3, 3), 2),
        ((3, 3, 60.7, 3, 3), 19),
    ],
)
def test_more_missing_are_refused(widths, number):
    with pytest.raises(InputRefused, match=f"^{number} slices are missing") as refused:
        find_gaps(places(*widths))
    assert refused.value.code == "missing-slices"
    assert "limit is 1" in refused.value.message
    assert refused.value.remedy


def test_the_refusal_says_where():
    with pytest.raises(InputRefused, match=r"2 between 6\.0 and 15\.0 mm"):
        find_gaps(places(3, 3, 9, 3, 3))


def test_a_change_of_spacing_is_no_hole():
    gaps = find_gaps(places(*[2] * 6, *[6] * 4))
    assert gaps.varies
    assert gaps.hole is None
    assert gaps.count == 19  # 36 mm in steps of 2
    assert np.allclose(gaps.index[-2:], [15, 18])


def test_varying_spacing_spans_first_to_last():
    gaps = find_gaps(places(3, 3.4, 2.8, 3.1, 3.3, 3))
    assert gaps.varies
    assert gaps.index[0] == 0
    assert gaps.index[-1] == gaps.count - 1
    assert np.allclose(gaps.index / gaps.index[-1], places(3, 3.4, 2.8, 3.1, 3.3, 3) / 18.6)


def test_a_fine_part_cannot_blow_the_grid_up():
    gaps = find_gaps(places(*[0.1] * 50, *[10] * 40))
    assert gaps.count <= 2 * 91 + 1


@given(
    st.lists(st.floats(-0.02, 0.02), min_size=3, max_size=40),
    st.sampled_from([0.6, 1.25, 3.0, 5.0]),
)
def test_jitter_of_a_fiftieth_millimetre_is_regular(jitter, step):
    along = np.arange(len(jitter)) * step + np.array(jitter)
    gaps = find_gaps(along - along[0])
    assert not gaps.varies
    assert gaps.index.tolist() == list(range(len(jitter)))


def test_more_jitter_is_varying_spacing():
    assert find_gaps(places(3, 3.1, 2.9, 3, 3, 3)).varies


def test_a_table_that_stops_beside_its_grid_is_regular():
    """A real PET: beds of 35 slices at 3.27 mm, one step of 3.35 and five of 3.25 between them."""
    beds = [3.27] * 35
    gaps = find_gaps(places(*beds, 3.25, *beds, 3.25, *beds, 3.35, *beds, 3.25, *beds, 3.25))
    assert (gaps.count, gaps.hole, gaps.varies) == (181, None, False)
    assert find_gaps(places(*beds, 3.25, *beds, 3.45, *beds)).varies


@pytest.mark.parametrize(("step", "limit"), [(0.6, 0.04), (2.0, 0.05), (3.0, 0.075), (10.0, 0.1)])
def test_how_far_beside_its_grid_a_slice_may_lie(step, limit):
    for beside, varies in ((limit - 0.005, False), (limit + 0.005, True)):
        along = step * np.arange(9.0)
        along[4] += beside
        assert find_gaps(along).varies is varies
