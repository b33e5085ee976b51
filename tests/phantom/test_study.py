"""A phantom on disk: everything is there, agrees with itself, and is accepted as input."""

import json

import numpy as np
import pytest

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.select import select_ct
from ctpet.dicom.suv_report import suv_report
from ctpet.nifti import read_nifti, read_nifti_ct
from ctpet.phantom.label_maps import FIRST_HIDDEN
from ctpet.phantom.labels import LABELS
from ctpet.phantom.score import FLOOR_MEAN, FLOOR_MEDIAN, constants, score
from ctpet.phantom.study import STAGES, write_phantom
from tests.validators import assert_valid_series

SEED = 5
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nifti(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nifti") / "phantom-5"
    return write_phantom(folder, seed=SEED, format="nifti", size="small")


@pytest.fixture(scope="module")
def dicom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom") / "phantom-5"
    return write_phantom(folder, seed=SEED, format="dicom", size="small")


def test_both_formats_hold_the_same_patient(nifti, dicom):
    ct = read_ct(select_ct(discover(dicom.folder))).volume
    pet = read_pet(suv_report(dicom.folder).series).volume
    assert np.array_equal(read_nifti_ct(nifti.ct).volume.array, ct.array)
    assert np.abs(read_nifti(nifti.pet, "SUVBW").array - pet.array).max() < 2e-3
    assert ct.geometry.frame_of_reference_uid == pet.geometry.frame_of_reference_uid
    for name in ("labels", "lesions", "floor_mean", "floor_median", "record"):
        assert getattr(nifti, name).read_bytes() == getattr(dicom, name).read_bytes()


def test_drawn_suv_is_read_back_from_dicom(dicom):
    record = json.loads(dicom.record.read_text("utf-8"))
    pet = read_pet(suv_report(dicom.folder).series).volume.array
    truth = dicom.volumes.pet.array
    body = dicom.volumes.body
    assert pet[body].mean() == pytest.approx(truth[body].mean(), rel=0.005)
    liver = read_nifti(dicom.labels, "HU").array == LABELS["liver"]
    assert np.median(pet[liver]) == pytest.approx(record["suvbw"]["liver"], rel=0.1)


def test_nothing_is_called_synthetic(nifti):
    import nibabel as nib

    for path in nifti.folder.glob("*.nii.gz"):
        assert nib.load(path).header["descrip"].item().startswith(b"PHANTOM")


def test_maps_lie_on_the_pet_grid(nifti):
    grid = read_nifti(nifti.pet, "SUVBW").geometry
    for path in (nifti.labels, nifti.lesions, nifti.floor_mean, nifti.floor_median):
        assert read_nifti(path, "SUVBW").geometry.agrees_with(grid)
    labels = read_nifti(nifti.labels, "HU").array
    assert {LABELS["brain"], LABELS["liver"], LABELS["bladder"], LABELS["fat"]} <= set(labels.flat)


def test_lesions_are_marked_and_recorded(nifti):
    record = json.loads(nifti.record.read_text("utf-8"))
    marks = set(np.unique(read_nifti(nifti.lesions, "HU").array).astype(int)) - {0}
    hidden = {mark for mark in marks if mark >= FIRST_HIDDEN}
    assert len(hidden) <= len(record["hidden_lesions"])
    assert {mark for mark in marks if mark < FIRST_HIDDEN} <= set(
        range(1, len(record["visible_lesions"]) + 1)
    )


def test_the_record_says_what_was_drawn(nifti):
    record = json.loads(nifti.record.read_text("utf-8"))
    assert record["seed"] == SEED
    assert record["suvbw"]["liver"] > 0
    assert record["examination"]["patient_id"] == "PHANTOM-5"
    assert record["floor"]["expected_mae_of_median"] == nifti.volumes.floor.mae


def test_floors_beat_what_has_no_model(nifti):
    pet, body, floor = nifti.volumes.pet, nifti.volumes.body, nifti.volumes.floor
    predictions = constants(pet, body) | {FLOOR_MEAN: floor.mean, FLOOR_MEDIAN: floor.median}
    by_name = {each.name: each for each in score(pet, body, predictions)}
    assert by_name[FLOOR_MEDIAN].mae < by_name["body median"].mae
    assert by_name[FLOOR_MEAN].rmse < by_name["body mean"].rmse


def test_a_second_run_writes_the_same_bytes_and_tells_all_its_stages(nifti, tmp_path):
    told = []
    again = write_phantom(
        tmp_path / "again",
        seed=SEED,
        format="nifti",
        size="small",
        progress=lambda stage, part: told.append((stage, part)),
    )
    for path in nifti.folder.iterdir():
        assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name
    assert {stage for stage, part in told if part == 1.0} == STAGES.keys()
    assert sum(STAGES.values()) == pytest.approx(1)


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"has the seed -1\. Give one from 0"):
        write_phantom(tmp_path / "out", seed=-1, format="nifti")
    assert not (tmp_path / "out").exists()


def test_validators_find_nothing(dicom, tmp_path, require_tool):
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted(dicom.pet.iterdir())[::20]:
        (few / path.name).write_bytes(path.read_bytes())
    assert_valid_series(few, dicom.ct, tmp_path / "copy", require_tool)
