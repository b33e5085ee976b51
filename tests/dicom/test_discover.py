"""What is found under a path, whatever lies about there."""

import shutil
import threading
import time
import warnings

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    BasicTextSRStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.warned import collected_warnings, without_values
from ctpet.errors import InputRefused
from tests.dicom.reading import find, ramp_series, read, replace_text
from tests.dicom_factory import ct_series, write_series


def signature(discovery):
    """All that a discovery says, but for file names."""
    return [
        (one.key, [str(header.SOPInstanceUID) for header in one.headers], one.findings)
        for one in discovery.series
    ]


def finding_codes(discovery):
    return {finding.code for finding in discovery.findings}


def same_series(slices, other):
    for a, b in zip(slices, other, strict=False):
        b.StudyInstanceUID, b.SeriesInstanceUID = a.StudyInstanceUID, a.SeriesInstanceUID
    return other


def test_an_overlap_that_acquisitions_do_not_settle_is_left_whole(tmp_path):
    """Acquisition 1 alone holds two planes at one place, so the number separates nothing."""
    slices, again = ramp_series(), ramp_series()
    same_series(slices, again)
    for ds in again[:2]:
        ds.FrameOfReferenceUID = slices[0].FrameOfReferenceUID
    again[1].AcquisitionNumber = "2"
    found = discover(write_series([*slices, *again[:2]], tmp_path / "ct"))
    assert [(len(one.files), one.part) for one in found.series] == [(9, 0)]


def test_instances_come_in_order_along_the_normal(tmp_path):
    slices = ramp_series()
    (series,) = discover(write_series(slices[::-1], tmp_path / "ct")).series
    assert [float(header.ImagePositionPatient[2]) for header in series.headers] == [
        0, 3, 6, 9, 12, 15, 18
    ]  # fmt: skip


def test_order_and_names_of_files_do_not_matter(tmp_path):
    slices = ct_series() + ramp_series()
    a = discover(write_series(slices, tmp_path / "a"))
    slices = [slices[n] for n in np.random.default_rng(3).permutation(len(slices))]
    for part in range(3):
        write_series(slices[part::3], tmp_path / "b" / f"{9 - part}")
    b = discover(tmp_path / "b")
    assert len(a.series) == 2
    assert signature(a) == signature(b)


def test_a_single_file(tmp_path):
    folder = write_series(ramp_series(), tmp_path / "ct")
    (series,) = discover(folder / "IMG00003.dcm").series
    assert len(series.files) == 1


def test_other_files_are_counted(tmp_path):
    folder = write_series(ramp_series(), tmp_path / "ct")
    (folder / "notes.txt").write_text("nothing")
    (folder / "text.dcm").write_text("x" * 500)
    (folder / "empty.dcm").write_bytes(b"")
    (folder / "zeros.dcm").write_bytes(bytes(1000))
    found = discover(folder)
    assert found.other_count == 4
    assert finding_codes(found) == {"files-ignored", "files-lost"}
    assert {file.path.name for file in found.lost} == {"text.dcm", "empty.dcm", "zeros.dcm"}
    assert len(found.series[0].files) == 7


def test_dicomdir_is_skipped(tmp_path):
    folder = write_series(ramp_series(3), tmp_path / "media")
    directory = Dataset()
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.FileSetID, directory.DirectoryRecordSequence = "DISC", []
    directory.save_as(folder / "DICOMDIR", enforce_file_format=True)
    found = discover(folder)
    assert found.other_count == 1
    assert len(found.series[0].files) == 3


def test_damaged_files_are_told(tmp_path):
    folder = write_series(ramp_series(), tmp_path / "ct")
    (folder / "damaged").write_bytes(bytes(128) + b"DICM" + b"\xff" * 200)
    found = discover(folder)
    assert [file.path.name for file in found.unreadable] == ["damaged"]
    assert "files-unreadable" in finding_codes(found)
    assert len(found.series[0].files) == 7


@pytest.mark.parametrize("kind", ["localizer", "secondary-capture", "colour", "not-image"])
def test_what_is_no_plane_is_dropped_and_told(tmp_path, kind):
    slices = ramp_series()
    (other,) = same_series(slices, ramp_series(1))
    if kind == "localizer":
        other.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    elif kind == "secondary-capture":
        other.SOPClassUID = other.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
        del other.ImagePositionPatient, other.ImageOrientationPatient, other.PixelSpacing
    elif kind == "colour":
        other.SamplesPerPixel, other.PhotometricInterpretation = 3, "RGB"
    else:
        other.SOPClassUID = other.file_meta.MediaStorageSOPClassUID = BasicTextSRStorage
        other.Modality = "SR"
        del other.Rows, other.Columns, other.PixelData
    folder = write_series([*slices, other], tmp_path / "ct")
    found = discover(folder)
    assert [len(one.files) for one in found.series] == [7]
    assert [finding.code for one in found.dropped for finding in one.findings] == [kind]
    assert f"{kind}-dropped" in finding_codes(found)
    assert find(folder).findings == found.findings
    assert found.series[0].findings == ()


@pytest.mark.parametrize(
    "change",
    [
        {"ImageOrientationPatient": ["1", "0", "0", "0", "0.998", "0.0632"]},
        {"PixelSpacing": ["2.01", "2"]},
        {"RescaleType": "MGML"},
        {"Rows": 2, "Columns": 8},
    ],
)
def test_one_series_of_two_kinds_is_two_stacks(tmp_path, change):
    slices = ramp_series()
    for ds in slices[5:]:
        for keyword, value in change.items():
            setattr(ds, keyword, value)
    found = discover(write_series(slices, tmp_path / "ct"))
    assert sorted(len(one.files) for one in found.series) == [2, 5]
    assert {one.part for one in found.series} == {1, 2}


def test_rounding_does_not_split(tmp_path):
    slices = ramp_series()
    slices[3].ImageOrientationPatient = ["0.9999", "0.0002", "0", "0", "1", "0.0005"]
    slices[4].PixelSpacing = ["2.0004", "1.9998"]
    (series,) = discover(write_series(slices, tmp_path / "ct")).series
    assert (len(series.files), series.part) == (7, 0)


@pytest.mark.parametrize(
    ("syntax", "with_meta"),
    [
        (ImplicitVRLittleEndian, False),
        (ExplicitVRLittleEndian, False),
        (ExplicitVRBigEndian, False),
        (ExplicitVRLittleEndian, True),
    ],
)
def test_files_without_preamble_are_read(tmp_path, syntax, with_meta):
    slices = ramp_series()
    expected = read(slices, tmp_path / "whole").volume.array
    folder = tmp_path / "bare"
    folder.mkdir()
    for number, ds in enumerate(slices):
        if syntax == ExplicitVRBigEndian:
            ds.PixelData = np.frombuffer(ds.PixelData, "<i2").astype(">i2").tobytes()
        if with_meta:
            ds.preamble = None
        else:
            ds.file_meta = FileMetaDataset()
        ds.save_as(
            folder / str(number),
            implicit_vr=syntax == ImplicitVRLittleEndian,
            little_endian=syntax != ExplicitVRBigEndian,
            enforce_file_format=False,
        )
    assert (folder / "0").read_bytes()[128:132] != b"DICM"
    series = find(folder)
    assert series.first.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(read_ct(series).volume.array, expected)


def test_an_absent_character_set_survives(tmp_path):
    slices = ramp_series()
    folder = write_series(slices, tmp_path / "ct")
    replace_text(folder, b"ISO_IR 192", b"          ")
    series = find(folder)
    (finding,) = series.findings
    assert (finding.code, finding.severity) == ("character-set-absent", "warning")
    assert "UTF-8" in finding.message
    assert str(series.first.PatientName) == "Nguyễn^Văn Ánh"
    assert series.first.StudyDescription == "Ngực bụng"
    assert series.first.SpecificCharacterSet == "ISO_IR 192"


def test_bytes_that_are_no_utf8_survive(tmp_path):
    slices = ramp_series()
    for ds in slices:
        ds.SpecificCharacterSet = "ISO_IR 100"
        ds.PatientName, ds.StudyDescription = "Müller^Jörg", "Kopf"
        ds.ReferringPhysicianName = ""
    folder = write_series(slices, tmp_path / "ct")
    replace_text(folder, b"ISO_IR 100", b"          ")
    series = find(folder)
    assert str(series.first.PatientName) == "Müller^Jörg"
    assert "Latin-1" in series.findings[0].message


def test_pydicom_warnings_become_findings_without_patient_data(tmp_path):
    slices = ramp_series()
    folder = write_series(slices, tmp_path / "ct")
    uid = slices[0].FrameOfReferenceUID.encode()
    replace_text(folder, uid, b"Nguyen" + uid[6:])
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        series = find(folder)
        for header in series.headers:
            for element in header.iterall():
                str(element)
    assert leaked == []
    warned = [finding for finding in series.findings if finding.code == "header-warning"]
    assert len(warned) == 1
    assert "7×" in warned[0].message
    assert "Nguyen" not in warned[0].message


def test_a_value_that_cannot_be_read_is_treated_as_absent(tmp_path):
    slices = ramp_series()
    folder = write_series(slices, tmp_path / "ct")
    for path in list(folder.iterdir())[:3]:
        data = path.read_bytes()
        at = data.index(b"\x10\x00\x30\x10DS")
        path.write_bytes(data[: at + 8] + b"?!" + data[at + 10 :])
    series = find(folder)
    told = next(f for f in series.findings if f.code == "header-value-unreadable")
    assert "(0010,1030)" in told.message
    assert "3 of 7" in told.message
    assert sum("PatientWeight" in header for header in series.headers) == 4


def test_without_values_takes_out_what_is_quoted():
    assert without_values("Invalid value for VR UI: 'a b'. Please see <http://x/y> for.") == (
        "Invalid value for VR UI: …"
    )
    assert without_values('of "O\'Neill" here') == "of … here"


def test_collectors_in_threads_take_turns():
    """No thread restores a filter that another has set (all would fail as errors here)."""
    seen = {}

    def work(name):
        for _ in range(20):
            with collected_warnings() as collected:
                for _ in range(3):
                    warnings.warn(name, stacklevel=1)
                    time.sleep(0.0002)
                seen.setdefault(name, []).append([str(one.message) for one in collected])

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(4)]
    before = list(warnings.filters)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before
    assert seen == {str(n): [[str(n)] * 3] * 20 for n in range(4)}


def test_headers_hold_no_pixels_and_no_file(tmp_path):
    series = find(write_series(ramp_series(), tmp_path / "ct"))
    assert type(series.first) is Dataset
    assert all("PixelData" not in header for header in series.headers)
    assert series.first.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_two_series_in_order_of_their_number(tmp_path):
    first, second = ramp_series(), ramp_series()
    for ds in second:
        ds.StudyInstanceUID, ds.SeriesNumber = first[0].StudyInstanceUID, "10"
    for ds in first:
        ds.SeriesNumber = "9"
    write_series(second, tmp_path / "x" / "a")
    write_series(first, tmp_path / "x" / "b")
    assert [str(one.first.SeriesNumber) for one in discover(tmp_path / "x").series] == ["9", "10"]


def test_no_such_path(tmp_path):
    with pytest.raises(InputRefused) as refused:
        discover(tmp_path / "nothing")
    assert refused.value.code == "path-missing"


def test_links_that_lead_in_circles_end(tmp_path):
    folder = write_series(ramp_series(), tmp_path / "ct")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "broken").symlink_to(tmp_path / "nowhere")
    found = discover(folder)
    assert len(found.series[0].files) == 7
    assert finding_codes(found) == {"links-broken"}


def test_speed_of_headers(tmp_path):
    """300 headers well below a second of work (the machine's own load does not count)."""
    write_series(ramp_series(), tmp_path / "one")
    source = (tmp_path / "one" / "IMG00001.dcm").read_bytes()
    template = dcmread(tmp_path / "one" / "IMG00001.dcm")
    folder = tmp_path / "many"
    folder.mkdir()
    uid = str(template.SOPInstanceUID).encode()
    for number in range(300):
        other = generate_uid(entropy_srcs=[str(number)]).encode()[: len(uid)].ljust(len(uid), b"1")
        (folder / f"{number}.dcm").write_bytes(source.replace(uid, other))
    start = time.process_time()
    found = discover(folder)
    assert time.process_time() - start < 1
    assert sum(len(one.files) for one in found.series) == 300
    shutil.rmtree(folder)
