"""Padding and fill become air, whatever their value and form; measurements and drawings stay."""

import numpy as np
import pytest
from scipy import ndimage

from ctpet.errors import InputRefused
from ctpet.volume.no_data import fill_no_data, fill_not_a_number
from tests.dicom_factory import body_hu
from tests.infer.bodies import disc, torso

AIR = -1024.0
FILLS = [0.0, 255.0, 3071.0, -500.0, -100.0, 40.0]


def filled(hu, along=0):
    """The array after filling, and the codes of what was told."""
    hu = np.array(hu, np.float32)
    return hu, [finding.code for finding in fill_no_data(hu, along)]


def framed(hu, fill):
    """A frame around the volume."""
    inside = np.pad(np.ones(hu.shape, bool), ((2, 2), (8, 8), (8, 8)))
    out = np.full(inside.shape, fill, np.float32)
    out[inside] = hu.ravel()
    return out, inside


def turned(hu, fill, degrees=12.0):
    """Turned in plane, as registration leaves it."""
    options = {"axes": (1, 2), "reshape": False, "order": 1}
    inside = ndimage.rotate(np.ones(hu.shape, np.float32), degrees, **options) > 0.5
    return np.where(inside, ndimage.rotate(hu, degrees, cval=-1000, **options), fill), inside


def round_field(hu, fill, radius=1.0):
    """Filled outside the circle of reconstruction."""
    inside = np.broadcast_to(disc(hu.shape, (0, 0), (radius, radius)), hu.shape)
    return np.where(inside, hu, fill), inside


def ends(hu, fill):
    """Slices of nothing at both ends."""
    inside = np.zeros(hu.shape, bool)
    inside[4:-3] = True
    return np.where(inside, hu, fill), inside


def moved(hu, fill):
    """Moved to one side."""
    inside = np.ones(hu.shape, bool)
    inside[:, :, :14] = False
    return np.where(inside, hu, fill), inside


HOW = [framed, turned, round_field, ends, moved]


@pytest.mark.parametrize("how", HOW, ids=lambda how: how.__name__)
@pytest.mark.parametrize("fill", FILLS)
def test_a_fill_of_any_value_and_form_becomes_air(how, fill):
    hu, inside = how(torso(), fill)
    out, told = filled(hu)
    assert told == ["fill-replaced"]
    assert (out[~inside] == AIR).all()
    assert (out[inside] != np.float32(hu)[inside]).mean() < 2e-4  # tissue of that value beside it


@pytest.mark.parametrize("how", HOW, ids=lambda how: how.__name__)
@pytest.mark.parametrize("fill", [-1000.0, -1023.0, -1024.0])
def test_a_fill_of_air_is_air(how, fill):
    hu, _ = how(torso(), fill)
    out, told = filled(hu)
    assert told == []
    assert np.array_equal(out, np.float32(hu))


@pytest.mark.parametrize("fill", [-1501.0, -2000.0, -3024.0, -32768.0])
def test_a_padding_becomes_air(fill):
    hu, inside = round_field(torso(), fill)
    out, told = filled(hu)
    assert told == ["padding-filled"]
    assert (out[~inside] == AIR).all()
    assert np.array_equal(out[inside], np.float32(hu)[inside])


def test_two_paddings_at_once_become_air():
    hu, inside = round_field(torso(), -2048.0)
    hu, frame = framed(hu, -3024.0)
    inside = np.pad(inside, ((2, 2), (8, 8), (8, 8)))
    out, told = filled(hu)
    assert told == ["padding-filled"]
    assert (out[~inside] == AIR).all()
    assert np.array_equal(out[inside & frame], np.float32(hu)[inside & frame])


@pytest.mark.parametrize("outer", [-1024.0, -2000.0, 0.0, 255.0])
def test_a_fill_within_another_becomes_air(outer):
    """Turned with one value, then framed with another."""
    hu, inside = turned(torso(), 100.0)
    hu, _ = framed(hu, outer)
    inside = np.pad(inside, ((2, 2), (8, 8), (8, 8)))
    out, told = filled(hu)
    assert "fill-replaced" in told
    assert (out[~inside] == AIR).mean() > 0.998  # strips of a voxel may stay
    assert (out[inside] != np.float32(hu)[inside]).mean() < 2e-4


@pytest.mark.parametrize("fill", [0.0, -2000.0, 255.0])
def test_a_blurred_edge_goes_with_its_fill(fill):
    """Interpolated once more: beside air, values between the two are neither."""
    hu, inside = round_field(torso(), fill, 0.9)
    hu = ndimage.uniform_filter(np.float64(hu), (1, 3, 3))
    out, told = filled(hu)
    assert told in (["fill-replaced"], ["padding-filled"])
    outside = ~ndimage.binary_dilation(inside, iterations=2)
    assert (out[outside] == AIR).all()
    edge = ~inside & ~outside
    assert (out[edge] < -850).mean() > 0.98


def test_fill_within_a_patient_without_air_becomes_air():
    """A crop of nothing but tissue, turned: the corners are a spike at 0."""
    rng = np.random.default_rng(4)
    tissue = np.where(disc((30, 80, 80), (0, 0), (0.6, 0.6)), 45, -105) + rng.normal(
        0, 15, (30, 80, 80)
    )
    hu, inside = turned(tissue.astype(np.float32), 0.0, 20.0)
    hu = np.where(inside & (hu < -400), -105, hu)
    out, told = filled(hu)
    assert told == ["fill-replaced"]
    assert (out[~inside] == AIR).all()


def test_a_bright_corner_without_air_beside_it_is_refused():
    rng = np.random.default_rng(4)
    hu, _ = turned(rng.normal(40, 15, (30, 80, 80)).astype(np.float32), 3071.0, 20.0)
    hu = np.where(hu < -400, 40, hu)
    with pytest.raises(InputRefused, match="exactly 3071 HU without air beside them") as caught:
        filled(hu)
    assert caught.value.code == "fill-unclear"


# What must stay


def box_of_tissue(side, seed):
    """A box inside a limb: muscle to all faces, fat and bone within, noise that is smooth."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(0, 1, (side,) * 3), 0.7)
    hu = 30 + 6 * noise / noise.std()
    hu[side // 2 :, : side // 3, : side // 3] -= 120
    hu[:, side // 2 : -side // 6, side // 2 : -side // 6] += 500
    return np.rint(hu)


@pytest.mark.parametrize("side", [16, 24, 40])
def test_tissue_that_fills_a_small_box_stays(side):
    """Noise leaves as much of it together on one value as on the values beside it."""
    for seed in range(20):
        hu = box_of_tissue(side, seed)
        out, told = filled(hu)
        assert told == []
        assert np.array_equal(out, np.float32(hu))


@pytest.mark.parametrize("fill", [0.0, 30.0, 33.0])
def test_a_fill_in_a_small_box_of_tissue_becomes_air(fill):
    hu = box_of_tissue(24, 1)
    hu[:, :8, -8:] = fill
    out, told = filled(hu)
    assert told == ["fill-replaced"]
    assert (out[:, :8, -8:] == AIR).all()


@pytest.mark.parametrize("noise_hu", [0.0, 0.5, 3.0, 12.0])
def test_a_body_that_reaches_the_border_stays(noise_hu):
    hu = torso(noise_hu=noise_hu)[:, :, 20:]
    out, told = filled(np.rint(hu))
    assert told == []
    assert np.array_equal(out, np.float32(np.rint(hu)))


def test_a_drawing_without_noise_stays_and_its_fill_goes():
    hu = body_hu((20, 60, 72))
    assert filled(hu)[1] == []
    out, told = filled(framed(hu, 0.0)[0])
    assert told == ["fill-replaced"]
    assert np.array_equal(out[2:-2, 8:-8, 8:-8], np.float32(hu))


def test_air_clipped_at_the_end_of_the_scale_stays():
    for lowest in (-1000, -1023, -1024):
        out, told = filled(np.maximum(torso(noise_hu=30), lowest))
        assert told == []
        assert out.min() == lowest


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda hu: np.clip(hu, -160, 240),
        lambda hu: np.clip(hu, 0, None),
        lambda hu: np.rint((np.clip(hu, -160, 240) + 160) * 255 / 400),
        lambda hu: np.maximum(hu, -1000) + 1024,
        lambda hu: -np.maximum(hu, -1000),
        lambda hu: np.where(hu < -300, 0, 900.0 + hu),
    ],
    ids=["window", "no air", "8-bit", "offset", "inverted", "MR"],
)
def test_another_scale_is_left_to_the_guard(spoilt):
    """Its darkest, or brightest, value is air of its own kind and no fill."""
    hu = np.float32(spoilt(torso()))
    out, told = filled(hu)
    assert told == []
    assert np.array_equal(out, hu)


@pytest.mark.parametrize("factor", [2, 10])
def test_a_scale_that_is_too_wide_is_no_padding(factor):
    hu = np.float32(torso() * factor)
    out, told = filled(hu)
    assert told == []
    assert np.array_equal(out, hu)


def test_metal_at_the_end_of_the_scale_stays():
    hu = torso()
    hu[:, 40:46, 55:61] = 3071
    out, told = filled(hu)
    assert told == []
    assert (out[:, 40:46, 55:61] == 3071).all()


# Slices and numbers that are lost


@pytest.mark.parametrize("value", [0.0, -1024.0, -2000.0])
@pytest.mark.parametrize("along", [0, 1])
def test_empty_slices_within_a_body_are_refused(value, along):
    hu = np.moveaxis(torso().copy(), 0, along)
    np.moveaxis(hu, along, 0)[17:19] = value
    with pytest.raises(InputRefused, match="2 of 40 slices, the first of them slice 18") as caught:
        filled(hu, along)
    assert caught.value.code == "slices-empty"


def test_nan_around_the_volume_becomes_air():
    hu, inside = turned(torso(), np.nan)
    hu = np.float32(hu)
    (finding,) = fill_not_a_number(hu)
    assert finding.code == "fill-replaced"
    assert "NaN" in finding.message
    assert (hu[~inside] == AIR).all()
    assert np.isfinite(hu).all()


@pytest.mark.parametrize("corner", [True, False])
def test_nan_within_the_volume_stays(corner):
    hu = np.float32(torso())
    hu[20, 45, 60] = np.nan
    if corner:
        hu[0, 0, 0] = np.nan
    assert fill_not_a_number(hu) == []
    assert np.isnan(hu[20, 45, 60])
