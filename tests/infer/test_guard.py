"""The guard: what is no CT of a body is refused by its own rule; what is unusual is named."""

import re

import numpy as np
import pytest

from ctpet.errors import InputRefused
from ctpet.infer.guard import guard_ct, judge_ct
from ctpet.infer.rules import body, scale
from ctpet.infer.rules.sample import take_sample
from ctpet.volume import Geometry, Volume
from tests.dicom_factory import body_hu
from tests.infer.bodies import (
    BAD_VALUES,
    bad_ct,
    bad_grids,
    disc,
    torso,
    volume,
)
from tests.onnx_factory import a_contract

CONTRACT = a_contract(slice_spacing_seen_mm=(2.0, 4.0), extent_seen_mm=(100.0, 500.0))
GRIDS = bad_grids()


def codes(ct, contract=CONTRACT):
    return [finding.code for finding in judge_ct(ct, contract)]


def only(ct, contract=CONTRACT):
    """The one finding about a CT."""
    (finding,) = judge_ct(ct, contract)
    return finding


def refusal(ct, contract=CONTRACT):
    with pytest.raises(InputRefused) as caught:
        guard_ct(ct, contract)
    return caught.value


def test_a_body_passes_without_a_word():
    assert guard_ct(volume(torso()), CONTRACT) == ()


@pytest.mark.parametrize("name", BAD_VALUES)
def test_bad_values_are_refused_by_their_own_rule(name):
    assert refusal(bad_ct(name)).code == BAD_VALUES[name][1]


@pytest.mark.parametrize("rule", scale.RULES, ids=lambda rule: rule.__name__)
def test_without_a_rule_its_case_is_not_refused_as_such(rule, monkeypatch):
    monkeypatch.setattr(scale, "RULES", tuple(one for one in scale.RULES if one is not rule))
    verdicts = {name: codes(bad_ct(name))[-1:] for name in BAD_VALUES}
    assert any(verdicts[name] != [code] for name, (_, code) in BAD_VALUES.items())


def test_every_scale_rule_has_its_own_code():
    told = {code for _, code in BAD_VALUES.values()} - {"body-too-small"}
    assert len(told) == len(scale.RULES)


@pytest.mark.parametrize("name", GRIDS)
def test_bad_grids_are_refused_by_their_own_rule(name):
    ct, code = GRIDS[name]
    assert refusal(ct).code == code


@pytest.mark.parametrize("name", [*BAD_VALUES, *GRIDS])
def test_a_refusal_is_one_line_with_the_numbers_and_a_remedy(name):
    refused = refusal(GRIDS[name][0] if name in GRIDS else bad_ct(name))
    assert "\n" not in str(refused)
    assert re.search(r"\d", refused.message)
    assert not refused.message.endswith(".")
    assert refused.remedy.startswith(("Give", "Check"))


def test_only_hounsfield_units_are_judged():
    with pytest.raises(ValueError, match="SUVBW"):
        judge_ct(volume(torso(), quantity="SUVBW"), CONTRACT)


# What must not be refused


@pytest.mark.parametrize("noise_hu", [0.0, 5.0, 40.0])
def test_noise_does_not_matter(noise_hu):
    assert codes(volume(torso(noise_hu=noise_hu))) == []


@pytest.mark.parametrize("air_hu", [-1024.0, -960.0])
def test_air_of_another_calibration_passes(air_hu):
    assert codes(volume(torso(air_hu=air_hu))) == []


def test_padding_outside_the_circle_is_no_air():
    hu = torso((40, 120, 120), size=0.9)
    j, i = np.ogrid[-1:1:120j, -1:1:120j]
    hu[:, np.hypot(j, i) > 1] = -3024
    assert codes(volume(hu)) == []


def test_a_crop_without_air_passes_and_says_so():
    hu = np.where(disc((40, 50, 60), (0.2, 0), (0.5, 0.6)), 45, -105) + np.zeros((40, 1, 1))
    hu += np.random.default_rng(0).normal(0, 20, hu.shape)
    hu[disc(hu.shape, (0, 0), (0.1, 0.1))] = 800
    assert codes(volume(hu)) == ["no-air", "truncated"]


def test_the_small_ct_of_the_other_tests_passes():
    assert codes(volume(body_hu((12, 40, 48)), (3.0, 2.0, 2.0))) == ["extent-not-seen"]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_how_the_axes_are_stored_does_not_matter(order):
    """A sagittal or coronal file of the same body, cut at the sides, gives the same findings."""
    ct = volume(torso()[:, :, 25:])
    array = np.ascontiguousarray(ct.array.transpose(order))
    affine = ct.geometry.affine[:, [*order, 3]]
    turned = Volume(array, Geometry(array.shape, affine), "HU")
    contract = a_contract(slice_spacing_seen_mm=(2.0, 3.0), spacing_mm=(3.0, 3.0, 3.0),
                          extent_seen_mm=(10.0, 50.0))  # fmt: skip
    expected = judge_ct(ct, contract)
    assert [f.code for f in expected] == [
        *("slice-spacing-not-seen", "extent-not-seen", "truncated")
    ]
    assert judge_ct(turned, contract) == expected


# Spacing and extent


@pytest.mark.parametrize(
    ("given_mm", "seen_mm", "grid_mm", "expected"),
    [
        (3.0, (2.0, 4.0), 4.0, []),
        (1.0, (2.0, 3.0), 4.0, []),  # averaged onto the same grid
        (4.0, (3.27, 3.27), 4.0, []),
        (4.1, (3.27, 3.27), 4.0, ["slice-spacing-not-seen"]),
        (5.0, (3.27, 3.27), 4.0, ["slice-spacing-not-seen"]),
        (8.0, (3.27, 3.27), 4.0, ["slice-spacing-not-seen"]),
        (8.1, (3.27, 3.27), 4.0, ["slice-spacing-too-coarse"]),
        (8.1, (1.0, 6.0), 4.0, ["slice-spacing-not-seen"]),
        (1.0, (2.0, 3.0), 1.0, ["slice-spacing-not-seen"]),  # sharper than seen
    ],
)
def test_slice_spacing(given_mm, seen_mm, grid_mm, expected):
    contract = a_contract(
        slice_spacing_seen_mm=seen_mm, spacing_mm=(grid_mm,) * 3, extent_seen_mm=(1, 5000)
    )
    hu = torso((40, 320, 320))
    assert codes(volume(hu, (given_mm, 1.0, 1.0)), contract) == expected


def test_a_spacing_not_seen_is_named():
    finding = only(
        volume(torso(), (5.0, 4.0, 4.0)),
        a_contract(slice_spacing_seen_mm=(3.27, 3.27), extent_seen_mm=(1, 5000)),
    )
    assert finding.severity == "warning"
    for words in ("5 mm apart", "test-model saw 3.27 mm", "grid of 4 mm"):
        assert words in finding.message


@pytest.mark.parametrize(
    ("extent_mm", "expected"),
    [((96, 96), True), ((117, 117), False), ((200, 400), True), ((100, 130), False)],
)
def test_extent(extent_mm, expected):
    """Forty slices of 3 mm are 120 mm; one slice more or less is no matter."""
    found = codes(volume(torso()), a_contract(extent_seen_mm=extent_mm))
    assert found == (["extent-not-seen"] if expected else [])


def test_a_tilted_gantry_does_not_make_the_body_longer():
    ct = volume(torso((10, 90, 120)))
    affine = ct.geometry.affine.copy()
    affine[2, 1] = 0.5
    tilted = Volume(ct.array, Geometry(ct.array.shape, affine), "HU")
    assert codes(tilted, a_contract(extent_seen_mm=(20, 40))) == []


def test_an_extent_not_seen_names_what_was():
    finding = only(volume(torso((400, 60, 80))), a_contract(extent_seen_mm=(96, 96)))
    for words in ("covers 1200 mm", "test-model saw 96 mm at once (Random numbers.)"):
        assert words in finding.message


# Contents


def with_aorta(hu, aorta_hu, *, noise_hu=12.0, radius=(0.07, 0.0525), slices=slice(None)):
    """The torso with a vessel; by default it is 25 mm wide."""
    hu = hu.copy()
    vessel = np.zeros(hu.shape, dtype=bool)
    vessel[slices] = disc(hu.shape, (0.1, 0.3), radius)[slices]
    hu[vessel] = aorta_hu + np.random.default_rng(7).normal(0, noise_hu, vessel.sum())
    return volume(hu)


@pytest.mark.parametrize("aorta_hu", [140, 200, 350])
def test_contrast_agent_is_told_with_its_volume_and_value(aorta_hu):
    finding = only(with_aorta(torso(), aorta_hu))
    assert finding.code == "contrast-agent"
    volume_ml, told_hu = map(int, re.search(r"(\d+) mL .* has (\d+) HU", finding.message).groups())
    assert told_hu == pytest.approx(aorta_hu, abs=3)
    inner_ml = np.pi * (25 / 2 - 4) ** 2 * 38 * 3 / 1000
    assert 0.5 * inner_ml < volume_ml < 2.5 * inner_ml


@pytest.mark.parametrize(
    "ct",
    [
        with_aorta(torso(), 45),
        with_aorta(torso(), 100),
        with_aorta(torso(), 200, noise_hu=25.0),  # as uneven as marrow
        with_aorta(torso(), 200, radius=(0.028, 0.021)),  # a vessel of 1 cm
    ],
    ids=["blood", "dense", "uneven", "thin"],
)
def test_no_contrast_agent(ct):
    assert codes(ct) == []


@pytest.mark.parametrize(("slices", "expected"), [(12, []), (28, ["contrast-agent"])])
def test_contrast_agent_from_ten_millilitres(slices, expected):
    ct = with_aorta(torso(), 200, slices=slice(slices))
    assert codes(ct) == expected


def test_contrast_agent_is_seen_in_ordinary_noise():
    ct = with_aorta(torso(noise_hu=22.0), 200, noise_hu=22.0)
    assert codes(ct) == ["contrast-agent"]


def test_marrow_as_even_as_fluid_is_no_contrast_agent():
    """A shaft of 64 mm, wide enough that its inside alone would be enough."""
    hu = torso()
    hu[disc(hu.shape, (-0.2, 0.35), (0.18, 0.135))] = 900
    ct = with_aorta(volume(hu).array, 200)
    assert codes(ct) == ["contrast-agent"]
    hu = torso()
    shaft = disc(hu.shape, (0.1, 0.3), (0.18, 0.135))
    marrow = disc(hu.shape, (0.1, 0.3), (0.14, 0.105))
    hu[shaft] = 900
    hu[marrow] = 200 + np.random.default_rng(7).normal(0, 12, marrow.sum())
    assert codes(volume(hu)) == []


def test_nothing_is_said_of_contrast_agent_in_a_very_noisy_ct():
    assert codes(with_aorta(torso(noise_hu=60.0), 200, noise_hu=60.0)) == []


@pytest.mark.parametrize(("voxels", "expected"), [(0, []), (10, []), (11, ["metal"])])
def test_metal_from_half_a_millilitre(voxels, expected):
    hu = torso()
    hu.reshape(-1)[np.flatnonzero(disc(hu.shape, (0, 0), (0.1, 0.1)))[:voxels]] = 3071
    assert codes(volume(hu)) == expected


def test_metal_is_told_with_its_volume():
    hu = torso()
    hu[10:20, 40:45, 60:65] = 8000
    finding = only(volume(hu))
    assert finding.code == "metal"
    assert "12.0 mL is above 3000 HU" in finding.message


# Truncation


def test_a_body_cut_at_one_side_is_told():
    finding = only(volume(torso()[:, :, 25:]))
    assert (finding.code, finding.severity) == ("truncated", "warning")
    assert "in 100% of the slices" in finding.message
    length_cm = int(re.search(r"up to (\d+) cm", finding.message)[1])
    half = np.sqrt(1 - ((1 - 2 * 25 / 119) / 0.8) ** 2) * 0.8
    assert length_cm == pytest.approx(half * 36, abs=2)


def test_a_body_cut_by_the_round_field_of_view_is_told():
    hu = torso((40, 120, 120), size=1.25)
    j, i = np.ogrid[-1:1:120j, -1:1:120j]
    hu[:, np.hypot(j, i) > 0.98] = -1024
    assert codes(volume(hu)) == ["truncated"]


def test_a_body_within_the_field_of_view_is_not_cut_by_its_table():
    hu = torso()
    hu[:, 83:85] = 30
    assert codes(volume(hu)) == []


@pytest.mark.parametrize(
    ("slices", "rows", "expected"),
    [(3, 40, []), (9, 40, ["truncated"]), (40, 6, []), (40, 10, ["truncated"])],
)
def test_a_cut_counts_from_three_centimetres_in_a_tenth_of_the_slices(slices, rows, expected):
    hu = torso()
    hu[:slices, 40 : 40 + rows, :20] = 45
    assert codes(volume(hu)) == expected


def test_a_body_in_the_corners_of_a_square_is_not_cut():
    """Where the corners hold something the field of view is no circle."""
    hu = torso((40, 120, 120))
    wide = np.full(hu.shape, -1000.0, np.float32)
    wide[:, 10:-10, 10:-10] = -105
    inner = disc(hu.shape, (0, 0), (0.6, 0.65))
    wide[inner] = hu[inner]
    assert codes(volume(wide + np.random.default_rng(4).normal(0, 12, hu.shape))) == []


# The body


@pytest.mark.parametrize(("width_mm", "expected"), [(27, ["body-too-small"]), (34, []), (64, [])])
def test_the_smallest_body_is_a_thin_limb(width_mm, expected):
    size = width_mm / 2 / (0.8 * 120)
    limb = torso((40, 120, 120), size=size)[:, 30:-30, 30:-30]
    hu = np.full((40, 120, 120), -1000, np.float32)
    hu[:, 30:-30, 30:-30] = limb
    assert codes(volume(hu, (3.0, 1.6, 1.6))) == expected


def test_the_outline_leaves_the_table_out():
    hu = torso()
    hu[:, 85:86, 5:115] = 30
    outline = body.outline_body(take_sample(volume(hu)))
    assert outline.spacing_mm == (9.0, 8.0, 8.0)
    assert not outline.mask[:, 42:].any()
    ellipse_cm2 = np.pi * (0.8 * 18 - 0.4) * (0.8 * 24 - 0.4)
    lungs_cm2 = np.pi * (0.35 * 18) * (0.2 * 24)
    assert ellipse_cm2 - 1.5 * lungs_cm2 < outline.section_cm2 < ellipse_cm2 + 30
