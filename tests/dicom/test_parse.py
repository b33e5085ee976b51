"""Whatever a file says about itself, its header is read within bounds, and it is named."""

import io
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from ctpet.dicom import parse
from ctpet.dicom.discover import discover
from ctpet.dicom.header import HeaderUnreadable, read_header
from ctpet.dicom.pixels import decode
from ctpet.dicom.read_ct import read_ct
from tests.dicom.reading import find, ramp_series
from tests.dicom_factory import ct_series, enhanced_ct, write_series

PREAMBLE = bytes(128) + b"DICM"
LARGE = 30_000_000
EMPTY_ITEM = b"\xfe\xff\x00\xe0\0\0\0\0"
UNDEFINED = b"\xff\xff\xff\xff"
OPEN_ITEM = EMPTY_ITEM[:4] + UNDEFINED
OPEN_SEQUENCE = b"\x40\x00\x75\x02SQ\0\0"
"""(0040,0275) Request Attributes Sequence, before its length."""


@pytest.fixture(scope="module")
def header(tmp_path_factory):
    """The bytes of a slice before its pixel data."""
    folder = write_series(ct_series(), tmp_path_factory.mktemp("x"))
    data = (folder / "IMG00001.dcm").read_bytes()
    return data[: data.index(b"\xe0\x7f\x10\x00OW")]


def length(count):
    return struct.pack("<I", count)


def deep(count):
    inner = b""
    for _ in range(count):
        item = EMPTY_ITEM[:4] + length(len(inner)) + inner
        inner = OPEN_SEQUENCE + length(len(item)) + item
    return inner


BOMBS = {
    "zeros": lambda _: PREAMBLE + bytes(LARGE),
    "zeros after the file meta information": lambda header: header[:400] + bytes(LARGE),
    "zeros in place of pixels": lambda header: header + bytes(LARGE),
    "ones": lambda _: PREAMBLE + b"\xff" * LARGE,
    "text": lambda _: PREAMBLE + b"A" * LARGE,
    "noise": lambda _: PREAMBLE + np.random.default_rng(1).bytes(LARGE),
    "one element again and again": lambda _: PREAMBLE + b"\x08\0\x60\0CS\x02\0CT" * (LARGE // 10),
    "items without end": lambda h: h + OPEN_SEQUENCE + UNDEFINED + EMPTY_ITEM * (LARGE // 8),
    "items": lambda h: h + OPEN_SEQUENCE + length(3_000_000) + EMPTY_ITEM * 375_000,
    "depth": lambda h: h + deep(2000),
    "depth without end": lambda h: h + (OPEN_SEQUENCE + UNDEFINED + OPEN_ITEM) * 5000,
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_named_at_once_and_the_slices_read(tmp_path, header, kind):
    folder = write_series(ramp_series(), tmp_path / "ct")
    (folder / "bad.dcm").write_bytes(BOMBS[kind](header))
    start = time.process_time()
    found = discover(folder)
    assert time.process_time() - start < 1
    assert [file.path.name for file in found.unreadable] == ["bad.dcm"]
    (finding,) = (one for one in found.findings if one.code == "files-unreadable")
    assert "bad.dcm" in finding.message
    assert sum(len(one.files) for one in found.series) == 7


def test_a_member_of_a_zip_archive_is_unpacked_no_further(tmp_path, monkeypatch):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.dcm", PREAMBLE + bytes(LARGE))
    unpacked = []
    original = zipfile.ZipExtFile._read1

    def counted(self, size):
        data = original(self, size)
        unpacked.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "_read1", counted)
    (file,) = discover(path).unreadable
    assert file.member == "big.dcm"
    assert sum(unpacked) < 1_000_000


def test_skipping_in_an_archive_counts_as_reading(tmp_path, header, monkeypatch):
    monkeypatch.setattr(parse, "SKIPPED_ABOVE_BYTES", 1000)
    data = header + b"\xe1\x7f\x10\x10OB\0\0" + length(LARGE) + bytes(LARGE)
    (tmp_path / "raw.dcm").write_bytes(data)
    assert len(discover(tmp_path).series) == 1, "on a disk it costs nothing"
    with zipfile.ZipFile(tmp_path / "raw.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("raw.dcm", data)
    monkeypatch.setattr("ctpet.dicom.header.Budget", lambda: parse.Budget(1_000_000))
    assert len(discover(tmp_path / "raw.zip").unreadable) == 1


def deflated(header, *parts):
    """Return a file whose data set is deflated."""
    end = 144 + struct.unpack("<I", header[140:144])[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(packer.compress(part) for part in parts) + packer.flush()
    plain, packed = b"1.2.840.10008.1.2.1\0", str(DeflatedExplicitVRLittleEndian).encode()
    meta = header[:end].replace(b"UI\x14\0" + plain, b"UI\x16\0" + packed)
    assert packed in meta
    return meta + data, header[end:]


def test_deflated_data_are_inflated_no_further_than_a_header(header, monkeypatch):
    monkeypatch.setattr(parse, "MAX_HEADER_BYTES", 2_000_000)
    sizes = []
    inflate = zlib.decompressobj

    class Counted:
        def __init__(self, *args):
            self._inner = inflate(*args)

        def decompress(self, data, most):
            piece = self._inner.decompress(data, most)
            sizes.append(len(piece))
            return piece

        def __getattr__(self, name):
            return getattr(self._inner, name)

    monkeypatch.setattr(zlib, "decompressobj", Counted)
    bomb, _ = deflated(header, bytes(LARGE))
    with pytest.raises(HeaderUnreadable, match="same element"):
        read_header(io.BytesIO(bomb))
    assert sum(sizes) <= 2_000_000


def test_a_deflated_slice_reads_as_it_is(header):
    _, elements = deflated(header)
    file, _ = deflated(header, elements, b"\xe0\x7f\x10\x00OW\0\0" + length(4), b"abcd")
    found, notes = read_header(io.BytesIO(file))
    assert found.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian
    assert (found.Modality, notes.removed) == ("CT", [])
    with pytest.raises(HeaderUnreadable, match="EOFError"):
        read_header(io.BytesIO(file[:-40]))


def test_zeros_after_the_image_are_not_looked_at(tmp_path):
    slices = ramp_series()
    folder = write_series(slices, tmp_path / "ct")
    expected = read_ct(find(folder)).volume.array
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes() + bytes(1_000_000))
    start = time.process_time()
    assert np.array_equal(read_ct(find(folder)).volume.array, expected)
    assert time.process_time() - start < 2


def test_a_value_longer_than_the_file_is_not_asked_for(header):
    file = header + b"\xe0\x7f\x10\x00OW\0\0" + b"\xf0\xff\xff\xff" + bytes(100)
    with pytest.raises(Exception, match="ends early"):
        list(decode(io.BytesIO(file), [0]))


def test_a_long_value_is_skipped_and_said_to_be_absent(header):
    blob = b"\x09\0\x10\0LO\x04\0ABCD" + b"\x09\0\x01\x10OB\0\0" + length(5 * 2**20)
    found, notes = read_header(io.BytesIO(header + blob + bytes(5 * 2**20)))
    assert found.Modality == "CT"
    assert notes.removed == ["(0009,1001)"]


@pytest.mark.parametrize("implicit", [False, True])
def test_long_sequences_are_read_whole(tmp_path, monkeypatch, implicit):
    """Per-frame functional groups, whether they fit the limit of a single value or not."""
    slices = ramp_series()
    whole = enhanced_ct(slices)
    if implicit:
        whole.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    item = Dataset()
    item.PixelPaddingValue = 7
    item["PixelPaddingValue"].VR = "US"
    whole.PerFrameFunctionalGroupsSequence[0].UnassignedSharedConvertedAttributesSequence = [item]
    expected = read_ct(find(write_series([whole], tmp_path / "ct"))).volume
    monkeypatch.setattr(parse, "_SHORT_BYTES", 10)
    expanded = find(tmp_path / "ct")
    monkeypatch.setattr(parse, "SKIPPED_ABOVE_BYTES", 200)
    skipped = find(tmp_path / "ct")
    for series in (expanded, skipped):
        assert not [one for one in series.findings if one.severity == "warning"]
        volume = read_ct(series).volume
        assert np.array_equal(volume.array, expected.array)
        assert volume.geometry.agrees_with(expected.geometry, tolerance_mm=1e-6)
