"""Wide digital patients: apart from the plain ones, ill and scanned in known ways."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ctpet.contract import TrainingData, hash_patient
from ctpet.evaluate.overlap import in_training
from ctpet.phantom.anatomy import draw_anatomy, draw_body
from ctpet.phantom.breath import Breath, breathe
from ctpet.phantom.ct import render_ct
from ctpet.phantom.domain import (
    are_digital,
    is_digital,
    kind_of,
    phantom_name,
    phantom_patient_id,
    stream_of,
)
from ctpet.phantom.examination import draw_examination
from ctpet.phantom.floor import floor_of, mean_of
from ctpet.phantom.labels import FIRST_LESION, LABELS, PLAIN_LABELS
from ctpet.phantom.noise import noise_slice, spectra, weights_along_k
from ctpet.phantom.patients import draw_patient
from ctpet.phantom.priors import draw_suv
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.scan import Kernel, Scan
from ctpet.phantom.scanner import METAL_HU, outside_field_mm, streaks_of_metal
from ctpet.phantom.seen import prior_of, see
from ctpet.phantom.study import write_phantom
from ctpet.phantom.tissues import COLD, TISSUE_OF
from ctpet.phantom.uptake import draw_uptake, pet_of
from ctpet.phantom.wide.lesion_classes import CLASSES, SUVMAX_OVER_LEVEL
from ctpet.phantom.wide.lesions import MOST, NATURAL_MEAN, NONE_SHARE, plan_lesions
from ctpet.phantom.wide.pathology import with_pathology
from ctpet.phantom.wide.phases import ADDED
from ctpet.volume import Geometry
from tests.phantom.toy import toy_geometry, toy_seen

SEEDS = range(24)
PLAIN_STATURE_MM, PLAIN_LESION_MM = 1794.6308490046376, [0.1569, -9.9237, 460.1817]
"""Of seed 1, as it was before there was another domain."""


@pytest.fixture(scope="module")
def patients():
    return [draw_patient(seed, "wide") for seed in SEEDS]


def trunk(step=6.0) -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = step
    affine[:, 3] = (-255, -200, -80, 1)
    return Geometry((int(640 / step), int(400 / step), int(510 / step)), affine)


def test_the_same_seed_is_the_same_patient_and_no_plain_one():
    again, other = draw_patient(3, "wide"), draw_patient(4, "wide")
    first = draw_patient(3, "wide")
    assert (first.traits, first.lesions, first.hu, first.scan) == (
        again.traits,
        again.lesions,
        again.hu,
        again.scan,
    )
    assert first.traits != other.traits
    assert first.traits.stature_mm != draw_anatomy(3).traits.stature_mm


def test_plain_patients_stay_as_they_were():
    anatomy = draw_patient(1, "plain")
    assert anatomy.domain == "plain"
    assert anatomy.scan is None
    assert not anatomy.priors
    assert all(label < PLAIN_LABELS or label >= FIRST_LESION for label in _labels(anatomy))
    assert anatomy.traits.stature_mm == pytest.approx(PLAIN_STATURE_MM, abs=1e-6)
    assert [round(v, 4) for v in anatomy.lesions[0].centre_mm] == PLAIN_LESION_MM


def _labels(anatomy):
    return {label for s in anatomy.structures for label, _ in s.layers}


def test_names_hashes_and_streams_keep_the_domains_apart():
    assert phantom_name(7, "wide") == "phantom-wide-0007"
    assert phantom_patient_id(7, "wide") != phantom_patient_id(7)
    assert stream_of(7, "wide") - stream_of(0, "wide") == 7
    for seed in (-1, 1 << 40):
        with pytest.raises(ValueError, match="seed"):
            stream_of(seed, "wide")
    traits = draw_anatomy(7).traits
    wide, plain = draw_examination(traits, 7, "wide"), draw_examination(traits, 7)
    assert (wide.patient_id, plain.patient_id) == ("PHANTOM-WIDE-7", "PHANTOM-7")
    assert wide.uid("study") != plain.uid("study")


def test_overlap_tells_wide_patients_from_plain_ones_of_the_same_seed():
    seen = [
        TrainingData("patients", "", "", "aa", (hash_patient(phantom_patient_id(7, "wide"), "aa"),))
    ]
    assert in_training(["phantom-wide-0007"], seen)
    assert in_training(["PHANTOM-WIDE-7"], seen)
    assert not in_training(["phantom-0007"], seen)
    assert not in_training(["phantom-wide-0008"], seen)


def test_kinds_of_source_name_the_version():
    assert is_digital(kind_of("plain"))
    assert is_digital(kind_of("wide"))
    assert kind_of("wide").rpartition("/")[2].isdigit()
    assert not is_digital("dicom")
    assert are_digital(("phantom", kind_of("wide")))
    assert not are_digital(("phantom", "dicom"))
    assert not are_digital(())
    assert not is_digital("phantomwide")


def test_lesions_are_many_of_few_classes_and_each_has_its_prior(patients):
    counts = [len(p.lesions) for p in patients]
    assert np.mean(counts) > 4 * NATURAL_MEAN
    assert max(counts) <= MOST
    kinds = {lesion.kind for p in patients for lesion in p.lesions}
    assert len(kinds) > 0.7 * len(CLASSES)
    for p in patients:
        assert set(p.priors) == {f"lesion_{n}" for n in range(len(p.lesions))}
        assert [lesion.label for lesion in p.lesions] == [
            FIRST_LESION + n for n in range(len(p.lesions))
        ]


def test_some_patients_have_none():
    plans = [plan_lesions(np.random.default_rng(n)) for n in range(2000)]
    none = np.mean([not each for each in plans])
    assert none == pytest.approx(NONE_SHARE, abs=0.025)
    sizes = [each.radius_mm for each in plans[0]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", CLASSES)
def test_uptake_of_a_class_follows_its_published_share_and_median(name):
    cls = CLASSES[name]
    low, high = (2 * r for r in cls.radius_mm)
    for diameter in (low, high):
        share = cls.avidity.share(diameter)
        suv = draw_suv([cls.prior(diameter)], np.random.default_rng(0), 20_000)[:, 0]
        if share in (0.0, 1.0):
            continue
        cut = np.sqrt(cls.avidity.quiet * cls.avidity.suvmax / SUVMAX_OVER_LEVEL)
        avid = suv[suv > cut]
        if cls.avidity.suvmax / cls.avidity.quiet > 4:
            assert len(avid) / len(suv) == pytest.approx(share, abs=0.12)
    assert cls.avidity.share(low) <= cls.avidity.share(high)
    assert cls.avidity.source


def test_lesions_lie_in_their_hosts_and_spare_heart_and_cord(patients):
    found = 0
    for p in patients[:6]:
        grid = trunk()
        with_them = render_fractions(p, grid)
        without = render_fractions(_without_lesions(p), grid)
        spared = without.full(*(LABELS[n] for n in ("heart_blood", "spinal_cord")))
        for lesion in p.lesions:
            if lesion.label not in with_them.fractions:
                continue
            mask = with_them.full(lesion.label)
            if mask.sum() < 0.5:
                continue
            hosts = without.full(*(LABELS[h] for h in CLASSES[lesion.kind].hosts))
            assert (mask * spared).sum() < 0.15 * mask.sum()
            found += bool((mask * hosts).sum() > 0.3 * mask.sum())
    assert found >= 10


def _without_lesions(anatomy):
    gone = {lesion.label for lesion in anatomy.lesions} | {LABELS["necrosis"]}
    kept = tuple(s for s in anatomy.structures if s.layers[0][0] not in gone)
    return replace(anatomy, structures=kept, lesions=(), priors={})


def test_every_label_has_an_uptake_or_is_cold():
    assert {name for name in LABELS if name not in TISSUE_OF} == COLD


def test_dead_cores_are_cold_and_inside(patients):
    dead = LABELS["necrosis"]
    seen = [p for p in patients if dead in _labels(p)]
    assert seen
    fractions = [render_fractions(p, trunk(4.0)) for p in seen[:3]]
    assert any(dead in f.fractions and f.full(dead).sum() > 1 for f in fractions)
    assert TISSUE_OF["necrosis"][0] == "fluid"


def test_hounsfield_units_follow_the_phase(patients):
    for p in patients:
        assert p.hu is not None
        phase = p.traits.contrast
        if phase == "none":
            assert p.hu[LABELS["aorta"]] < 70
        else:
            assert p.hu[LABELS["aorta"]] > 0.6 * ADDED[phase]["aorta"]
        if phase == "arterial":
            assert p.hu[LABELS["aorta"]] > p.hu[LABELS["liver"]] + 80
        assert p.hu[LABELS["metal"]] > METAL_HU > p.hu[LABELS["calcification"]]
        assert -20 <= p.hu[LABELS["liver"]] <= 160
    assert {p.traits.contrast for p in patients} == {"none", "arterial", "venous"}


def test_fluid_and_metal_occur_and_metal_takes_up_nothing():
    rngs = [np.random.default_rng(seed) for seed in range(60)]
    drawn = [with_pathology(draw_body(rng), rng) for rng in rngs]
    labels = [{label for s in each for label, _ in s.layers} for each in drawn]
    for name, low, high in (
        ("effusion", 0.1, 0.5),
        ("ascites", 0.01, 0.25),
        ("metal", 0.05, 0.4),
        ("calcification", 0.1, 0.8),
    ):
        share = np.mean([LABELS[name] in each for each in labels])
        assert low <= share <= high, name
    assert "metal" in COLD


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6, 0.7])
def test_noise_of_neighbouring_slices_correlates_as_asked_and_keeps_its_variance(correlation):
    own, near = weights_along_k(correlation)
    assert own**2 + 2 * near**2 == pytest.approx(1)
    assert 2 * own * near == pytest.approx(correlation)
    with pytest.raises(ValueError, match="correlate"):
        weights_along_k(0.71)


def test_a_smooth_kernel_has_less_fine_noise_than_a_sharp_one():
    def fine(fall):
        even, _ = spectra(128, 128, (1.0, 1.0), Kernel(fall_per_mm=fall))
        plane = noise_slice((128, 128), even * np.float32(10), np.random.default_rng(0))
        assert plane.std() == pytest.approx(10, rel=0.1)
        return float(np.abs(np.diff(plane, axis=1)).mean())

    assert fine(0.16) < 0.6 * fine(0.5)


def test_ct_shows_nothing_outside_the_field_of_view_and_pet_does(patients):
    p = replace(patients[0], scan=replace(patients[0].scan, field_mm=220.0, breath_mm=0.0))
    grid = trunk(8.0)
    away = np.broadcast_to(outside_field_mm(p.scan, p, grid) > 0, grid.shape)
    hu = render_ct(p, grid, seed=1).array
    seen = see(p, render_fractions(p, grid))
    assert (seen.body & away).sum() > 500
    assert hu[away].max() == -1000
    assert np.median(hu[seen.body & ~away]) > -300
    pet = pet_of(seen, draw_uptake(p, p.seed), seed=1).array
    assert pet[seen.body & away].mean() > 0.1
    with pytest.raises(ValueError, match="shows everything"):
        outside_field_mm(replace(p.scan, field_mm=None), p, grid)


def test_streaks_leave_air_and_slices_without_metal_alone_and_fade():
    plane = np.full((160, 160), 40.0, np.float32)
    rng = np.random.default_rng(2)
    assert not streaks_of_metal(plane, (1, 1), 300, rng).any()
    plane[:, :20] = -1000
    plane[80, 80] = 3000
    rays = streaks_of_metal(plane, (1, 1), 300, np.random.default_rng(2))
    assert not rays[:, :20].any()
    near, far = np.abs(rays[70:90, 70:90]).max(), np.abs(rays[:, 140:]).max()
    assert near > 60
    assert far < 0.7 * near


def test_breath_moves_pet_at_the_domes_by_its_shift_and_nothing_far_away():
    geometry = toy_geometry((60, 3, 3), 4.0)
    image = np.zeros(geometry.shape, np.float32)
    image[30], image[5] = 1, 1
    moved = breathe(image, geometry, Breath(dome_mm=120.0, reach_mm=20.0, shift_mm=8.0))
    centre = (moved[20:45, 1, 1] * np.arange(20, 45)).sum() / moved[20:45, 1, 1].sum()
    assert centre == pytest.approx(31.9, abs=0.5)
    assert moved[5, 1, 1] == pytest.approx(1, abs=1e-3)


def test_the_floor_breathes_with_the_pet():
    still = toy_seen()
    z = float(still.geometry.affine[2, 3]) + 4.0 * 4
    moving = replace(still, breath=Breath(z, 40.0, 4.0))
    a, b = floor_of(still, seed=1, draws=32), floor_of(moving, seed=1, draws=32)
    assert b.rmse == a.rmse
    assert np.array_equal(b.mean.array, breathe(a.mean.array, still.geometry, moving.breath))
    assert not np.array_equal(b.median.array, a.median.array)


def test_a_lesion_of_its_own_prior_counts_in_the_expected_pet():
    seen = toy_seen()
    own = CLASSES["granuloma"].prior(8)
    tissue = next(each for each in seen.maps if each.tissue == "lesion_0")
    other = tuple(replace(m, prior=own) if m is tissue else m for m in seen.maps)
    quiet = mean_of(replace(seen, maps=other)).array
    fallen = mean_of(seen).array - quiet
    expected = seen.habitus * (prior_of("lesion_0").mean - own.mean)
    assert fallen.max() == pytest.approx(expected * tissue.seen.max(), rel=1e-3)
    assert prior_of("lesion_0", {"lesion_0": own}) is own


def test_scans_are_within_the_body_and_vary(patients):
    scans = [p.scan for p in patients]
    assert all(isinstance(s, Scan) and s.span_mm[1] - s.span_mm[0] > 200 for s in scans)
    assert len({round(s.noise_hu, 3) for s in scans}) == len(scans)
    assert max(s.noise_hu for s in scans) > 3 * min(s.noise_hu for s in scans)
    assert any(s.breath_mm for s in scans)
    assert not all(s.breath_mm for s in scans)


@pytest.mark.slow
def test_a_wide_patient_on_disk_says_what_it_is_and_names_itself(tmp_path):
    study = write_phantom(tmp_path / "p", seed=5, domain="wide", format="nifti", size="small")
    record = json.loads(study.record.read_text("utf-8"))
    assert (record["domain"], record["seed"]) == ("wide", 5)
    assert record["examination"]["patient_id"] == "PHANTOM-WIDE-5"
    assert record["domain_version"] >= 1
    assert len(record["share_avid_of_such_lesions"]) == len(record["visible_lesions"])
    assert 0 < record["floor"]["expected_mae_of_median"] < 1
