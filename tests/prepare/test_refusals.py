"""What is not taken, and why; the good examination beside it always is."""

import numpy as np
import pytest
from pydicom.uid import generate_uid
from typer.testing import CliRunner

from ctpet.cli import app
from ctpet.prepare.cases import list_cases
from ctpet.prepare.run import PrepareRequest, run_prepare
from tests.dicom_factory import write_series
from tests.pet_factory import set_all, set_injection
from tests.prepare.studies import alone, on_ct, study, trunk, uptake, write_study

SPACING = (8.0, 8.0, 8.0)


def of(ct, pet):
    return [*ct, *pet]


def without_ct(_, pet):
    return pet


def without_pet(ct, _):
    return ct


def unregistered(ct, pet):
    set_all(pet, FrameOfReferenceUID=generate_uid())
    return of(ct, pet)


def no_frame(ct, pet):
    set_all(pet, FrameOfReferenceUID=None)
    return of(ct, pet)


def other_patient(ct, pet):
    set_all(pet, PatientID="BN-0001")
    return of(ct, pet)


def other_name(ct, pet):
    set_all(pet, PatientName="Khác^Người")
    return of(ct, pet)


def nobody(ct, pet):
    set_all(of(ct, pet), PatientID="", PatientName="")
    return of(ct, pet)


def no_weight(ct, pet):
    set_all(pet, PatientWeight=None)
    return of(ct, pet)


def odd_units(ct, pet):
    set_all(pet, Units="PROPCNTS")
    return of(ct, pet)


def uncorrected(ct, pet):
    set_all(pet, CorrectedImage=["NORM", "DECY"])
    return of(ct, pet)


def synthetic(ct, pet):
    set_all(pet, SyntheticData="YES")
    return of(ct, pet)


def synthetic_ct(ct, pet):
    set_all(ct, SyntheticData="YES")
    return of(ct, pet)


def two_pets(ct, pet):
    _, second = study()
    for one, other in zip(second, pet, strict=True):
        set_all([one], StudyInstanceUID=other.StudyInstanceUID)
        set_all([one], FrameOfReferenceUID=other.FrameOfReferenceUID, PatientID=other.PatientID)
    return [*of(ct, pet), *second]


def dose_of_a_mouse(ct, pet):
    set_injection(pet, RadionuclideTotalDose="3.7e6")
    return of(ct, pet)


def dose_of_an_infant(ct, pet):
    set_injection(pet, RadionuclideTotalDose="12e6")
    return of(ct, pet)


BROKEN = {
    without_ct: "no-ct",
    without_pet: "no-pet",
    unregistered: "frame-of-reference-differs",
    no_frame: "frame-of-reference-differs",
    other_patient: "several-patients",
    other_name: "several-patients",
    nobody: "patient-unknown",
    no_weight: "weight-missing",
    odd_units: "units-unsupported",
    uncorrected: "not-attenuation-corrected",
    synthetic: "synthetic-pet",
    synthetic_ct: "synthetic-input",
    two_pets: "several-pets",
    dose_of_a_mouse: "dose-implausible",
    dose_of_an_infant: "activity-exceeds-dose",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A good examination among all the broken ones, prepared."""
    root = tmp_path_factory.mktemp("tree")
    write_study(root / "raw" / "good", PatientID="good", PatientName="G")
    for number, broken in enumerate(BROKEN, start=1):
        ct, pet = study(trunk() + np.int16(number), PatientID=broken.__name__)
        write_series(broken(ct, pet), root / "raw" / broken.__name__)
    return run_prepare(PrepareRequest(str(root / "raw"), root / "out", SPACING))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_bad_study_is_told(tree, broken):
    (outcome,) = (one for one in tree.refused if one.name.endswith(broken.__name__))
    assert outcome.code == BROKEN[broken]
    assert outcome.message


def test_the_good_one_among_them_is_taken(tree):
    assert len(tree.refused) == len(BROKEN)
    (case,) = list_cases(tree.out)
    np.testing.assert_array_equal(on_ct(case, "ct"), alone(trunk()))


def test_of_several_cts_the_one_that_covers_the_pet_is_taken(tmp_path):
    ct, pet = study()
    piece, _ = study(trunk()[:6] + np.int16(3))
    set_all(piece, StudyInstanceUID=ct[0].StudyInstanceUID)
    set_all(piece, FrameOfReferenceUID=ct[0].FrameOfReferenceUID)
    write_series([*piece, *pet, *ct], tmp_path / "raw")
    result = run_prepare(PrepareRequest(str(tmp_path / "raw"), tmp_path / "out", SPACING))
    (case,) = list_cases(result.out)
    np.testing.assert_array_equal(on_ct(case, "ct"), alone(trunk()))


def test_two_people_with_one_id_are_refused(tmp_path):
    write_study(tmp_path / "raw" / "a", PatientID="1", PatientName="One")
    write_study(tmp_path / "raw" / "b", trunk() + np.int16(1), PatientID="1", PatientName="Two")
    result = run_prepare(PrepareRequest(str(tmp_path / "raw"), tmp_path / "out", SPACING))
    assert [one.code for one in result.outcomes] == ["patient-id-shared"] * 2
    assert result.info.cases == 0


@pytest.mark.parametrize(
    ("second", "codes", "cases"),
    [("1", ["same-case-twice"], 1), ("2", ["same-images-two-patients"] * 2, 0)],
)
def test_the_same_images_twice(tmp_path, second, codes, cases):
    write_study(tmp_path / "raw" / "a", PatientID="1", PatientName="")
    write_study(tmp_path / "raw" / "b", PatientID=second, PatientName="")
    result = run_prepare(PrepareRequest(str(tmp_path / "raw"), tmp_path / "out", SPACING))
    assert [one.code for one in result.refused] == codes
    assert result.info.cases == cases


def test_pet_of_something_else_is_refused(tmp_path):
    suv = np.roll(uptake(trunk()), 14, axis=2)
    write_study(tmp_path / "raw", suv=suv)
    result = run_prepare(PrepareRequest(str(tmp_path / "raw"), tmp_path / "out", SPACING))
    assert result.refused[0].code in ("outlines-differ", "pet-shifted")


def test_the_command_tells_and_ends_with_3(tmp_path):
    write_study(tmp_path / "raw" / "good", PatientID="good", PatientName="G")
    write_series(without_ct(*study()), tmp_path / "raw" / "bad")
    arguments = ["prepare", str(tmp_path / "raw"), str(tmp_path / "out"), "--spacing", "8"]
    ended = CliRunner().invoke(app, [*arguments, "--workers", "1"])
    assert ended.exit_code == 3
    assert "[no-ct]" in ended.stdout
    assert "1 taken, 0 kept, 1 refused" in ended.stdout
    table = (tmp_path / "out" / "table.csv").read_text("utf-8")
    assert "no-ct" in table
    assert "bad" not in table
