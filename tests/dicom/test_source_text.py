"""Names survive whatever character set the CT declares, or does not."""

import re
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from ctpet.dicom.source_text import legal_text, source_text, why_illegal
from ctpet.dicom.warned import collected_warnings
from ctpet.findings import Finding
from tests.dicom.pet_writing import a_pet, codes_of, read_source, source_of, write
from tests.dicom_factory import ct_series, write_series

UTF8_ELEMENT = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192"


def read_with(ds: Dataset, folder: Path, replacement: bytes) -> Dataset:
    """Write a data set as UTF-8, put another (0008,0005) element in its place, and read it."""
    (path,) = write_series([ds], folder).iterdir()
    data = path.read_bytes()
    assert data.count(UTF8_ELEMENT) == 1
    path.write_bytes(data.replace(UTF8_ELEMENT, replacement))
    return dcmread(path, stop_before_pixels=True)


def texts(ds: Dataset) -> tuple[str | None, list[str]]:
    found: list[Finding] = []
    return source_text(ds, "PatientName", found.append), [finding.code for finding in found]


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 192", "Nguyễn^Văn Ánh"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        ("GB18030", "Nguyễn^Thị Hạnh"),
        ("GBK", "Wang^XiaoDong=王^小东"),
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 144", "Люкceмбypг"),
        ("ISO_IR 166", "นาย^สมชาย"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
)
@pytest.mark.parametrize("access", ["raw", "converted"])
def test_a_declared_character_set_is_followed(
    character_set: str | list[str], name: str, access: str, tmp_path: Path
) -> None:
    ds = ct_series()[0]
    ds.SpecificCharacterSet = character_set
    ds.PatientName = name
    for keyword in ("ReferringPhysicianName", "StudyDescription"):
        setattr(ds, keyword, "")
    (path,) = write_series([ds], tmp_path / "ct").iterdir()
    read = dcmread(path, stop_before_pixels=True)
    if access == "converted":
        assert str(read.PatientName)
    assert texts(read) == (name, [])


@pytest.mark.parametrize("access", ["raw", "converted"])
@pytest.mark.parametrize(
    "declaration", [b"", b"\x08\x00\x05\x00CS\x00\x00", b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"]
)
def test_utf8_that_nobody_declared_is_read_as_utf8(
    declaration: bytes, access: str, tmp_path: Path
) -> None:
    ds = read_with(ct_series()[0], tmp_path / "ct", declaration)
    if access == "converted":
        assert str(ds.PatientName)
        assert ds.StudyDescription
    assert texts(ds) == ("Nguyễn^Văn Ánh", ["character-set"])
    assert source_text(ds, "StudyDescription", lambda _: None) == "Ngực bụng"


@pytest.mark.parametrize("access", ["raw", "converted"])
def test_latin1_that_nobody_declared_is_read_as_latin1(access: str, tmp_path: Path) -> None:
    ds = ct_series()[0]
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName, ds.ReferringPhysicianName = "Müller^Jörg", ""
    ds.StudyDescription = ""
    (path,) = write_series([ds], tmp_path / "ct").iterdir()
    data = path.read_bytes()
    declared = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"
    path.write_bytes(data.replace(declared, b""))
    read = dcmread(path, stop_before_pixels=True)
    if access == "converted":
        assert str(read.PatientName)
    assert texts(read) == ("Müller^Jörg", ["character-set"])


def test_an_unknown_character_set_does_not_lose_the_name(tmp_path: Path) -> None:
    unknown = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 999"
    with collected_warnings():
        ds = read_with(ct_series()[0], tmp_path / "ct", unknown)
    assert texts(ds)[0] == "Nguyễn^Văn Ánh"


def test_a_wrong_character_set_does_not_lose_the_name(tmp_path: Path) -> None:
    thai = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 166"
    ds = read_with(ct_series()[0], tmp_path / "ct", thai)
    name, _ = texts(ds)
    assert name is not None
    assert "\ufffd" not in name


def test_plain_text_needs_no_character_set(tmp_path: Path) -> None:
    ds = ct_series()[0]
    ds.PatientName, ds.ReferringPhysicianName, ds.StudyDescription = "DOE^JANE", "", ""
    read = read_with(ds, tmp_path / "ct", b"")
    assert texts(read) == ("DOE^JANE", [])


def test_text_set_in_memory_is_taken_as_it_is() -> None:
    ds = Dataset()
    ds.PatientName, ds.StudyDescription = "Nguyễn^Văn Ánh", "Müller"
    assert texts(ds)[0] == "Nguyễn^Văn Ánh"
    assert source_text(ds, "StudyDescription", lambda _: None) == "Müller"
    assert source_text(ds, "PatientID", lambda _: None) is None


@pytest.mark.parametrize("declaration", [b"", b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"])
def test_vietnamese_names_reach_the_pet(declaration: bytes, tmp_path: Path) -> None:
    folder = write_series(ct_series(), tmp_path / "ct")
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(UTF8_ELEMENT, declaration))
    writing = write(a_pet(), read_source(folder), tmp_path / "pt")
    assert codes_of(writing) == {"character-set"}
    for path in writing.paths:
        ds = dcmread(path)
        assert ds.SpecificCharacterSet == "ISO_IR 192"
        assert str(ds.PatientName) == "Nguyễn^Văn Ánh"
        assert "Nguyễn^Văn Ánh".encode() in path.read_bytes()


def test_every_finding_is_free_of_patient_data(tmp_path: Path) -> None:
    slices = ct_series()
    for ds in slices:
        ds.PatientAge = "064Y"
        ds.StudyDescription = ["LyPhong", "ThaiTo"]
        ds.PatientSex = "X"
    writing = write(a_pet(), source_of(slices, tmp_path / "ct"), tmp_path / "pt")
    assert {f.code for f in writing.findings} == {"source-value-illegal", "patient-sex-unknown"}
    said = " ".join(f.message + f.remedy for f in writing.findings)
    assert not re.search("LyPhong|ThaiTo|Ánh|BN-0042", said)
    assert "Study Description (0008,1030) of the CT holds several values" in said


@pytest.mark.parametrize(
    ("vr", "text", "legal"),
    [
        ("SH", "x" * 16, True),
        ("SH", "x" * 17, False),
        ("SH", "Ễ" * 16, True),
        ("LO", "x" * 65, False),
        ("LO", "a\\b", False),
        ("LO", "a\x07b", False),
        ("LO", "a\x85b", False),
        ("PN", "A^B=" + "C" * 64, True),
        ("PN", "C" * 65, False),
        ("DA", "20260105", True),
        ("DA", "2026.01.05", False),
        ("DA", "20260105-20260106", False),
        ("DA", "20261305", False),
        ("TM", "101500.123456", True),
        ("TM", "10:15:00", False),
        ("TM", "1015-1016", False),
        ("AS", "064Y", True),
        ("AS", "64Y", False),
        ("DS", "58.5", True),
        ("DS", "58,5", False),
        ("CS", "chest", False),
        ("UI", "1.2.3", True),
        ("UI", "1.02.3", False),
    ],
)
def test_legality(vr: str, text: str, legal: bool) -> None:
    assert (why_illegal(vr, text) is None) == legal


def test_an_illegal_number_in_a_file_is_emptied(tmp_path: Path) -> None:
    ds = ct_series()[0]
    (path,) = write_series([ds], tmp_path / "ct").iterdir()
    data = path.read_bytes()
    weight = b"\x10\x00\x30\x10DS\x02\x0058"
    assert data.count(weight) == 1
    path.write_bytes(data.replace(weight, b"\x10\x00\x30\x10DS\x04\x005,80"))
    found: list[Finding] = []
    read = dcmread(path, stop_before_pixels=True)
    assert legal_text(read, "PatientWeight", found.append) == ""
    assert [finding.code for finding in found] == ["source-value-illegal"]
