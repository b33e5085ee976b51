"""Series that hold several passes, phases or time points: told apart, listed, and one chosen."""

from copy import deepcopy

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.scan_report import scan_report
from ctpet.dicom.select import select_ct
from ctpet.dicom.select_pet import select_pet
from ctpet.errors import InputRefused
from tests.dicom.reading import codes, ramp_series, read
from tests.dicom_factory import ct_series, enhanced_ct, write_series
from tests.pet_factory import FACTOR, pet_series, set_all, suv_pattern


def another(slices, *, offset_mm=0.0, **changes):
    """The same slices once more in the same series, moved and changed; 50 HU brighter."""
    again = []
    for ds in slices:
        one = deepcopy(ds)
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        x, y, z = map(float, ds.ImagePositionPatient)
        one.ImagePositionPatient = [f"{x:.6f}", f"{y:.6f}", f"{z + offset_mm:.6f}"]
        one.RescaleIntercept = f"{float(ds.RescaleIntercept) + (50 if ds.Modality == 'CT' else 0)}"
        again.append(one)
    set_all(again, **changes)
    return again


def ramps(found):
    """What each part of a series of ramps holds."""
    return [read_ct(one).volume.array[:, 0, 0].tolist() for one in found.series]


RAMP = [100.0 * k for k in range(12)]
TOLD_APART = [
    {"AcquisitionNumber": "2"},
    {"AcquisitionTime": "101700"},
    {"AcquisitionDateTime": "20260105101700"},
    {"ContentTime": "101900"},
    {"TemporalPositionIdentifier": "2"},
    {"TriggerTime": "450"},
    {"NominalPercentageOfCardiacPhase": 75.0},
    {"KVP": "80"},
    {"SeriesDescription": "Thorax late"},
    {"SeriesTime": "102000"},
    {"InstanceCreationTime": "102000"},
    {"TableHeight": "151"},
    {"FrameOfReferenceUID": "1.2.3.4"},
]


@pytest.mark.parametrize("offset_mm", [0.0, 0.06, 0.9, 1.5, 14.0])
@pytest.mark.parametrize("changes", TOLD_APART, ids=lambda one: next(iter(one)))
def test_two_passes_are_two_stacks(tmp_path, changes, offset_mm):
    first = ramp_series(12)
    for ds in first:
        ds.NominalPercentageOfCardiacPhase, ds.TemporalPositionIdentifier = 0.0, "1"
        ds.TriggerTime, ds.AcquisitionDateTime = "0", "20260105101610"
        ds.InstanceCreationDate, ds.InstanceCreationTime = "20260105", "101700"
        ds.TableHeight = "150"
    second = another(first, offset_mm=offset_mm, **changes)
    found = discover(write_series([*first, *second], tmp_path / "ct"))
    uid = str(first[0].SeriesInstanceUID)
    assert [one.key for one in found.series] == [f"{uid}#1", f"{uid}#2"]
    both = [RAMP, [value + 50 for value in RAMP]]
    assert ramps(found) in (both, both[::-1])
    for one in found.series:
        assert read_ct(one).volume.geometry.spacing_mm[0] == pytest.approx(3)
    with pytest.raises(InputRefused) as refused:
        select_ct(found)
    assert refused.value.code == "several-series"


def test_the_refusal_lists_the_parts_and_each_can_be_chosen(tmp_path):
    first = ramp_series(12)
    second = another(first[:9], offset_mm=1.5, AcquisitionNumber="4", AcquisitionTime="101745")
    folder = write_series([*first, *second], tmp_path / "ct")
    found = discover(folder)
    uid = str(first[0].SeriesInstanceUID)
    with pytest.raises(InputRefused) as refused:
        select_ct(found)
    told = refused.value.message
    assert f"{uid}#1 (CT, 12 images" in told
    assert f"{uid}#2 (CT, 9 images" in told
    assert "0.0 to 33.0 mm along the normal, acquisition 1, at 10:16:10" in told
    assert "1.5 to 25.5 mm along the normal, acquisition 4, at 10:17:45" in told
    assert "UID#n" in refused.value.remedy
    chosen = read_ct(select_ct(found, series=f"{uid}#2"))
    assert chosen.volume.array[:, 0, 0].tolist() == [value + 50 for value in RAMP[:9]]
    report = scan_report(folder)
    assert [one.key for one in report.series] == [f"{uid}#1", f"{uid}#2"]
    (split,) = [finding for finding in report.series[1].findings if finding.code == "series-split"]
    assert "acquisition 4" in split.message


def test_three_phases_of_which_one_is_shorter_and_one_runs_back(tmp_path):
    first = ramp_series(12)
    for k, ds in enumerate(first):
        ds.AcquisitionTime = f"1016{10 + k:02d}"
    second, third = another(first, offset_mm=1.0), another(first[3:8], offset_mm=2.0)
    for k, ds in enumerate(second):
        ds.AcquisitionTime = f"1017{40 - k:02d}"
    for k, ds in enumerate(third):
        ds.AcquisitionTime = f"1019{10 + k:02d}"
    found = discover(write_series([*first, *second, *third], tmp_path / "ct"))
    late = [value + 50 for value in RAMP]
    assert ramps(found) == [RAMP, late, late[3:8]]


def test_two_passes_with_a_true_gap_are_listed_not_missing(tmp_path):
    first = ramp_series(12)
    second = another(first, offset_mm=300, AcquisitionNumber="2", InstanceNumber=None)
    found = discover(write_series([*first, *second], tmp_path / "ct"))
    assert ramps(found) == [RAMP, [value + 50 for value in RAMP]]


def test_lost_slices_between_beds_stay_missing(tmp_path):
    slices = ramp_series(20)
    for ds in slices[10:]:
        ds.AcquisitionNumber = "2"
    with pytest.raises(InputRefused) as refused:
        read([ds for k, ds in enumerate(slices) if k not in (9, 10)], tmp_path)
    assert refused.value.code == "missing-slices"


def test_two_grids_in_each_other_with_equal_headers(tmp_path):
    first = ramp_series(12)
    found = discover(write_series([*first, *another(first, offset_mm=0.8)], tmp_path / "ct"))
    assert ramps(found) == [RAMP, [value + 50 for value in RAMP]]


@pytest.mark.parametrize("offset_mm", [0.0, 1.5])
def test_passes_that_lie_beside_each_other_in_the_plane(tmp_path, offset_mm):
    first = ramp_series(12)
    second = another(first, offset_mm=offset_mm)
    for ds in second:
        x, y, z = map(float, ds.ImagePositionPatient)
        ds.ImagePositionPatient = [f"{x + 14:.6f}", f"{y:.6f}", f"{z:.6f}"]
    found = discover(write_series([*first, *second], tmp_path / "ct"))
    assert ramps(found) == [RAMP, [value + 50 for value in RAMP]]


def test_a_dynamic_pet_is_its_time_points(tmp_path):
    first = pet_series()
    second = another(first, FrameReferenceTime="600000", AcquisitionTime="111000.0")
    for ds in second:
        ds.ImageIndex += 8
        ds.RescaleSlope = "1"
    found = discover(write_series([*first, *second], tmp_path / "pet"))
    uid = str(first[0].SeriesInstanceUID)
    with pytest.raises(InputRefused, match="2 PET series could be meant") as refused:
        select_pet(found)
    assert refused.value.code == "several-series"
    chosen = read_pet(select_pet(found, series_uid=f"{uid}#1"))
    assert np.allclose(chosen.volume.array, suv_pattern(), atol=FACTOR)


def test_beds_of_a_pet_that_lie_over_each_other_are_two_stacks(tmp_path):
    first = pet_series(beds=1)
    second = another(first, offset_mm=18, AcquisitionTime="110230.0", FrameReferenceTime="225000")
    found = discover(write_series([*first, *second], tmp_path / "pet"))
    assert [len(one.files) for one in found.series] == [8, 8]


def test_beds_one_after_the_other_are_one_stack(tmp_path):
    (series,) = discover(write_series(pet_series(beds=4), tmp_path / "pet")).series
    assert np.allclose(read_pet(series).volume.array, suv_pattern(), rtol=1e-3)


def test_a_helix_and_blocks_are_one_stack(tmp_path):
    slices = ramp_series(24)
    for k, ds in enumerate(slices):
        ds.AcquisitionTime = f"1016{40 - k:02d}.{k:03d}"
        ds.ContentTime = f"1017{k // 3 % 4:02d}"
    assert read(slices, tmp_path / "helix").volume.geometry.shape[0] == 24
    for k, ds in enumerate(slices):
        ds.AcquisitionNumber = str(9 - k // 4)
    assert read(slices, tmp_path / "blocks").volume.geometry.shape[0] == 24


def test_a_copy_goes_with_its_original(tmp_path):
    first = ramp_series(12)
    second = another(first, AcquisitionNumber="2")
    write_series([*first, *second], tmp_path / "ct" / "a")
    write_series(second[3:5], tmp_path / "ct" / "b")
    found = discover(tmp_path / "ct")
    assert [len(one.files) for one in found.series] == [12, 14]
    assert "duplicates-dropped" in codes(read_ct(found.series[1]))


RESENT = [
    {"ContentTime": "120000", "InstanceCreationTime": "120000"},
    {"SeriesDescription": "copy"},
    {"SeriesTime": "120000"},
]


def copies(slices, **changes):
    again = another(slices, **changes)
    for one, original in zip(again, slices, strict=True):
        one.RescaleIntercept = original.RescaleIntercept
    return again


@pytest.mark.parametrize("changes", RESENT, ids=lambda one: next(iter(one)))
def test_images_that_were_sent_twice_are_copies_whenever_they_were_made(tmp_path, changes):
    first = ramp_series(12)
    for number, again in enumerate((copies(first, **changes), copies(first[4:9], **changes))):
        reading = read([*first, *again], tmp_path / str(number))
        assert reading.volume.array[:, 0, 0].tolist() == RAMP
        assert "duplicates-dropped" in codes(reading)


def test_images_renumbered_when_they_were_sent_again_are_copies(tmp_path):
    first = ramp_series(12)
    again = copies(first)
    for k, ds in enumerate(again):
        ds.InstanceNumber = str(13 + k)
    assert read([*first, *again], tmp_path).volume.array[:, 0, 0].tolist() == RAMP


def test_equal_images_of_two_acquisitions_are_two_stacks(tmp_path):
    first = ramp_series(12)
    for number, changes in enumerate(({"AcquisitionNumber": "2"}, {"AcquisitionTime": "101700"})):
        folder = write_series([*first, *copies(first, **changes)], tmp_path / str(number))
        assert [len(one.files) for one in discover(folder).series] == [12, 12]


def test_one_plane_that_differs_makes_a_pass(tmp_path):
    first = ramp_series(12)
    again = copies(first, ContentTime="120000")
    again[10].RescaleIntercept = "-1000"
    found = discover(write_series([*first, *again], tmp_path / "ct"))
    assert [len(one.files) for one in found.series] == [12, 12]


def four_dimensional(first, second):
    """One enhanced instance with the frames of two phases, by their temporal position."""
    ds = enhanced_ct([*first, *second])
    for number, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
        content = groups.FrameContentSequence[0]
        content.FrameAcquisitionNumber = 1
        content.TemporalPositionIndex = 1 + number // len(first)
    return ds


def test_phases_of_one_enhanced_instance(tmp_path):
    first = ramp_series(12)
    ds = four_dimensional(first, another(first))
    found = discover(write_series([ds], tmp_path / "ct"))
    assert [one.part for one in found.series] == [1, 2]
    assert [one.frame_count for one in found.series] == [12, 12]
    assert ramps(found) == [RAMP, [value + 50 for value in RAMP]]
    with pytest.raises(InputRefused, match=r"temporal position 1.*temporal position 2") as refused:
        select_ct(found)
    assert refused.value.code == "several-series"


def test_phases_that_only_the_dimension_index_tells_apart(tmp_path):
    first = ramp_series(12)
    ds = four_dimensional(first, another(first, offset_mm=1.5))
    for number, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
        content = groups.FrameContentSequence[0]
        del content.TemporalPositionIndex
        content.DimensionIndexValues = [1 + number // 12, 1 + number % 12]
    assert ramps(discover(write_series([ds], tmp_path / "ct"))) == [
        RAMP,
        [value + 50 for value in RAMP],
    ]


def test_an_oblique_stack_is_divided_along_its_normal(tmp_path):
    orientation = (0, 1, 0, 0, 0, -1)
    first = ct_series(np.full((12, 4, 4), 40, np.int16), orientation=orientation)
    second = another(first, AcquisitionNumber="2")
    for ds in second:
        x, y, z = map(float, ds.ImagePositionPatient)
        ds.ImagePositionPatient = [f"{x + 1.5:.6f}", f"{y:.6f}", f"{z:.6f}"]
    found = discover(write_series([*first, *second], tmp_path / "ct"))
    assert [len(one.files) for one in found.series] == [12, 12]


def test_frames_without_a_content_group_do_no_harm(tmp_path):
    ds = enhanced_ct(ramp_series(12))
    for groups in ds.PerFrameFunctionalGroupsSequence:
        groups.FrameContentSequence = [Dataset()]
    assert read([ds], tmp_path).volume.geometry.shape[0] == 12
