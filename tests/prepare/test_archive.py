"""Tar archives are unpacked within limits, to nowhere but their own folder."""

import io
import tarfile
from contextlib import suppress

import pytest

from ctpet.errors import InputRefused
from ctpet.prepare import archive
from ctpet.prepare.archive import unpacked


def tar_of(path, *members, mode="w:gz"):
    """Write an archive of (name, size) and links (name, target)."""
    with tarfile.open(path, mode) as tar:
        for name, what in members:
            info = tarfile.TarInfo(name)
            if isinstance(what, int):
                info.size = what
                tar.addfile(info, io.BytesIO(bytes(what)))
            else:
                info.type, info.linkname = tarfile.SYMTYPE, what
                tar.addfile(info)
    return path


def refusal_of(path):
    with pytest.raises(InputRefused) as caught, unpacked(path):
        pytest.fail("nothing may be unpacked")
    return caught.value


def test_what_is_in_it_is_unpacked_and_removed(tmp_path):
    path = tar_of(tmp_path / "a.tgz", ("ct/1.dcm", 10), ("ct/2.dcm", 20), ("pet", "ct"))
    with unpacked(path) as folder:
        assert (folder / "ct" / "2.dcm").stat().st_size == 20
        assert (folder / "pet" / "1.dcm").exists()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_MEMBERS", 2), ("MAX_MEMBER_BYTES", 999), ("MAX_ARCHIVE_BYTES", 1500)]
)
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, limit, value):
    path = tar_of(tmp_path / "a.tgz", *((f"{n}.dcm", 1000) for n in range(3)))
    monkeypatch.setattr(archive, limit, value)
    taken = []
    extract = tarfile.TarFile.extract
    monkeypatch.setattr(
        tarfile.TarFile,
        "extract",
        lambda self, member, *a, **k: (taken.append(member.size), extract(self, member, *a, **k)),
    )
    assert refusal_of(path).code == "archive-too-large"
    assert sum(taken) <= 2000


@pytest.mark.parametrize("name", ["../out.dcm", "/etc/out.dcm", "a/../../out.dcm"])
def test_nothing_is_written_elsewhere(tmp_path, name):
    path = tar_of(tmp_path / "a.tar", (name, 10), mode="w")
    with suppress(InputRefused), unpacked(path) as folder:
        assert all(folder in one.parents for one in folder.rglob("*"))
    assert not list(tmp_path.parent.rglob("out.dcm"))


def test_a_disk_that_fills_is_told(tmp_path, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extract", full)
    assert refusal_of(tar_of(tmp_path / "a.tar", ("1", 1), mode="w")).code == "disk-full"


def test_a_damaged_archive_is_refused(tmp_path):
    path = tar_of(tmp_path / "a.tgz", ("1.dcm", 100_000))
    path.write_bytes(path.read_bytes()[:80])
    assert refusal_of(path).code == "archive-damaged"
