"""SEG and RTSTRUCT of an examination: the right voxels on the case's grid, or a finding."""

import copy
import json
import tarfile

import highdicom as hd
import numpy as np
import pytest
from pydicom.uid import generate_uid
from skimage.draw import polygon2mask

from ctpet.dicom.structures.contours import read_contours
from ctpet.dicom.structures.segmentation import read_segmentation
from ctpet.nifti import read_nifti_labels
from ctpet.prepare.cases import list_cases
from ctpet.prepare.structures import NUMBERS, kind_of, organ_of
from ctpet.volume import nearest
from tests.dicom_factory import write_series
from tests.pet_factory import set_all
from tests.prepare.layouts import BLOCK, prepare, write
from tests.prepare.marks import at, save, segmentation, square, structure_set
from tests.prepare.studies import SHAPE, grid, on_ct, study

OTHER = np.s_[10:12, 20:24, 20:24]


def mask(*places):
    out = np.zeros(SHAPE, bool)
    for place in places:
        out[place] = True
    return out


class Examination:
    def __init__(self, folder):
        self.folder, self.root = folder, folder / "raw"
        self.ct, self.pet = study()
        write_series(self.ct, self.root / "ct")
        write_series(self.pet, self.root / "pet")

    def case(self, *files, where="seg"):
        for number, ds in enumerate(files):
            save(ds, self.root / where / f"{number}.dcm")
        self.result = prepare(self.root, self.folder / "out")
        assert [one.code for one in self.result.outcomes] == [""]
        (case,) = list_cases(self.result.out)
        return case


@pytest.fixture
def exam(tmp_path):
    return Examination(tmp_path)


def warned(case):
    return {f.code for f in case.reading if f.severity == "warning"} & STRUCTURE_CODES


STRUCTURE_CODES = {
    "structure-unknown",
    "structure-unread",
    "structures-elsewhere",
    "structures-of-another",
    "structures-unreadable",
    "structure-not-on-grid",
    "contour-not-closed",
}


@pytest.mark.parametrize("source", ["ct", "pet"])
@pytest.mark.parametrize("form", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_segments_lie_where_they_were_marked(exam, source, form):
    tumour, liver = mask(BLOCK), mask(OTHER)
    seg = segmentation(getattr(exam, source), [tumour, liver], ["Tumor", "Liver"], form=form)
    case = exam.case(seg)
    np.testing.assert_array_equal(on_ct(case, "lesions"), tumour)
    np.testing.assert_array_equal(on_ct(case, "labels"), liver * NUMBERS["liver"])
    assert case.label_names == {str(NUMBERS["liver"]): "liver"}
    assert not warned(case)
    assert ("segmentation-fractional" in case.findings) == (form == "FRACTIONAL")


def test_voxels_are_highdicoms(exam):
    """Frames of some planes only, in another order, against highdicom's own volume."""
    noise = np.random.default_rng(3).random(SHAPE) > 0.8
    noise[[0, 5, 6]] = False
    seg = segmentation(exam.pet, [noise], ["Tumor"])
    volume = hd.seg.Segmentation.from_dataset(seg).get_volume(combine_segments=True)
    theirs = volume.to_patient_orientation("HPL").array
    (one,) = read_segmentation(seg).found
    mine = nearest(one.marked, grid())
    np.testing.assert_array_equal(mine, noise)
    np.testing.assert_array_equal(mine[1 : 1 + len(theirs)], theirs)


def test_planes_without_marks_between_sparse_ones_stay_empty(exam):
    tumour = mask(np.s_[4, 18:22, 10:14], np.s_[8, 18:22, 10:14])
    case = exam.case(segmentation(exam.pet, [tumour], ["Lesion"]))
    np.testing.assert_array_equal(on_ct(case, "lesions"), tumour)


def test_a_single_plane_has_its_thickness(exam):
    tumour = mask(np.s_[4, 18:22, 10:14])
    case = exam.case(segmentation(exam.pet, [tumour], ["Lesion"]))
    np.testing.assert_array_equal(on_ct(case, "lesions"), tumour)


def test_half_is_inside_and_less_is_not(exam):
    parts = mask(BLOCK) * np.float32(0.51) + mask(OTHER) * np.float32(0.45)
    case = exam.case(segmentation(exam.pet, [parts], ["Lesion"], form="FRACTIONAL"))
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(BLOCK))


def test_overlapping_segments(exam):
    whole, part = mask(np.s_[8:14, 16:26, 16:26]), mask(OTHER)
    seg = segmentation(exam.ct, [part, whole], ["Pancreas", "Liver"], kind="organ")
    case = exam.case(seg)
    expected = np.where(part, NUMBERS["pancreas"], whole * NUMBERS["liver"])
    np.testing.assert_array_equal(on_ct(case, "labels"), expected)
    assert "structures-overlap" in case.findings


def test_names_that_say_nothing_go_by_their_codes_and_are_not_kept(exam):
    seg = segmentation(exam.ct, [mask(BLOCK)], ["Nguyen Van Anh 1961"], kind="lesion")
    other = segmentation(exam.ct, [mask(OTHER)], ["Nguyen Van Anh 1961"], kind="tissue")
    case = exam.case(seg, other)
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(BLOCK))
    np.testing.assert_array_equal(on_ct(case, "labels"), mask(OTHER) * 1001)
    assert case.label_names == {"1001": "unknown"}
    assert "structure-unknown" in warned(case)
    for path in exam.result.out.rglob("*"):
        assert path.is_dir() or b"Nguyen" not in path.read_bytes()


def test_several_files_number_their_lesions(exam):
    segs = [segmentation(exam.pet, [mask(at)], ["Lesion"]) for at in (BLOCK, OTHER)]
    case = exam.case(*segs, segs[0])
    lesions = on_ct(case, "lesions")
    assert {int(lesions[BLOCK].max()), int(lesions[OTHER].max())} == {1, 2}
    np.testing.assert_array_equal(lesions > 0, mask(BLOCK, OTHER))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"FrameOfReferenceUID": generate_uid()}, "structures-elsewhere"),
        ({"PatientID": "another"}, "structures-of-another"),
        ({"PixelData": b"\0\0"}, "structures-unreadable"),
        ({"SegmentSequence": []}, "structures-unreadable"),
        ({"PerFrameFunctionalGroupsSequence": []}, "structures-unreadable"),
    ],
)
def test_segments_that_cannot_be_placed_are_told(exam, changes, code):
    case = exam.case(segmentation(exam.pet, [mask(BLOCK)], ["Lesion"], **changes))
    assert code in warned(case)
    assert not case.has("lesions")


def test_uneven_planes_are_told(exam):
    seg = segmentation(exam.pet, [mask(np.s_[4:8, 18:22, 10:14])], ["Lesion"])
    position = seg.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
    position.ImagePositionPatient[2] = float(position.ImagePositionPatient[2]) + 3
    assert "structures-unreadable" in warned(exam.case(seg))


def test_an_empty_segment_is_told(exam):
    seg = segmentation(exam.pet, [mask(BLOCK), mask()], ["Lesion", "Liver"])
    case = exam.case(seg)
    assert "structure-empty" in case.findings
    assert not case.has("labels")


def test_a_file_beside_the_series_is_kept_and_the_marks_told(exam):
    write(exam.root / "lesions.nii.gz", mask(OTHER))
    case = exam.case(segmentation(exam.pet, [mask(BLOCK)], ["Lesion"]))
    assert "structures-left" in case.findings
    assert not on_ct(case, "lesions")[BLOCK].any()


def test_numbers_of_a_file_are_not_called_as_the_marks_are(exam):
    write(exam.root / "labels.nii.gz", mask(OTHER) * NUMBERS["liver"])
    case = exam.case(segmentation(exam.ct, [mask(BLOCK)], ["Liver"], kind="organ"))
    assert case.label_names == {}
    assert "structures-read" not in case.findings


def test_marks_of_no_pair_are_named(exam):
    _, pet = study(PatientID="else")
    exam.case(segmentation(pet, [mask(BLOCK)], ["Lesion"]), where="stray")
    (note,) = (one for one in exam.result.notes if one.code == "structures-left")
    assert "stray/0.dcm" in note.message


def test_an_archive_holds_its_segmentation(exam, tmp_path):
    save(segmentation(exam.pet, [mask(BLOCK)], ["Lesion"]), exam.root / "seg" / "1.dcm")
    (tmp_path / "packed").mkdir()
    with tarfile.open(tmp_path / "packed" / "a.tar", "w") as archive:
        archive.add(exam.root, "study")
    result = prepare(tmp_path / "packed", tmp_path / "two")
    (case,) = list_cases(result.out)
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(BLOCK))


def test_a_changed_segmentation_makes_the_case_again(exam):
    exam.case(segmentation(exam.pet, [mask(BLOCK)], ["Lesion"]))
    assert prepare(exam.root, exam.result.out).outcomes[0].status == "kept"
    save(segmentation(exam.pet, [mask(BLOCK, OTHER)], ["Lesion"]), exam.root / "seg" / "0.dcm")
    assert prepare(exam.root, exam.result.out).outcomes[0].status == "taken"


def region(contours, name="GTV_Mass", kind="GTV"):
    return [(name, kind, contours)]


@pytest.mark.parametrize("source", ["ct", "pet"])
def test_contours_are_filled_where_they_were_drawn(exam, source):
    drawn = structure_set(
        getattr(exam, source),
        [
            ("GTV_Mass", "GTV", [square(k, 18, 21) for k in (4, 5, 6)]),
            ("Lung_L", "ORGAN", [square(k, 10, 12) for k in (9, 10)]),
            ("PTV60", "PTV", [square(4, 10, 30)]),
        ],
    )
    case = exam.case(drawn)
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(np.s_[4:7, 18:22, 18:22]))
    lung = NUMBERS["lung_left"]
    np.testing.assert_array_equal(on_ct(case, "labels"), mask(np.s_[9:11, 10:13, 10:13]) * lung)
    assert case.label_names == {str(lung): "lung_left"}
    assert "margins-left" in case.findings
    assert not warned(case)


RING = mask(np.s_[4, 10:21, 10:21]) & ~mask(np.s_[4, 14:17, 14:17])
ISLAND = RING.copy()
ISLAND[4, 13:18, 13:18] = ISLAND[4, 12:19, 12:19] = False
ISLAND[4, 14:17, 14:17] = True


@pytest.mark.parametrize(
    ("contours", "expected"),
    [
        ([square(4, 10, 20), square(4, 14, 16)], RING),
        ([square(4, 14, 16), square(4, 10, 20)], RING),
        ([("CLOSEDPLANAR_XOR", square(4, 10, 20)), ("CLOSEDPLANAR_XOR", square(4, 14, 16))], RING),
        ([square(4, 10, 20), square(4, 12, 18), square(4, 14, 16)],
         ISLAND),
        ([square(4, 10, 14), square(4, 13, 17)],
         mask(np.s_[4, 10:15, 10:15], np.s_[4, 13:18, 13:18])),
        ([square(4, 10, 14), square(4, 10, 14)], mask(np.s_[4, 10:15, 10:15])),
        ([square(4, 10, 12), square(4, 16, 18)],
         mask(np.s_[4, 10:13, 10:13], np.s_[4, 16:19, 16:19])),
        ([square(4, 10, 12)[::-1]], mask(np.s_[4, 10:13, 10:13])),
    ],
)  # fmt: skip
def test_contours_in_one_plane(exam, contours, expected):
    case = exam.case(structure_set(exam.ct, region(contours)))
    np.testing.assert_array_equal(on_ct(case, "lesions"), expected)


def test_a_keyhole_is_a_hole(exam):
    outer, inner = square(4, 10, 20), square(4, 14, 16)
    around = [*outer, outer[0], inner[0], *inner[::-1], outer[0]]
    case = exam.case(structure_set(exam.ct, region([around])))
    np.testing.assert_array_equal(on_ct(case, "lesions"), RING)


def test_an_irregular_outline_is_skimages(exam):
    angle = np.linspace(0, 2 * np.pi, 37)[:-1]
    radius = 7 + 2.3 * np.sin(5 * angle)
    points = np.stack([20.3 + radius * np.cos(angle), 24.1 + radius * np.sin(angle)], axis=1)
    contour = [at(7, j, i) for j, i in points]
    case = exam.case(structure_set(exam.ct, region([contour])))
    np.testing.assert_array_equal(on_ct(case, "lesions")[7] > 0, polygon2mask(SHAPE[1:], points))
    assert not on_ct(case, "lesions")[[6, 8]].any()


def test_contours_of_every_second_slice_fill_what_they_stand_for(exam):
    case = exam.case(structure_set(exam.ct, region([square(k, 18, 21) for k in (4, 6, 8)])))
    lesions = on_ct(case, "lesions")[:, 19, 19]
    assert lesions.sum() in (5, 6, 7)
    assert lesions[4:9].all()


def test_a_slice_that_was_not_drawn_is_filled_and_told(exam):
    contours = [square(k, 18, 21) for k in (4, 5, 7, 8)]
    case = exam.case(structure_set(exam.ct, region([*contours, square(14, 18, 21)])))
    np.testing.assert_array_equal(
        on_ct(case, "lesions"), mask(np.s_[4:9, 18:22, 18:22], np.s_[14, 18:22, 18:22])
    )
    assert "contours-interpolated" in case.findings


def test_contours_between_slices(exam):
    contours = [square(k + 0.25, 18, 21) for k in (4, 5, 6)]
    case = exam.case(structure_set(exam.ct, region(contours)))
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(np.s_[4:7, 18:22, 18:22]))


def test_sagittal_contours(exam):
    contours = [
        [at(k, j, i) for k, j in ((3.5, 9.5), (3.5, 20.5), (12.5, 20.5), (12.5, 9.5))]
        for i in (20, 21)
    ]
    case = exam.case(structure_set(exam.ct, region(contours)))
    np.testing.assert_array_equal(on_ct(case, "lesions"), mask(np.s_[4:13, 10:21, 20:22]))


def test_oblique_contours_enclose_their_volume(exam):
    turn = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    planes = [
        [turn @ (x, y, z) + at(12, 20, 24) for x, y in ((-30, -20), (30, -20), (30, 20), (-30, 20))]
        for z in (-6, -3, 0, 3, 6)
    ]
    (one,) = read_contours(structure_set(exam.ct, region(planes)), grid()).found
    volume_ml = np.count_nonzero(one.marked.array) * one.marked.geometry.voxel_volume_ml
    assert volume_ml == pytest.approx(60 * 40 * 15 / 1000, rel=0.06)


@pytest.mark.parametrize(
    ("contours", "code"),
    [
        ([("POINT", [at(4, 10, 10)])], "contour-not-closed"),
        ([("OPEN_PLANAR", square(4, 10, 12))], "contour-not-closed"),
        ([[at(4, 10, 10), at(4, 12, 12)]], "contour-not-closed"),
        ([[at(4, 10, 10), at(4, 12, 12), at(9, 11, 10), at(7, 17, 4)]], "structure-unread"),
        ([square(4, 10, 12), square(5, 10, 12), square(6.5, 10, 12)], "structure-unread"),
    ],
)
def test_contours_that_enclose_nothing_are_told(exam, contours, code):
    case = exam.case(structure_set(exam.ct, region(contours)))
    assert code in warned(case)
    assert not case.has("lesions")


def test_an_empty_region_and_a_damaged_set_are_told(exam):
    whole = structure_set(exam.ct, region([]))
    none = structure_set(exam.ct, [])
    case = exam.case(whole, none)
    assert "structure-empty" in case.findings
    assert "structures-unreadable" in warned(case)


def test_regions_of_another_frame_of_reference_are_told(exam):
    ct = copy.deepcopy(exam.ct)
    set_all(ct, FrameOfReferenceUID=generate_uid())
    case = exam.case(structure_set(ct, region([square(4, 10, 12)])))
    assert "structures-elsewhere" in warned(case)
    assert not case.has("lesions")


def test_a_region_outside_of_the_ct_is_told(exam):
    case = exam.case(structure_set(exam.ct, region([square(400, 10, 12)])))
    assert "structure-not-on-grid" in warned(case)


@pytest.mark.parametrize(
    ("name", "organ"),
    [
        ("Lung_L", "lung_left"),
        ("Left lung", "lung_left"),
        ("KidneyRt", "kidney_right"),
        ("SpinalCord", "spinal_cord"),
        ("Bladder", "urinary_bladder"),
        ("vertebrae_L1", "vertebrae_l1"),
        ("rib_left_3", "rib_left_3"),
        ("External", "body"),
        ("Liver of Mrs B", None),
        ("ROI-1", None),
        ("", None),
    ],
)
def test_names_of_organs(name, organ):
    assert organ_of(name) == organ


def test_kinds():
    assert len(set(NUMBERS.values())) == len(NUMBERS)
    assert (NUMBERS["liver"], NUMBERS["rib_right_12"], NUMBERS["skull"]) == (5, 115, 91)
    assert kind_of("ROI-1", ("GTV",)) == "lesion"
    assert kind_of("ROI-1", ("CTV",)) == "margin"
    assert kind_of("ROI-1", ("ORGAN",)) == "organ"
    assert kind_of("Liver", ("Neoplasm",)) == "organ"
    assert kind_of("1", (), frozenset({"M-01100"})) == "lesion"
    assert kind_of("GTV_Edema", ("GTV",)) == "organ"


@pytest.mark.slow
def test_organs_of_a_real_torso(shared_data, tmp_path):
    """Contours of a real CT against the label map that others made of them."""
    from pydicom import dcmread

    torso = shared_data / "torso"
    if not torso.is_dir():
        pytest.skip("data/torso is absent")
    with tarfile.open(torso / "CCTH-A01.tar.xz") as archive:
        archive.extract("CCTH-A01/RTSTRUCT.dcm", tmp_path, filter="data")
    organs = read_nifti_labels(torso / "organs_on_CT_grid.nii.gz")
    read = read_contours(dcmread(tmp_path / "CCTH-A01" / "RTSTRUCT.dcm"), organs.geometry)
    rows = (torso / "organs.csv").read_text().split()[1:]
    numbers = {name: int(number) for number, name in (row.split(",") for row in rows)}
    assert numbers.keys() <= {one.name for one in read.found}
    for one in read.found:
        if one.name in numbers:
            theirs = organs.array == numbers[one.name]
            mine = nearest(one.marked, organs.geometry) > 0
            assert 2 * (mine & theirs).sum() / (mine.sum() + theirs.sum()) > 0.999, one.name
            assert organ_of(one.name) == one.name


def test_case_json_keeps_the_names(exam):
    case = exam.case(segmentation(exam.ct, [mask(OTHER)], ["Liver"], kind="organ"))
    told = json.loads((case.folder / "case.json").read_text("utf-8"))
    assert told["label_names"] == {"5": "liver"}
