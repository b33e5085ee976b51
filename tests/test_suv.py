"""Decay and SUV arithmetic against values worked out elsewhere, and against its own laws."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctpet.suv import (
    F18_HALF_LIFE_S,
    body_surface_cm2,
    decay_constant_per_s,
    decay_factor,
    elapsed_s,
    frame_decay_factor,
    ideal_weight_kg,
    lean_mass_james120_kg,
    lean_mass_james128_kg,
    lean_mass_janmahasatian_kg,
    mean_activity_time_s,
    suvbw_per_bqml,
    suvbw_per_suv_of_mass,
    suvbw_per_suv_of_surface,
)

half_lives = st.floats(60, 1e6)
times = st.floats(-1e4, 1e5)
durations = st.floats(0, 7200)


def test_half_of_the_activity_is_left_after_a_half_life():
    assert decay_factor(F18_HALF_LIFE_S, F18_HALF_LIFE_S) == pytest.approx(0.5)
    assert decay_factor(3600, F18_HALF_LIFE_S) == pytest.approx(2 ** -(3600 / 6586.2))
    assert decay_factor(0, F18_HALF_LIFE_S) == 1


@given(times, times, half_lives)
def test_decay_of_two_intervals_is_the_product(first, second, half_life):
    together = decay_factor(first + second, half_life)
    assert together == pytest.approx(
        decay_factor(first, half_life) * decay_factor(second, half_life), rel=1e-9
    )


@given(st.floats(0, 1e5), half_lives)
def test_elapsed_time_is_the_inverse_of_decay(time, half_life):
    left = decay_factor(time, half_life)
    if left > 1e-300:
        assert elapsed_s(left, half_life) == pytest.approx(time, abs=1e-6 * half_life)


@given(durations, half_lives)
def test_frame_factor_is_the_start_over_the_mean(duration, half_life):
    steps = 2000
    middles = [(n + 0.5) * duration / steps for n in range(steps)]
    mean = sum(decay_factor(t, half_life) for t in middles) / steps
    assert frame_decay_factor(duration, half_life) == pytest.approx(1 / mean, rel=1e-3)


@given(durations, half_lives)
def test_activity_at_the_mean_time_is_the_mean(duration, half_life):
    time = mean_activity_time_s(duration, half_life)
    assert 0 <= time <= duration / 2 + 1e-9
    assert decay_factor(time, half_life) * frame_decay_factor(duration, half_life) == pytest.approx(
        1, abs=1e-9
    )


def test_short_frames_do_not_lose_digits():
    assert frame_decay_factor(0, F18_HALF_LIFE_S) == 1
    assert mean_activity_time_s(0, F18_HALF_LIFE_S) == 0
    assert mean_activity_time_s(1e-3, F18_HALF_LIFE_S) == pytest.approx(5e-4, rel=1e-6)


def test_frame_of_four_minutes():
    assert frame_decay_factor(240, 6588.0) == pytest.approx(1.01268, abs=1e-5)  # GE, STS_002
    assert mean_activity_time_s(603, F18_HALF_LIFE_S) == pytest.approx(299.905, abs=1e-3)


def test_suv_is_one_when_the_dose_is_spread_evenly():
    assert 370e6 / 70e3 * suvbw_per_bqml(70, 370e6) == pytest.approx(1)


@given(st.floats(1, 300), st.floats(1e6, 1e9), st.floats(0, 2e4))
def test_decaying_dose_and_voxel_alike_changes_nothing(weight, dose, time):
    left = decay_factor(time, F18_HALF_LIFE_S)
    at_injection = 5000.0 * suvbw_per_bqml(weight, dose)
    assert 5000.0 * left * suvbw_per_bqml(weight, dose * left) == pytest.approx(at_injection)


@pytest.mark.parametrize(
    ("formula", "sex", "expected"),
    [
        (lean_mass_james128_kg, "M", 1.10 * 80 - 128 * (80 / 180) ** 2),
        (lean_mass_james128_kg, "F", 1.07 * 80 - 148 * (80 / 180) ** 2),
        (lean_mass_james120_kg, "M", 1.10 * 80 - 120 * (80 / 180) ** 2),
        (lean_mass_james120_kg, "F", 1.07 * 80 - 148 * (80 / 180) ** 2),
        (lean_mass_janmahasatian_kg, "M", 741600 / (6680 + 216 * 80 / 3.24)),
        (lean_mass_janmahasatian_kg, "F", 741600 / (8780 + 244 * 80 / 3.24)),
    ],
)
def test_lean_mass(formula, sex, expected):
    assert formula(80, 1.80, sex) == pytest.approx(expected, rel=1e-12)


def test_ideal_weight():
    assert ideal_weight_kg(1.80, "M") == pytest.approx(48 + 1.06 * 28)
    assert ideal_weight_kg(1.60, "F") == pytest.approx(45.5 + 0.91 * 8)


def test_body_surface_of_du_bois():
    assert body_surface_cm2(70, 1.75) == pytest.approx(18481, abs=5)


@pytest.mark.parametrize(
    "formula", [lean_mass_james128_kg, lean_mass_james120_kg, lean_mass_janmahasatian_kg]
)
def test_other_sex_is_the_mean_of_both(formula):
    mean = (formula(70, 1.75, "M") + formula(70, 1.75, "F")) / 2
    assert formula(70, 1.75, "O") == pytest.approx(mean)


def test_other_sex_in_ideal_weight():
    mean = (ideal_weight_kg(1.75, "M") + ideal_weight_kg(1.75, "F")) / 2
    assert ideal_weight_kg(1.75, "O") == pytest.approx(mean)


def test_back_to_body_weight():
    assert suvbw_per_suv_of_mass(80, 60) == pytest.approx(4 / 3)
    assert suvbw_per_suv_of_surface(70, 18481) == pytest.approx(3.7877, abs=1e-4)


@pytest.mark.parametrize(
    "broken",
    [
        lambda: decay_constant_per_s(0),
        lambda: decay_constant_per_s(math.inf),
        lambda: frame_decay_factor(-1, F18_HALF_LIFE_S),
        lambda: elapsed_s(0, F18_HALF_LIFE_S),
        lambda: suvbw_per_bqml(0, 1e8),
        lambda: suvbw_per_bqml(70, 0),
        lambda: suvbw_per_bqml(70, math.nan),
        lambda: suvbw_per_suv_of_mass(70, 0),
        lambda: suvbw_per_suv_of_surface(70, 0),
        lambda: body_surface_cm2(70, 0),
        lambda: lean_mass_janmahasatian_kg(0, 1.7, "M"),
        lambda: lean_mass_james128_kg(300, 1.2, "F"),
        lambda: ideal_weight_kg(1.0, "F"),
    ],
)
def test_what_no_body_has_is_refused(broken):
    with pytest.raises(ValueError, match=r"positive|zero or more"):
        broken()
