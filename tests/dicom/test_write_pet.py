"""What a written series says, and that it says the same every time."""

import errno
import warnings
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UID, PositronEmissionTomographyImageStorage

from ctpet.dicom import write_pet as writer
from ctpet.dicom.series import SeriesInfo
from ctpet.errors import CtpetError, InputRefused
from ctpet.volume import Geometry, Volume
from tests.dicom.pet_writing import a_pet, codes_of, source_of, write
from tests.dicom_factory import ct_series


@pytest.fixture
def source(tmp_path: Path) -> SeriesInfo:
    return source_of(ct_series(), tmp_path / "ct")


@pytest.fixture
def slices(source: SeriesInfo, tmp_path: Path) -> list[Dataset]:
    return [dcmread(path) for path in write(a_pet(), source, tmp_path / "pt").paths]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_one_file_a_slice_in_order_along_the_normal(source: SeriesInfo, tmp_path: Path) -> None:
    writing = write(a_pet(), source, tmp_path / "new" / "pt")
    assert [path.name for path in writing.paths] == [f"PET0000{n}.dcm" for n in range(1, 6)]
    assert sorted((tmp_path / "new" / "pt").iterdir()) == list(writing.paths)
    written = [dcmread(path) for path in writing.paths]
    assert [float(ds.ImagePositionPatient[2]) for ds in written] == [10, 14, 18, 22, 26]
    assert [ds.ImageIndex for ds in written] == [1, 2, 3, 4, 5]
    assert [ds.InstanceNumber for ds in written] == [1, 2, 3, 4, 5]


def test_the_pixels_are_suv_within_half_a_step(source: SeriesInfo, tmp_path: Path) -> None:
    pet = a_pet()
    writing = write(pet, source, tmp_path / "pt")
    written = [dcmread(path) for path in writing.paths]
    suv = np.stack([ds.pixel_array * float(ds.RescaleSlope) for ds in written])
    assert np.abs(suv - pet.array).max() <= writing.rescale_slope / 2 * (1 + 1e-9)
    assert {str(ds.RescaleSlope) for ds in written} == {"0.00025"}
    assert {(ds.Units, ds.SUVType, float(ds.RescaleIntercept)) for ds in written} == {
        ("GML", "BW", 0.0)
    }


def test_patient_and_study_are_the_cts_and_nothing_else_is(slices: list[Dataset]) -> None:
    ct = ct_series()[0]
    for ds in slices:
        assert str(ds.PatientName) == "Nguyễn^Văn Ánh"
        assert str(ds.ReferringPhysicianName) == "Lê^Thị Hồng"
        assert ds.StudyDescription == "Ngực bụng"
        for keyword in (
            "PatientID",
            "PatientBirthDate",
            "PatientSex",
            "PatientAge",
            "StudyID",
            "PatientSize",
            "PatientWeight",
            "StudyDate",
            "StudyTime",
            "AccessionNumber",
            "BodyPartExamined",
        ):
            assert ds[keyword].value == ct[keyword].value, keyword
        for keyword in ("KVP", "ConvolutionKernel", "PatientPosition", "SeriesTime"):
            assert ds.get(keyword) != ct[keyword].value, keyword


def test_study_and_frame_are_shared_and_no_other_uid_is(
    source: SeriesInfo, slices: list[Dataset]
) -> None:
    ct = source.first
    shared = {ct.StudyInstanceUID, ct.FrameOfReferenceUID}
    assert {ds.StudyInstanceUID for ds in slices} == {ct.StudyInstanceUID}
    assert {ds.FrameOfReferenceUID for ds in slices} == {ct.FrameOfReferenceUID}
    own = {uid for ds in slices for uid in (ds.SeriesInstanceUID, ds.SOPInstanceUID)}
    assert len(own) == len(slices) + 1
    assert not own & (shared | {h.SOPInstanceUID for h in source.headers})
    assert all(UID(uid).is_valid and uid.startswith("2.25.") for uid in own)
    assert {ds.SOPClassUID for ds in slices} == {PositronEmissionTomographyImageStorage}
    assert all(ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID for ds in slices)


def test_it_says_that_it_is_synthetic_and_by_whom(slices: list[Dataset]) -> None:
    ds = slices[0]
    assert ds.SyntheticData == "YES"
    assert "SYNTHETIC" in ds.SeriesDescription
    assert "NOT FOR DIAGNOSIS" in ds.SeriesDescription
    assert len(ds.SeriesDescription) <= 64
    assert ds.ContentQualification == "RESEARCH"
    assert list(ds.ImageType) == ["DERIVED", "PRIMARY"]
    assert list(ds.SoftwareVersions) == [
        "ctpet 0.1.0",
        "tissue-lookup 1.0.0",
        "0123456789abcdef" * 4,
    ]
    for part in ("tissue-lookup 1.0.0", "CPUExecutionProvider", "float32", "overlap=0.25"):
        assert part in ds.DerivationDescription
    purposes = [
        item.PurposeOfReferenceCodeSequence[0].CodeValue
        for item in ds.ContributingEquipmentSequence
    ]
    assert purposes == ["109101", "109102"]


def test_no_dose_and_no_injection_are_invented(slices: list[Dataset]) -> None:
    for ds in slices:
        (isotope,) = ds.RadiopharmaceuticalInformationSequence
        assert {element.keyword for element in isotope} == {
            "Radiopharmaceutical",
            "RadionuclideHalfLife",
            "RadionuclideCodeSequence",
        }
        assert "none was administered" in isotope.Radiopharmaceutical
        assert float(isotope.RadionuclideHalfLife) == 6586.2
        assert isotope.RadionuclideCodeSequence[0].CodeValue == "77004003"
        keywords = {element.keyword for element in ds.iterall()}
        assert not {k for k in keywords if k.startswith("Radiopharmaceutical") and "Time" in k}
        assert "RadionuclideTotalDose" not in keywords


def test_the_isotope_code_is_the_dictionarys() -> None:
    from pydicom.sr.codedict import codes

    assert codes.SCT._18Fluorine.value == "77004003"
    assert codes.SCT._18Fluorine.meaning == "^18^Fluorine"


def test_series_time_is_the_cts_acquisition(slices: list[Dataset]) -> None:
    for ds in slices:
        assert (ds.SeriesDate, ds.SeriesTime) == ("20260105", "101610")
        assert (ds.AcquisitionDate, ds.AcquisitionTime) == ("20260105", "101610")


def test_each_slice_names_the_ct_slices_it_was_interpolated_from(
    source: SeriesInfo, slices: list[Dataset]
) -> None:
    positions = {h.SOPInstanceUID: float(h.ImagePositionPatient[2]) for h in source.headers}
    for ds in slices:
        z = float(ds.ImagePositionPatient[2])
        near = [positions[item.ReferencedSOPInstanceUID] for item in ds.SourceImageSequence]
        assert near == [p for p in sorted(positions.values()) if abs(p - z) <= 2 + 3]
        codes = {i.PurposeOfReferenceCodeSequence[0].CodeValue for i in ds.SourceImageSequence}
        assert codes == {"121322"}


def test_a_rerun_is_byte_identical(source: SeriesInfo, tmp_path: Path) -> None:
    write(a_pet(), source, tmp_path / "one")
    write(a_pet(), source, tmp_path / "two")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_the_order_of_the_files_of_the_ct_does_not_matter(
    source: SeriesInfo, tmp_path: Path
) -> None:
    shuffled = SeriesInfo(source.files[::-1], source.headers[::-1])
    one = write(a_pet(), source, tmp_path / "one")
    two = write(a_pet(), shuffled, tmp_path / "two")
    assert one.series_instance_uid == two.series_instance_uid


def a_changed_pixel() -> Volume:
    pet = a_pet()
    array = pet.array.copy()
    array[2, 3, 4] += 0.01
    return Volume(array, pet.geometry, "SUVBW")


def moved() -> Volume:
    affine = a_pet().geometry.affine.copy()
    affine[0, 3] += 1e-3
    return Volume(a_pet().array, Geometry(a_pet().geometry.shape, affine), "SUVBW")


@pytest.mark.parametrize(
    ("pet", "changes"),
    [
        (a_changed_pixel(), {}),
        (moved(), {}),
        (Volume(a_pet().array * 2, a_pet().geometry, "SUVBW"), {}),
        (a_pet(), {"model_digest": "f" * 64}),
        (a_pet(), {"ctpet_version": "0.1.1"}),
        (a_pet(), {"provider": "OpenVINOExecutionProvider"}),
        (a_pet(), {"device": "GPU"}),
        (a_pet(), {"precision": "float16"}),
        (a_pet(), {"options": (("overlap", "0.5"),)}),
    ],
)
def test_whatever_differs_shares_no_uid(
    pet: Volume, changes: dict[str, object], source: SeriesInfo, tmp_path: Path
) -> None:
    def uids(folder: Path) -> set[str]:
        read = [dcmread(path, stop_before_pixels=True) for path in folder.iterdir()]
        return {uid for ds in read for uid in (ds.SOPInstanceUID, ds.SeriesInstanceUID)}

    write(a_pet(), source, tmp_path / "one")
    write(pet, source, tmp_path / "two", **changes)
    assert not uids(tmp_path / "one") & uids(tmp_path / "two")


def test_another_ct_gives_another_series(source: SeriesInfo, tmp_path: Path) -> None:
    other = source_of(ct_series(), tmp_path / "other")
    one = write(a_pet(), source, tmp_path / "one")
    two = write(a_pet(), other, tmp_path / "two")
    assert one.series_instance_uid != two.series_instance_uid


def test_the_order_of_options_does_not_matter(source: SeriesInfo, tmp_path: Path) -> None:
    options = (("a", "1"), ("b", "2"))
    one = write(a_pet(), source, tmp_path / "one", options=options)
    two = write(a_pet(), source, tmp_path / "two", options=options[::-1])
    assert one.series_instance_uid == two.series_instance_uid


def test_a_legal_source_gives_no_finding(source: SeriesInfo, tmp_path: Path) -> None:
    assert write(a_pet(), source, tmp_path / "pt").findings == ()


def test_nothing_of_pydicoms_warnings_leaks(source: SeriesInfo, tmp_path: Path) -> None:
    for header in source.headers:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header.StudyID = "18 characters long"
            header.SOPInstanceUID = "1.02.3." + header.SOPInstanceUID[-20:]
            header.PatientAge = "0Y"
    writing = write(a_pet(), source, tmp_path / "pt")
    assert codes_of(writing) == {"source-value-illegal"}
    ds = dcmread(writing.paths[0])
    assert ds.StudyID == ""
    assert "PatientAge" not in ds


def test_only_suv_is_written(source: SeriesInfo, tmp_path: Path) -> None:
    hu = Volume(a_pet().array, a_pet().geometry, "HU")
    with pytest.raises(ValueError, match="only SUVBW"):
        write(hu, source, tmp_path / "pt")


def test_another_frame_of_reference_is_refused(source: SeriesInfo, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frame of reference"):
        write(a_pet(frame_of_reference_uid="1.2.3"), source, tmp_path / "pt")


def test_a_study_without_uid_is_refused(tmp_path: Path) -> None:
    slices = ct_series()
    for ds in slices:
        del ds.StudyInstanceUID
    with pytest.raises(InputRefused) as refusal:
        write(a_pet(), source_of(slices, tmp_path / "ct"), tmp_path / "pt")
    assert refusal.value.code == "study-uid-absent"


def test_an_unknown_radionuclide_is_refused(source: SeriesInfo, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="C-11"):
        write(a_pet(), source, tmp_path / "pt", radionuclide="C-11")


def test_a_folder_with_files_is_left_alone(source: SeriesInfo, tmp_path: Path) -> None:
    (tmp_path / "pt").mkdir()
    (tmp_path / "pt" / "mine.txt").write_text("mine")
    with pytest.raises(CtpetError, match="not empty"):
        write(a_pet(), source, tmp_path / "pt")
    assert [path.name for path in (tmp_path / "pt").iterdir()] == ["mine.txt"]


def test_a_full_disk_is_told_in_one_line(
    source: SeriesInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "write_file", full)
    with pytest.raises(CtpetError, match=r"cannot be written to .*No space left") as failure:
        write(a_pet(), source, tmp_path / "pt")
    assert "\n" not in str(failure.value)


def test_progress_ends_at_one(source: SeriesInfo, tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    from tests.dicom.pet_writing import PROVENANCE

    writer.write_pet(
        a_pet(),
        source=source,
        provenance=PROVENANCE,
        out=tmp_path / "pt",
        progress=lambda stage, fraction: seen.append((stage, fraction)),
    )
    assert seen == [("write", n / 5) for n in range(1, 6)]
