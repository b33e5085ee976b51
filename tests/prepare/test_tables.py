"""A table states pairs that headers do not: DICOM of two studies, archives, NIfTI beside DICOM."""

import tarfile

import numpy as np
import pytest
from pydicom.uid import generate_uid

from ctpet.nifti import write_nifti
from ctpet.prepare.cases import list_cases
from ctpet.prepare.run import PrepareRequest, run_prepare
from ctpet.prepare.structures import NUMBERS
from ctpet.volume import Volume
from tests.dicom_factory import write_series
from tests.pet_factory import set_all
from tests.prepare.studies import alone, grid, on_ct, study, trunk, uptake

SPACING = (8.0, 8.0, 8.0)


def write_apart(folder, **of_pet):
    """Write CT and PET of one person as a collection does that re-identified them apart."""
    ct, pet = study()
    set_all(pet, StudyInstanceUID=generate_uid(), FrameOfReferenceUID=generate_uid(), **of_pet)
    write_series(ct, folder / "ct")
    write_series(pet, folder / "pet")


def prepare(folder, row, columns="patient,ct,pet"):
    table = folder / "pairs.csv"
    table.write_text(f"{columns}\n{row}\n")
    return run_prepare(PrepareRequest(str(table), folder / "out", SPACING))


def check_values(out):
    (case,) = list_cases(out)
    np.testing.assert_array_equal(on_ct(case, "ct"), alone(trunk()))
    np.testing.assert_allclose(on_ct(case, "pet"), uptake(trunk()), atol=2e-4)
    return case


def test_a_pair_of_two_studies_is_taken_because_the_table_says_so(tmp_path):
    write_apart(tmp_path)
    by_headers = run_prepare(PrepareRequest(str(tmp_path), tmp_path / "headers", SPACING))
    assert {one.code for one in by_headers.outcomes} == {"no-ct", "no-pet"}
    result = prepare(tmp_path, "Anh,ct,pet")
    assert [one.code for one in result.outcomes] == [""]
    assert "frame-of-reference-differs" in check_values(tmp_path / "out").findings


def test_files_of_one_frame_of_reference_say_nothing(tmp_path):
    ct, pet = study()
    write_series(ct, tmp_path / "ct")
    write_series(pet, tmp_path / "pet")
    prepare(tmp_path, "Anh,ct,pet")
    assert "frame-of-reference-differs" not in check_values(tmp_path / "out").findings


def test_one_archive_holds_both(tmp_path):
    write_apart(tmp_path / "study")
    with tarfile.open(tmp_path / "a.tar.xz", "w:xz", preset=0) as archive:
        archive.add(tmp_path / "study", "study")
    prepare(tmp_path, "Anh,a.tar.xz,a.tar.xz")
    check_values(tmp_path / "out")


def test_dicom_beside_nifti(tmp_path):
    write_apart(tmp_path)
    there = grid()
    muscle = (trunk() == 50).astype(np.float32)
    write_nifti(Volume(uptake(trunk()).astype(np.float32), there, "SUVBW"), tmp_path / "p.nii")
    write_nifti(Volume(muscle, there, "HU"), tmp_path / "l.nii")
    prepare(tmp_path, "Anh,ct,p.nii,l.nii", "patient,ct,pet,labels")
    case = check_values(tmp_path / "out")
    np.testing.assert_array_equal(on_ct(case, "labels"), muscle)


@pytest.mark.parametrize(
    ("of_pet", "code"),
    [
        ({"PatientID": "BN-0099"}, "patients-differ"),
        ({"CorrectedImage": ["DECY"]}, "not-attenuation-corrected"),
        ({"Units": "PROPCPS"}, "units-unsupported"),
        ({"SyntheticData": "YES"}, "synthetic-pet"),
    ],
)
def test_what_is_no_pair_is_refused_by_name(tmp_path, of_pet, code):
    write_apart(tmp_path, **of_pet)
    assert [one.code for one in prepare(tmp_path, "Anh,ct,pet").outcomes] == [code]


def test_quality_control_judges_what_the_table_states(tmp_path):
    ct, pet = study()
    for ds in pet:
        x, y, z = map(float, ds.ImagePositionPatient)
        ds.ImagePositionPatient = [f"{x + 150:g}", f"{y:g}", f"{z:g}"]
    write_series(ct, tmp_path / "ct")
    write_series(pet, tmp_path / "pet")
    (outcome,) = prepare(tmp_path, "Anh,ct,pet").outcomes
    assert outcome.code in {"outlines-differ", "pet-coverage-low", "pet-shifted"}


def test_a_label_map_that_is_not_there_is_named(tmp_path):
    write_apart(tmp_path)
    (outcome,) = prepare(tmp_path, "Anh,ct,pet,none.nii", "patient,ct,pet,labels").outcomes
    assert (outcome.code, "labels" in outcome.message) == ("file-missing", True)


def test_a_changed_slice_makes_the_case_again(tmp_path):
    write_apart(tmp_path)
    prepare(tmp_path, "Anh,ct,pet")
    assert [one.status for one in prepare(tmp_path, "Anh,ct,pet").outcomes] == ["kept"]
    ct, _ = study(trunk() + np.int16(1))
    (tmp_path / "ct").rename(tmp_path / "gone")
    write_series(ct, tmp_path / "ct")
    assert [one.status for one in prepare(tmp_path, "Anh,ct,pet").outcomes] == ["taken"]


@pytest.mark.slow
@pytest.mark.parametrize("organs", ["file", "marks", "named"])
def test_a_whole_torso_whose_studies_differ(shared_data, tmp_path, organs):
    """Organs by a label map, by the RTSTRUCT that lies in the archive, and by one that is named."""
    torso = shared_data / "torso"
    if not torso.is_dir():
        pytest.skip("data/torso is absent")
    both = torso / "CCTH-A01.tar.xz"
    cell = {"file": torso / "organs_on_CT_grid.nii.gz", "marks": "", "named": both}[organs]
    table = tmp_path / "pairs.csv"
    table.write_text(f"patient,ct,pet,labels\ntorso,{both},{both},{cell}\n")
    result = run_prepare(PrepareRequest(str(table), tmp_path / "out", SPACING))
    assert [one.code for one in result.outcomes] == [""]
    (case,) = list_cases(tmp_path / "out")
    assert "frame-of-reference-differs" in case.findings
    assert case.quality["body_dice"] > 0.88
    pet, labels = case.array("pet"), case.array("labels")
    liver, bladder = (1, 7) if organs == "file" else (NUMBERS["liver"], NUMBERS["urinary_bladder"])
    assert pet[labels == liver].mean() == pytest.approx(1.85, abs=0.1)
    assert pet[labels == bladder].mean() > 15
    assert ("structures-read" in case.findings) == (organs != "file")
