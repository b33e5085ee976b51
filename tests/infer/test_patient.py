"""What a model sees of a CT: the patient alone, whatever the scanner put or left around."""

from dataclasses import replace

import numpy as np
import pytest

from ctpet.errors import InputRefused
from ctpet.infer.backend import Execution
from ctpet.infer.patient import MARGIN_MM, box_around, only_patient, put_back
from ctpet.infer.synthesize import synthesize
from ctpet.volume import Geometry, Volume, covering_grid, lattice_grid
from tests.infer.bodies import torso
from tests.onnx_factory import a_model, convolution_bytes

AIR = -1024.0
SPACING = (4.0, 4.0, 4.0)
MULTIPLE = (8, 8, 8)
CPU = Execution(device="cpu", engine="onnxruntime")


def a_ct(hu=None, *, mm=(3.0, 2.0, 2.0), at=(-237.1, -181.3, 402.7)) -> Volume:
    """A trunk of 38 × 29 cm on pixels of 2 mm; there is air on all sides in plane."""
    hu = torso((40, 180, 240)) if hu is None else hu
    affine = np.eye(4)
    affine[:3, :3] = np.diag(mm[::-1])[:, ::-1]
    affine[:3, 3] = at
    return Volume(np.asarray(hu, np.float32), Geometry(hu.shape, affine, "1.2.3"), "HU")


def part(ct: Volume, k: slice, j: slice, i: slice) -> Volume:
    affine = ct.geometry.affine.copy()
    affine[:3, 3] = ct.geometry.index_to_lps(np.array([k.start, j.start, i.start]))
    array = np.ascontiguousarray(ct.array[k, j, i])
    return Volume(array, Geometry(array.shape, affine, "1.2.3"), "HU")


def with_air(ct: Volume, k: int, j: int, i: int, hu=AIR) -> Volume:
    widths = (k, j, i)
    array = np.pad(ct.array, [(n, n) for n in widths], constant_values=hu)
    affine = ct.geometry.affine.copy()
    affine[:3, 3] = ct.geometry.index_to_lps(-np.array(widths, float))
    return Volume(array, Geometry(array.shape, affine, "1.2.3"), "HU")


def with_table(ct: Volume) -> Volume:
    """A sheet of 10 mm under a mat of foam, to both ends of the field of view, and a tube."""
    array = ct.array.copy()
    array[:, 164:170] = -700
    array[:, 170:175] = 150
    array[:, 4:8, 100:104] = 2000
    return replace(ct, array=array)


def shown(ct: Volume) -> Volume:
    return box_around(only_patient(ct), SPACING, MULTIPLE)


def same(one: Volume, other: Volume, *, hu=1e-3) -> None:
    assert one.geometry.agrees_with(other.geometry)
    np.testing.assert_allclose(one.array, other.array, atol=hu)


AROUND = {
    "10 cm of air in plane": lambda ct: with_air(ct, 0, 50, 50),
    "an odd rim of air": lambda ct: with_air(ct, 0, 7, 13),
    "10 cm of air at head and feet": lambda ct: with_air(ct, 33, 0, 0),
    "padding as scanners write it": lambda ct: with_air(ct, 0, 50, 50, hu=-3024),
    "a table, a mat and a tube": with_table,
    "a table, then 10 cm of air": lambda ct: with_air(with_table(ct), 0, 50, 50),
    "a field cut to the patient": lambda ct: part(ct, slice(0, 40), slice(17, 163), slice(23, 217)),
}


@pytest.mark.parametrize("change", AROUND.values(), ids=AROUND)
def test_what_is_around_the_patient_changes_nothing(change):
    ct = a_ct()
    same(shown(change(ct)), shown(ct))


@pytest.mark.parametrize("change", AROUND.values(), ids=AROUND)
def test_nor_does_it_change_the_pet(change, tmp_path):
    model = a_model(
        tmp_path,
        convolution_bytes(output="suv"),
        sees="patient",
        size_multiple=MULTIPLE,
        halo_voxels=(2,) * 3,
    )
    ct = a_ct()
    before, after = (synthesize(each, model, execution=CPU).pet for each in (ct, change(ct)))
    same_place = put_back(after.array, after.geometry, before.geometry)
    inside = put_back(np.ones_like(after.array), after.geometry, before.geometry) > 0
    np.testing.assert_allclose(same_place[inside], before.array[inside], atol=1e-4)
    assert after.geometry.agrees_with(lattice_grid(change(ct).geometry, SPACING))


def test_the_pet_covers_the_ct_whatever_was_computed(tmp_path):
    model = a_model(
        tmp_path, convolution_bytes(output="suv"), sees="patient", size_multiple=MULTIPLE
    )
    ct = with_air(a_ct(), 10, 50, 50)
    done = synthesize(ct, model, execution=CPU)
    needed = covering_grid(ct.geometry, SPACING)
    for n in range(3):
        assert done.pet.geometry.corners_mm()[:, n].min() <= ct.geometry.corners_mm()[:, n].min()
        assert done.pet.geometry.corners_mm()[:, n].max() >= ct.geometry.corners_mm()[:, n].max()
    assert np.prod(done.plan.size) < 0.6 * np.prod(needed.shape)
    assert not done.pet.array[:2].any(), "0 where nothing was computed"


def test_a_patient_is_the_same_whichever_way_the_slices_are_stored():
    ct = a_ct()
    flip = ct.geometry.affine.copy()
    flip[:3, 3] = ct.geometry.index_to_lps(np.array([39.0, 0.0, 239.0]))
    flip[:3, [0, 2]] *= -1
    turned = Volume(
        np.ascontiguousarray(ct.array[::-1, :, ::-1]), Geometry(ct.array.shape, flip, "1.2.3"), "HU"
    )
    same(shown(turned), shown(ct), hu=0.1)
    columns = [2, 0, 1]
    affine = ct.geometry.affine[:, [*columns, 3]]
    array = np.ascontiguousarray(ct.array.transpose(columns))
    same(shown(Volume(array, Geometry(array.shape, affine, "1.2.3"), "HU")), shown(ct))


def test_the_box_begins_and_ends_on_whole_steps_with_a_margin_of_air():
    box = shown(a_ct())
    step = np.multiply(SPACING, MULTIPLE)
    low = box.geometry.origin_mm[::-1]
    np.testing.assert_allclose(low / step, np.rint(low / step), atol=1e-9)
    assert not np.mod(box.geometry.shape, MULTIPLE).any()
    dense = np.argwhere(box.array > -300)
    margins = np.minimum(dense.min(axis=0), box.array.shape - dense.max(axis=0) - 1) * SPACING
    assert (margins >= MARGIN_MM - 4).all()


def test_a_body_that_fills_the_field_of_view_loses_no_corner():
    """Boxes of 96 mm out of a thigh, as data sets are cut."""
    hu = np.random.default_rng(0).normal(40, 20, (32, 96, 96)).astype(np.float32)
    for mm in ((3.0, 1.0, 1.0), (3.0, 4.0, 4.0), (5.0, 2.0, 0.7)):
        seen = only_patient(a_ct(hu, mm=mm)).array
        assert (seen > AIR).sum() == hu.size, mm


def test_what_hides_beneath_the_table_is_air():
    table = with_table(a_ct())
    seen = only_patient(table)
    rows = table.geometry.index_to_lps(np.array([0.0, 164.0, 0.0]))[1]
    last = seen.geometry.index_to_lps(np.array([0.0, seen.array.shape[1] - 1.0, 0.0]))[1]
    assert last < rows
    assert seen.array.max() < 2000


@pytest.mark.parametrize("hu", [-1000.0, -3024.0], ids=["air", "padding"])
def test_a_ct_of_nobody_is_refused(hu, tmp_path):
    ct = a_ct(np.full((20, 60, 60), hu))
    with pytest.raises(InputRefused) as caught:
        synthesize(
            ct, a_model(tmp_path, convolution_bytes(output="suv"), sees="patient"), execution=CPU
        )
    assert caught.value.code == "no-patient"
    table = ct.array.copy()
    table[:, 50:54] = 200
    with pytest.raises(InputRefused, match="as dense and as thick as a limb"):
        only_patient(replace(ct, array=table))


def test_only_hu_are_taken(tmp_path):
    ct = replace(a_ct(), quantity="SUVBW")
    with pytest.raises(ValueError, match="must be in HU"):
        synthesize(
            ct, a_model(tmp_path, convolution_bytes(output="suv"), sees="patient"), execution=CPU
        )


def test_values_are_put_back_where_they_belong():
    affine = np.eye(4)
    affine[:3, :3] = np.diag(SPACING)[:, ::-1]
    whole = Geometry((4, 5, 6), affine.copy())
    affine[:3, 3] = whole.index_to_lps(np.array([3.0, -1.0, 2.0]))
    box = np.arange(1, 1 + 2 * 3 * 2, dtype=np.float32).reshape(1, 2, 3, 2)
    out = put_back(box, Geometry((2, 3, 2), affine), whole)
    assert out.shape == (1, 4, 5, 6)
    np.testing.assert_array_equal(out[0, 3, :2, 2:4], box[0, 0, 1:])
    assert np.count_nonzero(out) == 4
