"""Every lossless transfer syntax gives the same HU; what is lossy is told, what is cut refused."""

import shutil
import warnings

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.errors import InputRefused
from tests.dicom.reading import codes, find, ramp_series, read
from tests.dicom_factory import body_hu, ct_series, write_series

LOSSLESS = ["1.2", "1.2.1", "1.2.1.99", "1.2.2", "1.2.4.57", "1.2.4.70", "1.2.4.80", "1.2.4.90",
            "1.2.5"]  # fmt: skip


def codec_file(shared_data, end):
    (path,) = (shared_data / "ct-codecs").glob(f"*_1.2.840.10008.{end}.dcm")
    return path


@pytest.mark.parametrize("end", LOSSLESS[:1] + LOSSLESS[2:])
def test_real_lossless_files_agree_bit_by_bit(shared_data, end):
    reading = read_ct(find(codec_file(shared_data, end)))
    reference = read_ct(find(codec_file(shared_data, "1.2.1")))
    assert np.array_equal(reading.volume.array, reference.volume.array)
    assert "lossy-compressed" not in codes(reading)
    plain = dcmread(codec_file(shared_data, "1.2.1")).pixel_array.astype(np.float32) - 1024
    inside = plain > -1500
    assert np.array_equal(reading.volume.array[0][inside], plain[inside])
    assert (reading.volume.array[0][~inside] == -1024).all()


@pytest.mark.parametrize("end", ["1.2.4.81", "1.2.4.91"])
def test_real_lossy_files_are_close_and_told(shared_data, end):
    reading = read_ct(find(codec_file(shared_data, end)))
    reference = read_ct(find(codec_file(shared_data, "1.2.1")))
    assert np.abs(reading.volume.array - reference.volume.array).max() < 30
    assert "lossy-compressed" in codes(reading)


@pytest.mark.parametrize("end", ["1.2.4.51", "1.2.4.53", "1.2.4.55"])
def test_real_files_that_cannot_be_decoded_are_refused_by_name(shared_data, end):
    with pytest.raises(InputRefused, match="cannot be decoded") as refused:
        read_ct(find(codec_file(shared_data, end)))
    assert refused.value.code == "transfer-syntax-unsupported"
    assert UID(f"1.2.840.10008.{end}").name in refused.value.message
    assert "uncompressed" in refused.value.remedy


def in_syntax(slices, syntax):
    for ds in slices:
        if UID(syntax).is_encapsulated:
            ds.compress(syntax, generate_instance_uid=False)
        else:
            ds.file_meta.TransferSyntaxUID = syntax
            if syntax == ExplicitVRBigEndian:
                ds.PixelData = np.frombuffer(ds.PixelData, "<i2").astype(">i2").tobytes()
    return slices


def write_as(slices, syntax, folder):
    folder.mkdir()
    little = syntax != ExplicitVRBigEndian
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, ds in enumerate(in_syntax(slices, syntax)):
            ds.save_as(
                folder / f"{number}.dcm",
                little_endian=little,
                implicit_vr=syntax == ImplicitVRLittleEndian,
                enforce_file_format=True,
            )
    return folder


SYNTAXES = [
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEGLSLossless,
    JPEG2000Lossless,
]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_made_series_reads_in_every_syntax(tmp_path, syntax):
    hu = body_hu((4, 40, 48))
    reading = read_ct(find(write_as(ct_series(hu), syntax, tmp_path / "ct")))
    assert np.array_equal(reading.volume.array, hu)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, *SYNTAXES])
@pytest.mark.parametrize("share", [0.4, 0.97])
def test_truncated_pixel_data_is_refused(tmp_path, syntax, share):
    hu = body_hu((5, 40, 48))
    hu[:, ::3] += np.random.default_rng(0).integers(-20, 20, hu[:, ::3].shape).astype(np.int16)
    folder = write_as(ct_series(hu), syntax, tmp_path / "ct")
    path = sorted(folder.iterdir())[4]
    data = path.read_bytes()
    header = 1500
    path.write_bytes(data[: header + int((len(data) - header) * share)])
    discovery = discover(folder)
    if syntax == DeflatedExplicitVRLittleEndian:
        assert discovery.unreadable
        assert "files-unreadable" in {finding.code for finding in discovery.findings}
        return
    with pytest.raises(InputRefused, match=r"Slice 5 of 5 .*ends early") as refused:
        read_ct(find(folder))
    assert refused.value.code == "pixel-data-truncated"


def test_a_file_cut_inside_its_header_is_refused(tmp_path):
    folder = write_series(ramp_series(), tmp_path / "ct")
    path = folder / "IMG00004.dcm"
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\x28\x00\x10\x00")])
    with pytest.raises(InputRefused, match="1 more files of this series end before") as refused:
        read_ct(find(folder))
    assert refused.value.code == "files-truncated"


def test_no_pixel_data_at_all_is_refused(tmp_path):
    slices = ramp_series()
    del slices[2].PixelData
    with pytest.raises(InputRefused, match=r"Slice 3 of 7 .* no pixel data") as refused:
        read(slices, tmp_path)
    assert refused.value.code == "pixel-data-missing"


def test_damaged_codestream_is_refused(tmp_path):
    folder = write_as(ct_series(body_hu((3, 40, 48))), JPEG2000Lossless, tmp_path / "ct")
    path = sorted(folder.iterdir())[1]
    data = bytearray(path.read_bytes())
    start = data.index(b"\xff\x4f\xff\x51")
    data[start : start + 60] = bytes(60)
    path.write_bytes(data)
    with pytest.raises(InputRefused, match="Slice 2 of 3") as refused:
        read_ct(find(folder))
    assert refused.value.code == "pixel-data-unreadable"


def test_excess_pixel_data_is_a_finding(tmp_path):
    slices = ramp_series()
    for ds in slices:
        ds.PixelData += bytes(64)
    reading = read(slices, tmp_path)
    assert reading.volume.array[:, 0, 0].tolist() == [100 * k for k in range(7)]
    assert "pixel-warning" in codes(reading)


def test_a_file_that_vanishes_is_refused(tmp_path):
    folder = write_series(ramp_series(), tmp_path / "ct")
    series = find(folder)
    shutil.rmtree(folder)
    with pytest.raises(InputRefused) as refused:
        read_ct(series)
    assert refused.value.code == "file-unreadable"


def test_lossy_in_the_past_is_told(tmp_path):
    slices = ramp_series()
    for ds in slices:
        ds.LossyImageCompression = "01"
    reading = read(slices, tmp_path)
    told = next(f for f in reading.findings if f.code == "lossy-compressed")
    assert told.severity == "warning"
    assert "7 of 7" in told.message
