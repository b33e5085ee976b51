import math

import numpy as np
import pytest
import SimpleITK
from scipy import ndimage
from scipy.spatial import KDTree

from ctpet.evaluate.lesions import (
    SIZE_CLASSES,
    foci,
    lesion_agreement,
    lesion_names,
    lesion_numbers,
)

F32 = np.float32
SHAPE = (16, 20, 24)
FINE = (4.0, 4.0, 4.0)  # a voxel is 0.064 mL, two steps are as far as a counterpart may be
COARSE = (10.0, 10.0, 10.0)  # a voxel is 1 mL, neighbours are no counterparts
BODY = np.ones(SHAPE, bool)


def pet(*parts, suv=6.0):
    """SUV 1, and a value in the parts of the image, each given by its slices."""
    values = np.ones(SHAPE, F32)
    for part in parts:
        values[part] = suv
    return values


def marked(*parts):
    """Number the parts from 1."""
    numbers = np.zeros(SHAPE, np.uint16)
    for number, part in enumerate(parts, 1):
        numbers[part] = number
    return numbers


def box(k, j, i, size=3):
    return np.s_[k : k + size, j : j + size, i : i + size]


def blobs(seed, share=0.06):
    """A PET of random hot blobs."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 1.2)
    return (4 * field / np.quantile(field, 1 - share)).astype(F32)


def itk_components(mask):
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    components = SimpleITK.ConnectedComponentImageFilter()
    components.SetFullyConnected(True)
    numbers = SimpleITK.GetArrayFromImage(components.Execute(image))
    return [numbers == n + 1 for n in range(components.GetObjectCount())]


def itk_dice(one, other):
    overlap = SimpleITK.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*(SimpleITK.GetImageFromArray(each.astype(np.uint8)) for each in (one, other)))
    return overlap.GetDiceCoefficient()


def in_class(name, count):
    return {each: count if each == name else 0 for each in SIZE_CLASSES}


NONE = in_class("<1", 0)


def test_a_focus_of_the_prediction_alone_is_fabricated():
    found = foci(pet(box(2, 2, 2)), pet(), BODY, FINE)
    assert found.fabricated.count == found.predicted.count == in_class("1–5", 1)
    assert found.fabricated.volume_ml == pytest.approx(in_class("1–5", 27 * 0.064))
    assert found.omitted.count == found.measured.count == NONE
    assert found.hot_dice == 0


def test_a_focus_of_the_measured_pet_alone_is_omitted():
    found = foci(pet(), pet(box(2, 2, 2)), BODY, FINE)
    assert found.omitted.count == found.measured.count == in_class("1–5", 1)
    assert found.omitted.volume_ml == pytest.approx(in_class("1–5", 27 * 0.064))
    assert found.fabricated.count == found.predicted.count == NONE


def test_swapping_the_pets_swaps_fabricated_and_omitted():
    there, back = (foci(*pair, BODY, FINE) for pair in ((blobs(1), blobs(2)), (blobs(2), blobs(1))))
    assert sum(there.fabricated.count.values()) != sum(there.omitted.count.values())
    assert there.fabricated == back.omitted
    assert there.omitted == back.fabricated
    assert there.predicted == back.measured
    assert there.hot_dice == back.hot_dice


def test_a_pet_agrees_with_itself():
    found = foci(blobs(1), blobs(1), BODY, FINE)
    assert sum(found.measured.count.values()) > 3
    assert found.fabricated.count == found.omitted.count == NONE
    assert found.hot_dice == 1


def test_foci_are_the_components_of_itk():
    """Neighbours of 9 mm are no counterparts, so that a focus needs a voxel in common."""
    predicted, measured = blobs(1), blobs(2)
    found = foci(predicted, measured, BODY, (9.0, 9.0, 9.0))
    components = itk_components(predicted >= 4)
    alone = [part for part in components if not (measured[part] >= 4).any()]
    assert 0 < len(alone) < len(components)
    assert sum(found.predicted.count.values()) == len(components)
    assert sum(found.fabricated.count.values()) == len(alone)
    wanted_ml = sum(int(part.sum()) for part in alone) * 0.729
    assert sum(found.fabricated.volume_ml.values()) == pytest.approx(wanted_ml)
    assert found.hot_dice == pytest.approx(itk_dice(predicted >= 4, measured >= 4))


@pytest.mark.parametrize(("step", "excused"), [(4, True), (5, False)])
def test_a_shift_that_leaves_8_mm_between_foci_is_no_invention(step, excused):
    """Of 3 voxels, a step of 4 leaves 8 mm from centre to centre, one of 5 leaves 12."""
    found = foci(pet(box(2, 2, 2)), pet(box(2, 2, 2 + step)), BODY, FINE)
    wanted = NONE if excused else in_class("1–5", 1)
    assert found.fabricated.count == found.omitted.count == wanted
    assert found.hot_dice == 0


def test_the_distance_is_in_mm_along_each_axis():
    for axis, near in ((0, 1), (1, 2), (2, 4)):
        for step in (near, near + 1):
            at = [2, 2, 2]
            at[axis] += 2 + step
            found = foci(pet(box(2, 2, 2)), pet(box(*at)), BODY, (8.0, 4.0, 2.0))
            assert (found.fabricated.count == NONE) == (step == near)


def test_few_hot_voxels_do_not_accuse():
    """4 voxels have 0.256 mL, 5 have 0.32."""
    small, enough = np.s_[2, 2, 2:6], np.s_[10, 10, 2:7]
    found = foci(pet(small, enough), pet(), BODY, FINE)
    assert found.predicted.count == found.fabricated.count == in_class("<1", 1)
    assert found.fabricated.volume_ml == pytest.approx(in_class("<1", 0.32))


def test_few_hot_voxels_excuse():
    found = foci(pet(box(2, 2, 2, 6)), pet(np.s_[4, 4, 4]), BODY, FINE)
    assert found.predicted.count == in_class("5–20", 1)
    assert found.fabricated.count == NONE


def test_hot_is_4_or_more():
    cool = np.nextafter(F32(4), F32(0))
    assert foci(pet(box(2, 2, 2), suv=4.0), pet(), BODY, FINE).fabricated.count["1–5"] == 1
    assert foci(pet(box(2, 2, 2), suv=cool), pet(), BODY, FINE).fabricated.count == NONE
    warm, lesion = pet(box(2, 2, 2), suv=4.0), marked(box(2, 2, 2))
    assert lesion_agreement(warm, warm, lesion, FINE).dice == 1
    cold = lesion_agreement(pet(box(2, 2, 2), suv=cool), warm, lesion, FINE)
    assert cold.detected.count == NONE


def test_beyond_the_body_nothing_accuses_but_what_is_hot_there_excuses():
    body = BODY.copy()
    body[:, :, 12:] = False
    assert foci(pet(box(2, 2, 14)), pet(), body, FINE).predicted.count == NONE
    found = foci(pet(box(2, 2, 9)), pet(box(2, 2, 12)), body, FINE)
    assert found.fabricated.count == found.measured.count == NONE
    assert found.predicted.count == in_class("1–5", 1)
    assert found.fabricated_ml == pytest.approx(9 * 0.064), "the layer 12 mm away"
    assert found.measured_ml == 0


def ball(centre, radius_voxels):
    k, j, i = (np.arange(n) - c for n, c in zip(SHAPE, centre, strict=True))
    square = k[:, None, None] ** 2 + j[:, None] ** 2 + i**2
    return square <= radius_voxels**2


def test_a_sphere_invented_around_one_hot_voxel_is_told_in_ml():
    """No focus is fabricated, but all of the sphere is that lies beyond 8 mm of the voxel."""
    centre, spacing_mm = (8, 10, 12), (4.3, 4.0, 4.0)
    sphere, real = ball(centre, 7), pet(centre)
    found = foci(np.where(sphere, F32(8), F32(1)), real, BODY, spacing_mm)
    assert found.fabricated.count == NONE
    away = np.linalg.norm((np.argwhere(sphere) - centre) * spacing_mm, axis=1)
    voxel_ml = 4.3 * 4 * 4 / 1000
    assert found.fabricated_ml == pytest.approx((away > 8).sum() * voxel_ml)
    assert found.fabricated_ml > 0.95 * found.predicted_ml
    assert found.predicted_ml == pytest.approx(sphere.sum() * voxel_ml)
    assert found.measured_ml == pytest.approx(voxel_ml)
    assert found.omitted_ml == 0
    back = foci(real, np.where(sphere, F32(8), F32(1)), BODY, spacing_mm)
    assert (back.omitted_ml, back.fabricated_ml) == (found.fabricated_ml, 0)


def test_specks_are_uptake_though_no_foci():
    found = foci(pet((2, 2, 2)), pet(), BODY, FINE)
    assert found.predicted.count == NONE
    assert found.fabricated_ml == pytest.approx(0.064)


@pytest.mark.parametrize("spacing_mm", [(4.0, 4.0, 4.0), (3.3, 2.0, 5.5), (9.0, 9.0, 9.0)])
def test_uptake_in_ml_is_that_of_a_search_among_all_centres(spacing_mm):
    predicted, measured = blobs(1), blobs(2)
    found = foci(predicted, measured, BODY, spacing_mm)
    hot, real = (np.argwhere(each >= 4) * spacing_mm for each in (predicted, measured))
    for one, other, ml in (hot, real, found.fabricated_ml), (real, hot, found.omitted_ml):
        far = KDTree(other).query(one)[0] > 8
        assert 0 < far.sum() < len(far)
        assert ml == pytest.approx(far.sum() * np.prod(spacing_mm) / 1000)


def test_voxels_that_meet_at_a_corner_are_one_focus():
    found = foci(pet(*((n, n, n) for n in range(2, 7))), pet(), BODY, FINE)
    assert found.fabricated.count == in_class("<1", 1)


def test_an_edge_belongs_to_the_class_above_it():
    """Voxels of 0.5 mL in rows: 0.5, 1, 4.5, 5, 19.5 and 20 mL."""
    values = pet()
    for row, length in enumerate((1, 2, 9, 10)):
        values[0, 4 * row, :length] = 9
    values[8, 0:13, 0:3] = values[13, 0:20, 0:2] = 9
    found = foci(values, pet(), BODY, (5.0, 10.0, 10.0))
    assert found.predicted.count == {"<1": 1, "1–5": 2, "5–20": 2, ">20": 1}
    assert found.predicted.volume_ml == pytest.approx(
        {"<1": 0.5, "1–5": 5.5, "5–20": 24.5, ">20": 20}
    )


def test_what_is_invented_beside_an_organ_only_lowers_dice():
    organ, beside = box(2, 2, 2, 6), box(2, 2, 8, 6)
    found = foci(pet(organ, beside), pet(organ), BODY, FINE)
    assert found.fabricated.count == NONE
    assert found.hot_dice == pytest.approx(2 / 3)


def test_two_cold_pets_have_no_foci_and_no_dice():
    found = foci(pet(), pet(), BODY, FINE)
    for part in (found.predicted, found.measured, found.fabricated, found.omitted):
        assert part.count == part.volume_ml == NONE
    assert math.isnan(found.hot_dice)


def test_twice_the_voxel_volume_is_twice_the_volume_of_foci():
    spots = pet(box(2, 2, 2), box(9, 9, 9, 5))
    once = foci(spots, pet(), BODY, (4.0, 4.0, 4.0)).fabricated
    twice = foci(spots, pet(), BODY, (4.0, 4.0, 8.0)).fabricated
    assert sum(twice.volume_ml.values()) == pytest.approx(2 * sum(once.volume_ml.values()))
    assert sum(twice.count.values()) == sum(once.count.values()) == 2


def test_lesions_are_judged_as_by_autopet():
    """Where only lesions are hot on the measured PET, every hot voxel predicted is a lesion."""
    predicted, truth = blobs(1), blobs(2) >= 4
    measured = np.where(truth, F32(9), F32(1))
    found = lesion_agreement(predicted, measured, truth.astype(np.uint16), COARSE)
    hot, lesions = predicted >= 4, itk_components(truth)
    missed = [lesion for lesion in lesions if not hot[lesion].any()]
    false = [part for part in itk_components(hot) if not truth[part].any()]
    assert missed
    assert false
    assert found.dice == pytest.approx(itk_dice(hot, truth))
    assert found.missed_ml == pytest.approx(sum(int(part.sum()) for part in missed))
    assert found.spurious_ml == pytest.approx(sum(int(part.sum()) for part in false))
    assert sum(found.lesions.count.values()) == len(lesions)
    assert sum(found.detected.count.values()) == len(lesions) - len(missed)
    assert found.measured_dice == 1
    assert found.measured_detected == found.lesions


def test_agreement_worked_by_hand():
    """Of two lesions of 27 voxels 9 and none are hot, and 27 voxels elsewhere are."""
    seen, missed = box(2, 2, 2), box(2, 2, 12)
    predicted = pet(np.s_[2:5, 2:5, 2], box(9, 9, 9))
    found = lesion_agreement(predicted, pet(seen, missed), marked(seen, missed), FINE)
    assert found.dice == pytest.approx(2 * 9 / (36 + 54))
    assert found.spurious_ml == pytest.approx(27 * 0.064)
    assert found.missed_ml == pytest.approx(27 * 0.064)
    assert found.lesions.count == found.measured_detected.count == in_class("1–5", 2)
    assert found.detected.count == found.detected_by_both.count == in_class("1–5", 1)
    assert found.detected.volume_ml == pytest.approx(in_class("1–5", 27 * 0.064))


def test_an_organ_that_is_predicted_larger_is_no_false_positive():
    lesion, organ, larger = box(2, 2, 2), box(2, 2, 12, 4), box(2, 2, 12, 8)
    found = lesion_agreement(pet(lesion, larger), pet(lesion, organ), marked(lesion), FINE)
    assert found.spurious_ml == 0
    assert found.dice == found.measured_dice == 1


def test_the_measured_pet_through_the_same_rule():
    measured = blobs(4)
    truth = (blobs(4) >= 5) & (np.arange(SHAPE[2]) < 12)
    found = lesion_agreement(measured, measured, truth, FINE)
    assert 0 < found.dice < 1
    assert found.dice == found.measured_dice
    assert found.detected == found.measured_detected == found.detected_by_both == found.lesions
    assert found.spurious_ml == found.missed_ml == 0


def test_of_a_lesion_merged_with_an_organ_8_mm_around_it_are_the_lesions():
    """Of a bridge of 8 voxels between them, two lie that near; nor does the organ count there."""
    lesion, organ, bridge = np.s_[4, 4, 2:4], np.s_[4, 4, 12:20], np.s_[4, 4, 2:20]
    found = lesion_agreement(pet(bridge), pet(lesion, organ), marked(lesion), FINE)
    assert found.dice == pytest.approx(2 * 2 / (4 + 2))
    assert found.spurious_ml == 0
    organ = np.s_[4, 4, 5:20]
    found = lesion_agreement(pet(bridge), pet(lesion, organ), marked(lesion), FINE)
    assert found.dice == pytest.approx(2 * 2 / (3 + 2))


def test_what_an_organ_parts_from_a_lesion_is_no_false_positive():
    """Of 5 slices predicted, 2 mm apart, the third is organ; behind it two are within 8 mm."""
    lesion, organ, merged = np.s_[4, 4, 2:12], np.s_[6, 4, 2:12], np.s_[4:9, 4, 2:12]
    found = lesion_agreement(pet(merged), pet(lesion, organ), marked(lesion), (2.0, 4.0, 4.0))
    assert found.dice == pytest.approx(2 * 10 / (20 + 10))
    assert found.spurious_ml == 0


def test_an_organ_near_a_lesion_but_apart_from_it_is_physiological():
    lesion, organ = np.s_[4, 4, 2:8], np.s_[6, 4, 2:8]
    found = lesion_agreement(pet(lesion, organ), pet(lesion, organ), marked(lesion), FINE)
    assert found.dice == found.measured_dice == 1


def test_the_rim_beyond_a_contour_is_not_physiological():
    """A contour of 3 voxels in a hot blob of 5: a prediction of the blob is not cut down to it."""
    contour, blob, wider = box(4, 4, 4), box(3, 3, 3, 5), box(1, 1, 1, 9)
    found = lesion_agreement(pet(blob), pet(blob), marked(contour), FINE)
    assert found.dice == found.measured_dice == pytest.approx(2 * 27 / (27 + 125))
    found = lesion_agreement(pet(wider), pet(blob), marked(contour), FINE)
    assert found.dice == pytest.approx(2 * 27 / (27 + 729))


def test_uptake_beyond_8_mm_from_a_lesion_is_physiological():
    """A hot bar: the contour and two voxels beyond it are the lesion's."""
    contour, bar = np.s_[4, 4, 2:6], np.s_[4, 4, 2:20]
    found = lesion_agreement(pet(bar), pet(bar), marked(contour), FINE)
    assert found.dice == found.measured_dice == pytest.approx(2 * 4 / (6 + 4))


def test_a_lesion_cold_on_the_measured_pet_cannot_be_expected():
    hot, cold = box(2, 2, 2), box(2, 2, 12, 4)
    found = lesion_agreement(pet(hot, cold), pet(hot), marked(hot, cold), FINE)
    assert found.detected.count == {"<1": 0, "1–5": 2, "5–20": 0, ">20": 0}
    assert found.measured_detected.count == found.detected_by_both.count == in_class("1–5", 1)
    assert found.measured_dice == pytest.approx(2 * 27 / (27 + 27 + 64))
    unseen = lesion_agreement(pet(cold), pet(hot), marked(hot, cold), FINE)
    assert unseen.detected_by_both.count == NONE


def test_with_several_numbers_each_is_a_lesion_and_with_one_each_component():
    first, second, corner = box(2, 2, 2), box(2, 2, 12), box(5, 5, 5)
    numbered = marked(first, corner)
    numbered[second] = 1
    found = lesion_agreement(pet(second), pet(), numbered, FINE)
    assert found.lesions.volume_ml == pytest.approx(in_class("1–5", 3 * 27 * 0.064))
    assert found.lesions.count == in_class("1–5", 2)
    assert found.detected.volume_ml == pytest.approx(in_class("1–5", 2 * 27 * 0.064))
    for one in (numbered > 0, 7 * (numbered > 0).astype(np.uint16)):
        found = lesion_agreement(pet(second), pet(), one, FINE)
        assert found.lesions.count == in_class("1–5", 2), "two meet at a corner"
        assert found.detected.volume_ml == pytest.approx(in_class("1–5", 27 * 0.064))


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ((101, 7), {1: "lesion 7", 2: "lesion 101"}),
        ((101,), {1: "lesion 101"}),
        ((9, 9), {1: "lesion 1", 2: "lesion 2"}),
        ((), {}),
    ],
)
def test_lesions_are_called_after_the_maps_own_numbers(values, names):
    """But parts of one number after their order."""
    lesions = np.zeros(SHAPE, np.uint16)
    for place, value in zip((box(2, 2, 2), box(2, 2, 12)), values, strict=False):
        lesions[place] = value
    numbers, _ = lesion_numbers(lesions)
    assert lesion_names(lesions, numbers) == names


def test_a_gap_between_numbers_is_no_lesion():
    lesions = 5 * marked(box(2, 2, 2), box(2, 2, 12))
    assert lesion_agreement(pet(), pet(), lesions, FINE).lesions.count == in_class("1–5", 2)


def test_few_hot_voxels_are_no_false_positive_but_find_a_small_lesion():
    lesion, speckle, enough = np.s_[2, 2, 2:4], np.s_[9, 9, 2:6], np.s_[12, 12, 2:7]
    found = lesion_agreement(pet(lesion, speckle), pet(lesion), marked(lesion), FINE)
    assert found.spurious_ml == 0
    assert found.dice == 1
    assert found.detected.count == in_class("<1", 1)
    found = lesion_agreement(pet(lesion, enough), pet(lesion), marked(lesion), FINE)
    assert found.spurious_ml == pytest.approx(0.32)


def test_a_patient_without_lesions_has_false_positives_and_no_dice():
    predicted, measured = pet(box(2, 2, 2), box(2, 2, 12)), pet(box(2, 2, 12))
    found = lesion_agreement(predicted, measured, marked(), FINE)
    assert found.spurious_ml == pytest.approx(27 * 0.064)
    assert math.isnan(found.dice)
    assert math.isnan(found.measured_dice)
    assert math.isnan(found.missed_ml)
    assert found.lesions.count == found.detected.count == NONE


def test_a_cold_prediction_omits_every_lesion():
    lesion = box(2, 2, 2)
    found = lesion_agreement(pet(), pet(lesion), marked(lesion), FINE)
    assert found.dice == 0
    assert found.missed_ml == pytest.approx(27 * 0.064)
    assert found.spurious_ml == 0


def test_autopets_own_rule_cuts_nothing_away():
    """Beside a lesion an organ grows by 64 voxels, and a focus of 27 touches it at a corner."""
    lesion, organ, larger, focus = box(2, 2, 2), box(2, 2, 12, 4), box(2, 2, 12, 8), box(10, 10, 9)
    found = lesion_agreement(pet(lesion, larger, focus), pet(lesion, organ), marked(lesion), FINE)
    assert found.spurious_ml == 0, "the focus is of the organ's component by its corner"
    assert found.autopet_false_positive_ml == pytest.approx((512 + 27) * 0.064)
    assert found.measured_autopet_false_positive_ml == pytest.approx(64 * 0.064)
    assert found.autopet_dice == pytest.approx(2 * 27 / (27 + 27 + 512 + 27))
    assert found.autopet_false_negative_ml == 0
    assert lesion_agreement(pet(), pet(), marked(lesion), FINE).autopet_false_negative_ml == (
        pytest.approx(27 * 0.064)
    )


def test_shapes_that_differ_are_refused():
    values, other = pet(), BODY[:-1]
    with pytest.raises(ValueError, match="shapes differ"):
        foci(values, values, other, FINE)
    with pytest.raises(ValueError, match="shapes differ"):
        foci(values, values[:-1], BODY, FINE)
    with pytest.raises(ValueError, match="shapes differ"):
        lesion_agreement(values, values, other, FINE)
