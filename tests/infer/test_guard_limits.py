"""Each limit of the scale rules, from both sides, on volumes with exact shares of values."""

import numpy as np
import pytest

from ctpet.infer.rules import scale
from ctpet.infer.rules.sample import take_sample
from tests.infer.bodies import volume

COUNT = 100_000


def sample_of(shares, spread=0):
    """A sample whose values have these shares, each over ± a spread; the rest is lean tissue."""
    counts = {hu: round(share * COUNT) for hu, share in shares.items()}
    counts[40] = COUNT - sum(counts.values())
    values = np.repeat(list(counts), list(counts.values()))
    values += np.arange(COUNT) % (2 * spread + 1) - spread
    return take_sample(volume(values.reshape(10, 100, 100), (4.0, 4.0, 4.0)))


BODY = {-1000: 0.4, -110: 0.1, 0: 0.1, 700: 0.01}


def test_a_body_is_no_error():
    assert scale.scale_error(sample_of(BODY)) is None


LIMITS = [
    # rule, refused, passed
    (scale.nothing_dense, {-1000: 0.9955}, {-1000: 0.9945}),
    (scale.nothing_dense, {-1000: 0.99, -501: 0.0055}, {-1000: 0.99, -500: 0.0055}),
    (scale.eight_bit, {0: 0.9, 255: 0.1}, {0: 0.9, 256: 0.1}),
    (scale.darker_than_air, {-3000: 0.3, -1600: 0.021}, {-3000: 0.3, -1600: 0.019}),
    (scale.offset_missing, {0: 0.3, 1024: 0.051}, {0: 0.3, 1024: 0.049}),
    (scale.offset_missing, {0: 0.3, 1024: 0.2, 500: 0.19}, {0: 0.3, 1024: 0.2, 500: 0.21}),
    (scale.offset_missing, {1024: 0.94, 300: 0.01}, {1024: 0.96, 300: 0.01}),
    (scale.offset_missing, {1024: 0.3, -101: 0.0009}, {1024: 0.3, -101: 0.0011}),
    (scale.offset_missing, {1024: 0.3, -100: 0.3}, {1024: 0.3, -101: 0.3}),
    (scale.not_hu, {500: 0.3, -101: 0.0009}, {500: 0.3, -101: 0.0011}),
    (scale.inverted, {701: 0.051, 300: 0.949}, {701: 0.049, 300: 0.951}),
    (scale.inverted, {701: 0.06, -900: 0.059, 300: 0.881}, {701: 0.06, -900: 0.061, 300: 0.879}),
    (scale.inverted, {701: 0.3, 300: 0.68}, {701: 0.3, 300: 0.66}),
    (scale.inverted, {-40: 0.7, 100: 0.3}, {-40: 0.7, 150: 0.3}),
    (scale.air_misplaced, {-849: 0.001, -300: 0.0091}, {-849: 0.001, -300: 0.0089}),
    (scale.air_misplaced, {-300: 0.3, -900: 0.003}, {-300: 0.3, -900: 0.0031}),
    (scale.air_misplaced, {-200: 0.0021, -150: 0.1}, {-200: 0.0019, -150: 0.1}),
    (scale.air_misplaced, {-849: 0.005}, {-850: 0.005}),
    (scale.clipped_above, {599: 0.0021}, {599: 0.0019}),
    (scale.clipped_above, {599: 0.01}, {600: 0.01}),
    (scale.no_fat, {-1000: 0.5, -100: 0.0049, -200: 0.1}, {-1000: 0.5, -100: 0.0051, -200: 0.1}),
    (scale.no_fat, {-1000: 0.5, -100: 0.0149}, {-1000: 0.5, -100: 0.0151}),
    (scale.tissue_misplaced, {300: 0.401}, {300: 0.399}),
    (scale.tissue_misplaced, {-1000: 0.009, 300: 0.45}, {-1000: 0.011, 300: 0.45}),
    (
        scale.tissue_misplaced,
        {-1000: 0.5, -100: 0.459, -250: 0.041},
        {-1000: 0.5, -100: 0.461, -250: 0.039},
    ),
    (scale.tissue_misplaced, {-100: 0.2, 150: 0.751}, {-100: 0.2, 150: 0.749}),
    (scale.tissue_misplaced, {-100: 0.5, 10: 0.401, 80: 0.099}, {-100: 0.5, 10: 0.399, 80: 0.101}),
    (scale.no_air, {-851: 0.0009}, {-851: 0.0011}),
]


@pytest.mark.parametrize(("rule", "beyond", "within"), LIMITS)
def test_a_limit_holds_from_both_sides(rule, beyond, within):
    assert rule(sample_of(beyond)) is not None
    assert rule(sample_of(within)) is None


LIMITS_IN_NOISE = [
    # rule, refused, passed: fields of lean tissue
    (scale.eight_bit, {-205: 0.1, 5: 0.9}, {-205: 0.1}),
    (scale.not_hu, {500: 0.98, -10: 0.01}, {500: 0.9, -10: 0.01}),
    (scale.not_hu, {500: 0.3, -10: 0.0009}, {500: 0.3, -10: 0.0011}),
    (scale.no_fat, {-1000: 0.0011, 700: 0.1}, {-1000: 0.0009, 700: 0.1}),
]


@pytest.mark.parametrize(("rule", "beyond", "within"), LIMITS_IN_NOISE)
def test_a_limit_of_lean_fields_holds_from_both_sides(rule, beyond, within):
    assert rule(sample_of(beyond, spread=5)) is not None
    assert rule(sample_of(within, spread=5)) is None
    assert rule(sample_of(within)) is not None, "one value is no tissue"


def test_padding_counts_for_nothing():
    padded = sample_of({**BODY, -1000: 0.2, -3024: 0.2})
    assert padded.size == 0.8 * COUNT
    assert padded.lowest == -1000
    assert scale.scale_error(padded) is None


def test_what_is_above_the_histogram_counts_as_its_last():
    sample = sample_of({5000: 0.1, 3999: 0.1})
    assert sample.highest == 4000
    assert sample.count(4000, 4001) == 0.1 * COUNT


def test_a_volume_of_padding_is_no_body():
    sample = take_sample(volume(np.full((10, 20, 20), -3024)))
    assert scale.scale_error(sample).code == "no-body"


@pytest.mark.parametrize(
    ("spacing_mm", "expected_mm"),
    [((1.0, 1.0, 1.0), (4, 4, 4)), ((3.0, 0.98, 0.98), (3.0, 3.92, 3.92)), ((6, 2, 2), (6, 4, 4))],
)
def test_the_sample_is_taken_every_four_millimetres(spacing_mm, expected_mm):
    sample = take_sample(volume(np.zeros((20, 20, 20)), spacing_mm))
    assert sample.spacing_mm == pytest.approx(expected_mm)
    shape = [-(-20 // round(e / s)) for e, s in zip(expected_mm, spacing_mm, strict=True)]
    assert sample.array.shape == tuple(shape)
    assert sample.size == np.prod(shape)
