"""Other layouts: archives, autoPET, tables; and work in several processes."""

import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ctpet.errors import InputRefused
from ctpet.nifti import read_nifti_labels, write_nifti
from ctpet.prepare.cases import list_cases
from ctpet.prepare.run import PrepareRequest, run_prepare
from ctpet.volume import Geometry, LabelMap, Volume, nearest
from ctpet.workers import WorkerDied, spread
from tests.prepare.studies import SHAPE, alone, grid, on_ct, trunk, uptake, write_study

SPACING = (8.0, 8.0, 8.0)


def geometry(shape=SHAPE, mm=8.0):
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = mm
    affine[3, 3] = 1
    return Geometry(shape, affine)


def write_pair(folder, hu=None, *, ct="CT.nii.gz", descrip=""):
    """Write CT, SUV.nii.gz and SEG.nii.gz, a block of ones at one corner."""
    folder.mkdir(parents=True)
    hu = trunk() if hu is None else hu
    mask = np.zeros(SHAPE, np.float32)
    mask[2:4, 18:22, 10:14] = 1
    for name, array, quantity, text in (
        (ct, hu, "HU", ""),
        ("SUV.nii.gz", uptake(hu), "SUVBW", descrip),
        ("SEG.nii.gz", mask, "HU", ""),
    ):
        volume = Volume(np.asarray(array, np.float32), grid(), quantity)
        write_nifti(volume, folder / name, descrip=text)
    return folder


def prepare(source, out, **options):
    return run_prepare(PrepareRequest(str(source), out, SPACING, **options))


def test_autopet(tmp_path):
    root = tmp_path / "raw"
    write_pair(root / "PETCT_1" / "first")
    write_pair(root / "PETCT_1" / "second", trunk() + np.int16(1), ct="CTres.nii.gz")
    write_pair(root / "PETCT_2" / "made", trunk() + np.int16(2), descrip="SYNTHETIC PET SUVbw")
    (write_pair(root / "PETCT_3" / "no ct") / "CT.nii.gz").unlink()
    result = prepare(root, tmp_path / "out")
    assert {Path(one.name).name: one.code for one in result.outcomes} == {
        "first": "",
        "second": "",
        "made": "synthetic-input",
        "no ct": "no-ct",
    }
    assert (result.info.cases, result.info.patients, result.info.sources) == (2, 1, ("autopet",))
    one, other = sorted(list_cases(result.out), key=lambda case: len(case.findings))
    np.testing.assert_array_equal(on_ct(one, "ct"), alone(trunk()))
    assert np.argwhere(on_ct(one, "lesions")).min(axis=0).tolist() == [2, 18, 10]
    assert on_ct(one, "lesions").sum() == 2 * 4 * 4
    assert "ct-resampled-by-source" in other.findings


def test_table(tmp_path):
    write_pair(tmp_path / "data")
    table = tmp_path / "pairs.csv"
    table.write_text(
        "patient,ct,pet,lesions\n"
        "Anh,data/CT.nii.gz,data/SUV.nii.gz,data/SEG.nii.gz\n"
        ",data/CT.nii.gz,data/SUV.nii.gz,\n"
        "Anh,data/absent.nii.gz,data/SUV.nii.gz,\n"
        "Anh,data/CT.nii.gz,data/SUV.nii.gz,\n"
    )
    result = prepare(table, tmp_path / "out")
    assert [one.code for one in result.outcomes] == [
        "",
        "row-incomplete",
        "file-missing",
        "same-case-twice",
    ]
    for path in (tmp_path / "out").rglob("*.*"):
        assert path.is_dir() or b"Anh" not in path.read_bytes()


@pytest.mark.parametrize("text", ["", "patient,ct\n", "patient,ct,pet,sex\n"])
def test_table_of_other_columns_is_refused(tmp_path, text):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(InputRefused) as caught:
        prepare(tmp_path / "pairs.csv", tmp_path / "out")
    assert caught.value.code == "table-columns"


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        (["notes.txt", "README"], "1 .txt, 1 no suffix"),
        ([], "no file"),
    ],
)
def test_what_is_not_recognised_is_refused_with_what_was_seen(tmp_path, files, seen):
    root = tmp_path / "raw"
    root.mkdir()
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    with pytest.raises(InputRefused, match=r"--table PAIRS\.csv") as refusal:
        prepare(root, tmp_path / "out")
    assert refusal.value.code == "nothing-found"
    assert seen in refusal.value.message


def test_archives_beside_each_other(tmp_path):
    root = tmp_path / "raw"
    root.mkdir()
    for number, name in enumerate(("a.tar.xz", "b.zip")):
        folder = write_study(tmp_path / name, trunk() + np.int16(number), PatientID=name)
        if name.endswith(".zip"):
            with zipfile.ZipFile(root / name, "w") as archive:
                for path in folder.rglob("*.dcm"):
                    archive.write(path, path.relative_to(folder))
        else:
            with tarfile.open(root / name, "w:xz", preset=0) as archive:
                archive.add(folder, "study")
    (root / "broken.tar.xz").write_bytes(b"\xfd7zXZ\x00 and no more")
    result = prepare(root, tmp_path / "out")
    assert sorted(one.code for one in result.outcomes) == ["", "", "archive-damaged"]
    assert result.info.patients == 2


def test_labels_are_not_blended():
    labels = np.zeros((4, 4, 4), np.uint16)
    labels[1, 2, 3] = 40000
    fine = nearest(LabelMap(labels, geometry((4, 4, 4))), geometry((8, 8, 8), 4.0))
    assert set(np.unique(fine)) == {0, 40000}
    assert (fine == 40000).sum() in range(1, 28)
    away = geometry((2, 2, 2)).affine.copy()
    away[:3, 3] = 1000
    assert nearest(LabelMap(labels + 1, geometry((4, 4, 4))), Geometry((2, 2, 2), away)).max() == 0


def test_labels_that_were_interpolated_are_refused(tmp_path):
    volume = Volume(np.full((2, 2, 2), 0.5, np.float32), geometry((2, 2, 2)), "HU")
    write_nifti(volume, tmp_path / "labels.nii.gz")
    with pytest.raises(InputRefused) as caught:
        read_nifti_labels(tmp_path / "labels.nii.gz")
    assert caught.value.code == "labels-not-whole"


@pytest.mark.parametrize("workers", [1, 2])
def test_work_is_spread(workers):
    assert sorted(spread(abs, [-3, 1, -2], workers)) == [(-3, 3), (-2, 2), (1, 1)]


def test_a_killed_worker_is_noticed():
    with pytest.raises(WorkerDied):
        list(spread(os._exit, [1, 1], 2))


def test_real_patient(shared_data, tmp_path):
    result = run_prepare(
        PrepareRequest(str(shared_data / "sts" / "STS_048.tar.xz"), tmp_path / "out")
    )
    (case,) = list_cases(result.out)
    assert case.geometry.spacing_mm == (4.0, 4.0, 4.0)
    assert case.slice_spacing_mm == pytest.approx(3.27, abs=0.01)
    assert case.quality["body_dice"] > 0.85
    assert 0.3 < case.quality["soft_tissue_suv"] < 2.5
    hot = case.array("pet")[case.array("lesions") > 0].mean()
    assert hot > 1.5 * case.quality["soft_tissue_suv"]
    assert not any(b"STS_" in path.read_bytes() for path in result.out.rglob("*.json"))
