"""A drawn patient is a person: organs of the right size, in their places, inside the skin."""

from functools import cache

import numpy as np
import pytest

from ctpet.phantom import (
    LABELS,
    NAMES,
    Anatomy,
    Rendering,
    draw_anatomy,
    label_of,
    render_fractions,
    render_labels,
)
from ctpet.phantom.coverage import grid_of
from ctpet.phantom.rendering import coat, render_values
from ctpet.volume import Geometry, Volume, resample

SEEDS = range(20)


def box(low: tuple[float, float, float], high: tuple[float, float, float], step: float) -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = step
    affine[:, 3] = (*low, 1)
    x, y, z = (round((b - a) / step) + 1 for a, b in zip(low, high, strict=True))
    return Geometry((z, y, x), affine)


def whole(anatomy: Anatomy, step: float) -> Geometry:
    size = anatomy.frame.scale[2]
    return box((-330, -200, -130 * size), (330, 180, 985 * size), step)


@cache
def patient(seed: int) -> Anatomy:
    return draw_anatomy(seed)


@cache
def rendered(seed: int) -> Rendering:
    anatomy = patient(seed)
    return render_fractions(anatomy, whole(anatomy, 5.0))


def ml(rendering: Rendering, *names: str) -> float:
    return rendering.volume_ml(*(LABELS[name] for name in names))


def centre(rendering: Rendering, *names: str) -> np.ndarray:
    """Return the centre of mass of some structures, LPS mm."""
    weight = rendering.full(*(LABELS[name] for name in names)).astype(np.float64)
    index = [
        (weight.sum(axis=tuple(a for a in range(3) if a != axis)) * np.arange(n)).sum()
        / weight.sum()
        for axis, n in enumerate(weight.shape)
    ]
    return rendering.geometry.index_to_lps(index)


def reach(rendering: Rendering, name: str, axis: int) -> tuple[float, float]:
    """Return the lowest and highest LPS mm along an axis where a structure is seen."""
    index = np.argwhere(rendering.full(LABELS[name]) > 0.2)
    lps = rendering.geometry.index_to_lps(index)[:, axis]
    return float(lps.min()), float(lps.max())


@pytest.mark.parametrize("seed", [0, 3, 8])
def test_fractions_share_every_voxel(seed: int) -> None:
    rendering = rendered(seed)
    total = rendering.full(*rendering.fractions)
    assert np.abs(total - 1).max() < 1e-5
    for part in rendering.fractions.values():
        assert part.array.dtype == np.float32
        assert part.array.min() >= 0
        assert part.array.max() <= 1


def test_same_seed_same_bytes_and_other_seeds_differ() -> None:
    anatomies = [draw_anatomy(5), draw_anatomy(5), draw_anatomy(6)]
    grid = whole(anatomies[0], 12.0)
    first, again, other = (render_labels(anatomy, grid).tobytes() for anatomy in anatomies)
    assert first == again
    assert first != other
    assert anatomies[0].traits == anatomies[1].traits
    assert anatomies[0].lesions == anatomies[1].lesions


# mL: ICRP Publication 89 (table 2.8) masses, men and women, and the range of adults around them
RANGES = {
    ("brain", "brain_white"): ((1150, 1750), (1050, 1600)),
    ("lung_left", "lung_right"): ((2300, 5000), (1600, 4000)),
    ("myocardium", "heart_blood"): ((520, 1050), (350, 800)),
    ("liver",): ((1050, 2500), (900, 2200)),
    ("spleen",): ((70, 330), (45, 260)),
    ("kidney_left", "kidney_right"): ((220, 460), (190, 400)),
    ("pancreas",): ((55, 170), (40, 150)),
    ("bladder",): ((40, 480), (40, 480)),
    ("aorta",): ((120, 400), (90, 340)),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_organs_have_the_volumes_of_adults(seed: int) -> None:
    man = patient(seed).traits.sex == "M"
    for names, (men, women) in RANGES.items():
        low, high = men if man else women
        assert low <= ml(rendered(seed), *names) <= high, names


def test_men_and_women_have_the_reference_volumes_on_average() -> None:
    reference = {
        ("brain", "brain_white"): (1450, 1300),
        ("myocardium", "heart_blood"): (790, 580),
        ("liver",): (1730, 1360),
        ("kidney_left", "kidney_right"): (310, 275),
        ("spleen",): (145, 125),
    }
    for names, expected in reference.items():
        for sex, value in zip("MF", expected, strict=True):
            found = [ml(rendered(s), *names) for s in SEEDS if patient(s).traits.sex == sex]
            assert np.mean(found) == pytest.approx(value, rel=0.22), (names, sex)


@pytest.mark.parametrize("seed", SEEDS)
def test_organs_are_in_their_places(seed: int) -> None:
    r = rendered(seed)
    at = {name: centre(r, name) for name in NAMES.values() if ml(r, name) > 0}
    x, y, z = 0, 1, 2
    assert at["liver"][x] < -20
    assert at["spleen"][x] > 60
    assert at["stomach_content"][x] > 20
    assert at["lung_right"][x] < -40 < 40 < at["lung_left"][x]
    assert at["lung_right"][x] < at["heart_blood"][x] < at["lung_left"][x]
    assert at["kidney_right"][x] < -40 < 40 < at["kidney_left"][x]
    assert at["kidney_right"][z] < at["kidney_left"][z] + 15
    assert at["bladder"][z] < at["kidney_right"][z] - 100
    assert min(at["lung_left"][z], at["lung_right"][z]) > at["liver"][z] + 40
    assert at["brain"][z] > at["thyroid"][z] > at["heart_blood"][z] > at["liver"][z]
    assert at["liver"][z] > at["bowel_content"][z] > at["bladder"][z] - 5
    assert at["spine"][y] > at["aorta"][y] > at["sternum"][y]
    assert at["kidney_left"][y] > at["pancreas"][y]
    assert ml(r, "lung_right") > ml(r, "lung_left") * 0.97


@pytest.mark.parametrize("seed", SEEDS)
def test_brain_lies_inside_the_skull(seed: int) -> None:
    r = rendered(seed)
    for axis in (0, 1):
        inner, outer = reach(r, "brain", axis), reach(r, "skull", axis)
        assert outer[0] < inner[0]
        assert inner[1] < outer[1]


def test_nothing_of_the_patient_is_outside_the_skin() -> None:
    anatomy = patient(4)
    geometry = whole(anatomy, 5.0)
    body = coat(anatomy.structures[0], grid_of(geometry, anatomy.frame))
    inner = np.zeros(geometry.shape, np.float32)
    inner[body.region] = body.shares[-1][1]
    rendering = render_fractions(anatomy, geometry)
    shell = {LABELS[name] for name in ("background", "table", "skin")}
    organs = rendering.full(*(n for n in rendering.fractions if n not in shell))
    assert np.abs(organs - inner).max() < 1e-5


def test_nested_layers_have_the_volume_of_their_shells() -> None:
    anatomy = patient(4)
    grid = whole(anatomy, 6.0)
    body = coat(anatomy.structures[0], grid_of(grid, anatomy.frame))
    shown = render_fractions(anatomy, grid).volume_ml(LABELS["skin"])
    exact = (body.total - body.shares[-1][1]).sum(dtype=np.float64) * grid.voxel_volume_ml
    assert shown == pytest.approx(exact, rel=1e-4)


def test_values_are_the_fractions_times_them() -> None:
    anatomy = patient(3)
    grid = whole(anatomy, 12.0)
    rendering = render_fractions(anatomy, grid)
    values = {n: float(np.sin(n)) for n in rendering.fractions}
    summed = sum(np.float32(v) * rendering.full(n) for n, v in values.items())
    every = {n: values.get(n, 0.0) for n in (*NAMES, *range(100, 110))}
    assert np.abs(render_values(anatomy, grid, every) - summed).max() < 1e-4


def test_arms_change_what_is_beside_head_and_belly() -> None:
    seen = {"up": 0, "down": 0}
    for seed in SEEDS:
        r, arms = rendered(seed), patient(seed).traits.arms
        low, high = reach(r, "humeri", 2)
        head, hips = centre(r, "brain")[2], centre(r, "bladder")[2]
        if arms == "up":
            assert high > head
            assert low > centre(r, "liver")[2] + 80
        else:
            assert high < head - 150
            assert reach(r, "forearms", 2)[0] < hips - 60
        seen[arms] += 1
    assert min(seen.values()) >= 3


def test_lesions_lie_within_their_hosts() -> None:
    count = 0
    for seed in SEEDS:
        anatomy = patient(seed)
        without = Anatomy(
            anatomy.seed,
            anatomy.traits,
            anatomy.frame,
            anatomy.structures[: len(anatomy.structures) - len(anatomy.lesions)],
            (),
            anatomy.table,
        )
        for lesion in anatomy.lesions:
            low, high = (
                tuple(c + s * 1.4 * max(lesion.radii_mm) for c in lesion.centre_mm) for s in (-1, 1)
            )
            grid = box(low, high, max(lesion.radii_mm) / 6)
            painted = render_fractions(anatomy, grid).full(lesion.label)
            host = render_fractions(without, grid).full(label_of(lesion.host))
            assert painted.max() > 0.99
            assert (host[painted > 0.5] > 0.5).mean() > 0.93
            assert owner_at(without, lesion.centre_mm) == lesion.host
            exact = 4 / 3 * np.pi * np.prod(lesion.radii_mm) / 1000
            assert painted.sum() * grid.voxel_volume_ml == pytest.approx(exact, rel=0.35)
            count += 1
    assert count >= 20


def owner_at(anatomy: Anatomy, point: tuple[float, float, float]) -> str:
    grid = box(point, point, 1.0)
    return NAMES[int(render_labels(anatomy, grid)[0, 0, 0])]


def test_organ_volumes_do_not_depend_on_the_voxels() -> None:
    anatomy = patient(1)
    size = anatomy.frame.scale[2]
    low, high = (-150, -160, 130 * size), (150, 140, 350 * size)
    fine, coarse = (render_fractions(anatomy, box(low, high, step)) for step in (2.0, 4.0))
    for name in ("liver", "spleen", "kidney_left", "kidney_right", "muscle", "aorta", "pancreas"):
        assert ml(coarse, name) == pytest.approx(ml(fine, name), rel=0.03), name


def test_a_flipped_grid_gives_the_flipped_rendering() -> None:
    anatomy = patient(2)
    grid = whole(anatomy, 8.0)
    affine = np.array(grid.affine)
    affine[:3, 3] = grid.index_to_lps(np.asarray(grid.shape) - 1)
    affine[:3, :3] *= -1
    straight = render_fractions(anatomy, grid)
    flipped = render_fractions(anatomy, Geometry(grid.shape, affine))
    for label in straight.fractions:
        apart = np.abs(flipped.full(label)[::-1, ::-1, ::-1] - straight.full(label))
        assert apart.mean() < 1e-5, NAMES.get(label)
        assert (apart > 1e-3).mean() < 1e-4, NAMES.get(label)


def test_an_oblique_grid_shows_the_same_patient() -> None:
    anatomy = patient(2)
    low, high = (-120.0, -100.0, 150.0), (120.0, 100.0, 330.0)
    target = box(low, high, 4.0)
    turn = np.eye(4)
    c, s = np.cos(0.3), np.sin(0.3)
    turn[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, c, -s], [0, s, c]]
    )
    grown = box((-220, -220, 50), (220, 220, 430), 2.0)
    middle = np.array([0.0, 0.0, 240.0])
    turn[:3, 3] = middle - turn[:3, :3] @ middle
    oblique = render_fractions(anatomy, Geometry(grown.shape, turn @ grown.affine))
    straight = render_fractions(anatomy, target)
    for name in ("liver", "kidney_left", "aorta"):
        turned = Volume(oblique.full(LABELS[name]), oblique.geometry, "HU")
        back = resample(turned, target, fill=0.0).array
        wanted = straight.full(LABELS[name])
        assert np.abs(back - wanted).mean() < 0.1 * wanted.mean(), name
        assert back.sum() == pytest.approx(wanted.sum(), rel=0.02), name


def test_labels_are_those_with_most_of_each_voxel() -> None:
    anatomy = patient(1)
    grid = box((-160, -120, 150), (160, 120, 250), 5.0)
    labels, rendering = render_labels(anatomy, grid), render_fractions(anatomy, grid)
    assert labels.dtype == np.uint8
    assert labels.shape == grid.shape
    most = np.maximum.reduce([rendering.full(n) for n in rendering.fractions])
    assert len(np.unique(labels)) > 10
    for number in np.unique(labels):
        chosen = labels == number
        assert np.array_equal(rendering.full(int(number))[chosen], most[chosen])


def test_a_grid_beside_the_patient_is_air() -> None:
    rendering = render_fractions(patient(1), box((900, 900, 900), (950, 950, 950), 10.0))
    assert set(rendering.fractions) == {LABELS["background"]}
    assert rendering.full(0).min() == 1


def test_label_names_and_numbers() -> None:
    assert label_of("background") == 0
    assert label_of("lesion_3") == 103
    assert [NAMES[LABELS[name]] for name in LABELS] == list(LABELS)
    with pytest.raises(KeyError):
        label_of("soul")
