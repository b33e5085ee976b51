"""Small fields: dense bone is no reason to refuse, and what cannot be told is told."""

import numpy as np
import pytest

from ctpet.infer.guard import judge_ct
from tests.infer.bodies import BAD_VALUES, LIMB_SPACING_MM, disc, limb, volume
from tests.onnx_factory import a_contract

SMALL = a_contract(slice_spacing_seen_mm=(1.0, 4.0), extent_seen_mm=(30.0, 500.0))


def codes(ct, contract):
    return [finding.code for finding in judge_ct(ct, contract)]


def small(hu):
    return volume(hu, LIMB_SPACING_MM)


@pytest.mark.parametrize("width_mm", [36, 50, 70])
@pytest.mark.parametrize("bone", [0.2, 0.35, 0.5])
@pytest.mark.parametrize("cast", [False, True])
def test_a_limb_of_dense_bone_passes_without_a_word(width_mm, bone, cast):
    """A hand, a wrist, an infant's leg: most of it may be bone, and more with a cast."""
    assert codes(small(limb(width_mm, bone=bone, cast=cast)), SMALL) == []


@pytest.mark.parametrize("width_mm", [36, 50, 70])
@pytest.mark.parametrize("name", ["8-bit with intercept", "8-bit picture", "offset 1024 left out",
                                  "inverted", "times 0.5", "window -160..240", "times 2",
                                  "offset subtracted twice", "times 10", "bone cut at 400",
                                  "tissue 150 HU high", "tissue 150 HU low"])  # fmt: skip
def test_a_spoilt_limb_is_refused(name, width_mm):
    spoil, _ = BAD_VALUES[name]
    found = judge_ct(small(spoil(limb(width_mm))), SMALL)
    assert [finding.severity for finding in found] == ["error"]


def inside(tissue_hu, noise_hu=20):
    """A field within the body, all of one tissue with a shaft of bone."""
    rng = np.random.default_rng(8)
    hu = tissue_hu + rng.normal(0, noise_hu, (30, 90, 90))
    shaft = disc(hu.shape, (0, 0), (0.3, 0.3))
    hu[shaft] = rng.normal(1200, 250, hu.shape)[shaft]
    return hu


def test_a_field_of_muscle_and_bone_alone_is_told_to_be_unconfirmed():
    found = codes(small(inside(55)), SMALL)
    assert found == ["no-air", "scale-unconfirmed", "truncated"]


@pytest.mark.parametrize("tissue_hu", [-155, 205, 1079, -55])
def test_a_field_of_one_tissue_in_another_place_is_refused(tissue_hu):
    assert judge_ct(small(inside(tissue_hu)), SMALL)[-1].severity == "error"


def test_the_base_of_a_skull_is_no_inverted_ct():
    """A third is bone above 700 HU, and there is no air."""
    rng = np.random.default_rng(3)
    hu = np.full((40, 90, 90), 35, np.float32)
    hu[disc(hu.shape, (0.6, 0), (0.5, 1.2))] = 1100
    hu[disc(hu.shape, (-0.8, 0.8), (0.4, 0.4))] = -100
    ct = small(hu + rng.normal(0, 15, hu.shape))
    assert codes(ct, SMALL) == ["no-air", "truncated"]
    assert judge_ct(small(-ct.array), SMALL)[-1].code == "inverted"


@pytest.mark.parametrize(
    ("dark_hu", "spread_hu", "expected"),
    [(-820, 45, []), (-800, 12, ["air-misplaced"]), (-500, 45, ["air-misplaced"])],
)
def test_lung_without_air_around_is_no_air_of_another_scale(dark_hu, spread_hu, expected):
    rng = np.random.default_rng(6)
    hu = np.full((30, 90, 90), 45, np.float32) + rng.normal(0, 12, (30, 90, 90))
    hu[disc(hu.shape, (0, 0), (0.25, 0.25))] = -100
    lung = disc(hu.shape, (0.2, 0.2), (0.7, 0.7))
    hu[lung] = dark_hu + rng.normal(0, spread_hu, hu.shape)[lung]
    hu[disc(hu.shape, (-0.8, -0.8), (0.3, 0.3))] = -105
    found = [f.code for f in judge_ct(small(hu), SMALL) if f.severity == "error"]
    assert found == expected


def test_tissue_in_a_mask_of_zeros_is_refused():
    """A brain cut out by a mask: what lies around is no water, and nothing says that it is air."""
    hu = inside(35)
    hu[~disc(hu.shape, (0, 0), (0.8, 0.8))] = 0
    error = judge_ct(small(hu), SMALL)[-1]
    assert (error.code, error.severity) == ("not-hu", "error")
