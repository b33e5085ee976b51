"""Marks of DICOM that a table names, or that lie with what it names, come onto the case's grid."""

import copy
import tarfile

import numpy as np
import pytest
from pydicom.uid import generate_uid

from ctpet.nifti import write_nifti
from ctpet.prepare.cases import list_cases
from ctpet.prepare.run import PrepareRequest, run_prepare
from ctpet.prepare.structures import NUMBERS
from ctpet.volume import Volume
from tests.dicom_factory import write_series
from tests.pet_factory import set_all
from tests.prepare.layouts import BLOCK, SPACING
from tests.prepare.marks import save, segmentation, square, structure_set
from tests.prepare.studies import SHAPE, grid, on_ct, study, trunk, uptake

OTHER = np.s_[10:12, 20:24, 20:24]
LIVER = NUMBERS["liver"]


def mask(*places):
    out = np.zeros(SHAPE, bool)
    for place in places:
        out[place] = True
    return out


class Apart:
    """CT and PET of one person whose studies and frames of reference differ."""

    def __init__(self, folder, hu=None, **person):
        self.folder = folder
        self.ct, self.pet = study(hu, **person)
        set_all(self.pet, StudyInstanceUID=generate_uid(), FrameOfReferenceUID=generate_uid())
        write_series(self.ct, folder / "ct")
        write_series(self.pet, folder / "pet")

    def prepare(self, row="Anh,ct,pet", columns="patient,ct,pet"):
        table = self.folder / "pairs.csv"
        table.write_text(f"{columns}\n{row}\n")
        self.result = run_prepare(PrepareRequest(str(table), self.folder / "out", SPACING))
        return self.result.outcomes

    def case(self, row="Anh,ct,pet", columns="patient,ct,pet"):
        assert [one.code for one in self.prepare(row, columns)] == [""]
        (case,) = list_cases(self.folder / "out")
        return case

    def refusal(self, row, columns):
        (outcome,) = self.prepare(row, columns)
        return outcome


@pytest.fixture
def apart(tmp_path):
    return Apart(tmp_path)


def told(case, *codes):
    return {f.code: f.severity for f in case.reading if f.code in codes}


def drawn(source, name="GTV", **changes):
    contours = [square(k, 18, 21) for k in (4, 5)]
    return structure_set(source, [(name, "", contours)], **changes)


DRAWN = mask(np.s_[4:6, 18:22, 18:22])


@pytest.mark.parametrize("source", ["ct", "pet"])
@pytest.mark.parametrize("where", ["ct/z.dcm", "pet/z.dcm", "seg/1.dcm", "z.dcm", "s/notes/z.dcm"])
def test_a_segmentation_is_taken_with_the_geometry_of_its_image(apart, source, where):
    seg = segmentation(getattr(apart, source), [mask(BLOCK), mask(OTHER)], ["Tumor", "Liver"])
    save(seg, apart.folder / where)
    case = apart.case()
    if where.startswith("s/"):
        assert not case.has("lesions")  # too far away to be of these folders
        return
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(BLOCK))
    np.testing.assert_array_equal(on_ct(case, "labels"), mask(OTHER) * LIVER)


@pytest.mark.parametrize("source", ["ct", "pet"])
def test_contours_are_taken_where_they_were_drawn(apart, source):
    save(drawn(getattr(apart, source)), apart.folder / "ct" / "z.dcm")
    np.testing.assert_array_equal(on_ct(apart.case(), "lesions"), DRAWN)


def test_marks_on_ct_and_pet_and_two_of_one_image(apart):
    save(segmentation(apart.ct, [mask(OTHER)], ["Liver"]), apart.folder / "marks" / "1.dcm")
    save(segmentation(apart.pet, [mask(BLOCK)], ["Tumor"]), apart.folder / "marks" / "2.dcm")
    save(drawn(apart.pet), apart.folder / "marks" / "3.dcm")
    case = apart.case()
    np.testing.assert_array_equal(on_ct(case, "labels"), mask(OTHER) * LIVER)
    np.testing.assert_array_equal(on_ct(case, "lesions") > 0, mask(BLOCK) | DRAWN)
    assert len(np.unique(on_ct(case, "lesions"))) == 3


def test_an_archive_holds_its_marks(apart):
    save(segmentation(apart.pet, [mask(BLOCK)], ["Tumor"]), apart.folder / "seg" / "1.dcm")
    with tarfile.open(apart.folder / "a.tar", "w") as archive:
        for name in ("ct", "pet", "seg"):
            archive.add(apart.folder / name, name)
    case = apart.case("Anh,a.tar,a.tar")
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(BLOCK))


@pytest.mark.parametrize("where", ["ct/z.dcm", "seg/z.dcm"])
def test_marks_of_a_third_frame_are_named(apart, where):
    third = copy.deepcopy(apart.ct)
    set_all(third, FrameOfReferenceUID=generate_uid(), SeriesInstanceUID=generate_uid())
    save(segmentation(third, [mask(BLOCK)], ["Tumor"]), apart.folder / where)
    case = apart.case()
    assert not case.has("lesions")
    code, severity = ("structures-elsewhere", "warning") if where[0] == "c" else (
        "structures-left", "info")  # fmt: skip
    assert told(case, "structures-elsewhere", "structures-left") == {code: severity}


def test_marks_of_another_patient_are_named_where_they_claim_the_images(apart):
    seg = segmentation(apart.ct, [mask(BLOCK)], ["Tumor"], PatientID="BN-0099")
    save(seg, apart.folder / "seg" / "z.dcm")
    case = apart.case()
    assert told(case, "structures-of-another") == {"structures-of-another": "warning"}
    assert not case.has("lesions")


def test_rows_that_share_folders_have_their_own_marks(tmp_path):
    both = Apart(tmp_path / "1"), Apart(tmp_path / "2", trunk() + np.int16(1))
    for number, (each, place) in enumerate(zip(both, (BLOCK, OTHER), strict=True)):
        set_all(each.ct, SeriesInstanceUID=generate_uid())
        set_all(each.pet, SeriesInstanceUID=generate_uid())
        write_series(each.ct, tmp_path / "all" / f"{number}ct")
        write_series(each.pet, tmp_path / "all" / f"{number}pet")
        seg = segmentation(each.pet, [mask(place)], ["Tumor"])
        save(seg, tmp_path / "all" / f"{number}.dcm")
    rows = [
        f"A,all#{each.ct[0].SeriesInstanceUID},all#{each.pet[0].SeriesInstanceUID}" for each in both
    ]
    (tmp_path / "pairs.csv").write_text("\n".join(["patient,ct,pet", *rows]))
    source = str(tmp_path / "pairs.csv")
    result = run_prepare(PrepareRequest(source, tmp_path / "out", SPACING))
    cases = {case.case_id: case for case in list_cases(tmp_path / "out")}
    for outcome, place in zip(result.outcomes, (BLOCK, OTHER), strict=True):
        case = cases[outcome.case_id]
        np.testing.assert_array_equal(on_ct(case, "lesions"), mask(place))
        codes = told(case, "structures-elsewhere", "structures-left")
        assert codes == {"structures-left": "info"}


def test_a_changed_mark_beside_the_folders_makes_the_case_again(apart):
    place = apart.folder / "seg" / "1.dcm"
    assert not apart.case().has("lesions")
    save(segmentation(apart.pet, [mask(BLOCK)], ["Tumor"]), place)
    assert apart.case().has("lesions")
    assert [one.status for one in apart.prepare()] == ["kept"]
    place.unlink()
    assert not apart.case().has("lesions")


NAMED = ("patient,ct,pet,lesions", "Anh,ct,pet,{}")


@pytest.mark.parametrize("where", ["far/a/seg.dcm", "far/a"])
@pytest.mark.parametrize("name", ["Tumor", "ROI-1"])
def test_a_column_names_a_segmentation(apart, where, name):
    seg = segmentation(apart.pet, [mask(BLOCK)], [name], kind="tissue")
    save(seg, apart.folder / "far" / "a" / "seg.dcm")
    case = apart.case(NAMED[1].format(where), NAMED[0])
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(BLOCK))
    assert not case.has("labels")
    assert "structure-unknown" not in case.findings


def test_names_decide_where_one_file_is_in_both_columns(apart):
    regions = [
        ("GTV", "", [square(4, 18, 21)]),
        ("Liver", "ORGAN", [square(9, 10, 12)]),
        ("x", "", [square(12, 10, 12)]),
    ]
    save(structure_set(apart.ct, regions), apart.folder / "rt.dcm")
    case = apart.case("Anh,ct,pet,rt.dcm,rt.dcm", "patient,ct,pet,labels,lesions")
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(np.s_[4, 18:22, 18:22]))
    assert set(np.unique(on_ct(case, "labels"))) == {0, LIVER, 1001}
    assert "structures-left" not in case.findings


def test_what_a_column_names_comes_before_what_lies_there(apart):
    both = [mask(BLOCK), mask(OTHER)]
    save(segmentation(apart.pet, both, ["Tumor", "Liver"]), apart.folder / "pet" / "z.dcm")
    save(drawn(apart.pet), apart.folder / "far" / "rt.dcm")
    case = apart.case(NAMED[1].format("far/rt.dcm"), NAMED[0])
    np.testing.assert_array_equal(on_ct(case, "lesions"), DRAWN)
    np.testing.assert_array_equal(on_ct(case, "labels"), mask(OTHER) * LIVER)
    assert told(case, "structures-left") == {"structures-left": "info"}


def test_a_column_chooses_a_series_of_marks(apart):
    segs = [segmentation(apart.pet, [mask(place)], ["Tumor"]) for place in (BLOCK, OTHER)]
    for number, seg in enumerate(segs):
        save(seg, apart.folder / "far" / f"{number}.dcm")
    chosen = f"far#{segs[1].SeriesInstanceUID}"
    case = apart.case(NAMED[1].format(chosen), NAMED[0])
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(OTHER))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"FrameOfReferenceUID": generate_uid()}, "structures-elsewhere"),
        ({"PatientID": "BN-0099"}, "structures-of-another"),
        ({"PixelData": b"\0\0"}, "structures-unreadable"),
    ],
)
def test_named_marks_that_cannot_be_placed_refuse_the_row(apart, changes, code):
    save(segmentation(apart.pet, [mask(BLOCK)], ["Tumor"], **changes), apart.folder / "far" / "s")
    outcome = apart.refusal(NAMED[1].format("far/s"), NAMED[0])
    assert (outcome.code, "lesions" in outcome.message) == (code, True)


def test_a_column_that_names_no_marks_is_refused(apart):
    (apart.folder / "a.nrrd").write_bytes(b"NRRD0004\n")
    for cell in ("ct", "a.nrrd"):
        outcome = apart.refusal(NAMED[1].format(cell), NAMED[0])
        assert (outcome.code, "lesions" in outcome.message) == ("marks-missing", True)


def test_the_table_is_believed_for_nifti_which_knows_no_frame(apart):
    there = grid()
    write_nifti(Volume(trunk().astype(np.float32), there, "HU"), apart.folder / "c.nii")
    suv = uptake(trunk()).astype(np.float32)
    write_nifti(Volume(suv, there, "SUVBW"), apart.folder / "p.nii")
    save(drawn(apart.ct), apart.folder / "far" / "rt.dcm")
    case = apart.case("Anh,c.nii,p.nii,far/rt.dcm", NAMED[0])
    np.testing.assert_array_equal(on_ct(case, "lesions"), DRAWN)
    assert told(case, "structures-frame-unsaid") == {"structures-frame-unsaid": "warning"}
