"""A case on one grid, and what is refused before anything is scored."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest

from ctpet.errors import InputRefused
from ctpet.evaluate.files import CaseFiles
from ctpet.evaluate.images import read_prediction, read_reference
from ctpet.evaluate.reading import read_case
from ctpet.evaluate.score import measure
from ctpet.evaluate.table import table_cases
from ctpet.nifti import write_nifti
from ctpet.volume import Geometry, Volume
from tests.dicom_factory import write_series
from tests.evaluate.pairs import LIVER, geometry, labels, lesions, measured, write
from tests.pet_factory import set_injection
from tests.prepare.studies import ORIGIN_MM, SHAPE, study, trunk, write_study


def files(tmp_path, **arrays):
    """Write a case; a value is an array, or an array and its geometry."""
    arrays = {"predicted": measured(), "reference": measured(), "ct": trunk()} | arrays
    paths = {}
    for role, value in arrays.items():
        if value is None:
            continue
        array, on = value if isinstance(value, tuple) else (value, geometry())
        quantity = "HU" if role in ("ct", "labels", "body") else "SUVBW"
        paths[role] = write(array, tmp_path / f"{role}.nii.gz", quantity, on)
    return CaseFiles("a", "a", paths)


def refusal(case, *, resample_prediction=False):
    with pytest.raises(InputRefused) as refused:
        read_case(case, resample_prediction=resample_prediction)
    return refused.value


def moved(by_mm):
    x, y, z = geometry().origin_mm
    return geometry(origin_mm=(x + by_mm, y, z))


def test_the_body_is_the_filled_outline_of_the_ct(tmp_path):
    found = read_case(files(tmp_path), resample_prediction=False)
    assert found.body[20, 20, 14]  # lung
    assert not found.body[20, 0, 0]
    assert found.known.all()
    assert found.ct[20, 20, 14] == -800


def test_a_body_that_is_marked_is_scored_in_and_makes_a_piece(tmp_path):
    """A piece shows no outline; here a PET without any outline at all is no other person's."""
    marked = np.zeros(SHAPE)
    marked[4:8, 12:20, 10:20] = 1
    faint = measured() * 0.02
    guess = measured() + np.random.default_rng(0).normal(0, 0.1, SHAPE)
    case = files(tmp_path, reference=faint, predicted=guess, body=marked)
    found = read_case(case, resample_prediction=False)
    np.testing.assert_array_equal(found.body, marked > 0)
    assert found.findings == ()
    assert refusal(files(tmp_path, reference=faint, predicted=measured())).code == "suv-implausible"
    empty = files(tmp_path, body=np.zeros(SHAPE))
    assert refusal(empty).code == "no-body"


def test_without_a_ct_the_body_is_the_outline_of_the_measured_pet(tmp_path):
    found = read_case(files(tmp_path, ct=None), resample_prediction=False)
    assert found.ct is None
    assert found.body[20, 20, 14]
    assert not found.body[20, 0, 0]


def test_axes_of_any_order_and_sense_give_the_same_case(tmp_path):
    straight = read_case(files(tmp_path), resample_prediction=False)
    affine = geometry().affine.copy()
    affine[:3, 3] = geometry().index_to_lps([0, SHAPE[1] - 1, 0])
    affine[:3, 1] *= -1
    turned_grid = Geometry((SHAPE[1], SHAPE[0], SHAPE[2]), affine[:, [1, 0, 2, 3]], None)
    pet = measured()[:, ::-1].transpose(1, 0, 2)
    (tmp_path / "turned").mkdir()
    turned = read_case(
        files(tmp_path / "turned", reference=(pet, turned_grid)), resample_prediction=False
    )
    assert np.array_equal(turned.measured, straight.measured)
    assert turned.reference_sha256 == straight.reference_sha256


def test_another_place_or_another_value_is_another_reference(tmp_path):
    first = read_case(files(tmp_path), resample_prediction=False).reference_sha256
    changed = measured()
    changed[3, 20, 20] += 0.01
    hotter = files(tmp_path, reference=changed)
    assert read_case(hotter, resample_prediction=False).reference_sha256 != first
    both = (measured(), moved(4.0))
    shifted = files(tmp_path, reference=both, predicted=both)
    assert read_case(shifted, resample_prediction=False).reference_sha256 != first


def test_a_prediction_on_another_grid_is_refused_unless_resampling_is_asked_for(tmp_path):
    case = files(tmp_path, predicted=(measured(), moved(8.0)))
    refused = refusal(case)
    assert refused.code == "grids-differ"
    assert "24×40×48 voxels of 8×8×8 mm" in str(refused)
    assert "--resample" in refused.remedy
    found = read_case(case, resample_prediction=True)
    # moved by one voxel to the left: what was at i is at i + 1, and i = 0 is not covered.
    np.testing.assert_array_equal(found.predicted[:, :, 1:], measured()[:, :, :-1].astype("f4"))
    assert not found.known[:, :, 0].any()
    assert not (found.body & ~found.known).any()


def test_a_tenth_of_a_millimetre_is_no_other_grid(tmp_path):
    case = files(tmp_path, predicted=(measured(), moved(0.05)))
    assert np.array_equal(
        read_case(case, resample_prediction=False).predicted, measured().astype("f4")
    )


def test_a_prediction_that_covers_part_of_the_body_is_said_or_refused(tmp_path):
    part = files(tmp_path, predicted=(measured(), moved(80.0)))
    codes = [one.code for one in read_case(part, resample_prediction=True).findings]
    assert codes[0] == "prediction-covers-part"
    away = files(tmp_path, predicted=(measured(), moved(240.0)))
    assert refusal(away, resample_prediction=True).code == "no-overlap"


@pytest.mark.parametrize(
    ("role", "factor"), [("reference", 5000), ("reference", 0.01), ("predicted", 5000)]
)
def test_what_is_no_suv_is_refused(tmp_path, role, factor):
    assert refusal(files(tmp_path, **{role: measured() * factor})).code == "suv-implausible"


def test_a_model_that_predicts_nothing_is_scored(tmp_path):
    assert not read_case(
        files(tmp_path, predicted=np.zeros(SHAPE)), resample_prediction=False
    ).predicted.any()


def test_nan_is_refused(tmp_path):
    import nibabel as nib

    case = files(tmp_path)
    path = case.files["predicted"]
    image = nib.load(path)
    values = image.get_fdata()
    values[0, 0, 0] = np.nan
    nib.save(nib.Nifti1Image(values.astype("f4"), image.affine), path)
    assert refusal(case).code == "nifti-not-finite"


def test_no_body_is_refused(tmp_path):
    assert refusal(files(tmp_path, ct=np.full(SHAPE, -1000))).code == "no-body"


def test_labels_are_brought_onto_the_grid_and_empty_ones_refused(tmp_path):
    found = read_case(files(tmp_path, labels=labels()), resample_prediction=False)
    assert found.labels[5, 20, 12] == LIVER
    assert refusal(files(tmp_path, labels=np.zeros(SHAPE))).code == "labels-empty"


def dicom(tmp_path, **changes):
    write_study(tmp_path / "measured")
    write_study(tmp_path / "other", **changes)
    paths = {"reference": tmp_path / "measured" / "pet", "predicted": tmp_path / "other" / "pet"}
    return CaseFiles("a", "a", paths)


def test_dicom_of_different_patients_is_refused(tmp_path):
    assert refusal(dicom(tmp_path, PatientID="BN-9")).code == "patients-differ"


def test_dicom_in_different_frames_of_reference_is_refused(tmp_path):
    assert refusal(dicom(tmp_path)).code == "frame-of-reference-differs"


def test_a_table_may_state_what_frames_of_reference_deny(tmp_path):
    """A collection re-identified CT and PET apart, and the synthetic PET goes with its CT."""
    paths = {"reference": tmp_path / "measured" / "pet", "predicted": tmp_path / "other" / "pet"}
    table = tmp_path / "cases.csv"
    table.write_text("patient,predicted,reference,ct\nBN,other/pet,measured/pet,other/ct\n")
    dicom(tmp_path)
    ((case,), refused) = table_cases(table)
    assert not refused
    assert case.files["reference"] == paths["reference"]
    found = read_case(case, resample_prediction=False)
    assert "frame-of-reference-differs" in [one.code for one in found.findings]
    assert np.array_equal(found.predicted, found.measured)
    assert found.ct.max() > 600


def test_a_prediction_that_says_it_is_synthetic_is_as_it_should_be(tmp_path):
    write_study(tmp_path)
    for path in (tmp_path / "pet").iterdir():
        ds = pydicom.dcmread(path)
        ds.SyntheticData = "YES"
        ds.save_as(path)
    assert "synthetic-pet" not in [one.code for one in read_prediction(tmp_path / "pet").findings]
    with pytest.raises(InputRefused) as refused:
        read_reference(tmp_path / "pet")
    assert refused.value.code == "synthetic-pet"


def test_dicom_is_read_as_suv(tmp_path):
    write_study(tmp_path)
    pet = tmp_path / "pet"
    found = read_case(
        CaseFiles("a", "a", {"reference": pet, "predicted": pet, "ct": tmp_path / "ct"}),
        resample_prediction=False,
    )
    assert found.patient_ids == ("BN-0042",)
    assert np.percentile(found.measured[found.body], 99.9) == pytest.approx(6, abs=0.01)


def test_a_synthetic_reference_is_refused(tmp_path):
    case = files(tmp_path)
    volume = Volume(np.asarray(measured(), np.float32), geometry(), "SUVBW")
    write_nifti(volume, case.files["reference"], descrip="SYNTHETIC FDG-PET SUVbw")
    assert refusal(case).code == "synthetic-input"


@pytest.mark.parametrize(
    ("code", "change"),
    [("synthetic-pet", {"SyntheticData": "YES"}), ("projection", {"SeriesDescription": "MIP"})],
)
def test_what_is_no_measured_pet_is_no_dicom_reference(tmp_path, code, change):
    write_study(tmp_path, **change)
    case = files(tmp_path / "nifti")
    paths = {**case.files, "reference": tmp_path / "pet"}
    assert refusal(CaseFiles("a", "a", paths)).code == code


def test_a_reference_of_another_tracer_is_refused(tmp_path):
    _, pet = study()
    set_injection(pet, Radiopharmaceutical="PSMA-1007", RadiopharmaceuticalCodeSequence=None)
    write_series(pet, tmp_path / "pet")
    case = files(tmp_path / "nifti")
    paths = {**case.files, "reference": tmp_path / "pet"}
    assert refusal(CaseFiles("a", "a", paths)).code == "tracer-not-fdg"


def test_series_are_not_told_by_their_uids(tmp_path):
    write_study(tmp_path / "one")
    write_study(tmp_path / "two")
    refused = refusal(CaseFiles("a", "a", {"reference": tmp_path, "predicted": tmp_path}))
    assert refused.code == "several-series"
    assert str(refused).startswith("2 PET series could be meant. Put")


def test_a_single_slice_is_refused(tmp_path):
    on = geometry((1, *SHAPE[1:]))
    slice_ = (measured()[3:4], on)
    assert refusal(files(tmp_path, reference=slice_, predicted=slice_)).code == "too-few-voxels"


def test_lesions_of_another_place_are_not_no_lesions(tmp_path):
    away = geometry(origin_mm=(2000.0, 0.0, 0.0))
    write(lesions(), tmp_path / "lesions.nii.gz", "HU", away)
    case = files(tmp_path)
    paths = {**case.files, "lesions": tmp_path / "lesions.nii.gz"}
    assert refusal(CaseFiles("a", "a", paths)).code == "lesions-outside"


def test_where_there_is_no_prediction_no_organ_and_no_lesion_is_scored(tmp_path):
    """The liver and the lesion are cut by the edge of what the prediction covers."""
    on = geometry(origin_mm=np.add(ORIGIN_MM, (11 * 8, 0, 0)))
    arrays = {"predicted": (measured(), on), "labels": labels(), "lesions": lesions()}
    found = read_case(files(tmp_path, **arrays), resample_prediction=True)
    names = {LIVER: "liver"}
    (liver,) = [one for one in measure(found, names) if one.kind == "organ"]
    kept = (labels() == LIVER) & found.known
    assert 0 < kept.sum() < (labels() == LIVER).sum()
    assert liver.values["volume_ml"] == pytest.approx(kept.sum() * 0.512)
    assert found.lesions.any()
    assert not found.lesions[~found.known].any()
    told = {one.code: one.message for one in found.findings}
    assert told["lesions-not-covered"].startswith("1 of 1 lesions")


def test_the_dome_is_where_the_liver_ends_and_not_where_the_prediction_does(tmp_path):
    """Of a liver up to slice 8 the prediction covers the lower half."""
    half = geometry((4, *SHAPE[1:]))
    arrays = {"predicted": (measured()[:4], half), "labels": labels()}
    whole = read_case(files(tmp_path, labels=labels()), resample_prediction=False)
    with pytest.raises(InputRefused, match="covers"):
        read_case(files(tmp_path, **arrays), resample_prediction=True)
    top = geometry((18, *SHAPE[1:]), origin_mm=np.add(ORIGIN_MM, (0, 0, 6 * 8)))
    part = read_case(
        files(tmp_path, predicted=(measured()[6:], top), labels=labels()), resample_prediction=True
    )
    tiers = [
        {one.name: one.values["voxels"] for one in measure(each, {LIVER: "liver"})[:6]}
        for each in (whole, part)
    ]
    left = [each["body"] - each["body without dome"] for each in tiers]
    slices = part.body.sum(axis=(1, 2))
    assert left[1] == slices[max(6, 8 - 5) : 8 + 6].sum()


def codes(case):
    return [one.code for one in read_case(case, resample_prediction=False).findings]


def test_what_is_doubtful_is_said(tmp_path):
    other = measured() + 0.1
    assert codes(files(tmp_path, predicted=other)) == []
    assert codes(files(tmp_path)) == ["prediction-equals-reference"]
    assert codes(files(tmp_path, reference=3 * measured(), predicted=other)) == ["suv-high"]
    lacking = replace(files(tmp_path, predicted=other), lacking=("ct", "lesions"))
    assert codes(lacking) == ["ct-missing", "lesions-missing"]
