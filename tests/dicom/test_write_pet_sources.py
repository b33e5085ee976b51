"""Sources that are not a tidy classic CT: multi-frame, mixed, oddly timed, and real ones."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import EnhancedCTImageStorage, generate_uid

from ctpet.dicom.series import DicomFile, SeriesInfo
from ctpet.volume import Geometry, Volume, covering_grid
from tests.dicom.pet_writing import a_pet, codes_of, read_source, source_of, write
from tests.dicom_factory import ct_series
from tests.validators import assert_valid_series


def covering_pet(source: SeriesInfo) -> Volume:
    """Noise on the LPS grid of 4 mm that covers the source's slices."""
    ds = source.first
    row, column = np.array(ds.ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(row, column)
    firsts = [np.array(h.ImagePositionPatient, float) for h in source.headers]
    heights = sorted(float(first @ normal) for first in firsts)
    step = (heights[-1] - heights[0]) / (len(heights) - 1) if len(heights) > 1 else 3.0
    affine = np.eye(4)
    rows_mm, columns_mm = (float(x) for x in ds.PixelSpacing)
    affine[:3, :3] = np.stack((step * normal, rows_mm * column, columns_mm * row), axis=1)
    affine[:3, 3] = min(firsts, key=lambda first: float(first @ normal))
    shape = (len(firsts), ds.Rows, ds.Columns)
    grid = covering_grid(Geometry(shape, affine), (4.0, 4.0, 4.0))
    array = np.random.default_rng(1).gamma(1.2, 0.8, grid.shape).astype(np.float32)
    return Volume(array, grid, "SUVBW")


def an_enhanced_ct() -> Dataset:
    """The header of one multi-frame CT: what the writer looks at, at the top level."""
    ds = ct_series()[0]
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    for keyword in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "SliceThickness",
        "AcquisitionDate",
        "AcquisitionTime",
        "BodyPartExamined",
    ):
        del ds[keyword]
    ds.NumberOfFrames = "12"
    ds.AcquisitionDateTime = "20260105101611.25+0700"
    frame = Dataset()
    frame.PlanePositionSequence = [Dataset()]
    frame.PlanePositionSequence[0].ImagePositionPatient = [-60, -50, 10]
    ds.PerFrameFunctionalGroupsSequence = [frame] * 12
    return ds


def test_an_enhanced_ct_is_one_source_image_of_every_slice(tmp_path: Path) -> None:
    ct = an_enhanced_ct()
    source = source_of([ct], tmp_path / "ct")
    writing = write(a_pet(), source, tmp_path / "pt")
    for path in writing.paths:
        ds = dcmread(path)
        (item,) = ds.SourceImageSequence
        assert item.ReferencedSOPClassUID == EnhancedCTImageStorage
        assert item.ReferencedSOPInstanceUID == ct.SOPInstanceUID
        assert str(ds.PatientName) == "Nguyễn^Văn Ánh"
        assert ds.StudyInstanceUID == ct.StudyInstanceUID
        assert ds.FrameOfReferenceUID == ct.FrameOfReferenceUID
        assert (ds.SeriesDate, ds.SeriesTime) == ("20260105", "101611.25")
        assert ds.PatientOrientationCodeSequence[0].CodeValue == "102538003"


def test_an_enhanced_cts_pet_is_accepted(tmp_path: Path, require_tool) -> None:
    source = source_of([an_enhanced_ct()], tmp_path / "ct")
    write(a_pet(), source, tmp_path / "pt")
    assert_valid_series(tmp_path / "pt", tmp_path / "ct", tmp_path / "judged", require_tool)


def times(ds: Dataset) -> tuple[str, str]:
    return ds.SeriesDate, ds.SeriesTime


@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        ((), ("20260105", "101610")),
        (("Acquisition",), ("20260105", "101600")),
        (("Acquisition", "Series"), ("20260105", "101500")),
        (("Acquisition", "Series", "Study"), ("20260105", "101630")),
        (("Acquisition", "Series", "Study", "Content"), ("19000101", "000000")),
    ],
)
def test_what_stands_for_the_acquisition_time(
    absent: tuple[str, ...], expected: tuple[str, str], tmp_path: Path
) -> None:
    slices = ct_series()
    for ds in slices:
        for name in absent:
            del ds[f"{name}Date"]
            ds[f"{name}Time"].value = ""
    writing = write(a_pet(), source_of(slices, tmp_path / "ct"), tmp_path / "pt")
    assert times(dcmread(writing.paths[0])) == expected
    assert codes_of(writing) == ({"acquisition-time"} if absent else set())


def test_the_earliest_slice_tells_the_time(tmp_path: Path) -> None:
    slices = ct_series()
    for number, ds in enumerate(slices):
        ds.AcquisitionTime = f"10161{9 - number % 8}"
    slices[0].AcquisitionTime = ""
    writing = write(a_pet(), source_of(slices, tmp_path / "ct"), tmp_path / "pt")
    assert times(dcmread(writing.paths[0])) == ("20260105", "101612")


def test_a_ct_without_frame_gets_the_same_one_every_time(tmp_path: Path) -> None:
    slices = ct_series()
    for ds in slices:
        del ds.FrameOfReferenceUID
    source = source_of(slices, tmp_path / "ct")
    frames = set()
    for name in ("one", "two"):
        writing = write(a_pet(), source, tmp_path / name, model_name=name)
        assert codes_of(writing) == {"frame-of-reference-absent"}
        frames |= {dcmread(path).FrameOfReferenceUID for path in writing.paths}
    assert len(frames) == 1
    assert frames.pop().startswith("2.25.")


def test_a_volumes_own_frame_serves_where_the_ct_has_none(tmp_path: Path) -> None:
    slices = ct_series()
    for ds in slices:
        del ds.FrameOfReferenceUID
    frame = generate_uid()
    pet = a_pet(frame_of_reference_uid=frame)
    writing = write(pet, source_of(slices, tmp_path / "ct"), tmp_path / "pt")
    assert dcmread(writing.paths[0]).FrameOfReferenceUID == frame


def test_a_pet_beyond_its_ct_still_names_the_nearest_slice(tmp_path: Path) -> None:
    source = source_of(ct_series()[:1], tmp_path / "ct")
    writing = write(a_pet(), source, tmp_path / "pt")
    for path in writing.paths:
        (item,) = dcmread(path).SourceImageSequence
        assert item.ReferencedSOPInstanceUID == source.first.SOPInstanceUID


@pytest.fixture(scope="session")
def sts_ct(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CT of STS_002: a 17-character StudyID, EXTREMITY, no AcquisitionDate."""
    archive = shared_data / "sts" / "STS_002.tar.xz"
    if not archive.is_file():
        pytest.skip("STS_002 is absent")
    folder = tmp_path_factory.mktemp("sts")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "STS_002" / "CT"


def quietly_read(paths: list[Path]) -> SeriesInfo:
    headers = tuple(dcmread(path, stop_before_pixels=True) for path in paths)
    return SeriesInfo(tuple(DicomFile(path) for path in paths), headers)


def test_a_real_deidentified_ct_gives_an_accepted_series(
    sts_ct: Path, tmp_path: Path, require_tool
) -> None:
    source = read_source(sts_ct)
    writing = write(covering_pet(source), source, tmp_path / "pt")
    assert codes_of(writing) == {"source-value-illegal", "body-part", "acquisition-time"}
    ds = dcmread(writing.paths[0])
    assert ds.StudyID == ""
    assert ds.PatientName == "STS_002"
    assert ds.BodyPartExamined == "WHOLEBODY"
    assert times(ds) == ("20060128", "145506")
    assert ds.PatientIdentityRemoved == "YES"
    assert len(ds.DeidentificationMethodCodeSequence) == 7
    assert_valid_series(
        tmp_path / "pt", sts_ct, tmp_path / "judged", require_tool, excused=("Study ID",)
    )


@pytest.mark.parametrize("name", ["gantry-tilt", "missing-slice"])
def test_odd_real_cts_give_accepted_series(
    name: str, shared_data: Path, tmp_path: Path, require_tool
) -> None:
    folder = shared_data / "ct-odd" / name
    source = read_source(folder)
    writing = write(covering_pet(source), source, tmp_path / "pt")
    assert codes_of(writing) == {"source-value-illegal", "body-part", "frame-of-reference-absent"}
    assert_valid_series(tmp_path / "pt", folder, tmp_path / "judged", require_tool)


def test_every_codecs_header_serves_as_source(
    shared_data: Path, tmp_path: Path, require_tool
) -> None:
    files = sorted((shared_data / "ct-codecs").glob("*.dcm"))
    assert files
    plain = next(path for path in files if "LittleEndianExplicit" in path.name)
    folder = tmp_path / "ct"
    folder.mkdir()
    (folder / "IMG.dcm").write_bytes(plain.read_bytes())
    for number, path in enumerate(files):
        source = quietly_read([path])
        pet = covering_pet(quietly_read([plain]))
        written = write(pet, source, tmp_path / f"pt{number}")
        ds = dcmread(written.paths[0])
        assert str(ds.PatientName) == "MISTER^CT"
        assert ds.PatientGantryRelationshipCodeSequence[0].CodeMeaning == "feet-first"
    assert_valid_series(tmp_path / "pt0", folder, tmp_path / "judged", require_tool)
