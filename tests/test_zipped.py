"""Files inside a zip archive."""

import zipfile

import numpy as np
import pytest

from ctpet import zipped
from ctpet.errors import InputRefused
from ctpet.nifti import read_nifti, write_nifti
from ctpet.volume import Volume
from ctpet.zipped import members, read_member
from tests.evaluate.pairs import geometry

PET = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def archive(tmp_path, **files):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["pet.nii", "pet.nii.gz", "PET.NII.GZ"])
def test_a_nifti_file_in_an_archive_is_the_one_that_was_packed(tmp_path, name):
    write_nifti(Volume(PET, geometry(PET.shape), "SUVBW"), tmp_path / name.lower())
    packed = (tmp_path / name.lower()).read_bytes()
    path = archive(tmp_path, **{f"a/b/{name}": packed, "a/notes.txt": b"x"})
    (member,) = [one for one in members(path) if one.name == name]
    found = read_nifti(member, "SUVBW")
    np.testing.assert_array_equal(found.array, PET)
    assert found.geometry.agrees_with(geometry(PET.shape))


def test_what_macos_adds_is_no_file_of_the_study(tmp_path):
    path = archive(tmp_path, **{"pet.nii": b"x", "__MACOSX/._pet.nii": b"y", ".hidden": b"z"})
    assert members(path) == [path / "pet.nii"]


def test_a_path_without_an_archive_is_none(tmp_path):
    assert read_member(tmp_path / "nowhere" / "pet.nii") is None
    (tmp_path / "file").write_bytes(b"no zip")
    assert read_member(tmp_path / "file" / "pet.nii") is None


def test_a_damaged_archive_and_a_damaged_member_are_refused(tmp_path):
    path = archive(tmp_path, **{"pet.nii": bytes(2000) + b"pet" * 500})
    with pytest.raises(InputRefused) as refused:
        read_nifti(path / "pet.nii", "SUVBW")
    assert refused.value.code == "nifti-unreadable"
    with pytest.raises(InputRefused) as refused:
        read_member(path / "gone.nii")
    assert refused.value.code == "archive-unreadable"
    whole = path.read_bytes()
    path.write_bytes(whole[:60] + bytes(20) + whole[80:])
    with pytest.raises(InputRefused) as refused:
        read_member(path / "pet.nii")
    assert refused.value.code == "archive-unreadable"


def test_a_member_that_swells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(zipped, "MOST_BYTES", 1000)
    path = archive(tmp_path, **{"pet.nii": bytes(1001), "small.nii": bytes(1000)})
    assert read_member(path / "small.nii") == bytes(1000)
    with pytest.raises(InputRefused) as refused:
        read_member(path / "pet.nii")
    assert refused.value.code == "archive-member-large"
