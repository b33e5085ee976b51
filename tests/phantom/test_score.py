"""Errors are counted in the body alone, and the trivial predictions are what they say."""

import numpy as np
import pytest

from ctpet.phantom.floor import Floor
from ctpet.phantom.score import (
    FLOOR_MEAN,
    FLOOR_MEDIAN,
    Score,
    compare,
    constants,
    score,
    table,
)
from ctpet.volume import Geometry, Volume
from tests.phantom.toy import toy_geometry

GEOMETRY = toy_geometry((1, 1, 5))


def volume(*values, quantity="SUVBW", geometry=GEOMETRY):
    return Volume(np.array([[values]], np.float32), geometry, quantity)


PET = volume(0.0, 1.0, 2.0, 6.0, 100.0)
BODY = np.array([[[True, True, True, True, False]]])


def test_errors_in_the_body():
    (one,) = score(PET, BODY, {"model": volume(1.0, 1.0, 1.0, 2.0, 0.0)})
    assert (one.name, one.mae, one.bias) == ("model", 1.5, -1.0)
    assert one.rmse == pytest.approx(np.sqrt(18 / 4))


def test_constants_are_the_best_of_their_kind():
    values = constants(PET, BODY)
    assert values == {"nothing": 0.0, "body mean": 2.25, "body median": 1.5}
    nothing, mean, median = score(PET, BODY, values)
    assert nothing.mae == 2.25
    assert mean.bias == 0
    assert mean.rmse < median.rmse
    assert median.mae < mean.mae


def test_models_are_compared_on_the_grid_of_the_pet_between_constants_and_floor():
    fine = Geometry((2, 2, 10), toy_geometry((2, 2, 10), 2.0).affine + _corner(-1.0))
    model = Volume(np.full((2, 2, 10), 2.0, np.float32), fine, "SUVBW")
    floor = Floor(PET, volume(0, 0, 0, 0, 0), 0.1, 0.1, 0.1, 0.1)
    scores = compare(PET, BODY, floor, {"model": model})
    assert [each.name for each in scores[:3]] == list(constants(PET, BODY))
    assert [each.name for each in scores[3:]] == ["model", FLOOR_MEAN, FLOOR_MEDIAN]
    assert scores[4].mae == 0
    assert scores[5] == Score(FLOOR_MEDIAN, scores[0].mae, scores[0].rmse, scores[0].bias)
    assert (scores[3].mae, scores[3].bias) == (1.75, -0.25)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="not SUVBW"):
        score(PET, BODY, {"ct": volume(1, 2, 3, 4, 5, quantity="HU")})
    shifted = Geometry(GEOMETRY.shape, GEOMETRY.affine + _shift())
    with pytest.raises(ValueError, match="another grid"):
        score(PET, BODY, {"model": volume(1, 2, 3, 4, 5, geometry=shifted)})
    with pytest.raises(ValueError, match="empty"):
        score(PET, np.zeros_like(BODY), {"nothing": 0.0})


def test_table_has_a_line_each():
    lines = table(score(PET, BODY, constants(PET, BODY))).splitlines()
    assert len(lines) == 5
    assert lines[2] == "| nothing | 2.250 | 3.202 | -2.250 |"


def _shift():
    shift = np.zeros((4, 4))
    shift[0, 3] = 1.0
    return shift


def _corner(mm):
    corner = np.zeros((4, 4))
    corner[:3, 3] = mm
    return corner
