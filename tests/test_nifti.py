import gzip
import time
import warnings

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from ctpet.errors import InputRefused
from ctpet.nifti import read_nifti, read_nifti_ct, write_nifti
from ctpet.volume import Geometry
from tests.volume.grids import grid, noise

AFFINE = np.array([[-2.0, 0, 0, 60], [0, 0, 3.0, -20], [0, 1.5, 0, 7], [0, 0, 0, 1]])


def save(path, data, affine=AFFINE, *, sform=1, qform=0, units="mm", slope=None, inter=0.0):
    """Write a NIfTI file with nibabel alone, i, j, k and RAS+."""
    image = nib.Nifti1Image(np.asarray(data), affine)
    image.set_sform(affine if sform else None, code=sform)
    image.set_qform(affine if qform else None, code=qform)
    image.header.set_xyzt_units(units)
    if slope is not None:
        image.header.set_slope_inter(slope, inter)
    nib.save(image, path)
    return path


def refused(path, code):
    with pytest.raises(InputRefused) as refusal:
        read_nifti_ct(path)
    assert refusal.value.code == code
    assert path.name in str(refusal.value)
    assert refusal.value.remedy
    return str(refusal.value)


def test_reads_a_voxel_where_it_lies(tmp_path):
    data = np.zeros((4, 5, 6), np.int16)
    data[1, 2, 3] = 77
    ct = read_nifti_ct(save(tmp_path / "ct.nii.gz", data)).volume
    assert ct.quantity == "HU"
    assert ct.array.shape == (6, 5, 4)
    assert ct.array[3, 2, 1] == 77
    assert ct.array.flags.c_contiguous
    x, y, z = (AFFINE @ (1, 2, 3, 1))[:3]
    np.testing.assert_allclose(ct.geometry.index_to_lps((3, 2, 1)), (-x, -y, z))
    assert ct.geometry.spacing_mm == pytest.approx((3, 1.5, 2))
    assert ct.geometry.frame_of_reference_uid is None


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize(
    "geometry",
    [
        grid((3, 5, 7), (3.25, 0.977, 0.977), origin_mm=(-249.51, -310.02, -1204.75)),
        grid((3, 5, 7), (3.0, 1.0, 1.0), rotate_deg=(20, -10, 35), origin_mm=(1, 2, 3)),
        grid((3, 5, 7), (3.0, 1.0, 1.0), shear=0.3),
        Geometry((3, 5, 7), np.diag([-1.0, 2.0, 3.0, 1.0])),
    ],
    ids=["aligned", "oblique", "sheared", "left-handed"],
)
def test_what_is_written_is_read_again(tmp_path, suffix, geometry):
    before = noise(geometry)
    write_nifti(before, tmp_path / f"pet{suffix}")
    after = read_nifti(tmp_path / f"pet{suffix}", "SUVBW")
    assert after.quantity == "SUVBW"
    assert after.array.tobytes() == before.array.tobytes()
    assert after.geometry.agrees_with(geometry, tolerance_mm=2e-4)
    write_nifti(after, tmp_path / f"again{suffix}")
    again = read_nifti(tmp_path / f"again{suffix}", "SUVBW")
    np.testing.assert_array_equal(again.geometry.affine, after.geometry.affine)


@pytest.mark.parametrize("rotation", [(0, 0, 0), (20, -10, 35)])
def test_simpleitk_reads_the_same_places(tmp_path, rotation):
    pet = noise(grid((3, 5, 7), (3.0, 2.0, 1.0), rotate_deg=rotation, origin_mm=(-9, 40, 800)))
    write_nifti(pet, tmp_path / "pet.nii.gz")
    image = sitk.ReadImage(str(tmp_path / "pet.nii.gz"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), pet.array)
    for k, j, i in np.ndindex(2, 2, 2):
        there = image.TransformIndexToPhysicalPoint((i, j, k))
        np.testing.assert_allclose(there, pet.geometry.index_to_lps((k, j, i)), atol=1e-4)


def test_simpleitk_writes_what_we_read(tmp_path):
    image = sitk.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    image.SetSpacing((0.9, 0.8, 2.5))
    image.SetOrigin((-100, 55, 12))
    image.SetDirection((0, 1, 0, 1, 0, 0, 0, 0, -1))
    sitk.WriteImage(image, str(tmp_path / "ct.nii.gz"))
    ct = read_nifti_ct(tmp_path / "ct.nii.gz").volume
    np.testing.assert_array_equal(ct.array, sitk.GetArrayFromImage(image))
    there = image.TransformIndexToPhysicalPoint((4, 1, 2))
    np.testing.assert_allclose(ct.geometry.index_to_lps((2, 1, 4)), there, atol=1e-4)


def test_header_says_scanner_millimetres_and_what_the_caller_says(tmp_path):
    write_nifti(noise(grid()), tmp_path / "pet.nii", descrip="SYNTHETIC FDG-PET SUVbw")
    header = nib.load(tmp_path / "pet.nii").header
    assert header["sform_code"] == 1
    assert header["qform_code"] == 1
    assert header.get_xyzt_units()[0] == "mm"
    assert header.get_data_dtype() == np.float32
    assert header["descrip"].item() == b"SYNTHETIC FDG-PET SUVbw"
    raw = (tmp_path / "pet.nii").read_bytes()
    assert np.frombuffer(raw[112:120], "<f4").tolist() == [1, 0]


def test_a_sheared_grid_gets_no_qform(tmp_path):
    write_nifti(noise(grid(shear=0.2)), tmp_path / "pet.nii")
    header = nib.load(tmp_path / "pet.nii").header
    assert header["sform_code"] == 1
    assert header["qform_code"] == 0


def test_the_same_volume_gives_the_same_bytes(tmp_path):
    pet = noise(grid())
    write_nifti(pet, tmp_path / "one.nii.gz")
    write_nifti(pet, tmp_path / "two.nii.gz")
    packed = (tmp_path / "one.nii.gz").read_bytes()
    assert packed == (tmp_path / "two.nii.gz").read_bytes()
    assert packed[3] == 0, "no file name in the gzip header"
    assert packed[4:8] == bytes(4), "no time in the gzip header"


def test_write_refuses_what_a_header_cannot_hold(tmp_path):
    pet = noise(grid())
    write_nifti(pet, tmp_path / "pet.nii", descrip="x" * 79)
    with pytest.raises(ValueError, match="79 characters, not 80"):
        write_nifti(pet, tmp_path / "a.nii", descrip="x" * 80)
    with pytest.raises(ValueError, match="ascii"):
        write_nifti(pet, tmp_path / "a.nii", descrip="Nguyễn")
    with pytest.raises(ValueError, match=r"\.nii or \.nii\.gz, not pet\.mha"):
        write_nifti(pet, tmp_path / "pet.mha")
    assert [p.name for p in tmp_path.iterdir()] == ["pet.nii"]


def test_slope_and_intercept_are_applied(tmp_path):
    path = save(tmp_path / "ct.nii", np.full((2, 3, 4), 500, np.int16), slope=2.0, inter=-1024.0)
    header = bytearray(path.read_bytes())
    header[112:120] = np.array([2.0, -1024.0], "<f4").tobytes()
    header[352:] = np.full(24, 500, "<i2").tobytes()
    path.write_bytes(header)
    assert (read_nifti_ct(path).volume.array == -24).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_reads_every_usual_type(tmp_path, dtype):
    data = np.arange(24, dtype=dtype).reshape(2, 3, 4)
    ct = read_nifti_ct(save(tmp_path / "ct.nii.gz", data)).volume
    np.testing.assert_array_equal(ct.array, data.T.astype(np.float32))


@pytest.mark.parametrize(("units", "in_mm"), [("mm", 1), ("unknown", 1), ("meter", 1000),
                                              ("micron", 1e-3)])  # fmt: skip
def test_lengths_are_read_in_the_stated_unit(tmp_path, units, in_mm):
    affine = AFFINE.copy()
    affine[:3] /= in_mm
    ct = read_nifti_ct(save(tmp_path / "ct.nii", np.zeros((2, 3, 4)), affine, units=units)).volume
    assert ct.geometry.spacing_mm == pytest.approx((3, 1.5, 2))
    assert ct.geometry.origin_mm == pytest.approx((-60, 20, 7))


def test_refuses_a_unit_that_nifti_does_not_have(tmp_path):
    path = save(tmp_path / "ct.nii", np.zeros((2, 3, 4), np.int16))
    raw = bytearray(path.read_bytes())
    raw[123] = 7
    path.write_bytes(raw)
    assert "xyzt_units 7" in refused(path, "nifti-units-unknown")


def test_a_trailing_singleton_is_no_fourth_axis(tmp_path):
    data = np.arange(24, dtype=np.int16).reshape(2, 3, 4, 1)
    ct = read_nifti_ct(save(tmp_path / "ct.nii", data)).volume
    np.testing.assert_array_equal(ct.array, data[..., 0].T)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4, 2), (2, 3, 4, 1, 3)])
def test_refuses_what_is_not_3d(tmp_path, shape):
    said = refused(save(tmp_path / "ct.nii", np.zeros(shape, np.int16)), "nifti-not-3d")
    assert "×".join(map(str, shape)) in said


def test_refuses_a_file_without_orientation(tmp_path):
    path = save(tmp_path / "ct.nii", np.zeros((2, 3, 4), np.int16), sform=0)
    refused(path, "nifti-no-orientation")


def test_reads_a_file_with_a_qform_alone(tmp_path):
    path = save(tmp_path / "ct.nii", np.zeros((2, 3, 4), np.int16), sform=0, qform=1)
    np.testing.assert_allclose(read_nifti_ct(path).volume.geometry.origin_mm, (-60, 20, 7))


def test_refuses_a_left_that_is_right_in_the_other_transform(tmp_path):
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.int16), AFFINE)
    image.set_sform(AFFINE, code=1)
    image.set_qform(np.diag([-1, 1, 1, 1]) @ AFFINE, code=1)
    nib.save(image, tmp_path / "ct.nii")
    said = refused(tmp_path / "ct.nii", "nifti-orientations-differ")
    assert "120.0 mm apart" in said


def test_a_sheared_sform_wins_over_the_qform_that_cannot_hold_it(tmp_path):
    affine = AFFINE.copy()
    affine[2, 2] = 1.5
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.int16), affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    nib.save(image, tmp_path / "ct.nii")
    ct = read_nifti_ct(tmp_path / "ct.nii").volume
    np.testing.assert_allclose(ct.geometry.affine[:3, 0], (0, -3, 1.5), atol=1e-6)


def test_refuses_a_map_that_is_flat(tmp_path):
    flat = AFFINE.copy()
    flat[:, 0] = flat[:, 1]
    refused(save(tmp_path / "ct.nii", np.zeros((2, 3, 4)), flat), "nifti-bad-orientation")


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_refuses_values_that_are_not_finite_in_float32(tmp_path, bad):
    data = np.zeros((2, 3, 4))
    data[1, 1, 1] = bad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        path = save(tmp_path / "ct.nii", data)
    refused(path, "nifti-not-finite")


def test_nan_around_a_ct_becomes_air_with_a_finding(tmp_path):
    data = np.full((8, 9, 10), 40.0)
    data[:2] = np.nan
    ct = read_nifti_ct(save(tmp_path / "ct.nii", data))
    assert (ct.volume.array[:, :, :2] == -1024).all()
    assert (ct.volume.array[:, :, 2:] == 40).all()
    assert [finding.code for finding in ct.findings] == ["fill-replaced"]


@pytest.mark.parametrize("dtype", [np.complex64, np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])])
def test_refuses_colours_and_complex_numbers(tmp_path, dtype):
    refused(save(tmp_path / "ct.nii", np.zeros((2, 3, 4), dtype)), "nifti-not-scalar")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("kept", [0, 100, 400, 3000])
def test_refuses_a_truncated_file(tmp_path, suffix, kept):
    whole = save(tmp_path / f"whole{suffix}", np.random.default_rng(0).normal(size=(9, 10, 11)))
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole.read_bytes()[:kept])
    refused(path, "nifti-unreadable")


def test_refuses_damaged_missing_and_foreign_files(tmp_path):
    garbled = tmp_path / "garbled.nii.gz"
    garbled.write_bytes(gzip.compress(b"no image" * 99))
    refused(garbled, "nifti-unreadable")
    refused(tmp_path / "absent.nii", "nifti-unreadable")
    text = tmp_path / "text.nii"
    text.write_text("hello")
    refused(text, "nifti-unreadable")
    other = tmp_path / "ct.mgz"
    nib.save(nib.MGHImage(np.zeros((2, 3, 4), np.float32), AFFINE), other)
    refused(other, "nifti-unreadable")


def test_refuses_our_own_output_as_ct_and_reads_it_as_pet(tmp_path):
    path = tmp_path / "pet.nii.gz"
    write_nifti(noise(grid()), path, descrip="SYNTHETIC FDG-PET SUVbw NOT FOR DIAGNOSIS")
    refused(path, "synthetic-input")
    assert read_nifti(path, "SUVBW").quantity == "SUVBW"


def test_reads_a_real_ct(shared_data):
    ct = read_nifti_ct(shared_data / "ct-organs" / "example_ct.nii.gz").volume
    assert ct.array.shape == (112, 101, 122)
    assert ct.geometry.spacing_mm == pytest.approx((3, 3, 3))
    assert ct.array[0, 0, 0] == -1023, "air beside the body"
    assert ct.array.max() > 700


@pytest.mark.parametrize(
    ("shape", "code"),
    [((30000, 30000, 30000), "volume-too-large"), ((1200, 1200, 1000), "nifti-unreadable")],
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_header_that_promises_more_than_a_file_can_hold_asks_for_no_memory(
    tmp_path, shape, code, name
):
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
    data = bytearray(image.to_bytes())
    data[42:48] = np.array(shape, "<i2").tobytes()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    start = time.process_time()
    with pytest.raises(InputRefused) as refused:
        read_nifti_ct(path)
    assert time.process_time() - start < 1
    assert refused.value.code == code


def test_a_file_that_packs_as_densely_as_can_be_is_read(tmp_path):
    image = nib.Nifti1Image(np.zeros((300, 300, 100), np.int16), np.eye(4))
    nib.save(image, tmp_path / "a.nii.gz")
    assert read_nifti(tmp_path / "a.nii.gz", "SUVBW").array.max() == 0
