"""Boxes of cases: where they lie, that they stay, and that nothing outside them is seen."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from ctpet.errors import CtpetError
from ctpet.prepare.boxes import BoxRule, box_cases, place_boxes, read_rule
from ctpet.prepare.cases import UNMEASURED, CaseInvalid, read_case, write_case
from tests.case_factory import make_case

RULE = BoxRule(side_mm=48, per_patient=8, seed=20261122)


def test_the_places_of_boxes_are_known(tmp_path):
    case = make_case(tmp_path, 0)
    starts = [box.start for box in place_boxes(case, RULE, 3)]
    assert starts == [(6, 2, 10), (4, 4, 18), (1, 3, 14)]
    assert {box.size for box in place_boxes(case, RULE, 3)} == {(12, 12, 12)}


def test_boxes_depend_on_seed_and_case_id_alone(tmp_path):
    case, other = make_case(tmp_path, 0), make_case(tmp_path, 1)
    moved = make_case(tmp_path / "elsewhere", 0)
    places = place_boxes(case, RULE, 8)
    assert place_boxes(moved, RULE, 8) == places
    assert place_boxes(case, RULE, 3) == places[:3]
    assert place_boxes(other, RULE, 8) != places
    assert place_boxes(case, replace(RULE, seed=1), 8) != places


def test_boxes_lie_in_the_measured_field_and_reach_its_faces(tmp_path):
    """The first slice of these cases was not measured."""
    case = make_case(tmp_path, 0)
    places = place_boxes(case, RULE, 500)
    starts = np.array([box.start for box in places])
    assert len(set(places)) == len(places) > 300
    np.testing.assert_array_equal(starts.min(axis=0), [1, 0, 0])
    np.testing.assert_array_equal(starts.max(axis=0), np.array(case.shape) - 12)


def test_every_box_has_measured_body(tmp_path):
    case = make_case(tmp_path, 0)
    small = replace(RULE, side_mm=8)  # a corner of the case holds air alone
    for box in box_cases([case], replace(small, per_patient=100)):
        assert (box.array("region") == 2).any()


def test_a_box_is_a_case_that_shows_the_same_patient(tmp_path):
    case = replace(make_case(tmp_path, 0), label_names={"5": "liver"})
    box = box_cases([case], RULE)[0]
    assert box.label_names == {"5": "liver"}
    k, j, i = place_boxes(case, RULE, 1)[0].start
    assert box.case_id == "case-00-box00"
    assert box.patient_hash == case.patient_hash
    assert box.shape == (12, 12, 12)
    for name in ("ct", "pet", "typical", "region"):
        cut = case.array(name)[k : k + 12, j : j + 12, i : i + 12]
        np.testing.assert_array_equal(box.array(name), cut)
    assert box.has("typical")
    assert not box.has("lesions")
    np.testing.assert_allclose(
        box.geometry.index_to_lps((1, 2, 3)), case.geometry.index_to_lps((k + 1, j + 2, i + 3))
    )


def test_a_box_stays_on_disk_as_it_is_and_goes_to_other_processes(tmp_path):
    box = box_cases([make_case(tmp_path, 0)], RULE)[0]
    assert isinstance(box.array("ct").base, np.memmap)
    sent = pickle.loads(pickle.dumps(box))  # noqa: S301
    np.testing.assert_array_equal(sent.array("pet"), box.array("pet"))


def test_a_box_can_be_written_as_a_case(tmp_path):
    box = box_cases([make_case(tmp_path, 0)], RULE)[0]
    arrays = {name: box.array(name) for name in ("ct", "pet", "region")}
    write_case(replace(box, folder=tmp_path / "written"), arrays)
    back = read_case(tmp_path / "written")
    assert back.case_id == box.case_id
    assert back.affine == box.affine
    np.testing.assert_array_equal(back.array("pet"), box.array("pet"))


def test_a_case_smaller_than_a_box_is_its_only_box(tmp_path):
    case = make_case(tmp_path, 0)
    boxes = box_cases([case], replace(RULE, side_mm=500))
    assert [box.shape for box in boxes] == [(23, 32, 40)]
    np.testing.assert_allclose(boxes[0].geometry.origin_mm, case.geometry.index_to_lps((1, 0, 0)))


def test_a_case_shorter_than_a_box_along_one_axis_is_clipped_there(tmp_path):
    case = make_case(tmp_path, 0, shape=(6, 32, 40))
    assert {box.shape for box in box_cases([case], RULE)} == {(5, 12, 12)}


def test_a_patients_boxes_are_shared_by_the_patients_cases(tmp_path):
    one, two, three, other = (make_case(tmp_path, number) for number in range(4))
    of_one = [replace(case, patient_hash=one.patient_hash) for case in (three, one, two)]
    boxes = box_cases([*of_one, other], RULE)
    counts = {case: sum(b.case_id.startswith(case) for b in boxes) for case in
              ("case-00", "case-01", "case-02", "case-03")}  # fmt: skip
    assert counts == {"case-00": 3, "case-01": 3, "case-02": 2, "case-03": 8}
    two_boxes = box_cases(of_one, replace(RULE, per_patient=2))
    assert [box.case_id for box in two_boxes] == ["case-00-box00", "case-01-box00"]


def test_a_case_without_measured_body_is_named(tmp_path):
    case = make_case(tmp_path, 0)
    region = np.full(case.shape, UNMEASURED, np.uint8)
    arrays = {name: np.array(case.array(name)) for name in ("ct", "pet")}
    case = write_case(case, {**arrays, "region": region})
    with pytest.raises(CaseInvalid, match=r"case-00 has no box of \[12, 12, 12\] voxels"):
        box_cases([case], RULE)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"side_mm": 0}, "side_mm must be a length in mm, not 0"),
        ({"side_mm": float("inf")}, "side_mm must be a length"),
        ({"side_mm": "wide"}, "side_mm must be a length"),
        ({"per_patient": 0}, "per_patient must be whole and at least 1, not 0"),
        ({"per_patient": 2.5}, "per_patient must be whole"),
        ({"per_patient": True}, "per_patient must be whole"),
        ({"seed": -1}, "seed must be whole and at least 0, not -1"),
        ({"sides": 3}, "its keys must be per_patient, seed, side_mm"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_by_name(changed, words):
    told = {"side_mm": 96, "per_patient": 8, "seed": 1}
    with pytest.raises(CtpetError, match=r"boxes=.*cannot be meant") as refused:
        read_rule({**told, **changed})
    assert words in str(refused.value)


def test_a_configuration_tells_a_rule_or_none():
    assert read_rule({"side_mm": 96, "per_patient": 8, "seed": 1}) == BoxRule(96, 8, 1)
    assert read_rule(None) is None
    with pytest.raises(CtpetError, match="its keys must be"):
        read_rule({"side_mm": 96})
    with pytest.raises(CtpetError, match="boxes=96 cannot be meant"):
        read_rule(96)
