"""A kernel that changes midway and orientations that jitter are one stack; two are two."""

import numpy as np
import pytest
from pydicom import Dataset

from ctpet.dicom.discover import discover
from ctpet.dicom.orientation import degrees_apart
from ctpet.errors import InputRefused
from tests.dicom.reading import codes, marker_lps, marker_series, ramp_series, read
from tests.dicom_factory import AXIAL, ct_series, enhanced_ct, write_series


def stacks(slices, folder):
    return [one.frame_count for one in discover(write_series(slices, folder)).series]


def kernels(slices, *names):
    for ds, name in zip(slices, names, strict=True):
        ds.ConvolutionKernel = name
    return slices


@pytest.mark.parametrize(
    "names",
    [
        ["B30f"] * 4 + ["B31f"] * 3,
        ["B30f"] * 3 + [""] + ["B30f"] * 3,
        ["A"] * 2 + ["B"] * 2 + ["C"] * 3,
        ["B30f"] * 3 + [["B30f", "3"]] * 4,
    ],
)
def test_a_kernel_that_changes_midway_is_one_stack(tmp_path, names):
    reading = read(kernels(ramp_series(), *names), tmp_path)
    assert reading.volume.array[:, 0, 0].tolist() == [0, 100, 200, 300, 400, 500, 600]
    assert codes(reading) == {"kernel-varies"}


def test_two_kernels_at_the_same_places_are_two_stacks(tmp_path):
    slices, again = ramp_series(), ramp_series()
    for a, b in zip(slices, kernels(again, *["LUNG"] * 7), strict=True):
        b.StudyInstanceUID, b.SeriesInstanceUID = a.StudyInstanceUID, a.SeriesInstanceUID
        b.RescaleIntercept = "-1000"
    assert stacks([*slices, *again], tmp_path) == [7, 7]


def test_two_kernels_that_alternate_are_two_stacks(tmp_path):
    slices = kernels(ramp_series(8), *["A", "B"] * 4)
    assert stacks(slices, tmp_path) == [4, 4]


def test_two_kernels_with_a_gap_between_are_two_stacks(tmp_path):
    slices = kernels(ramp_series(12), *["A"] * 6, *["B"] * 6)
    assert stacks(slices[:5] + slices[7:], tmp_path) == [5, 5]


def jittered(slices, degrees, seed=1):
    """Turn each slice's orientation by about so much, keeping rows and columns unit vectors."""
    rng = np.random.default_rng(seed)
    for ds in slices:
        turn = np.radians(degrees) * rng.choice([-1, 1], 3)
        row, column = np.array(AXIAL[:3]), np.array(AXIAL[3:])
        row = row + np.cross(turn, row)
        column = column + np.cross(turn, column)
        both = (*(row / np.linalg.norm(row)), *(column / np.linalg.norm(column)))
        ds.ImageOrientationPatient = [f"{x:.9g}"[:16] for x in both]
    return slices


@pytest.mark.parametrize("degrees", [0.086, 0.12])
@pytest.mark.parametrize("origin_mm", [(-60, -50, 10), (-300, -1200, 900)])
def test_orientations_that_jitter_are_averaged(tmp_path, degrees, origin_mm):
    """1.5e-3 is 0.086°; far from the origin single normals would shuffle the slices."""
    options = {"spacing_mm": (1.0, 0.7, 0.9), "origin_mm": origin_mm}
    straight = read(marker_series(**options), tmp_path / "straight").volume
    reading = read(jittered(marker_series(**options), degrees), tmp_path / "jittered")
    assert reading.volume.geometry.shape == straight.geometry.shape
    assert np.array_equal(reading.volume.array, straight.array)
    assert np.linalg.norm(marker_lps(reading.volume) - marker_lps(straight)) < 0.05
    assert codes(reading) == {"orientation-jitters"}


def test_the_last_digit_of_an_orientation_is_no_jitter(tmp_path):
    slices = ramp_series()
    slices[2].ImageOrientationPatient = ["1", "0.0001", "0", "-0.0001", "1", "0"]
    assert codes(read(slices, tmp_path)) == set()


def test_orientations_further_apart_are_two_stacks(tmp_path):
    slices = ct_series()
    turned = np.radians(0.8)
    for ds in slices[6:]:
        ds.ImageOrientationPatient = ["1", "0", "0", "0", f"{np.cos(turned):.9f}",
                                      f"{np.sin(turned):.9f}"]  # fmt: skip
    assert stacks(slices, tmp_path) == [6, 6]


def test_frames_further_apart_are_refused_in_degrees(tmp_path):
    ds = enhanced_ct(ramp_series(5))
    (shared,) = ds.SharedFunctionalGroupsSequence
    del shared.PlaneOrientationSequence
    for number, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
        plane, turn = Dataset(), np.radians(2.0 * number)
        plane.ImageOrientationPatient = ["1", "0", "0", "0", f"{np.cos(turn):.9f}",
                                         f"{np.sin(turn):.9f}"]  # fmt: skip
        groups.PlaneOrientationSequence = [plane]
    with pytest.raises(InputRefused, match=r"4\.00° from their mean; the limit is 0\.5°") as caught:
        read([ds], tmp_path)
    assert caught.value.code == "orientation-mixed"


@pytest.mark.parametrize("degrees", [1e-4, 0.25, 30.0, 90.0, 180.0])
def test_the_angle_is_exact_where_it_is_small(degrees):
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = (cosine, sine, 0.0, -sine, cosine, 0.0)
    assert degrees_apart(AXIAL, turned) == pytest.approx(degrees, rel=1e-6)
