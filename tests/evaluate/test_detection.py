"""What a segmenter found of a case's lesions, and over patients."""

from itertools import pairwise

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from monai.metrics import compute_froc_curve_data

from ctpet.evaluate.detection import detect, found_values
from ctpet.evaluate.detection_summary import detection_summary
from ctpet.evaluate.lesions import lesion_numbers
from tests.evaluate.report.made import evaluation, score
from tests.evaluate.report.segmented import MISSED, detection, segmented

MM = (2.0, 5.0, 10.0)
"""A voxel of 0.1 mL."""


def line(summary, judged, least=0.0):
    (one,) = [x for x in summary.lines if (x.judged, x.least_suv) == (judged, least)]
    return one


def volume(*boxes, shape=(6, 12, 20), value=1):
    found = np.zeros(shape, np.uint16)
    for box in boxes:
        found[box] = value
    return found


ONE, TWO, THREE = (np.s_[0:2, 0:2, at : at + 3] for at in (0, 8, 16))
FAR = np.s_[4:6, 8:12, 0:3]


def on_one(mask, pet, lesions):
    return detect({"predicted": mask}, {"predicted": pet}, lesions, MM)["predicted"]


def test_a_voxel_in_common_is_a_match_and_the_rest_is_false():
    lesions = volume(ONE, TWO, THREE)
    mask = volume(np.s_[1:3, 1:3, 2:5], np.s_[0:2, 0:2, 10:12], FAR)  # at a corner; at an edge
    pet = np.ones(lesions.shape, np.float32)
    pet[2, 2, 4], pet[0, 0, 10], pet[5, 11, 2] = 7, 5, 9
    found = on_one(mask, pet, lesions)
    assert found.lesions[:2] == (7, 5)
    assert np.isnan(found.lesions[2])
    assert [(x.overlapped_lesions, x.candidate_suv_max) for x in found.candidates] == [
        (1, 5), (1, 7), (0, 9)
    ]  # fmt: skip
    assert [x.volume_ml for x in found.candidates] == pytest.approx([0.8, 1.2, 2.4])
    counts = found.counts()
    assert (counts["found"], counts["lesions"], counts["sensitivity"]) == (2, 3, 2 / 3)
    assert (counts["true_candidates"], counts["false_positives"], counts["ppv"]) == (2, 1, 2 / 3)
    assert counts["segmentation_dice"] == pytest.approx(2 * (1 + 4) / (36 + 44))


def test_one_candidate_may_find_several_lesions_and_several_one():
    lesions, pet = volume(ONE, TWO), np.ones((6, 12, 20), np.float32)
    pet[0, 0, 8] = 6
    everything = on_one(volume(np.s_[:]), pet, lesions)
    assert everything.lesions == (6, 6)
    assert everything.candidates[0].overlapped_lesions == 2
    assert everything.counts()["ppv"] == 1
    assert everything.counts()["segmentation_dice"] < 0.05  # which tells that it marks everything
    two = on_one(volume(np.s_[0, 0, 0], np.s_[0, 0, 2]), pet, lesions)
    assert two.counts()["found"] == 1
    assert two.counts()["true_candidates"] == 2


def test_candidates_that_touch_at_a_corner_are_one_and_numbers_are_as_given():
    lesions, pet = volume(FAR), np.ones((6, 12, 20), np.float32)
    corners = volume(np.s_[0, 0, 0], np.s_[1, 1, 1])
    assert len(on_one(corners, pet, lesions).candidates) == 1
    numbered = volume(np.s_[0, 0, 0]) + volume(np.s_[3, 3, 3], value=7)
    numbered[0, 0, 1] = 7
    assert [x.voxels for x in on_one(numbered, pet, lesions).candidates] == [1, 2]


def test_nothing_marked_and_nothing_to_find():
    pet, nothing, lesions = np.ones((6, 12, 20), np.float32), volume(), volume(ONE)
    missed = on_one(nothing, pet, lesions).counts()
    assert (missed["sensitivity"], missed["candidates"], missed["segmentation_dice"]) == (0, 0, 0)
    assert np.isnan(missed["ppv"])
    healthy = on_one(lesions, pet, nothing).counts()
    assert (healthy["ppv"], healthy["false_positives"]) == (0, 1)
    assert np.isnan(healthy["sensitivity"])
    assert np.isnan(on_one(nothing, pet, nothing).counts()["segmentation_dice"])


def test_what_is_marked_on_the_measured_pet_too_is_told():
    pet = np.ones((6, 12, 20), np.float32)
    masks = {"predicted": volume(TWO, FAR), "measured": volume(np.s_[4, 9, 1])}
    found = detect(masks, {"predicted": pet, "measured": 3 * pet}, volume(ONE), MM)
    assert [x.on_measured for x in found["predicted"].candidates] == [0, 1]
    assert [x.candidate_suv_max for x in found["measured"].candidates] == [3]
    alone = detect({"predicted": masks["predicted"]}, {"predicted": pet}, volume(ONE), MM)
    assert np.isnan([x.on_measured for x in alone["predicted"].candidates]).all()
    values = found_values(found, 0)
    assert (values["predicted_found"], values["measured_found"]) == (0, 0)
    assert np.isnan(values["predicted_candidate_suv_max"])


def test_shapes_that_differ_are_a_mistake():
    with pytest.raises(ValueError, match="shapes differ"):
        on_one(volume(), np.ones((6, 12, 20), np.float32), volume(shape=(6, 12, 21)))


@pytest.mark.parametrize("seed", range(4))
def test_matches_are_those_of_simpleitk(seed):
    rng = np.random.default_rng(seed)
    lesions, mask = ((rng.random((12, 14, 16)) > 0.93).astype(np.uint16) for _ in range(2))
    pet = rng.gamma(2, 2, lesions.shape).astype(np.float32)
    found = on_one(mask, pet, lesions)
    parts = sitk.GetArrayFromImage(
        sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)), True)
    )
    statistics = sitk.LabelStatisticsImageFilter()
    statistics.Execute(sitk.GetImageFromArray(pet), sitk.GetImageFromArray(parts))
    hottest = {n: statistics.GetMaximum(n) for n in statistics.GetLabels() if n}
    assert sorted(x.candidate_suv_max for x in found.candidates) == pytest.approx(
        sorted(hottest.values())
    )
    numbers, count = lesion_numbers(lesions)
    for n in range(1, count + 1):
        touching = [hottest[part] for part in np.unique(parts[numbers == n]) if part]
        assert found.lesions[n - 1] == pytest.approx(max(touching, default=np.nan), nan_ok=True)


def cases(*marks):
    """Cases of (patient, lesions, false positives) on the predicted PET."""
    return [
        segmented(score(f"c{n}", 0.1, patient=patient), predicted=detection(lesions, false))
        for n, (patient, lesions, false) in enumerate(marks)
    ]


def test_lesions_are_counted_and_false_positives_are_averaged_by_patient():
    found = detection_summary(
        cases(
            ("a", [5.0, MISSED], [2.0, 6.0]), ("a", [8.0], []), ("b", [], [3.0]),
            ("c", [MISSED], []),
        )
    )  # fmt: skip
    every = line(found, "predicted")
    assert (every.patients, every.lesions, every.found) == (3, 4, 2)
    assert (every.candidates, every.true_candidates, every.ppv.mean) == (5, 2, 0.4)
    assert every.sensitivity.mean == 0.5
    assert every.false_positives.mean == pytest.approx((2 / 2 + 1 + 0) / 3)
    hot = line(found, "predicted", 6.0)
    assert (hot.found, hot.candidates, hot.true_candidates) == (1, 2, 1)
    assert hot.false_positives.mean == pytest.approx(0.5 / 3)
    assert np.isnan(every.sensitivity.low)
    assert {x.judged for x in found.lines} == {"predicted"}


def test_the_synthesis_is_judged_by_what_the_segmenter_can_find():
    one = segmented(
        score("c", 0.1),
        predicted=detection([5.0, MISSED, 4.0], [3.0, 7.0], on_measured=[3.0]),
        measured=detection([9.0, 8.0, MISSED], [3.0]),
    )
    found = line(detection_summary([one]), "synthesis")
    assert (found.lesions, found.found) == (2, 1)  # the third cannot be expected
    assert (found.candidates, found.true_candidates) == (4, 3)
    assert found.false_positives.mean == 1
    ceiling = line(detection_summary([one]), "measured")
    assert (ceiling.lesions, ceiling.found, ceiling.false_positives.mean) == (3, 2, 1)


def test_lesions_are_counted_by_their_size():
    six = [(str(n), [5.0, MISSED, 3.0], []) for n in range(6)]  # of 2, 6 and 10 mL
    sizes = line(detection_summary(cases(*six)), "predicted").by_size
    assert {name: (one.found, one.lesions) for name, one in sizes.items()} == {
        "<1": (0, 0), "1–5": (6, 6), "5–20": (6, 12), ">20": (0, 0),
    }  # fmt: skip
    assert 0 < sizes["5–20"].sensitivity.low < 0.5 < sizes["5–20"].sensitivity.high < 1
    assert np.isnan(sizes["<1"].sensitivity.mean)
    hot = line(detection_summary(cases(*six)), "predicted", 4.0).by_size
    assert (hot["1–5"].found, hot["5–20"].found) == (6, 0)


def test_intervals_come_with_five_patients():
    six = [(str(n), [5.0, 4.0, MISSED], [3.0] * n) for n in range(6)]
    every = line(detection_summary(cases(*six)), "predicted")
    assert 0 < every.sensitivity.low < 2 / 3 < every.sensitivity.high < 1
    assert every.false_positives.low < 2.5 < every.false_positives.high
    assert np.isnan(line(detection_summary(cases(*six[:4])), "predicted").false_positives.low)


def test_froc_is_that_of_monai():
    rng = np.random.default_rng(3)
    hot = rng.gamma(3, 2, 80).round(1)
    lesions = np.where(rng.random(80) < 0.3, np.nan, hot)
    false = rng.gamma(2, 2, 50).round(1)
    found = detection_summary(
        cases(*((str(n), lesions[8 * n : 8 * n + 8], false[5 * n : 5 * n + 5]) for n in range(10)))
    )
    known = lesions[np.isfinite(lesions)]
    per_image, sensitivity = compute_froc_curve_data(false, known, num_targets=80, num_images=10)
    ours = {(round(x.false_positives, 9), round(x.sensitivity, 9)) for x in found.froc["predicted"]}
    theirs = set(zip(per_image[1:].round(9), sensitivity[1:].round(9), strict=True))
    assert theirs - {(0, 0)} <= ours  # theirs leaves out points on a straight line
    assert len(theirs) > 50
    curve = found.froc["predicted"]
    assert all(a.sensitivity <= b.sensitivity for a, b in pairwise(curve))
    assert all(a.false_positives <= b.false_positives for a, b in pairwise(curve))
    assert curve[-1].sensitivity == known.size / 80
    assert curve[-1].false_positives == pytest.approx(5)


def test_without_masks_there_is_nothing():
    assert detection_summary(evaluation([0.1, 0.2]).cases) is None


def test_without_lesions_there_is_no_curve():
    found = detection_summary(cases(("a", [], [3.0])))
    assert found.froc == {"predicted": ()}
    assert np.isnan(line(found, "predicted").sensitivity.mean)
    assert line(found, "predicted").false_positives.mean == 1
