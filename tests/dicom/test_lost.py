"""Evidence that input was lost is a warning that names it, and links are followed once."""

import os
import stat
import sys
import zipfile

import pytest

from ctpet.dicom.discover import discover
from ctpet.dicom.lost import is_innocent
from ctpet.dicom.scan_report import scan_report
from ctpet.dicom.select import select_ct
from ctpet.errors import InputRefused
from tests.dicom.reading import ramp_series
from tests.dicom_factory import write_series
from tests.pet_factory import pet_series


def findings(path):
    """The findings about what lies under a path, by code."""
    return {finding.code: finding for finding in discover(path).findings}


@pytest.fixture
def folder(tmp_path):
    return write_series(ramp_series(9), tmp_path / "ct")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (bytes(70_000), "zeros"),
        (bytes(100), "cut short"),
        (b"<html>404</html>" * 20, "something else"),
    ],
)
def test_slices_that_hold_none_are_named(folder, content, word):
    for number in (3, 7):
        (folder / f"IMG{number:05d}.dcm").write_bytes(content)
    told = findings(folder)
    assert set(told) == {"files-lost"}
    finding = told["files-lost"]
    assert finding.severity == "warning"
    assert f"2 files that should be slices hold no image (2 {word})" in finding.message
    assert "IMG00003.dcm, IMG00007.dcm" in finding.message
    assert finding in select_ct(discover(folder)).findings
    assert set(scan_report(folder).lost) == {"IMG00003.dcm", "IMG00007.dcm"}


@pytest.mark.parametrize("name", ["CT.1.2.840.7", "0000012", "I0012", "3f2a9bc01d"])
def test_names_without_a_suffix_are_known_by_the_others(tmp_path, name):
    folder = tmp_path / "ct"
    folder.mkdir()
    for number, path in enumerate(sorted(write_series(ramp_series(5), tmp_path / "x").iterdir())):
        shape = {"C": f"CT.1.2.840.{number}", "0": f"{number:07d}", "I": f"I{number:04d}"}
        path.rename(folder / shape.get(name[0], f"{number}e2a9bc01d"))
    (folder / name).write_bytes(b"")
    assert "files-lost" in findings(folder)


def test_a_file_of_the_size_of_a_slice_is_none_whatever_its_name(folder):
    size = (folder / "IMG00001.dcm").stat().st_size
    (folder / "recovered").write_bytes(b"x" * size)
    (folder / "notes").write_bytes(b"x" * (size + 1))
    told = findings(folder)
    assert "1 file that" in told["files-lost"].message
    assert "1 file is" in told["files-ignored"].message


@pytest.mark.parametrize(
    "name", ["readme.txt", ".DS_Store", "._IMG00004.dcm", "Thumbs.db", "report.pdf", "DICOMDIR"]
)
def test_what_belongs_beside_images_is_no_loss(folder, name):
    (folder / name).write_bytes(b"")
    assert set(findings(folder)) == {"files-ignored"}


def test_a_name_that_may_be_a_persons_is_not_told(folder):
    (folder / "Nguyen_Van_A_0001.dcm").write_bytes(b"")
    finding = findings(folder)["files-lost"]
    assert "Nguyen" not in finding.message
    assert scan_report(folder).lost == ("Nguyen_Van_A_0001.dcm",)


@pytest.mark.parametrize(
    ("name", "innocent"),
    [
        ("IMG00001.dcm", True),
        ("1.2.840.113619.2.dcm", True),
        ("CT_slice-12.ima", True),
        ("3f2a9bc01d", True),
        ("I0000007", True),
        ("12345678.dcm", False),
        ("20260105_0001.dcm", False),
        ("Nguyễn.dcm", False),
        ("le_anh.dcm", False),
        ("Muller01", False),
    ],
)
def test_which_names_are_innocent(name, innocent):
    assert is_innocent(name) == innocent


def test_a_name_does_not_command_the_terminal(folder):
    (folder / "IMG\x07\x1b[31m00012.dcm").write_bytes(b"")
    assert "IMG00012.dcm" in findings(folder)["files-lost"].message


def test_files_that_cannot_be_parsed_are_named_with_the_reason(folder):
    (folder / "IMG00002.dcm").write_bytes(bytes(128) + b"DICM" + bytes(200_000))
    finding = findings(folder)["files-unreadable"]
    assert finding.severity == "warning"
    assert "IMG00002.dcm" in finding.message
    assert "10000 times" in finding.message


def test_links_that_lead_nowhere_are_named(folder):
    (folder / "IMG00005.dcm").unlink()
    (folder / "IMG00005.dcm").symlink_to("gone.dcm")
    (folder / "loop").symlink_to("loop")
    finding = findings(folder)["links-broken"]
    assert finding.severity == "warning"
    assert "2 links lead nowhere" in finding.message
    assert "IMG00005.dcm" in finding.message
    assert set(scan_report(folder).lost) == {"IMG00005.dcm", "loop"}


def test_a_linked_folder_is_followed(folder, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "ct").symlink_to(folder, target_is_directory=True)
    found = discover(tmp_path / "study")
    assert len(found.series[0].files) == 9
    assert found.findings == ()


def test_what_is_reached_twice_counts_once(folder, tmp_path):
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    (folder / "one.dcm").symlink_to(folder / "IMG00001.dcm")
    os.link(folder / "IMG00002.dcm", folder / "hard.dcm")
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a").symlink_to(folder, target_is_directory=True)
    (folder / "far").symlink_to(tmp_path / "far", target_is_directory=True)
    found = discover(folder)
    assert len(found.series[0].files) == 9
    assert found.findings == ()
    named = {file.path.name for file in found.series[0].files}
    assert "one.dcm" not in named, "the file itself comes before a link to it"


def test_linked_slices_of_an_archive_of_links(folder, tmp_path):
    """As tools make it that store each file by its digest and link to it."""
    (tmp_path / "links").mkdir()
    for path in folder.iterdir():
        (tmp_path / "links" / path.name).symlink_to(path)
    assert len(discover(tmp_path / "links").series[0].files) == 9


def zip_link(archive, name, target):
    link = zipfile.ZipInfo(name)
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, target)


def test_links_in_a_zip_archive(folder, tmp_path):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"ct/{file.name}")
        zip_link(archive, "ct/IMG00009x.dcm", "../ct/IMG00009.dcm")
        zip_link(archive, "all", "ct")
        zip_link(archive, "ct/IMG00010.dcm", "/store/10.dcm")
        archive.writestr("ct/IMG00011.dcm", b"")
        archive.writestr("__MACOSX/ct/._IMG00001.dcm", b"x" * 200)
    found = discover(path)
    assert len(found.series[0].files) == 9
    told = {finding.code: finding.message for finding in found.findings}
    assert "1 link" in told["links-broken"]
    assert "IMG00010.dcm" in told["links-broken"]
    assert "IMG00011.dcm" in told["files-lost"]


def test_a_folder_of_lost_slices_only_is_refused(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.dcm").write_bytes(b"")
    (tmp_path / "4.dcm").symlink_to("nowhere")
    with pytest.raises(InputRefused, match=r"3 files that should be .*0\.dcm, 1\.dcm") as refused:
        select_ct(discover(tmp_path))
    assert refused.value.code == "no-dicom"
    assert "1 link" in refused.value.message


def test_a_ct_that_was_lost_is_told_where_it_is_missed(folder):
    for ds, path in zip(pet_series(), sorted(folder.iterdir()), strict=False):
        ds.save_as(path, enforce_file_format=True)
    (folder / "IMG00009.dcm").write_bytes(b"")
    with pytest.raises(InputRefused, match=r"modalities seen: PT; 1 file .*IMG00009\.dcm"):
        select_ct(discover(folder))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("denied", ["ct", "ct/IMG00004.dcm"])
def test_what_may_not_be_read_is_refused(folder, denied):
    (folder.parent / denied).chmod(0)
    try:
        with pytest.raises(InputRefused) as refused:
            discover(folder.parent)
        assert refused.value.code in ("path-unreadable", "file-unreadable")
    finally:
        (folder.parent / denied).chmod(0o700)
