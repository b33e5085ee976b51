"""An evaluation from files to numbers over patients."""

import csv
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from ctpet.contract import TrainingData, hash_patient
from ctpet.errors import InputRefused
from ctpet.evaluate import run
from ctpet.evaluate.files import Sources
from ctpet.evaluate.label_names import MOST_LABELS
from ctpet.evaluate.outputs import summary_json, write_cases, write_summary
from ctpet.evaluate.run import EvaluateRequest, evaluate
from ctpet.evaluate.score import Scored, patient_key
from ctpet.evaluate.summary import value_of
from ctpet.evaluate.tally import tally
from ctpet.volume import Volume, resample
from tests.evaluate.pairs import (
    ERRORS,
    geometry,
    labels,
    lesions,
    measured,
    write,
    write_patient,
    write_patients,
)
from tests.prepare.studies import SHAPE, trunk, write_study

PATIENTS = 6
SALT = "77"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = write_patients(tmp_path_factory.mktemp("evaluation"))
    (folder / "labels" / "labels.json").write_text('{"5": "Liver"}', "utf-8")
    return folder


def sources(root):
    names = ("predicted", "measured", "ct", "labels", "lesions")
    return Sources(*(root / name for name in names))


@pytest.fixture(scope="module")
def evaluation(root):
    return evaluate(EvaluateRequest(sources(root)))


def line(evaluation, region, metric, kind="tier"):
    (one,) = [
        x
        for x in evaluation.summary.lines
        if (x.kind, x.region, x.metric) == (kind, region, metric)
    ]
    return one


def baseline(evaluation, name, tier="body", metric="mae"):
    (one,) = [
        x
        for x in evaluation.summary.baselines
        if (x.name, x.tier, x.metric) == (name, tier, metric)
    ]
    return one


def test_a_constant_error_is_found_in_every_tier(evaluation):
    for region in ("body", "measured > 0.5", "measured > 2.5", "body without dome"):
        assert line(evaluation, region, "mae").interval.mean == pytest.approx(np.mean(ERRORS), 1e-4)
        assert line(evaluation, region, "bias").interval.mean == pytest.approx(0.35, 1e-4)
    interval = line(evaluation, "body", "mae").interval
    assert 0.1 < interval.low < 0.25 < 0.45 < interval.high < 0.6
    assert line(evaluation, "body", "mae").interval.patients == PATIENTS


def test_each_case_has_its_own_scores(evaluation):
    for case, error in zip(evaluation.cases, ERRORS, strict=True):
        assert value_of(case, "tier", "body", "mae") == pytest.approx(error, rel=1e-4)
        assert value_of(case, "organ", "liver", "suv_mean_error") == pytest.approx(error, rel=1e-4)
        assert value_of(case, "lesion", "lesion 1", "suv_max_error") == pytest.approx(error, 1e-4)
        assert value_of(case, "lesions", "all", "detected count 5–20") == 1
        assert value_of(case, "lesions", "all", "detected count >20") == 0


def test_organs_agree_as_bland_and_altman_say(evaluation):
    (liver,) = [
        x for x in evaluation.summary.agreements if (x.region, x.metric) == ("liver", "suv_mean")
    ]
    assert liver.agreement.bias.mean == pytest.approx(0.35, 1e-4)
    assert liver.agreement.high_limit == pytest.approx(0.35 + 1.96 * np.std(ERRORS, ddof=1), 1e-3)
    assert liver.measured[1] == pytest.approx(1.05 * liver.measured[0], rel=1e-5)


def test_baselines_are_fitted_without_the_patient(evaluation):
    # Patients are alike but for a factor 1 + 0.05 n: the HU lookup is nearly right.
    model, lookup = np.mean(ERRORS), baseline(evaluation, "HU bins")
    assert lookup.interval.mean < 0.12
    assert lookup.standing == "open", "0 to 0.5 worse in six patients is no evidence"
    assert lookup.difference.low < 0 < lookup.difference.mean
    assert lookup.difference.mean == pytest.approx(model - lookup.interval.mean, abs=1e-6)
    assert 2 / 2**PATIENTS <= lookup.p <= lookup.p_adjusted
    nothing = baseline(evaluation, "nothing")
    assert nothing.standing != "worse"
    body = np.concatenate([measured(n)[trunk() > -950] for n in range(PATIENTS)])
    assert nothing.interval.mean == pytest.approx(body.mean(), rel=1e-3)


def test_errors_where_uptake_is_high_and_concordance_are_tested_too(evaluation):
    lines = evaluation.summary.baselines
    assert {(x.tier, x.metric) for x in lines if np.isfinite(x.p)} == {
        *(("body", "mae"), ("measured > 2.5", "mae"), ("in lesions", "mae")),
        ("body", "concordance"),
    }, "no baseline predicts an SUV above 2.5 here"
    assert {x.standing for x in lines if np.isnan(x.p)} == {"untested"}
    for one in lines:
        if one.standing != "untested":
            excluded = one.difference.low > 0 or one.difference.high < 0
            assert excluded == (one.p_adjusted < 0.05) == (one.standing != "open")
    assert baseline(evaluation, "nothing").standing == "better"
    assert baseline(evaluation, "nothing", metric="concordance").interval.mean == 0


def test_errors_in_the_lesions_are_those_of_their_voxels(evaluation):
    inside = lesions() > 0
    assert line(evaluation, "in lesions", "mae").interval.mean == pytest.approx(0.35, rel=1e-4)
    nothing = [one["nothing"]["in lesions"] for one in evaluation.baselines]
    for number, one in enumerate(nothing):
        assert one.mae == pytest.approx(measured(number)[inside].mean(), rel=1e-3)
    mean = baseline(evaluation, "body mean", "in lesions").difference
    of_others = [
        np.concatenate([measured(n)[trunk() > -950] for n in range(PATIENTS) if n != number]).mean()
        for number in range(PATIENTS)
    ]
    expected = [
        error - np.abs(measured(number)[inside] - of_others[number]).mean()
        for number, error in enumerate(ERRORS)
    ]
    assert mean.mean == pytest.approx(np.mean(expected), rel=1e-3)
    assert mean.patients == PATIENTS


def test_a_patient_without_a_lesion_map_has_no_error_in_lesions(tmp_path):
    for number in range(3):
        write_patient(tmp_path, number)
    (tmp_path / "lesions" / "patient-0.nii.gz").unlink()
    found = evaluate(EvaluateRequest(sources(tmp_path)))
    assert line(found, "in lesions", "mae").interval.patients == 2
    assert baseline(found, "HU bins", "in lesions").difference.patients == 2
    assert baseline(found, "HU bins").difference.patients == 3


def test_only_the_patient_left_out_knows_an_odd_uptake(tmp_path):
    for number in range(3):
        write_patient(tmp_path, 0, name=f"p{number}")
        slightly = measured(0) * (1 + 1e-5 * number)
        write(slightly, tmp_path / "measured" / f"p{number}.nii.gz")
    odd = measured(0) * np.where(trunk() == 700, 6, 1)
    write(odd, tmp_path / "measured" / "p2.nii.gz")
    found = evaluate(EvaluateRequest(sources(tmp_path)))
    spine = (trunk() == 700).sum() / (trunk() > -950).sum()
    errors = [one["HU bins"]["body"].mae for one in found.baselines]
    assert errors[0] == pytest.approx(errors[1], abs=1e-3)
    assert errors[2] - errors[0] == pytest.approx(5 * spine, rel=0.02)


def test_a_patient_with_two_cases_counts_once(root):
    rows = [f"{name},predicted/{case}.nii.gz,measured/{case}.nii.gz" for name, case in (
        ("a", "patient-0"), ("a", "patient-1"), ("b", "patient-5"))]  # fmt: skip
    table = root / "pairs.csv"
    table.write_text("patient,predicted,reference\n" + "\n".join(rows), "utf-8")
    found = evaluate(EvaluateRequest(table=table))
    assert found.summary.patients == 2
    assert len(found.cases) == 3
    assert line(found, "body", "bias").interval.mean == pytest.approx((0.15 + 0.6) / 2, rel=0.02)
    assert np.isnan(line(found, "body", "bias").interval.low)


def test_a_bad_case_is_told_and_the_others_go_on(tmp_path):
    write_patient(tmp_path, 0)
    write_patient(tmp_path, 1)
    write(np.ones((3, 3, 3)), tmp_path / "predicted" / "patient-1.nii.gz", on=geometry((3, 3, 3)))
    found = evaluate(EvaluateRequest(sources(tmp_path)))
    assert [case.name for case in found.cases] == ["patient-0"]
    assert [(one.name, one.code) for one in found.refused] == [("patient-1", "grids-differ")]
    (tmp_path / "predicted" / "patient-0.nii.gz").write_bytes(b"no image")
    with pytest.raises(InputRefused, match="None of 2 cases") as refused:
        evaluate(EvaluateRequest(sources(tmp_path)))
    assert refused.value.code == "nothing-scored"


def test_whom_the_model_saw_is_marked(root, monkeypatch):
    seen = TrainingData("made", "", "", SALT, (hash_patient("patient-3", SALT),))
    contract = type("Contract", (), {"ever_seen": (seen,), "name": "made", "interval": None})()
    model = type("Model", (), {"contract": contract, "digest": "00"})()
    monkeypatch.setattr(run, "find_maker", lambda *_: model)
    found = evaluate(EvaluateRequest(sources(root), model=root))
    assert [case.name for case in found.cases if case.in_training] == ["patient-3"]
    assert found.title == "made"
    assert found.summary.patients == PATIENTS - 1
    unseen = [error for number, error in enumerate(ERRORS) if number != 3]
    assert line(found, "body", "mae").interval.mean == pytest.approx(np.mean(unseen), 1e-4)
    body = [measured(n)[trunk() > -950].mean() for n in range(PATIENTS) if n != 3]
    assert baseline(found, "nothing").interval.mean == pytest.approx(np.mean(body), rel=1e-3)
    assert found.seen.patients == 1
    of_seen = line(replace(found, summary=found.seen), "body", "mae").interval
    assert of_seen.mean == pytest.approx(0.4, 1e-4)
    told = summary_json(replace(found, model=None))
    assert told["patients"] == PATIENTS - 1
    assert told["seen"]["patients"] == 1
    assert len(told["cases"]) == PATIENTS


def test_one_examination_under_five_names_is_one_patient(tmp_path):
    """As it is, padded and cropped, moved, turned over; and one that is another's."""
    real = measured() + np.random.default_rng(0).random(SHAPE) * (trunk() > -950)
    real = real.astype("f4")
    grid = geometry()
    padded = np.pad(real[3:], ((0, 0), (2, 2), (0, 4)))
    copies = {
        "a": (real, grid),
        "b": (real, grid),
        "c": (padded, geometry(padded.shape)),
        "d": (real, geometry(origin_mm=(0.0, 5.0, 7.0))),
        "e": (real[:, :, ::-1], grid),
        "f": (measured() * 1.1 + np.random.default_rng(1).random(SHAPE) * (trunk() > -950), grid),
    }
    for name, (array, on) in copies.items():
        write(array, tmp_path / "m" / f"{name}.nii.gz", on=on)
        write(np.where(array > 0, array + 0.1, 0), tmp_path / "p" / f"{name}.nii.gz", on=on)
    found = evaluate(EvaluateRequest(Sources(tmp_path / "p", tmp_path / "m")))
    assert [case.name for case in found.cases] == ["a", "f"]
    assert {(one.name, one.code) for one in found.refused} == {
        (name, "reference-repeated") for name in "bcde"
    }
    assert all("that of a under" in one.message for one in found.refused)
    assert found.summary.patients == 2


def test_two_predictions_of_one_examination_are_two_cases_of_a_patient(tmp_path):
    write_patient(tmp_path, 0)
    write(measured() + 0.3, tmp_path / "other.nii.gz")
    rows = ["patient,predicted,reference"] + [
        f"anh,{name},measured/patient-0.nii.gz"
        for name in ("predicted/patient-0.nii.gz", "other.nii.gz")
    ]
    (tmp_path / "pairs.csv").write_text("\n".join(rows), "utf-8")
    found = evaluate(EvaluateRequest(table=tmp_path / "pairs.csv"))
    assert (len(found.cases), found.summary.patients, found.refused) == (2, 1, ())


def test_without_a_model_nobody_knows_whom_it_saw(evaluation):
    assert {case.in_training for case in evaluation.cases} == {None}


def test_several_processes_find_the_same(root, evaluation):
    again = evaluate(EvaluateRequest(sources(root), workers=2))
    assert summary_json(again) == summary_json(evaluation)


def test_the_files_hold_every_case_and_no_path(evaluation, root, tmp_path):
    write_cases(evaluation, tmp_path / "cases.csv")
    with (tmp_path / "cases.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    body = [row for row in rows if (row["kind"], row["region"]) == ("tier", "body")]
    assert [float(row["mae"]) for row in body] == pytest.approx(ERRORS, rel=1e-4)
    (lookup,) = [
        row
        for row in rows
        if (row["case"], row["kind"], row["region"]) == ("patient-0", "baseline", "HU bins: body")
    ]
    assert float(lookup["mae"]) == pytest.approx(
        evaluation.baselines[0]["HU bins"]["body"].mae, rel=1e-5
    )
    write_summary(evaluation, tmp_path / "summary.json")
    text = (tmp_path / "summary.json").read_text("utf-8")
    assert str(root) not in text
    told = json.loads(text)
    assert told["cases"][2]["patient"] == patient_key("patient-2")
    assert told["patients"] == PATIENTS
    assert told == summary_json(evaluation)


def test_a_perfect_prediction_has_no_finite_psnr_and_breaks_nothing(tmp_path):
    write_patient(tmp_path, 0, error=0.0)
    found = evaluate(EvaluateRequest(Sources(tmp_path / "predicted", tmp_path / "measured")))
    assert line(found, "body", "mae").interval.mean == 0
    assert np.isnan(line(found, "body", "psnr_db").interval.mean)


def test_labels_without_a_name_are_no_organs_where_others_have_one(tmp_path):
    for number in range(2):
        write_patient(tmp_path, number)
        marked = np.where(lesions() > 0, 100, labels())
        write(marked, tmp_path / "labels" / f"patient-{number}.nii.gz", "HU")
    without = evaluate(EvaluateRequest(sources(tmp_path)))
    (tmp_path / "labels" / "labels.json").write_text('{"5": "liver"}', "utf-8")
    named = evaluate(EvaluateRequest(sources(tmp_path)))
    organs = {one.name for one in named.cases[0].regions if one.kind == "organ"}
    assert organs == {"liver"}
    assert np.isfinite(value_of(without.cases[0], "organ", "organ 100", "suv_mean_error"))
    told, not_told = (baseline(each, "organ mean").interval.mean for each in (without, named))
    assert told < not_told


def test_a_patient_of_whom_one_case_is_dicom_and_one_nifti_is_one(tmp_path):
    write_study(tmp_path)
    write(measured() + 0.1, tmp_path / "p.nii.gz")
    write(measured(1), tmp_path / "m.nii.gz")
    rows = ["patient,predicted,reference", "anh,p.nii.gz,pet", "anh,p.nii.gz,m.nii.gz"]
    (tmp_path / "pairs.csv").write_text("\n".join(rows), "utf-8")
    found = evaluate(EvaluateRequest(table=tmp_path / "pairs.csv"))
    assert found.refused == ()
    assert found.summary.patients == 1
    assert [set(one) for one in found.baselines] == [{"nothing"}] * 2


def test_archives_of_nifti_files_give_the_same_scores(root, tmp_path, evaluation):
    for role in ("predicted", "measured", "ct", "labels", "lesions"):
        (tmp_path / role).mkdir()
        for name in ("patient-0", "patient-1"):
            with zipfile.ZipFile(tmp_path / role / f"{name}.zip", "w") as archive:
                archive.write(root / role / f"{name}.nii.gz", f"{role}.nii.gz")
    (tmp_path / "labels" / "labels.json").write_text('{"5": "Liver"}', "utf-8")
    found = evaluate(EvaluateRequest(sources(tmp_path)))
    assert found.refused == ()
    assert found.cases == evaluation.cases[:2]


def test_a_lesion_keeps_its_number(tmp_path):
    write_patient(tmp_path, 0)
    write(101 * lesions(), tmp_path / "lesions" / "patient-0.nii.gz", "HU")
    found = evaluate(EvaluateRequest(sources(tmp_path)))
    assert [x.name for x in found.cases[0].regions if x.kind == "lesion"] == ["lesion 101"]


def test_seams_are_sought_before_resampling(tmp_path):
    """Noise from 8 mm to 5 mm is calm at every few planes; as it came it has no seam."""
    random = np.random.default_rng(3)
    fine = geometry((44, 70, 80), mm=4.7)
    body = np.zeros(fine.shape)
    body[4:-4, 6:-6, 6:-6] = 1
    coarse = geometry((26, 41, 47))
    write(body * random.gamma(4.0, 0.3, fine.shape), tmp_path / "m.nii.gz", on=fine)
    write(random.gamma(4.0, 0.3, coarse.shape), tmp_path / "p.nii.gz", on=coarse)
    request = EvaluateRequest(
        Sources(tmp_path / "p.nii.gz", tmp_path / "m.nii.gz"), resample_prediction=True
    )
    (case,) = evaluate(request).cases
    assert value_of(case, "texture", "body", "seam_ratio") < 1.3
    moved = Volume(random.gamma(4.0, 0.3, coarse.shape).astype("f4"), coarse, "SUVBW")
    write(resample(moved, fine, fill=0.0).array, tmp_path / "r.nii.gz", on=fine)
    (again,) = evaluate(
        EvaluateRequest(Sources(tmp_path / "r.nii.gz", tmp_path / "m.nii.gz"))
    ).cases
    assert value_of(again, "texture", "body", "seam_ratio") > 1.5, "an easy case shows nothing"


def test_labels_of_one_name_are_one_organ(tmp_path):
    write_patient(tmp_path, 0)
    halves = np.where(np.arange(labels().shape[0])[:, None, None] < 5, labels(), 2 * labels())
    both = np.where(labels() > 0, halves, 0)
    (tmp_path / "labels.json").write_text('{"5": "kidney", "10": "kidney"}', "utf-8")
    whole = evaluate(EvaluateRequest(sources(tmp_path), label_names=tmp_path / "labels.json"))
    write(both, tmp_path / "labels" / "patient-0.nii.gz", "HU")
    split = evaluate(EvaluateRequest(sources(tmp_path), label_names=tmp_path / "labels.json"))
    organs = [[x for x in each.cases[0].regions if x.kind == "organ"] for each in (whole, split)]
    assert len(organs[1]) == 1
    for figure in ("volume_ml", "suv_mean_measured", "suv_max_predicted"):
        assert organs[1][0].values[figure] == organs[0][0].values[figure]


def test_tallies_that_wait_on_disk_are_small(tmp_path, evaluation):
    shelf = run._Shelf(tmp_path)
    one = tally(np.full(1000, 5), np.linspace(0, 6, 1000, dtype=np.float32), MOST_LABELS)
    shelf.put(Scored(evaluation.cases[0], {"measured": {"organ": one}}))
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size < 100_000
    again = shelf.tallies(evaluation.cases[0].name)["measured"]["organ"]
    assert np.array_equal(again.total, one.total)


def test_a_folder_that_cannot_be_listed_is_refused(root, monkeypatch):
    def denied(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(run, "find_cases", denied)
    with pytest.raises(InputRefused, match="Permission denied") as refused:
        evaluate(EvaluateRequest(sources(root)))
    assert refused.value.code == "path-unreadable"
