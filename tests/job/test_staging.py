"""Results appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from ctpet.errors import CtpetError, InputRefused
from ctpet.job.staging import staged, staged_file


def leftovers(folder):
    return sorted(p.name for p in folder.iterdir())


def test_nothing_is_seen_until_the_block_ends(tmp_path):
    out = tmp_path / "a" / "out"
    with staged(out, needed_bytes=10) as folder:
        (folder / "x.txt").write_text("whole")
        assert not out.exists()
    assert (out / "x.txt").read_text() == "whole"
    assert leftovers(tmp_path / "a") == ["out"]


def test_an_empty_folder_is_taken(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with staged(out, needed_bytes=10) as folder:
        (folder / "x.txt").write_text("whole")
    assert leftovers(out) == ["x.txt"]


def test_a_link_to_an_empty_folder_is_followed(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "out").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "far" / "out", target_is_directory=True)
    with staged(link, needed_bytes=10) as folder:
        (folder / "x.txt").write_text("whole")
        assert leftovers(link) == []
    assert link.is_symlink()
    assert leftovers(tmp_path / "far") == ["out"]
    assert leftovers(tmp_path / "far" / "out") == ["x.txt"]


def test_the_current_folder_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for out in (Path(), tmp_path):
        with pytest.raises(InputRefused, match="inside it") as refusal, staged(out, needed_bytes=1):
            pytest.fail("the block must not run")
        assert refusal.value.code == "out-in-use"
    assert leftovers(tmp_path) == []


@pytest.mark.disk_mib(1)
def test_a_mount_point_is_refused_before_the_work(small_disk):
    with (
        pytest.raises(InputRefused, match="a mount point") as refusal,
        staged(small_disk, needed_bytes=1),
    ):
        pytest.fail("the block must not run")
    assert refusal.value.code == "out-in-use"
    assert leftovers(small_disk) == []


def test_what_gets_in_the_way_meanwhile_is_kept_and_told(tmp_path):
    out = tmp_path / "out"

    def disturbed():
        with staged(out, needed_bytes=1):
            out.mkdir()
            (out / "precious.txt").write_text("kept")

    with pytest.raises(InputRefused) as refusal:
        disturbed()
    assert refusal.value.code == "out-unwritable"
    assert (out / "precious.txt").read_text() == "kept"
    assert leftovers(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_nothing(tmp_path, error):
    def write_half():
        with staged(tmp_path / "out", needed_bytes=10) as folder:
            (folder / "half.txt").write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert leftovers(tmp_path) == []


def test_what_is_there_is_never_overwritten(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious.txt").write_text("kept")
    with (
        pytest.raises(InputRefused, match="already holds something") as refusal,
        staged(out, needed_bytes=1),
    ):
        pytest.fail("the block must not run")
    assert refusal.value.code == "out-not-empty"
    assert (out / "precious.txt").read_text() == "kept"
    assert leftovers(tmp_path) == ["out"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    out = tmp_path / "out"
    out.write_text("a file")
    with pytest.raises(InputRefused), staged(out, needed_bytes=1):
        pytest.fail("the block must not run")
    assert out.read_text() == "a file"


def test_too_little_space_is_refused_before_the_work(tmp_path):
    with (
        pytest.raises(InputRefused, match="MB free") as refusal,
        staged(tmp_path / "out", needed_bytes=10**18),
    ):
        pytest.fail("the block must not run")
    assert refusal.value.code == "disk-full"
    assert leftovers(tmp_path) == []


def test_a_disk_that_fills_is_explained_and_cleaned(tmp_path):
    with (
        pytest.raises(InputRefused, match="is full") as refusal,
        staged(tmp_path / "out", needed_bytes=1),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert refusal.value.code == "disk-full"
    assert leftovers(tmp_path) == []


def test_a_disk_that_fills_is_known_by_its_cause_too(tmp_path):
    full = CtpetError("the series cannot be written")
    full.__cause__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(InputRefused) as refusal, staged(tmp_path / "out", needed_bytes=1):
        raise full
    assert refusal.value.code == "disk-full"


def test_a_place_one_may_not_write_is_refused(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    with pytest.raises(InputRefused) as refusal, staged(blocker / "out", needed_bytes=1):
        pytest.fail("the block must not run")
    assert refusal.value.code == "out-unwritable"


def test_the_result_has_ordinary_rights(tmp_path):
    with staged(tmp_path / "out", needed_bytes=1):
        pass
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.disk_mib(1)
def test_a_really_full_disk(small_disk):
    with (
        pytest.raises(InputRefused, match="is full") as refusal,
        staged(small_disk / "out", needed_bytes=1),
    ):
        raise_when_full(small_disk)
    assert refusal.value.code == "disk-full"
    assert leftovers(small_disk) == ["filler"]


def raise_when_full(disk):
    with (disk / "filler").open("wb") as file:
        for _ in range(64):
            file.write(bytes(65536))
            file.flush()


def test_a_file_appears_whole(tmp_path):
    out = tmp_path / "new" / "suv.nii.gz"
    with staged_file(out, suffixes=(".nii", ".nii.gz")) as path:
        path.write_text("whole")
        assert not out.exists()
    assert leftovers(tmp_path / "new") == ["suv.nii.gz"]
    assert out.read_text() == "whole"


@pytest.mark.parametrize(
    ("name", "code"), [("suv.txt", "out-name"), ("taken.nii", "out-not-empty")]
)
def test_a_file_that_cannot_be_is_refused(tmp_path, name, code):
    (tmp_path / "taken.nii").write_text("kept")
    with (
        pytest.raises(InputRefused) as refusal,
        staged_file(tmp_path / name, suffixes=(".nii", ".nii.gz")),
    ):
        pytest.fail("the block must not run")
    assert refusal.value.code == code
    assert leftovers(tmp_path) == ["taken.nii"]


def test_a_file_that_fails_leaves_nothing(tmp_path):
    def write_half():
        with staged_file(tmp_path / "suv.nii", suffixes=(".nii",)) as path:
            path.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert leftovers(tmp_path) == []
