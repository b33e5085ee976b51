"""Zip archives in place of folders."""

import os
import zipfile

import numpy as np
import pytest

from ctpet.dicom import files
from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.series import DicomFile
from ctpet.errors import InputRefused
from tests.dicom.reading import find, ramp_series
from tests.dicom_factory import body_hu, ct_series, write_series


def zipped(folder, path, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_an_archive_reads_as_its_folder(tmp_path, compression):
    folder = write_series(ct_series(body_hu((5, 200, 200))), tmp_path / "ct")
    (folder / "readme.txt").write_text("hello")
    archive = zipped(folder, tmp_path / "study.zip", compression)
    before = sorted(tmp_path.rglob("*"))
    a, b = discover(folder), discover(archive)
    assert (b.other_count, len(b.series)) == (1, 1)
    assert [h.SOPInstanceUID for h in a.series[0].headers] == [
        h.SOPInstanceUID for h in b.series[0].headers
    ]
    assert np.array_equal(read_ct(find(folder)).volume.array, read_ct(find(archive)).volume.array)
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written"


def test_only_the_headers_are_unpacked(tmp_path, monkeypatch):
    folder = write_series(ct_series(np.zeros((3, 700, 700), np.int16)), tmp_path / "ct")
    archive = zipped(folder, tmp_path / "study.zip")
    amounts = []
    original = zipfile.ZipExtFile._read1  # the one place where members are unpacked

    def counted(self, size):
        data = original(self, size)
        amounts.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "_read1", counted)
    discover(archive)
    assert sum(amounts) < 3 * 200_000 < 3 * 700 * 700 * 2


def test_the_directory_is_read_once_for_all_members(tmp_path, monkeypatch):
    folder = write_series(ramp_series(9), tmp_path / "ct")
    archive = zipped(folder, tmp_path / "study.zip")
    opened = []
    original = zipfile.ZipFile._RealGetContents
    monkeypatch.setattr(
        zipfile.ZipFile, "_RealGetContents", lambda self: (opened.append(1), original(self))[1]
    )
    series = find(archive)
    assert len(opened) <= 2, "one listing, one scan"
    opened.clear()
    read_ct(series)
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_MEMBERS", 6), ("MAX_MEMBER_BYTES", 500), ("MAX_ARCHIVE_BYTES", 5000)]
)
def test_absurd_archives_are_refused_with_the_limits(tmp_path, monkeypatch, limit, value):
    archive = zipped(write_series(ramp_series(), tmp_path / "ct"), tmp_path / "study.zip")
    monkeypatch.setattr(files, limit, value)
    with pytest.raises(InputRefused, match="the limits are") as refused:
        discover(archive)
    assert refused.value.code == "zip-too-large"


def test_a_bomb_costs_nothing(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            with archive.open(f"{number}.dcm", "w", force_zip64=True) as member:
                for _ in range(64):
                    member.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    assert discover(path).other_count == 3


def test_an_encrypted_archive_is_refused(tmp_path):
    path = zipped(write_series(ramp_series(), tmp_path / "ct"), tmp_path / "study.zip")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputRefused, match="encrypted") as refused:
        discover(path)
    assert refused.value.code == "zip-encrypted"


def test_a_damaged_directory_is_refused(tmp_path):
    path = zipped(write_series(ramp_series(), tmp_path / "ct"), tmp_path / "study.zip")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at : at + 4] = b"XXXX"
    path.write_bytes(data)
    with pytest.raises(InputRefused) as refused:
        discover(path)
    assert refused.value.code == "zip-damaged"


def test_a_damaged_member_is_refused(tmp_path):
    folder = write_series(ct_series(body_hu((4, 300, 300))), tmp_path / "ct")
    path = zipped(folder, tmp_path / "study.zip", zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.infolist()[2]
    data[member.header_offset + 150_000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputRefused, match="Slice") as refused:
        read_ct(find(path))
    assert refused.value.code == "file-unreadable"


def test_a_damaged_member_is_refused_without_a_rescale_too(tmp_path):
    """The slices that decide what the values are, are read before the stack is."""
    slices = ct_series(body_hu((4, 300, 300)))
    for ds in slices:
        del ds.RescaleSlope, ds.RescaleIntercept
    folder = write_series(slices, tmp_path / "ct")
    path = zipped(folder, tmp_path / "study.zip", zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.infolist()[2]
    data[member.header_offset + 150_000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputRefused, match="cannot be read") as refused:
        read_ct(find(path))
    assert refused.value.code == "file-unreadable"


def test_a_folder_that_may_not_be_listed_is_refused(tmp_path, monkeypatch):
    write_series(ramp_series(), tmp_path / "ct" / "open")
    write_series(ramp_series(), tmp_path / "ct" / "closed")
    scandir = os.scandir

    def denied(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(InputRefused, match="Permission denied") as refused:
        discover(tmp_path / "ct")
    assert refused.value.code == "path-unreadable"


def test_a_dicom_file_that_ends_like_a_zip_archive_is_no_archive(tmp_path):
    path = tmp_path / "slice.dcm"
    with zipfile.ZipFile(path, "w"):
        pass
    path.write_bytes(bytes(128) + b"DICM" + path.read_bytes())
    assert zipfile.is_zipfile(path)
    assert files.list_files(path) == (DicomFile(path),)


@pytest.mark.parametrize("name", ["study.zip", "study"])
def test_an_archive_that_ends_early_is_no_other_file(tmp_path, name):
    folder = write_series(ramp_series(), tmp_path / "ct")
    path = zipped(folder, tmp_path / name)
    path.write_bytes(path.read_bytes()[:-200])
    assert not zipfile.is_zipfile(path)
    with pytest.raises(InputRefused) as refused:
        discover(path)
    assert refused.value.code == "zip-damaged"


def test_outputs_in_the_making_are_no_input(tmp_path):
    folder = write_series(ramp_series(), tmp_path / "ct")
    write_series(ramp_series(), folder / ".result.partial-abcdefgh" / "result" / "pet")
    (folder / ".result.partial-lock").touch()
    found = discover(folder)
    assert (len(found.series), found.findings) == (1, ())
