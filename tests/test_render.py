import struct
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from ctpet.errors import InputRefused
from ctpet.render import (
    body_box,
    coronal_mip,
    cut,
    fuse,
    liveliest,
    render_preview,
    show_ct,
    show_fusion,
    show_pet,
    suv_bar,
    watermark,
)
from ctpet.render.planes import on_grid, upright_grid
from ctpet.volume import Geometry, Volume, covering_grid, resample
from tests.volume.grids import grid, points_mm, volume

SPHERE_MM = (30.0, -24.0, 40.0)
"""A marker at the patient's left, in front, towards the head."""


def body(geometry, quantity="HU"):
    """Return an ellipsoid body with a marker sphere of 8 mm radius at SPHERE_MM."""
    where = points_mm(geometry)
    inside = ((where / (60, 45, 70)) ** 2).sum(axis=-1) < 1
    marker = ((where - SPHERE_MM) ** 2).sum(axis=-1) < 64
    low, tissue, high = (-1024, 40, 900) if quantity == "HU" else (0, 0.6, 6)
    return volume(np.where(marker, high, np.where(inside, tissue, low)), geometry, quantity)


def around_zero(spacing_mm, size_mm=(160, 110, 140), **how):
    """Return a grid centred on the LPS origin."""
    shape = tuple(int(n / s) for n, s in zip(size_mm, spacing_mm, strict=True))
    start = grid(shape, spacing_mm, **how)
    return grid(shape, spacing_mm, origin_mm=-start.corners_mm().mean(axis=0), **how)


def reordered(vol):
    """Return the volume with its axes in the order i, k, j, all backwards."""
    affine = vol.geometry.affine[:, [2, 0, 1, 3]].copy()
    array = vol.array.transpose(2, 0, 1)[::-1, ::-1, ::-1]
    affine[:3, 3] += affine[:3, :3] @ (np.asarray(array.shape) - 1)
    affine[:3, :3] *= -1
    return Volume(np.ascontiguousarray(array), Geometry(array.shape, affine), vol.quantity)


def pixel_mm(plane, row, column):
    """Where the centre of a pixel is by the plane's extent: (across, upwards)."""
    left, right, bottom, top = plane.extent_mm
    rows, columns = plane.pixels.shape
    return (
        left + (column + 0.5) * (right - left) / columns,
        top + (row + 0.5) * (bottom - top) / rows,
    )


def centroid_mm(plane, above):
    rows, columns = np.nonzero(plane.pixels > above)
    return pixel_mm(plane, rows.mean(), columns.mean())


@pytest.fixture(params=["upright", "reordered", "oblique"])
def ct(request):
    """The same body on three grids."""
    if request.param == "oblique":
        return body(around_zero((2.0, 1.5, 1.5), (220, 220, 220), rotate_deg=(20, 10, 15)))
    upright = body(around_zero((2.0, 1.5, 1.5)))
    return upright if request.param == "upright" else reordered(upright)


@pytest.mark.parametrize(
    ("view", "at_mm", "expected", "side"),
    [
        ("axial", SPHERE_MM[2], (SPHERE_MM[0], SPHERE_MM[1]), "right and above"),
        ("coronal", SPHERE_MM[1], (SPHERE_MM[0], SPHERE_MM[2]), "right and above"),
        ("sagittal", SPHERE_MM[0], (SPHERE_MM[1], SPHERE_MM[2]), "left and above"),
    ],
)
def test_a_marker_at_left_front_and_head_is_where_a_radiologist_expects(
    ct, view, at_mm, expected, side
):
    plane = cut(ct, view, at_mm, fill=-1024)
    assert centroid_mm(plane, 400) == pytest.approx(expected, abs=1.0)
    assert plane.position_mm == pytest.approx(at_mm, abs=1.1)
    rows, columns = np.nonzero(plane.pixels > 400)
    assert rows.mean() < plane.pixels.shape[0] / 2, side
    assert (columns.mean() > plane.pixels.shape[1] / 2) == side.startswith("right")


def test_edges_name_the_sides(ct):
    assert cut(ct, "axial", 0, fill=0).edges == ("R", "L", "A", "P")
    assert cut(ct, "coronal", 0, fill=0).edges == ("R", "L", "H", "F")
    assert cut(ct, "sagittal", 0, fill=0).edges == ("A", "P", "H", "F")
    left, right, bottom, top = cut(ct, "axial", 0, fill=0).extent_mm
    assert left < right, "from the patient's right to the left"
    assert top < bottom, "from anterior to posterior"
    _, _, bottom, top = cut(ct, "coronal", 0, fill=0).extent_mm
    assert top > bottom, "from head to feet"


def test_a_cut_of_an_aligned_volume_is_the_slice_itself():
    vol = body(around_zero((2.0, 1.5, 1.5)))
    at = vol.geometry.index_to_lps((10, 20, 30))
    axial, coronal, sagittal = (
        cut(vol, view, at[axis] + 0.3, fill=0)
        for view, axis in (("axial", 2), ("coronal", 1), ("sagittal", 0))
    )
    np.testing.assert_array_equal(axial.pixels, vol.array[10])
    np.testing.assert_array_equal(coronal.pixels, vol.array[::-1, 20])
    np.testing.assert_array_equal(sagittal.pixels, vol.array[::-1, :, 30])
    np.testing.assert_array_equal(cut(reordered(vol), "axial", at[2], fill=0).pixels, vol.array[10])


def test_a_cut_outside_is_the_outermost_slice():
    vol = body(around_zero((2.0, 1.5, 1.5)))
    np.testing.assert_array_equal(cut(vol, "axial", 1e4, fill=0).pixels, vol.array[-1])
    np.testing.assert_array_equal(cut(vol, "axial", -1e4, fill=0).pixels, vol.array[0])


def test_the_mip_finds_the_hottest_voxel_of_each_ray():
    rng = np.random.default_rng(0)
    vol = volume(rng.uniform(0, 9, (5, 6, 7)), quantity="SUVBW")
    mip = coronal_mip(vol)
    np.testing.assert_array_equal(mip.pixels, vol.array.max(axis=1)[::-1])
    np.testing.assert_array_equal(coronal_mip(reordered(vol)).pixels, mip.pixels)
    assert mip.edges == ("R", "L", "H", "F")


def test_upright_grid_shares_the_voxels_of_aligned_volumes():
    vol = body(around_zero((2.0, 1.5, 1.5)))
    assert upright_grid(vol.geometry).agrees_with(vol.geometry)
    turned = reordered(vol)
    back = resample(turned, upright_grid(turned.geometry), fill=0)
    np.testing.assert_array_equal(back.array, vol.array)


def test_liveliest_prefers_tumour_to_background_and_torso_to_brain():
    suv = np.full((20, 20, 20), 0.9)
    suv[4:7, 5:15, 2:12] = 2.2
    suv[16:19, 10:16, 2:12] = 12.0
    pet = volume(suv, grid((20, 20, 20), (4.0, 4.0, 4.0)), "SUVBW")
    assert liveliest(pet, "axial") in (16, 20, 24)
    assert 40 <= liveliest(pet, "coronal") <= 56
    flat = volume(np.zeros((21, 5, 5)), grid((21, 5, 5), (4.0, 4.0, 4.0)), "SUVBW")
    assert liveliest(flat, "axial") == 40


def test_body_box_holds_the_body_and_little_more(ct):
    for ends, radius in zip(body_box(ct), (60, 45, 70), strict=True):
        assert -radius - 22 <= ends[0] <= -radius
        assert radius <= ends[1] <= radius + 22


def test_body_box_of_air_is_the_field_of_view():
    air = volume(np.full((4, 5, 6), -1000.0), grid((4, 5, 6), (3.0, 2.0, 1.0)))
    assert body_box(air) == ((-0.5, 5.5), (-1.0, 9.0), (-1.5, 10.5))


def test_fusion_is_ct_without_uptake_and_colour_with_it():
    hu = np.array([-500, 40, 1000, 40], np.float32)
    suv = np.array([0, 0, 0, 7], np.float32)
    rgb = fuse(hu, suv)
    np.testing.assert_allclose(rgb[:3], [[0] * 3, [0.5] * 3, [1] * 3], atol=1e-6)
    np.testing.assert_allclose(rgb[3], 0.25 * 0.5 + 0.75, atol=0.01)
    grey = fuse(hu, np.full(4, 2.0, np.float32))
    assert (grey[:, 0] > grey[:, 2]).all(), "red before blue"
    assert rgb.dtype == np.float32


def test_fusion_refuses_planes_on_different_grids():
    vol = body(around_zero((2.0, 1.5, 1.5)))
    pet = body(around_zero((4.0, 4.0, 4.0)), "SUVBW")
    axes = Figure().add_subplot()
    with pytest.raises(ValueError, match="pixels"):
        show_fusion(axes, cut(vol, "axial", 0, fill=0), cut(pet, "axial", 0, fill=0))


def test_pet_lies_on_the_ct_pixel_by_pixel(ct):
    pet = body(around_zero((4.0, 4.0, 4.0)), "SUVBW")
    plane = cut(ct, "coronal", SPHERE_MM[1], fill=-1024)
    over = on_grid(pet, "coronal", plane.grid, fill=0)
    assert over.pixels.shape == plane.pixels.shape
    assert centroid_mm(over, 3.3) == pytest.approx((SPHERE_MM[0], SPHERE_MM[2]), abs=1.5)


def test_panels_state_their_window_and_letters():
    vol = body(around_zero((2.0, 1.5, 1.5)))
    pet = body(around_zero((4.0, 4.0, 4.0)), "SUVBW")
    figure = Figure()
    left, right, bar = figure.subplots(1, 3)
    show_ct(left, cut(vol, "axial", 0, fill=-1024))
    show_pet(right, cut(pet, "axial", 0, fill=0))
    suv_bar(figure, bar)
    watermark(right, 5)
    assert left.images[0].get_clim() == (-160, 240)
    assert right.images[0].get_clim() == (0, 7)
    assert right.images[0].get_cmap()(0.0) == (1, 1, 1, 1), "no uptake is white"
    assert [t.get_text() for t in left.texts] == ["R", "L", "A", "P"]
    assert {t.get_text() for t in right.texts[4:]} == {"SYNTHETIC", "NOT FOR DIAGNOSIS"}
    assert bar.get_xlabel() == "SUVbw (g/mL)"
    assert bar.get_xlim() == (0, 7)


def png_size(path):
    raw = path.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", raw[16:24])


def pair(ct_geometry, spacing_mm=(4.0, 4.0, 4.0)):
    pet = body(covering_grid(ct_geometry, spacing_mm), "SUVBW")
    return body(ct_geometry), pet


def test_preview_is_a_png_that_says_synthetic_and_is_the_same_each_time(tmp_path, ct):
    pet = body(around_zero((4.0, 4.0, 4.0)), "SUVBW")
    title = "tissue-lookup 1.0.0 · $5 & 50% · _a_\nẢnh PET tổng hợp từ CT"
    render_preview(ct, pet, title=title, path=tmp_path / "one.png")
    render_preview(ct, pet, title=title, path=tmp_path / "two.png")
    wide, high = png_size(tmp_path / "one.png")
    assert wide == 1600
    assert 700 <= high <= 1300
    raw = (tmp_path / "one.png").read_bytes()
    assert raw == (tmp_path / "two.png").read_bytes()
    assert b"SYNTHETIC - NOT FOR DIAGNOSIS" in raw
    assert b"atplotlib" not in raw


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [
        ((1, 40, 40), (5.0, 2.0, 2.0)),
        ((1, 1, 1), (1.0, 1.0, 1.0)),
        ((2, 1, 3), (3.0, 9.0, 1.0)),
        ((400, 8, 8), (5.0, 5.0, 5.0)),
        ((3, 200, 200), (1.0, 2.5, 2.5)),
    ],
)
def test_preview_of_odd_shapes(tmp_path, shape, spacing_mm):
    ct, pet = pair(grid(shape, spacing_mm))
    render_preview(ct, pet, title="", path=tmp_path / "preview.png")
    assert png_size(tmp_path / "preview.png")[0] == 1600


def test_preview_of_a_pet_without_uptake_and_a_ct_of_air(tmp_path):
    geometry = grid((4, 5, 6), (3.0, 2.0, 1.0))
    air = volume(np.full((4, 5, 6), -1000.0), geometry)
    cold = volume(np.zeros((4, 5, 6)), geometry, "SUVBW")
    render_preview(air, cold, title="x", path=tmp_path / "preview.png")
    assert (tmp_path / "preview.png").stat().st_size > 10_000


def test_preview_refuses_what_it_cannot_show(tmp_path):
    ct, pet = pair(around_zero((4.0, 4.0, 4.0)))
    with pytest.raises(ValueError, match="HU and SUVBW, not SUVBW and HU"):
        render_preview(pet, ct, title="x", path=tmp_path / "preview.png")
    frames = [
        Volume(v.array, Geometry(v.geometry.shape, v.geometry.affine, uid), v.quantity)
        for v, uid in ((ct, "1.2"), (pet, "1.3"))
    ]
    with pytest.raises(InputRefused, match="different frames of reference"):
        render_preview(*frames, title="x", path=tmp_path / "preview.png")
    assert not list(tmp_path.iterdir())


def test_pyplot_and_its_global_state_stay_out():
    ask = "import sys, ctpet.render; print('matplotlib.pyplot' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
