import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctpet.learn.load_case import Crop, LoadCase
from ctpet.learn.sampling import CropChooser, CropWeights, EpochSampler
from tests.case_factory import make_case

BODY_ONLY = CropWeights(anywhere=0, body=1, uptake=0)


def test_an_epoch_is_its_number_and_not_the_history():
    went_on, resumed = EpochSampler(6), EpochSampler(6)
    for epoch in range(3):
        went_on.set_epoch(epoch)
        seen = list(went_on)
    resumed.set_epoch(2)
    assert list(resumed) == seen
    assert len({draw.epoch for draw in seen}) == 1


@given(world=st.integers(1, 4), each=st.integers(1, 5))
def test_ranks_share_an_epoch_without_overlap(world, each):
    samples = world * each
    parts = [list(EpochSampler(samples, rank=r, world_size=world)) for r in range(world)]
    assert all(len(part) == each for part in parts)
    assert sorted(draw.number for part in parts for draw in part) == list(range(samples))


def test_samples_that_ranks_cannot_share_are_refused():
    with pytest.raises(ValueError, match="7 samples"):
        EpochSampler(7, world_size=2)


@pytest.mark.parametrize("shares", [(0.5, 0.4, 0.0), (1.5, -0.5, 0.0)])
def test_crop_weights_are_shares(shares):
    with pytest.raises(ValueError, match="sum to 1"):
        CropWeights(*shares)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return make_case(tmp_path_factory.mktemp("case"), 1, shape=(40, 48, 56))


@pytest.mark.parametrize("weights", [BODY_ONLY, CropWeights(1, 0, 0), CropWeights(0, 0, 1)])
def test_crops_lie_inside_a_case_that_is_large_enough(case, weights):
    chooser = CropChooser(case, "pet", weights)
    rng = np.random.default_rng(0)
    for _ in range(200):
        start = chooser.start((16, 16, 16), rng)
        assert all(0 <= a <= n - 16 for a, n in zip(start, case.shape, strict=True))


def test_crops_of_a_case_that_is_too_small_start_at_its_corner(case):
    chooser = CropChooser(case, "pet", BODY_ONLY)
    assert chooser.start((64, 64, 64), np.random.default_rng(0)) == (0, 0, 0)


def test_uptake_draws_crops_to_where_it_is(tmp_path):
    from ctpet.prepare.cases import write_case

    made = make_case(tmp_path, 2, shape=(64, 64, 64))
    arrays = {name: np.array(made.array(name)) for name in ("ct", "region")}
    arrays["region"][...] = 2
    hot = np.full(made.shape, 0.01, np.float32)
    hot[48:, 48:, 48:] = 10.0
    case = write_case(made, {**arrays, "pet": hot})
    rng = np.random.default_rng(0)
    near = {}
    for name, weights in (("uptake", CropWeights(0, 0, 1)), ("body", BODY_ONLY)):
        chooser = CropChooser(case, "pet", weights)
        starts = np.array([chooser.start((16, 16, 16), rng) for _ in range(300)])
        near[name] = float((starts >= 36).all(axis=1).mean())
    assert near["uptake"] > 0.85
    assert near["body"] < 0.1


def test_a_crop_is_the_slice_of_the_case(case):
    found = LoadCase("pet")(Crop(case, (3, 4, 5), (8, 16, 24), (8, 16, 24)))
    box = (slice(3, 11), slice(4, 20), slice(5, 29))
    for key, name in (("ct", "ct"), ("target", "pet"), ("region", "region")):
        assert found[key].shape == (1, 8, 16, 24)
        np.testing.assert_array_equal(found[key][0].numpy(), case.array(name)[box])


def test_beyond_a_case_is_air_that_was_not_measured(case):
    found = LoadCase("pet")(Crop(case, (36, 0, 0), (8, 8, 8), (8, 8, 8)))
    assert (found["ct"][0, 4:] == -1024).all()
    assert (found["region"][0, 4:] == 0).all()
    assert (found["region"][0, :4, 0] == 1).all()
