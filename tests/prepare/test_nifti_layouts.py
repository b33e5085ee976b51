"""Layouts of NIfTI files: recognised with the right patient, refused by name, or named as left."""

import numpy as np
import pytest
from typer.testing import CliRunner

from ctpet.cli import app
from ctpet.errors import InputRefused
from ctpet.prepare.cases import list_cases
from ctpet.prepare.patients import patients_of
from ctpet.prepare.spelling import is_study, other_tracer, patient_of_case, role_of
from ctpet.prepare.structures import is_lesion_name
from tests.prepare.layouts import BLOCK, Writer, codes, marks, prepare, told_apart, write
from tests.prepare.studies import alone, on_ct, trunk, uptake

CHANNELS = {
    "channel_names": {"0": "CT", "1": "PET"},
    "labels": {"background": 0, "tumor": 1},
    "numTraining": 2,
    "file_ending": ".nii.gz",
}


@pytest.fixture
def raw(tmp_path):
    return Writer(tmp_path / "raw")


def check_first(result, *, ct=0, lesions=True):
    """A case holds CT, PET and lesions of the pair that was written with the number ``ct``."""
    case = next(c for c in list_cases(result.out) if on_ct(c, "ct")[12, 12, 24] == 50 + ct)
    np.testing.assert_array_equal(on_ct(case, "ct"), alone(trunk() + np.int16(ct)))
    np.testing.assert_allclose(on_ct(case, "pet"), uptake(trunk()), atol=1e-5)
    if lesions:
        np.testing.assert_array_equal(on_ct(case, "lesions"), marks())
    return case


@pytest.mark.parametrize(
    ("ct", "pet", "lesions"),
    [
        ("ct.nii.gz", "pet.nii.gz", "lesions.nii.gz"),
        ("CT.nii.gz", "PET.nii.gz", "SEG.nii.gz"),
        ("ct.nii", "suv.nii.gz", "seg.nii.gz"),
        ("CTres.nii.gz", "SUV.nii.gz", "tumour.nii.gz"),
        ("CT.nii.gz", "SUVbw.nii.gz", "mask.nii"),
        ("ct_hu.nii.gz", "pet_suv.nii.gz", "pet_seg.nii.gz"),
        ("7_ct.nii.gz", "7_pet.nii.gz", "7_seg.nii.gz"),
        ("ct/a.nii.gz", "pet/b.nii.gz", "seg/c.nii.gz"),
        ("Ct.nii.gz", "PT.nii", "TTB.nii.gz"),
    ],
)
def test_spellings_of_one_patient(raw, tmp_path, ct, pet, lesions):
    raw.pair(f"p7/{ct}", f"p7/{pet}", f"p7/{lesions}")
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {"p7": ""}
    check_first(result)


def test_organs_are_labels_and_no_lesions(raw, tmp_path):
    raw.pair("a/ct.nii.gz", "a/pet.nii.gz", labels="a/labels.nii.gz")
    case = check_first(prepare(raw.root, tmp_path / "out"), lesions=False)
    assert not case.has("lesions")
    np.testing.assert_array_equal(on_ct(case, "labels"), (trunk() > 300) * 7)


def test_suv_is_taken_before_becquerels_and_the_scanned_ct_before_the_resampled(raw, tmp_path):
    raw.pair("P/S/CT.nii.gz", "P/S/SUV.nii.gz", "P/S/SEG.nii.gz")
    raw.pair("P/S/CTres.nii.gz", "P/S/PET.nii.gz", scale=4000)
    result = prepare(raw.root, tmp_path / "out")
    assert "ct-resampled-by-source" not in check_first(result).findings


def test_becquerels_are_not_taken_for_suv(raw, tmp_path):
    raw.pair("a/ct.nii.gz", "a/pet.nii.gz", scale=4000)
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {"a": "pet-not-suv"}
    table = tmp_path / "pairs.csv"
    table.write_text("patient,ct,pet\na,raw/a/ct.nii.gz,raw/a/pet.nii.gz\n")
    assert [one.code for one in prepare(table, tmp_path / "two").outcomes] == ["pet-not-suv"]


@pytest.mark.parametrize(
    ("pattern", "names", "patients"),
    [
        ("{}/{{}}.nii.gz", ["p1", "p2", "p3"], 3),
        ("{}/{{}}.nii.gz", ["p1/2020-01-02", "p1/2021-01-02", "p2/2020-01-02"], 2),
        ("{}/{{}}.nii.gz", ["p1/study1", "p1/study2", "p2/study1"], 2),
        ("{}/{{}}.nii.gz", ["PETCT_1/first", "PETCT_1/other", "PETCT_2/made"], 2),
        ("{}/{{}}.nii.gz", ["all/p1", "all/p2", "all/p3"], 3),
        ("{}/{{}}.nii.gz", ["all/p1/ses-1", "all/p1/ses-2", "all/p2/ses-1"], 2),
        ("{}/{{}}.nii.gz", ["x/FDG/P_1/01-02-2003-NA-PET-CT", "x/FDG/P_1/09-02-2003-NA"], 1),
        ("{}/{{}}.nii.gz", ["train/p1", "train/p2", "val/p3"], 3),
        ("{}/{{}}.nii.gz", ["study_01", "study_02"], 2),
        ("{}_{{}}.nii.gz", ["p1", "p2"], 2),
        ("{}_{{}}.nii.gz", ["p1_2020-01-02", "p1_2021-05-01", "p2_2020-01-02"], 2),
        ("{{}}/{}.nii.gz", ["p1", "p2", "p3"], 3),
    ],
)
def test_patients_of_folders_and_names(raw, tmp_path, pattern, names, patients):
    for name in names:
        path = pattern.format(name)
        raw.pair(path.format("ct"), path.format("pet"), path.format("seg"))
    result = prepare(raw.root, tmp_path / "out")
    assert {one.code for one in result.outcomes} == {""}
    assert told_apart(result) == (len(names), patients)
    check_first(result)


def test_what_is_half_there_or_not_recognised_is_named(raw, tmp_path):
    raw.pair("p1/ct.nii.gz", "p1/pet.nii.gz")
    raw.pair("p2/ct.nii.gz", None)
    raw.pair(None, "p3/suv.nii.gz")
    raw.pair("p4/a.nii.gz", "p4/b.nii.gz")
    raw.pair("p5/ct.nii", "p5/pet.nii.gz")
    raw.pair("p5/CT.nii.gz", None)
    raw.pair(None, None, "p6/seg.nii.gz")
    raw.json("p7/ct.nrrd", "")
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {
        "p1": "",
        "p2": "no-pet",
        "p3": "no-ct",
        "p4": "not-recognised",
        "p5": "several-files",
        "p6": "not-recognised",
        "p7": "not-recognised",
    }
    message = next(one.message for one in result.outcomes if one.name == "p4")
    assert "a.nii.gz, b.nii.gz" in message
    assert "PATIENT/ct.nii.gz" in message
    ended = CliRunner().invoke(
        app, ["prepare", str(raw.root), str(tmp_path / "two"), "--spacing", "8", "-q"]
    )
    assert ended.exit_code == 3


def test_nothing_recognised_ends_with_3_and_says_why_even_when_quiet(raw, tmp_path):
    raw.json("notes.txt", "none")
    ended = CliRunner().invoke(app, ["prepare", str(raw.root), str(tmp_path / "out"), "-q"])
    assert ended.exit_code == 3
    assert "PATIENT/ct.nii.gz" in ended.stderr


def test_two_patients_of_one_folder_are_not_mixed(raw, tmp_path):
    raw.pair("flat/p1_ct.nii.gz", None)
    raw.pair(None, "flat/p2_pet.nii.gz")
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {"flat/p1": "no-pet", "flat/p2": "no-ct"}


def test_other_tracers_are_refused_by_name(raw, tmp_path):
    for tracer in ("PSMA", "FDG"):
        raw.pair(f"train_1/{tracer}/CT.nii.gz", f"train_1/{tracer}/PET.nii.gz")
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {"train_1/PSMA": "tracer-not-fdg", "train_1/FDG": ""}


def test_nnunet(raw, tmp_path):
    for case in ("fdg_0a1b_2014-03-23", "fdg_0a1b_2015-03-23", "fdg_77_2015-01-01", "psma_8_x"):
        base = f"Dataset221_autoPET/imagesTr/{case}"
        raw.pair(
            f"{base}_0000.nii.gz",
            f"{base}_0001.nii.gz",
            f"Dataset221_autoPET/labelsTr/{case}.nii.gz",
        )
    raw.pair("Dataset221_autoPET/imagesTs/t_0000.nii.gz", None)
    raw.json("Dataset221_autoPET/dataset.json", CHANNELS)
    for number, root in enumerate((raw.root, raw.root / "Dataset221_autoPET")):
        result = prepare(root, tmp_path / f"out{number}")
        told = {name.rpartition("/")[2]: code for name, code in codes(result).items()}
        assert told.pop("psma_8_x") == "tracer-not-fdg"
        assert set(told.values()) == {""}
        assert told_apart(result) == (3, 2)
        assert result.info.sources == ("nnunet",)
        assert {note.code for note in result.notes} == {"patients-by-name", "test-set-left"}
        check_first(result)


@pytest.mark.parametrize(
    ("named", "order"),
    [
        ({"channel_names": {"0": "CT", "1": "PET"}}, (0, 1)),
        ({"channel_names": {"1": "CT", "0": "SUV"}}, (1, 0)),
        ({"modality": {"0": "PT", "1": "CT"}}, (1, 0)),
        ({"channel_names": ["MR", "FDG-PET", "CT"]}, (2, 1)),
    ],
)
def test_channels_are_what_their_names_say(raw, tmp_path, named, order):
    ct, pet = order
    raw.pair(f"imagesTr/a_{ct:04d}.nii.gz", f"imagesTr/a_{pet:04d}.nii.gz", "labelsTr/a.nii.gz")
    raw.json("dataset.json", {**CHANNELS, "channel_names": None, **named})
    check_first(prepare(raw.root, tmp_path / "out"))


@pytest.mark.parametrize(
    ("described", "code"),
    [
        (None, "dataset-json-unreadable"),
        ("{", "dataset-json-unreadable"),
        ("[1]", "dataset-json-unreadable"),
        ({}, "channels-unknown"),
        ({"channel_names": {"0": "CT", "1": "CT"}}, "channels-unknown"),
        ({"channel_names": {"0": "CT"}}, "channels-unknown"),
        ({"channel_names": {"0": "noNorm", "1": "zscore"}}, "channels-unknown"),
        ({"channel_names": {"0": "PET/CT", "1": "PET"}}, "channels-unknown"),
        ({"channel_names": {"0": "CT", "1": "PET_Bqml"}}, "pet-not-suv"),
        ({"channel_names": {"0": "CT", "1": "PSMA PET"}}, "tracer-not-fdg"),
        ({**CHANNELS, "labels": {"tumor": "x"}}, "labels-unknown"),
    ],
)
def test_channels_that_nobody_can_tell_are_refused(raw, tmp_path, described, code):
    raw.pair("imagesTr/a_0000.nii.gz", "imagesTr/a_0001.nii.gz")
    if described is not None:
        raw.json("dataset.json", described)
    result = prepare(raw.root, tmp_path / "out")
    assert codes(result) == {"raw": code}


def test_autopet_whose_channels_are_both_called_ct(raw, tmp_path):
    raw.pair("imagesTr/PETCT_1_x_0000.nii.gz", "imagesTr/PETCT_1_x_0001.nii.gz")
    raw.json("dataset.json", {**CHANNELS, "channel_names": {"0": "CT", "1": "CT"}})
    check_first(prepare(raw.root, tmp_path / "out"), lesions=False)


@pytest.mark.parametrize(
    ("labels", "lesions", "organs"),
    [
        ({"background": 0, "liver": 2, "lesion": 1}, {1}, {2}),
        ({"0": "background", "1": "tumour", "2": "spleen"}, {1}, {2}),
        ({"background": 0, "liver": [1, 2], "tumor": 1}, {1}, {2}),
        ({"background": 0, "liver": 1, "spleen": 2}, None, {1, 2}),
        ({"background": 0, "tumor": 1, "metastasis": 2}, {1, 2}, None),
    ],
)
def test_labels_are_lesions_or_organs_by_name(raw, tmp_path, labels, lesions, organs):
    raw.pair("imagesTr/a_0000.nii.gz", "imagesTr/a_0001.nii.gz")
    write(raw.root / "labelsTr/a.nii.gz", marks(n2=np.s_[10:12, 20:24, 20:24]))
    raw.json("dataset.json", {**CHANNELS, "labels": labels})
    (case,) = list_cases(prepare(raw.root, tmp_path / "out").out)
    for name, numbers in (("lesions", lesions), ("labels", organs)):
        assert case.has(name) == (numbers is not None)
        if numbers:
            assert set(np.unique(case.array(name))) == {0, *numbers}
            if 1 in numbers:
                assert (on_ct(case, name)[BLOCK] == 1).all()


def test_a_channel_that_is_not_there_is_named(raw, tmp_path):
    raw.pair("imagesTr/a_0000.nii.gz", None)
    raw.pair(None, "imagesTr/b_0001.nii.gz")
    raw.json("dataset.json", CHANNELS)
    assert codes(prepare(raw.root, tmp_path / "out")) == {"raw/a": "no-pet", "raw/b": "no-ct"}


def test_a_table_without_rows_is_refused(tmp_path):
    (tmp_path / "pairs.csv").write_text("patient,ct,pet\n")
    with pytest.raises(InputRefused) as caught:
        prepare(tmp_path / "pairs.csv", tmp_path / "out")
    assert caught.value.code == "table-empty"


@pytest.mark.parametrize("form", ["nifti", "dicom"])
@pytest.mark.slow
def test_our_own_phantoms(tmp_path, form):
    from ctpet.phantom.study import write_phantom

    for seed in (1, 2):
        folder = tmp_path / "raw" / f"phantom-{seed:04d}"
        write_phantom(folder, seed=seed, format=form, size="small")
    result = prepare(tmp_path / "raw", tmp_path / "out")
    assert [one.code for one in result.outcomes] == ["", ""]
    assert told_apart(result) == (2, 2)
    for case in list_cases(result.out):
        assert case.array("lesions").any()
        assert case.array("labels").any()


@pytest.mark.parametrize(
    ("name", "role", "owner"),
    [
        ("CT", "ct", ""),
        ("CTres", "ct", ""),
        ("SUV-bw", "pet", ""),
        ("CHUM-001__PT", "pet", "CHUM-001"),
        ("ct_patient7", "ct", "patient7"),
        ("pet_mask", "lesions", ""),
        ("totseg_24", "labels", ""),
        ("lesion_1", "lesions", ""),
    ],
)
def test_names_of_files(name, role, owner):
    said = role_of(name)
    assert (said[0], said[2]) == (role, owner)


@pytest.mark.parametrize(
    "name", ["floor_mean", "T1w", "objects", "compete", "mask_of_pet_7", "0001"]
)
def test_names_that_say_nothing(name):
    assert role_of(name) is None


@pytest.mark.parametrize(
    ("case", "patient"),
    [
        ("fdg_0a1b_2014-03-23", "fdg_0a1b"),
        ("PETCT_0011f3_03-23-2003-NA-PET-CT Ganz-10445", "PETCT_0011f3"),
        ("p7_visit2", "p7"),
        ("p7-baseline", "p7"),
        ("p7_20200131", "p7"),
        ("case_001", None),
        ("CHUM-001", None),
        ("p_10012345", None),
    ],
)
def test_patients_of_cases(case, patient):
    assert patient_of_case(case) == patient


def test_names_of_studies_and_tracers():
    assert all(
        map(is_study, ["2020-01-02", "03-23-2003-NA-PET", "ses-01", "baseline", "FDG", "tp2"])
    )
    assert not any(map(is_study, ["PETCT_12", "p1", "fdg_0a1b", "Tom", "T001", "12345678"]))
    assert other_tracer(["PSMA-FDG-PET-CT-Lesions", "psma_12"]) == "PSMA"
    assert other_tracer(["PSMA-PET-CT-Lesions", "FDG"]) is None
    assert other_tracer(["donaf", "dotted"]) is None


@pytest.mark.parametrize(
    ("name", "lesion"),
    [
        ("GTV_Mass", True),
        ("Lung Tumor", True),
        ("LesionLeft", True),
        ("metastases", True),
        ("Neoplasm, Primary", True),
        ("GTV_Edema", False),
        ("PTV", False),
        ("peritumoral fat", False),
        ("liver without lesion", False),
        ("non-tumour", False),
        ("liver", False),
    ],
)
def test_names_of_lesions(name, lesion):
    assert is_lesion_name(name) is lesion


def test_a_lone_examination_two_folders_deep_is_of_the_outer_one():
    from pathlib import PurePath

    assert patients_of([PurePath("p/s")], "root") == ["p"]
    assert patients_of([PurePath("2020-01-01")], "root") == ["root"]
