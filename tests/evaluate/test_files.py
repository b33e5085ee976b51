"""Which prediction belongs to which reference."""

import os
import sys
import zipfile

import numpy as np
import pytest

from ctpet.errors import InputRefused
from ctpet.evaluate.files import Sources, find_cases
from ctpet.evaluate.table import table_cases
from tests.evaluate.pairs import geometry, write, write_patient
from tests.prepare.studies import write_study

PET = np.zeros((2, 3, 4))


def nifti(path):
    return write(PET, path, on=geometry(PET.shape))


def test_files_are_matched_by_name_and_the_unmatched_are_told(tmp_path):
    for number in (0, 1):
        write_patient(tmp_path, number)
    (tmp_path / "measured" / "patient-1.nii.gz").rename(tmp_path / "measured" / "patient-9.nii.gz")
    sources = Sources(*(tmp_path / name for name in ("predicted", "measured", "ct", "labels")))
    cases, refused = find_cases(sources)
    assert [case.name for case in cases] == ["patient-0"]
    assert {role: path.parent.name for role, path in cases[0].files.items()} == {
        "predicted": "predicted",
        "reference": "measured",
        "ct": "ct",
        "labels": "labels",
    }
    assert {(one.name, one.code) for one in refused} == {
        ("patient-9", "no-prediction"),
        ("patient-1", "no-reference"),
    }


def test_in_folders_the_name_of_a_file_says_what_it_is(tmp_path):
    for root in ("predicted", "all"):
        nifti(tmp_path / root / "anh" / "pet.nii.gz")
    for name in ("CT", "labels", "lesions", "floor_mean"):
        nifti(tmp_path / "all" / "anh" / f"{name}.nii.gz")
    root = tmp_path / "all"
    (case,), refused = find_cases(Sources(tmp_path / "predicted", root, root, root, root))
    assert refused == []
    assert {role: path.name for role, path in case.files.items()} == {
        "predicted": "pet.nii.gz",
        "reference": "pet.nii.gz",
        "ct": "CT.nii.gz",
        "labels": "labels.nii.gz",
        "lesions": "lesions.nii.gz",
    }


def test_the_only_file_of_a_folder_needs_no_name(tmp_path):
    nifti(tmp_path / "a" / "x" / "whatever.nii.gz")
    nifti(tmp_path / "b" / "x" / "else.nii")
    (case,), _ = find_cases(Sources(tmp_path / "a", tmp_path / "b"))
    assert case.files["predicted"].name == "whatever.nii.gz"


def test_two_files_of_which_none_is_named_are_refused(tmp_path):
    nifti(tmp_path / "a" / "x" / "pet.nii.gz")
    nifti(tmp_path / "a" / "y" / "pet.nii.gz")
    nifti(tmp_path / "b" / "x" / "one.nii.gz")
    nifti(tmp_path / "b" / "x" / "two.nii.gz")
    nifti(tmp_path / "b" / "y" / "one.nii.gz")
    (case,), refused = find_cases(Sources(tmp_path / "a", tmp_path / "b"))
    assert case.name == "y"
    assert [(one.name, one.code) for one in refused] == [("x", "several-files")]


def test_two_single_files_match_whatever_their_names(tmp_path):
    one, two = nifti(tmp_path / "one.nii.gz"), nifti(tmp_path / "two.nii.gz")
    (case,), _ = find_cases(Sources(one, two))
    assert (case.files["predicted"], case.files["reference"]) == (one, two)


def test_dicom_folders_of_other_names_match_by_patient_id(tmp_path):
    write_study(tmp_path / "predicted" / "x", PatientID="BN-1")
    write_study(tmp_path / "predicted" / "y", PatientID="BN-2")
    write_study(tmp_path / "measured" / "1", PatientID="BN-2")
    cases, refused = find_cases(Sources(tmp_path / "predicted", tmp_path / "measured"))
    assert [case.files["predicted"].parent.name for case in cases] == ["y"]
    assert [(one.name, one.code) for one in refused] == [("x", "no-reference")]


def test_nothing_in_common_is_refused_with_what_was_seen(tmp_path):
    nifti(tmp_path / "a" / "x.nii.gz")
    nifti(tmp_path / "b" / "y.nii.gz")
    with pytest.raises(InputRefused, match=r"\(x\).*\(y\)") as refused:
        find_cases(Sources(tmp_path / "a", tmp_path / "b"))
    assert refused.value.code == "nothing-to-compare"


def test_a_missing_root_is_refused(tmp_path):
    nifti(tmp_path / "b" / "y.nii.gz")
    with pytest.raises(InputRefused) as refused:
        find_cases(Sources(tmp_path / "nowhere", tmp_path / "b"))
    assert refused.value.code == "path-missing"


def table(tmp_path, text):
    path = tmp_path / "pairs.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_table_names_the_files_and_a_patient_may_have_several_cases(tmp_path):
    nifti(tmp_path / "p.nii.gz")
    nifti(tmp_path / "r.nii.gz")
    rows = "anh,p.nii.gz,r.nii.gz\nanh,p.nii.gz,r.nii.gz\nbinh,gone.nii.gz,r.nii.gz\n,p.nii.gz,\n"
    cases, refused = table_cases(table(tmp_path, f"patient,predicted,reference\n{rows}"))
    assert [(case.name, case.patient) for case in cases] == [("anh #1", "anh"), ("anh #2", "anh")]
    assert [one.code for one in refused] == ["file-missing", "row-incomplete"]


@pytest.mark.parametrize("header", ["patient,predicted", "patient,predicted,reference,age"])
def test_a_table_with_other_columns_is_refused(tmp_path, header):
    with pytest.raises(InputRefused, match="patient, predicted, reference") as refused:
        table_cases(table(tmp_path, f"{header}\n"))
    assert refused.value.code == "table-columns"


def test_a_file_cannot_predict_itself(tmp_path):
    for name in ("x", "y"):
        nifti(tmp_path / "all" / name / "pet.nii.gz")
    with pytest.raises(InputRefused, match="same file") as refused:
        find_cases(Sources(tmp_path / "all", tmp_path / "all"))
    assert refused.value.code == "prediction-is-reference"
    rows = "a,all/x,all/x/pet.nii.gz\nb,all/x,all/y\n"
    cases, told = table_cases(table(tmp_path, f"patient,predicted,reference\n{rows}"))
    assert [case.name for case in cases] == ["b"]
    assert [(one.name, one.code) for one in told] == [("a", "prediction-is-reference")]


def test_two_entries_of_one_name_are_refused(tmp_path):
    nifti(tmp_path / "a" / "x.nii.gz")
    nifti(tmp_path / "a" / "x.nii")
    nifti(tmp_path / "b" / "x.nii.gz")
    with pytest.raises(InputRefused, match="a holds two entries called x") as refused:
        find_cases(Sources(tmp_path / "a", tmp_path / "b"))
    assert refused.value.code == "names-twice"


def test_archives_are_entries(tmp_path):
    (tmp_path / "a").mkdir()
    with zipfile.ZipFile(tmp_path / "a" / "x.zip", "w") as archive:
        archive.writestr("0.dcm", b"")
    nifti(tmp_path / "b" / "x.nii.gz")
    (case,), _ = find_cases(Sources(tmp_path / "a", tmp_path / "b"))
    assert (case.name, case.files["predicted"].name) == ("x", "x.zip")


def test_nifti_files_in_archives_are_found_as_in_folders(tmp_path):
    nifti(tmp_path / "pet.nii.gz")
    packed = (tmp_path / "pet.nii.gz").read_bytes()
    (tmp_path / "b").mkdir()
    with zipfile.ZipFile(tmp_path / "b" / "x.zip", "w") as archive:
        for name in ("study/PET.nii.gz", "study/CT.nii.gz", "study/floor.nii.gz"):
            archive.writestr(name, packed)
    nifti(tmp_path / "a" / "x.nii.gz")
    (case,), refused = find_cases(Sources(tmp_path / "a", tmp_path / "b", tmp_path / "b"))
    assert refused == []
    assert case.files["reference"] == tmp_path / "b" / "x.zip" / "study" / "PET.nii.gz"
    assert case.files["ct"].name == "CT.nii.gz"
    with zipfile.ZipFile(tmp_path / "b" / "x.zip", "w") as archive:
        for name in ("one.nii", "two.nii"):
            archive.writestr(name, packed)
    with pytest.raises(InputRefused, match="2 NIfTI files in x"):
        find_cases(Sources(tmp_path / "a", tmp_path / "b"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_a_name_that_is_no_utf_8_can_be_written(tmp_path):
    name = os.fsdecode(b"th\xfay.nii.gz")
    for root in ("a", "b"):
        nifti(tmp_path / root / "x.nii.gz").rename(tmp_path / root / name)
    (case,), _ = find_cases(Sources(tmp_path / "a", tmp_path / "b"))
    assert case.name == "th?y"


def test_what_a_folder_lacks_is_kept(tmp_path):
    for number in (0, 1):
        write_patient(tmp_path, number)
    (tmp_path / "ct" / "patient-1.nii.gz").unlink()
    cases, _ = find_cases(Sources(tmp_path / "predicted", tmp_path / "measured", tmp_path / "ct"))
    assert [case.lacking for case in cases] == [(), ("ct",)]


@pytest.mark.parametrize("role", ["ct", "labels", "lesions"])
def test_a_folder_of_nobody_who_is_scored_is_refused(tmp_path, role):
    for number in (0, 1):
        write_patient(tmp_path, number)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "word.txt").write_text("x")
    for given in ("nothing", "word.txt"):
        sources = Sources(tmp_path / "predicted", tmp_path / "measured", **{role: tmp_path / given})
        with pytest.raises(InputRefused, match=f"holds the {role} of none of 2 patients") as caught:
            find_cases(sources)
        assert caught.value.code == "nothing-of-these"
