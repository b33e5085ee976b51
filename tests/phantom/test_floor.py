"""The floor: nothing made from the anatomy alone does better, by the law it is drawn from."""

import numpy as np
import pytest

from ctpet.phantom.floor import floor_of, mean_of, sample_pets
from tests.phantom.toy import toy_seen

DRAWS = 400


@pytest.fixture(scope="module")
def seen():
    return toy_seen()


@pytest.fixture(scope="module")
def floor(seen):
    return floor_of(seen, seed=8, draws=DRAWS)


@pytest.fixture(scope="module")
def pets(seen):
    return sample_pets(seen, seed=8, draws=DRAWS)


def test_monte_carlo_mean_is_the_closed_form_within_three_standard_errors(seen):
    draws = 4000
    pets = sample_pets(seen, seed=1, draws=draws)
    expected = mean_of(seen).array
    z = (pets.mean(0) - expected) / (pets.std(0) / np.sqrt(draws))
    assert (np.abs(z) < 3).mean() > 0.98
    means = pets.mean((1, 2, 3), dtype=np.float64)
    assert abs(means.mean() - expected.mean()) < 3 * means.std() / np.sqrt(draws)


def test_median_is_that_of_the_draws(floor, pets):
    assert floor.median.array == pytest.approx(np.median(pets, axis=0), abs=1e-5)


@pytest.mark.parametrize("size", [1e-3, 0.01, 0.1, 1.0])
def test_no_perturbation_of_the_median_lowers_its_mae(floor, pets, size):
    best = np.abs(pets - floor.median.array).mean(0, dtype=np.float64)
    field = np.random.default_rng(2).standard_normal(best.shape).astype(np.float32)
    for change in (size, -size, size * field, size * floor.median.array):
        worse = np.abs(pets - (floor.median.array + change)).mean(0, dtype=np.float64)
        assert (worse >= best - 1e-6).all()


def test_expected_errors_are_those_of_the_draws(floor, pets):
    assert floor.mae == pytest.approx(np.abs(pets - floor.median.array).mean(), rel=1e-4)
    assert floor.mae_of_mean == pytest.approx(np.abs(pets - floor.mean.array).mean(), rel=1e-4)
    square = np.square(pets - floor.mean.array).mean()
    assert floor.rmse == pytest.approx(np.sqrt(square), rel=1e-4)
    square = np.square(pets - floor.median.array).mean()
    assert floor.rmse_of_median == pytest.approx(np.sqrt(square), rel=1e-4)


def test_each_floor_is_best_by_its_own_error(floor):
    assert floor.mae < floor.mae_of_mean
    assert floor.rmse < floor.rmse_of_median


def test_floors_differ_where_the_law_is_skewed(floor):
    """The bladder's log-normal has its mean a third above its median."""
    corner = (0, 11, 0)
    assert floor.mean.array[corner] > 1.15 * floor.median.array[corner]


def test_fresh_patients_do_not_beat_the_floor(seen, floor):
    fresh = sample_pets(seen, seed=99, draws=DRAWS)
    mae = np.abs(fresh - floor.median.array).mean((1, 2, 3), dtype=np.float64)
    assert mae.mean() > floor.mae - 3 * mae.std() / np.sqrt(DRAWS)
    assert mae.mean() == pytest.approx(floor.mae, rel=0.15)


def test_same_seed_same_bytes_whatever_the_threads(seen, floor, monkeypatch):
    monkeypatch.setattr("ctpet.phantom.floor._THREADS", 1)
    again = floor_of(seen, seed=8, draws=DRAWS)
    assert again.median.array.tobytes() == floor.median.array.tobytes()
    assert again.mean.array.tobytes() == floor.mean.array.tobytes()
    assert (again.mae, again.rmse) == (floor.mae, floor.rmse)
    other = floor_of(seen, seed=9, draws=DRAWS)
    assert other.median.array.tobytes() != floor.median.array.tobytes()
    assert other.mean.array.tobytes() == floor.mean.array.tobytes()


def test_slabs_do_not_change_what_a_voxel_may_be(seen, floor, monkeypatch):
    monkeypatch.setattr("ctpet.phantom.floor._SLAB_VOXELS", 200)
    sliced = floor_of(seen, seed=8, draws=DRAWS)
    assert sliced.mae == pytest.approx(floor.mae, rel=0.02)
    moved = np.abs(sliced.median.array - floor.median.array)
    assert moved.mean() < 0.05 * floor.mae


def test_hidden_lesions_are_in_the_floor(seen, floor):
    from dataclasses import replace

    without = floor_of(replace(seen, hosts=()), seed=8, draws=DRAWS)
    assert without.rmse < floor.rmse
    assert (without.mean.array <= floor.mean.array + 1e-6).all()


def test_progress_ends_and_one_draw_is_refused(seen):
    told = []
    floor_of(seen, seed=0, draws=4, progress=lambda stage, part: told.append((stage, part)))
    assert told[-1] == ("floor", 1.0)
    with pytest.raises(ValueError, match="two draws"):
        floor_of(seen, seed=0, draws=1)
