"""Quality control: measures what was done to a pair, and says so."""

import numpy as np
import pytest

from ctpet.prepare.cases import AIR, BODY, UNMEASURED
from ctpet.prepare.dome import dome_offset_mm
from ctpet.prepare.limits import LIMITS, judge
from ctpet.prepare.quality import lateral_mismatch_ml, measure
from ctpet.volume import Geometry
from ctpet.volume.outline import body_of_ct, dice, filled_outline
from ctpet.volume.shift import best_shift, tissue_of_ct, tissue_of_pet
from tests.prepare.studies import trunk, uptake

MM = 8.0


def grid(shape, mm=MM):
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = mm
    affine[3, 3] = 1
    return Geometry(shape, affine)


@pytest.fixture(scope="module")
def pair():
    hu = trunk((44, 40, 48))
    return hu.astype(np.float32), uptake(hu).astype(np.float32), grid(hu.shape)


def arrays(hu, suv, geometry):
    region = np.where(body_of_ct(hu, geometry), BODY, AIR).astype(np.uint8)
    return {"ct": hu.astype(np.int16), "pet": suv, "region": region}


def codes(quality):
    return {finding.code: finding.severity for finding in judge(quality)}


def test_a_pair_that_belongs_together_is_left_alone(pair):
    hu, suv, geometry = pair
    quality = measure(geometry, arrays(hu, suv, geometry))
    assert judge(quality) == ()
    assert quality["pet_coverage"] == 1.0
    assert quality["body_dice"] == pytest.approx(1.0, abs=0.01)
    assert quality["shift_mm"] < 3
    assert quality["dome_offset_mm"] == pytest.approx(0, abs=1)
    assert quality["soft_tissue_suv"] == pytest.approx(1.2)
    assert (quality["clipped_fraction"], quality["lateral_mismatch_ml"]) == (0.0, 0.0)


@pytest.mark.parametrize("steps", [(0, 3, 0), (0, 0, -2), (3, 0, 0), (-4, 2, 1)])
def test_a_moved_pet_is_measured(pair, steps):
    hu, suv, geometry = pair
    moved = np.roll(suv, steps, (0, 1, 2))
    shift = best_shift(tissue_of_ct(hu), tissue_of_pet(moved), np.ones(hu.shape, bool), geometry)
    assert shift.mm == pytest.approx([-MM * n for n in steps], abs=4)
    assert shift.length_mm == pytest.approx(MM * np.linalg.norm(steps), abs=5)


def test_a_small_piece_says_nothing_about_a_shift(pair):
    hu, suv, _ = pair
    piece = (slice(0, 20), slice(10, 30), slice(10, 30))
    both = tissue_of_ct(hu[piece]), tissue_of_pet(suv[piece])
    known = np.ones((20, 20, 20), bool)
    assert best_shift(*both, known, grid((20, 20, 20))) is None


def test_noise_has_no_shift(pair):
    hu, _, geometry = pair
    noise = np.random.default_rng(1).random(hu.shape, np.float32)
    assert (
        best_shift(tissue_of_ct(hu), tissue_of_pet(noise), np.ones(hu.shape, bool), geometry)
        is None
    )


@pytest.mark.parametrize("steps", [-3, 2, 4])
def test_the_dome_is_measured(pair, steps):
    hu, suv, geometry = pair
    body = body_of_ct(hu, geometry)
    moved = np.roll(suv, steps, axis=0)
    assert dome_offset_mm(hu, moved, body, geometry) == pytest.approx(steps * MM, abs=1)


def test_without_lungs_there_is_no_dome(pair):
    hu, suv, geometry = pair
    hu = np.where((hu > -900) & (hu < -500), np.float32(40), hu)
    assert dome_offset_mm(hu, suv, body_of_ct(hu, geometry), geometry) is None


def test_an_arm_in_one_of_both_is_measured(pair):
    hu, suv, geometry = pair
    hu = hu.copy()
    hu[:40, 14:26, 44:48] = 40
    region = arrays(hu, suv, geometry)["region"]
    arm_ml = 40 * 12 * 4 * MM**3 / 1000
    assert lateral_mismatch_ml(suv, region, geometry) == pytest.approx(arm_ml, rel=0.4)
    told = codes(measure(geometry, arrays(hu, suv, geometry)))
    assert told["arms-differ"] == "warning"


def test_wrong_unit_and_half_a_pet_are_told(pair):
    hu, suv, geometry = pair
    assert codes(measure(geometry, arrays(hu, suv * 3, geometry)))["suv-implausible"] == "warning"
    gross = codes(measure(geometry, arrays(hu, suv * 5000, geometry)))
    assert gross["suv-implausible"] == gross["much-uptake-clipped"] == "error"
    half = arrays(hu, suv, geometry)
    half["region"][22:] = UNMEASURED
    quality = measure(geometry, half)
    assert quality["pet_coverage"] == pytest.approx(0.5, abs=0.02)
    assert codes(quality)["pet-coverage-low"] == "warning"


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_limits_are_inclusive_and_refusals_lie_beyond_warnings(limit):
    for end in limit.good:
        assert judge({limit.name: end}) == ()
    assert limit.bearable[0] <= limit.good[0] <= limit.good[1] <= limit.bearable[1]


def test_the_table_is_no_body_and_lungs_are():
    hu = np.full((6, 60, 60), -1000, np.float32)
    hu[:, 10:40, 10:50] = 40
    hu[:, 20:30, 20:30] = -800
    hu[:, 50:52, :] = 100
    hu[:, 10:30, 53:60] = 40
    body = body_of_ct(hu, grid(hu.shape, 4.0))
    assert body[:, 20:30, 20:30].all()
    assert not body[:, 45:].any()
    assert body[:, 14:26, 55:58].all(), "a limb apart from the trunk is body"
    assert not filled_outline(np.zeros((2, 5, 5), bool), grid((2, 5, 5))).any()


def test_dice():
    one = np.array([1, 1, 0, 0], bool)
    assert dice(one, np.array([0, 1, 1, 0], bool)) == 0.5
    assert dice(one, one) == 1.0
    assert dice(~one & one, ~one & one) == 0.0
