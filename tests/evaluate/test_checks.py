"""Data that do not belong together, are turned, in other units, or empty: said, or refused."""

import numpy as np
import pytest
from scipy import ndimage

from ctpet.errors import InputRefused
from ctpet.evaluate.checks import Pair, check_pair, is_piece
from ctpet.volume.mirror import better_turned
from ctpet.volume.outline import body_of_ct
from ctpet.volume.shift import tissue_of_ct
from tests.evaluate.pairs import geometry
from tests.prepare.studies import SHAPE, trunk, uptake

EVERYWHERE = np.ones(SHAPE, bool)


def organs():
    """A trunk with a liver on the right, a heart on the left and a bladder: no symmetry."""
    suv = uptake(trunk())
    suv[8:14, 12:26, 9:22] = np.where(trunk()[8:14, 12:26, 9:22] == 50, 2.0, suv[8:14, 12:26, 9:22])
    suv[15:20, 10:18, 24:32] = 3.0
    suv[1:4, 14:20, 20:28] = 8.0
    return suv.astype("f4")


def guess():
    """What a model may make of it: blurred, the bladder half as hot, and noise."""
    made = ndimage.gaussian_filter(np.minimum(organs(), 4), 0.8)
    made += np.random.default_rng(0).normal(0, 0.1, SHAPE) * (trunk() > -950)
    return made.astype("f4")


def pair(predicted=None, hu=None, *, measured=None, known=EVERYWHERE, hu_known=EVERYWHERE):
    hu = trunk().astype("f4") if hu is None else hu
    return Pair(
        predicted=guess() if predicted is None else np.asarray(predicted, "f4"),
        measured=organs() if measured is None else np.asarray(measured, "f4"),
        known=known,
        body=body_of_ct(hu, geometry()),
        hu=hu,
        hu_known=hu_known,
        geometry=geometry(),
    )


def codes(*args, **kwargs):
    return [one.code for one in check_pair(pair(*args, **kwargs))]


def test_an_honest_prediction_raises_no_doubt():
    assert codes() == []


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_prediction_turned_over_is_said_to_be(axis):
    found = check_pair(pair(np.flip(guess(), axis)))
    (turned,) = [one for one in found if one.code == "prediction-turned"]
    assert ("head to foot", "front to back", "left to right")[axis] in turned.message


def test_a_ct_turned_over_is_said_to_be():
    assert "ct-turned" in codes(hu=np.flip(trunk(), 0).astype("f4"))


def test_a_prediction_moved_is_said_to_be():
    found = check_pair(pair(np.roll(guess(), 3, axis=2)))
    (shifted,) = [one for one in found if one.code == "prediction-shifted"]
    assert "24 mm" in shifted.message
    assert "prediction-shifted" not in codes(np.roll(guess(), 1, axis=2))


def slim():
    """Another person: thinner and shorter of breath."""
    thin = ndimage.zoom(trunk(), (1, 0.65, 0.7), order=0)
    hu = np.full(SHAPE, -1000, "f4")
    start = [(n - m) // 2 for n, m in zip(SHAPE, thin.shape, strict=True)]
    hu[tuple(slice(s, s + m) for s, m in zip(start, thin.shape, strict=True))] = thin
    return hu


def test_another_persons_ct_is_doubted_and_a_stranger_outline_refused():
    assert "ct-outline-differs" in codes(hu=slim())
    far = np.roll(slim(), (0, 9, 14), axis=(0, 1, 2))
    with pytest.raises(InputRefused) as refused:
        check_pair(pair(hu=far))
    assert refused.value.code == "outlines-differ"


def test_another_persons_prediction_is_doubted():
    other = np.where(slim() > -300, 1.0, 0.0) * (1 + guess() / 10)
    assert "prediction-outline-differs" in codes(other)


def test_a_ct_is_compared_where_there_is_one():
    """A CT of half the trunk is no other person's."""
    known = EVERYWHERE.copy()
    known[12:] = False
    hu = np.where(known, trunk(), -1024).astype("f4")
    assert codes(hu=hu, hu_known=known) == []


@pytest.mark.parametrize("value", [0.0, 1.3])
def test_one_value_everywhere_is_said_to_predict_nothing(value):
    assert codes(np.full(SHAPE, value)) == ["prediction-constant"]
    nearly = np.full(SHAPE, value)
    nearly[10, 20, 20] = 2.0
    assert codes(nearly) == ["prediction-constant"]


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_a_prediction_in_other_units_is_refused(factor):
    with pytest.raises(InputRefused) as refused:
        check_pair(pair(guess() * factor))
    assert refused.value.code == "suv-implausible"


@pytest.mark.parametrize("what", ["predicted", "measured"])
def test_a_ct_in_place_of_a_pet_is_refused(what):
    hu = trunk() * 1.0
    for shown in (hu, np.where(hu < -900, 60.0, hu)):  # with air, and where the mean is plausible
        with pytest.raises(InputRefused) as refused:
            check_pair(pair(**{what: shown}))
        assert refused.value.code == "suv-implausible"


def test_noise_below_zero_is_no_ct():
    suv = guess()
    suv[:, ::12] = -0.9
    suv[::40, ::12, ::12] = -3.0
    check_pair(pair(suv))


def test_a_prediction_of_little_that_is_nowhere_like_the_reference_is_scored():
    """It is no other unit: it is wrong."""
    noise = np.random.default_rng(1).random(SHAPE).astype("f4") / 20
    found = codes(noise)
    assert "prediction-scale" in found


def test_kilobecquerel_are_doubted():
    assert "prediction-scale" in codes(guess() * 5)
    assert "prediction-scale" not in codes(guess() * 1.3)


@pytest.mark.parametrize(("factor", "words"), [(1.0, "values: one"), (1.2, "times 1.2")])
def test_a_copy_of_the_reference_is_said_to_be_one(factor, words):
    stored = np.round(organs() * factor * 1000) / 1000
    (copy,) = check_pair(pair(stored))
    assert copy.code == "prediction-equals-reference"
    assert words in copy.message


def test_fine_grids_are_judged_as_coarse_ones():
    """2 mm voxels are averaged over 2 by 2 by 2."""
    fine = [
        np.repeat(np.repeat(np.repeat(each, 4, 0), 4, 1), 4, 2)
        for each in (np.flip(guess(), 0), organs(), trunk().astype("f4"))
    ]
    grid = geometry(fine[0].shape, mm=2.0)
    known = np.ones(grid.shape, bool)
    given = Pair(fine[0], fine[1], known, body_of_ct(fine[2], grid), fine[2], known, grid)
    assert "prediction-turned" in [one.code for one in check_pair(given)]


def box(*, piece, factor=1.0, slices=np.s_[14:20, 10:22, 18:32], predicted=None):
    """A box inside the trunk, hot by a factor."""
    hu = trunk().astype("f4")[slices]
    known = np.ones(hu.shape, bool)
    suv = guess() if predicted is None else predicted
    grid = geometry(hu.shape)
    return Pair(suv[slices], organs()[slices] * factor, known, known, hu, known, grid, piece)


def box_codes(**how):
    return {one.code for one in check_pair(box(**how))}


def test_a_piece_is_not_judged_by_what_only_a_body_shows():
    """Its outline, which way up it is, its mean: a hot box is a tumour, not another unit."""
    assert box_codes(piece=False) == {"ct-outline-differs", "ct-turned"}
    assert box_codes(piece=False, factor=5) >= {"suv-high", "prediction-scale"}
    for factor in (1, 5):
        assert box_codes(piece=True, factor=factor) == set()
    with pytest.raises(InputRefused, match=r"expected is 0\.1 to 10"):
        check_pair(box(piece=False, factor=0.05))
    assert box_codes(piece=True, factor=0.05) == set()


def test_a_piece_that_is_a_copy_constant_or_no_suv_is_told_all_the_same():
    assert box_codes(piece=True, predicted=organs()) == {"prediction-equals-reference"}
    assert box_codes(piece=True, predicted=np.ones(SHAPE, "f4")) == {"prediction-constant"}
    with pytest.raises(InputRefused) as refused:
        check_pair(box(piece=True, factor=5000))
    assert refused.value.code == "suv-implausible"


def test_nothing_is_concluded_from_the_few_voxels_of_a_bodys_corner():
    one = np.s_[14:15, 14:16, 20:23]
    assert box_codes(piece=True, slices=one) == set()
    assert box_codes(piece=True, slices=one, predicted=np.ones(SHAPE, "f4")) == set()
    assert box_codes(piece=True, slices=one, predicted=organs()) == set()


def test_a_field_of_less_than_a_bed_position_is_a_piece():
    assert is_piece(geometry((24, 24, 24), mm=4.0))
    assert is_piece(geometry((37, 37, 37), mm=4.0))
    assert not is_piece(geometry((38, 24, 24), mm=4.0)), "one bed position of a body cut to size"
    assert not is_piece(geometry())


def test_what_has_no_sense_is_not_turned():
    """A body that is its own mirror image fits no better turned over."""
    tissue = tissue_of_ct(trunk().astype("f4"))
    both = tissue + np.flip(tissue, 2)
    assert better_turned(both, both, EVERYWHERE, geometry()) is None
    assert better_turned(np.zeros(SHAPE, "f4"), both, EVERYWHERE, geometry()) is None
