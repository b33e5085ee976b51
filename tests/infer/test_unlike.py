"""How unlike the training a CT is: the patient's number, the part of the body, and the finding."""

from dataclasses import replace

import numpy as np
import pytest

from ctpet.contract import FamiliarityPromise
from ctpet.errors import ModelInvalid
from ctpet.infer.backend import Execution
from ctpet.infer.synthesize import synthesize
from ctpet.infer.unlike import STRETCH_MM, unlike_along, unlike_finding, unlikeness
from ctpet.volume import Geometry, Volume
from tests.onnx_factory import a_contract, a_model, familiar_bytes, identity_bytes

USUAL = FamiliarityPromise("Thirty patients.", 30, 0.5, 1.0)
STEP_MM = 4.0
CPU = Execution(device="cpu", engine="onnxruntime")


def a_body(*, slices: int = 120, hu: tuple[tuple[slice, float], ...] = ()) -> Volume:
    """A cylinder of 40 HU along z from 100 mm on, with other HU in some slices."""
    array = np.full((slices, 40, 40), -1000, np.float32)
    array[:, 8:32, 8:32] = 40
    for where, value in hu:
        array[where, 8:32, 8:32] = value
    affine = np.eye(4)
    affine[:3, :3] = np.diag([STEP_MM] * 3)[:, ::-1]
    affine[2, 3] = 100 + STEP_MM / 2
    return Volume(array, Geometry(array.shape, affine, "1.2.3"), "HU")


def a_score(ct: Volume, **changes):
    contract = a_contract(familiarity=USUAL, **changes)
    return unlikeness(np.abs(ct.array) / 100, ct, contract), contract


def test_a_usual_patient_has_a_score_and_no_finding():
    found, contract = a_score(a_body())
    assert found.score == pytest.approx(0.4)
    assert found.parts_mm == ()
    assert found.body_share == 0
    assert unlike_finding(found, contract) is None


def test_a_part_that_is_unlike_is_named_with_its_place_and_share():
    found, contract = a_score(a_body(hu=((slice(80, 120), 300),)))
    assert found.score == pytest.approx(3.0)
    ((low, high),) = found.parts_mm
    assert high == 100 + 120 * STEP_MM
    assert low == pytest.approx(100 + 80 * STEP_MM, abs=STRETCH_MM / 2)
    assert found.where == "the upper third"
    assert found.body_share == pytest.approx((high - low) / (120 * STEP_MM))
    finding = unlike_finding(found, contract)
    assert finding.code == "unlike-training"
    assert finding.severity == "warning"
    assert f"z {low:.0f} to 580 mm" in finding.message
    assert finding.message.startswith("The upper third of the body in this CT")
    assert "3, where one held-out patient in a hundred has more than 1 and half" in finding.message
    assert "30 patients: Thirty patients)" in finding.message


@pytest.mark.parametrize(
    ("slices", "hu", "where"),
    [
        (slice(0, 120), 600, "the whole length"),
        (slice(0, 40), 600, "the lower third"),
        (slice(50, 70), 600, "the middle third"),
        (slice(40, 120), 600, "the upper and the middle third"),
        (slice(50, 62), 200, "a part of the middle third"),
    ],
)
def test_parts_are_named_in_thirds_of_the_body(slices, hu, where):
    found, _ = a_score(a_body(hu=((slices, hu),)))
    assert found.where == where


def test_two_parts_are_two():
    found, contract = a_score(a_body(hu=((slice(0, 20), 300), (slice(100, 120), 300))))
    (low, _), (_, high) = found.parts_mm
    assert (low, high) == (100, 580)
    assert " and " in unlike_finding(found, contract).message.split(" mm", 1)[0]


def test_only_the_body_counts():
    ct = a_body()
    body = ct.array > -300
    unlike = np.where(body, 0.4, 50).astype(np.float32)
    assert unlikeness(unlike, ct, a_contract(familiarity=USUAL)).score == pytest.approx(0.4)
    nobody = replace(ct, array=np.full_like(ct.array, -1000))
    assert unlikeness(unlike, nobody, a_contract(familiarity=USUAL)) is None


def test_a_stretch_is_a_mean_over_its_voxels():
    random = np.random.default_rng(1)
    body = random.random((30, 4, 5)) < 0.6
    unlike = random.random((30, 4, 5)).astype(np.float32)
    along = unlike_along(unlike, body, 8.0)
    half = 6
    for n in (0, 14, 29):
        near = slice(max(0, n - half), n + half + 1)
        assert along[n] == pytest.approx(unlike[near][body[near]].mean(), rel=1e-5)


def test_the_tip_of_a_body_tells_nothing():
    body = np.zeros((60, 20, 20), bool)
    body[:30] = True
    body[30:, :2, :2] = True
    unlike = np.where(np.arange(60)[:, None, None] >= 50, 9.0, 0.4) * np.ones(body.shape)
    assert unlike_along(unlike.astype(np.float32), body, STEP_MM).max() == pytest.approx(0.4)


def test_a_map_that_is_no_number_is_not_used():
    ct = a_body()
    with pytest.raises(ModelInvalid, match="no number"):
        unlikeness(np.full_like(ct.array, np.nan), ct, a_contract(familiarity=USUAL))


@pytest.mark.parametrize("sees", ["field-of-view", "patient"])
def test_the_engine_says_it_beside_the_same_suv(tmp_path, sees):
    ct = a_body(hu=((slice(80, 120), 300),))
    (tmp_path / "with").mkdir()
    model = a_model(tmp_path / "with", familiar_bytes(), sees=sees, familiarity=USUAL)
    done = synthesize(ct, model, execution=CPU)
    assert done.unlike.where == "the upper third"
    assert done.unlike.score == pytest.approx(3.0, rel=0.1)
    assert done.bounds is None
    plain = synthesize(ct, a_model(tmp_path, identity_bytes()), execution=CPU)
    assert plain.unlike is None
    if sees == "field-of-view":
        np.testing.assert_array_equal(done.pet.array, plain.pet.array)


def test_windows_give_the_number_of_one_piece(tmp_path):
    ct = a_body(hu=((slice(80, 120), 300),))
    model = a_model(tmp_path, familiar_bytes(), familiarity=USUAL, halo_voxels=(8, 8, 8))
    whole = synthesize(ct, model, execution=CPU)
    least = replace(CPU, memory_bytes=40 * 40 * 40 * 64)
    cut = synthesize(ct, model, execution=least)
    assert cut.plan.count > 1
    assert cut.unlike == whole.unlike


def test_a_graph_without_the_promised_map_is_no_model(tmp_path):
    with pytest.raises(ModelInvalid, match="must have as output suv, unlike_training"):
        a_model(tmp_path, identity_bytes(), familiarity=USUAL)
