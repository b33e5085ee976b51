"""A phantom as DICOM is legal, is taken for a scanner's, and gives back the SUV that was drawn."""

import numpy as np
import pytest
from pydicom import dcmread

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.dicom.select import select_ct
from ctpet.dicom.suv_report import suv_report
from ctpet.phantom.examination import draw_examination
from ctpet.phantom.series import write_ct_series, write_pet_series
from ctpet.phantom.traits import draw_traits
from ctpet.volume import Geometry, Volume
from tests.phantom.toy import toy_seen
from tests.validators import assert_valid_series, complaints

SEED = 7


@pytest.fixture(scope="module")
def exam():
    return draw_examination(draw_traits(np.random.default_rng(SEED)), SEED)


@pytest.fixture(scope="module")
def geometry(exam):
    geometry = toy_seen().geometry
    return Geometry(geometry.shape, geometry.affine, exam.uid("frame-of-reference"))


@pytest.fixture(scope="module")
def pet(geometry):
    values = np.random.default_rng(1).normal(1, 2, geometry.shape).astype(np.float32)
    return Volume(values, geometry, "SUVBW")


@pytest.fixture(scope="module")
def ct(geometry):
    values = np.random.default_rng(2).normal(-400, 300, geometry.shape).astype(np.float32)
    return Volume(values, geometry, "HU")


@pytest.fixture(scope="module")
def study(exam, ct, pet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write_ct_series(ct, exam, folder / "ct")
    write_pet_series(pet, exam, folder / "pet")
    return folder


def headers(study, name):
    return [dcmread(path) for path in sorted((study / name).iterdir())]


def test_suv_is_read_back_as_it_was_drawn(study, pet, exam):
    report = suv_report(study)
    assert report.factor == pytest.approx(exam.suvbw_per_bqml, rel=1e-6)
    assert report.rule == "bqml-start-agreed"
    assert report.findings == ()
    assert {each.name for each in report.candidates} == {
        "series-time",
        "earliest-acquisition",
        "frame-reference",
        "decay-factor",
    }
    read = read_pet(report.series).volume
    assert read.geometry.agrees_with(pet.geometry)
    assert read.array == pytest.approx(pet.array, abs=5e-4)
    assert read.array.mean() == pytest.approx(pet.array.mean(), rel=0.005)
    assert read.array.min() < 0


def test_ct_is_chosen_and_read_back_as_it_was(study, ct):
    reading = read_ct(select_ct(discover(study)))
    assert reading.findings == ()
    assert reading.volume.geometry.agrees_with(ct.geometry)
    assert reading.volume.array == pytest.approx(np.clip(np.rint(ct.array), -1024, 3071))


def test_beds_have_their_own_times(study, exam):
    beds = {
        (ds.AcquisitionTime, float(ds.FrameReferenceTime), float(ds.DecayFactor))
        for ds in headers(study, "pet")
    }
    (first, first_ms, first_factor), (second, second_ms, second_factor) = sorted(beds)
    assert first == f"{exam.reference:%H%M%S}" == headers(study, "pet")[0].SeriesTime
    assert second > first
    assert second_ms - first_ms == pytest.approx(180_000)
    assert 89_000 < first_ms < 90_000
    assert second_factor / first_factor == pytest.approx(2 ** (180 / 6586.2), rel=1e-6)


def test_it_says_that_it_is_a_phantom_and_keeps_vietnamese(study, exam):
    for name in ("ct", "pet"):
        for ds in headers(study, name):
            assert "SyntheticData" not in ds
            assert ds.QualityControlSubject == "YES"
            assert str(ds.PatientName) == exam.name
            assert not exam.name.isascii()
            for text in (exam.name, ds.PatientID, ds.StudyDescription, ds.ImageComments):
                assert "PHANTOM" in text
            assert ds.ImageType[:2] == ["ORIGINAL", "PRIMARY"]


def test_both_series_are_one_study(study):
    ct, pet = headers(study, "ct")[0], headers(study, "pet")[0]
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "StudyDate"):
        assert ct[keyword].value == pet[keyword].value
    assert ct.SeriesInstanceUID != pet.SeriesInstanceUID
    assert float(pet.PatientWeight) > 30
    item = pet.RadiopharmaceuticalInformationSequence[0]
    assert 1e8 < float(item.RadionuclideTotalDose) < 6e8


def test_a_second_run_writes_the_same_bytes(study, exam, ct, pet, tmp_path):
    write_ct_series(ct, exam, tmp_path / "ct")
    write_pet_series(pet, exam, tmp_path / "pet")
    for path in study.rglob("*.dcm"):
        assert path.read_bytes() == (tmp_path / path.relative_to(study)).read_bytes()


def test_another_seed_is_another_study(exam):
    other = draw_examination(draw_traits(np.random.default_rng(8)), 8)
    assert other.uid("study") != exam.uid("study")
    assert other.patient_id != exam.patient_id


def test_a_turned_over_pet_begins_with_the_feet_too(exam, pet, tmp_path):
    affine = pet.geometry.affine.copy()
    affine[:3, 3] = pet.geometry.index_to_lps((pet.geometry.shape[0] - 1, 0, 0))
    affine[:3, 0] *= -1
    geometry = Geometry(pet.geometry.shape, affine, pet.geometry.frame_of_reference_uid)
    flipped = Volume(np.ascontiguousarray(pet.array[::-1]), geometry, "SUVBW")
    write_pet_series(flipped, exam, tmp_path / "pet")
    by_z = sorted(headers(tmp_path, "pet"), key=lambda ds: ds.ImagePositionPatient[2])
    assert by_z[0].AcquisitionTime < by_z[-1].AcquisitionTime


def test_only_suv_is_written_as_pet(exam, ct, tmp_path):
    with pytest.raises(ValueError, match="SUVBW"):
        write_pet_series(ct, exam, tmp_path)


def test_validators_find_nothing(study, tmp_path, require_tool):
    assert_valid_series(study / "pet", study / "ct", tmp_path / "pet", require_tool)
    assert_valid_series(study / "ct", study / "pet", tmp_path / "ct", require_tool)
    for name in ("ct", "pet"):
        assert complaints(sorted((study / name).iterdir())[0], require_tool) == set()
