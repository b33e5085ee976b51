"""From DICOM to cases: the right numbers in the right place, once, and nobody's name."""

import csv
import json
import os

import numpy as np
import pytest

from ctpet.errors import InputRefused
from ctpet.infer.patient import put_back
from ctpet.prepare import making, run
from ctpet.prepare.cases import AIR, BODY, UNMEASURED, list_cases
from ctpet.prepare.dataset import About, read_dataset
from ctpet.prepare.fingerprint import dataset_fingerprint
from ctpet.prepare.grid import BOX_STEP
from ctpet.prepare.making import PARTIAL_FOLDER
from ctpet.prepare.run import PrepareRequest, run_prepare
from ctpet.prepare.splits import read_splits
from tests.dicom_factory import write_series
from tests.prepare.studies import SHAPE, alone, grid, on_ct, study, trunk, uptake, write_study

SPACING = (8.0, 8.0, 8.0)


def prepare(source, out, **options):
    return run_prepare(PrepareRequest(str(source), out, SPACING, **options))


def whole(out):
    """Every file of a dataset with its bytes, but those that say when or what else there is."""
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    root = tmp_path_factory.mktemp("raw") / "NGUYEN VAN ANH"
    write_study(root / "visit 1")
    write_study(root / "other", trunk() + np.int16(1), PatientID="BN-0099", PatientName="Lê^Thị B")
    return root


@pytest.fixture(scope="module")
def prepared(source, tmp_path_factory):
    out = tmp_path_factory.mktemp("prepared") / "out"
    about = About("Two made-up patients", "nobody <&>", "CC0-1.0")
    return prepare(source, out, about=about)


def test_a_case_holds_what_the_series_hold(prepared):
    case = next(case for case in list_cases(prepared.out) if on_ct(case, "ct")[12, 12, 24] == 50)
    assert not np.mod(case.shape, BOX_STEP).any()
    assert case.geometry.spacing_mm == SPACING
    assert case.slice_spacing_mm == pytest.approx(8.0)
    np.testing.assert_array_equal(on_ct(case, "ct"), alone(trunk()))
    np.testing.assert_allclose(on_ct(case, "pet"), uptake(trunk()), atol=2e-4)
    region = on_ct(case, "region")
    assert region[12, 20, 14] == BODY, "lung is body"
    assert region[12, 4, 1] == AIR
    inside = put_back(np.ones(SHAPE), grid(), case.geometry) > 0
    assert set(np.unique(case.array("region")[inside])) == {AIR, BODY}
    assert set(np.unique(case.array("region")[~inside])) == {UNMEASURED}
    assert case.quality["body_dice"] > 0.97


def test_dataset_splits_and_table_agree(prepared):
    info, splits, cases = (
        read_dataset(prepared.out),
        read_splits(prepared.out),
        list_cases(prepared.out),
    )
    assert (info.cases, info.patients, info.sources) == (2, 2, ("dicom",))
    assert (info.description, info.licence) == ("Two made-up patients", "CC0-1.0")
    assert (info.tracer, info.units) == ("", "SUVbw")
    assert info.fingerprint == dataset_fingerprint(prepared.out)
    assert {p for fold in splits.folds for p in fold} == {case.patient_hash for case in cases}
    rows = list(csv.DictReader((prepared.out / "table.csv").read_text("utf-8").splitlines()))
    assert [row["case_id"] for row in rows] == [case.case_id for case in cases]
    assert float(rows[0]["body_dice"]) == pytest.approx(cases[0].quality["body_dice"], abs=1e-3)
    page = (prepared.out / "contact-sheet.html").read_text("utf-8")
    assert page.count("data:image/png;base64,") == 2
    assert "nobody &lt;&amp;&gt;" in page
    assert "http" not in page


def test_nothing_in_the_folder_names_a_person(prepared, source):
    secrets = ["Nguy", "NGUYEN", "BN-0042", "BN-0099", "19610203", "20260105", "visit 1", "A-0001"]
    secrets += [str(source), "Lê", "IMG0000", "1.2.826"]
    for name, content in whole(prepared.out).items():
        for secret in secrets:
            assert secret.encode() not in content, (name, secret)
            assert secret not in name


def test_a_second_run_keeps_every_byte(prepared, source):
    before = whole(prepared.out)
    again = prepare(source, prepared.out)
    assert [one.status for one in again.outcomes] == ["kept", "kept"]
    assert whole(prepared.out) == before


def test_a_changed_source_is_made_again_and_half_a_case_too(tmp_path):
    source = write_study(tmp_path / "raw")
    out = tmp_path / "out"
    (first,) = prepare(source, out).outcomes
    folder = out / "cases" / first.case_id
    before = whole(folder)
    file = next((source / "pet").iterdir())
    os.utime(file, ns=(1, 1))
    assert prepare(source, out).outcomes[0].status == "taken"
    (folder / "case.json").unlink()
    (out / PARTIAL_FOLDER / first.case_id).mkdir(parents=True)
    assert prepare(source, out).outcomes[0].status == "taken"
    assert not (out / PARTIAL_FOLDER).exists()
    after = whole(folder)
    assert before.pop("source.sha256") != after.pop("source.sha256")
    assert after == before


def test_two_examinations_of_a_patient_stay_in_one_fold(tmp_path):
    for number in range(4):
        write_study(
            tmp_path / "raw" / str(number), trunk() + np.int16(number), PatientID=f"P{number % 2}"
        )
    result = prepare(tmp_path / "raw", tmp_path / "out")
    splits, cases = read_splits(result.out), list_cases(result.out)
    assert (result.info.cases, result.info.patients) == (4, 2)
    assert [len(splits.val_cases(cases, fold)) for fold in range(2)] == [2, 2]


def test_ct_beyond_the_pet_is_unmeasured(tmp_path):
    ct, pet = study()
    write_series(ct, tmp_path / "raw" / "ct")
    write_series(pet[4:], tmp_path / "raw" / "pet")
    (case,) = list_cases(prepare(tmp_path / "raw", tmp_path / "out").out)
    region = on_ct(case, "region")[:, 8:32]
    assert (region[:4] == UNMEASURED).all()
    assert (region[4:] != UNMEASURED).all()
    assert not on_ct(case, "pet")[:4].any()
    assert case.quality["pet_coverage"] == pytest.approx(20 / 24, abs=0.01)
    assert "pet-coverage-low" in case.findings


def test_another_spacing_and_a_foreign_folder_are_refused(prepared, source, tmp_path):
    with pytest.raises(InputRefused) as caught:
        run_prepare(PrepareRequest(str(source), prepared.out, (4.0, 4.0, 4.0)))
    assert caught.value.code == "spacing-differs"
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputRefused) as caught:
        prepare(source, tmp_path)
    assert caught.value.code == "out-not-empty"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(InputRefused) as caught:
        prepare(tmp_path / "absent", tmp_path / "out")
    assert caught.value.code == "path-missing"
    assert not (tmp_path / "out").exists()


def fail_at_second(monkeypatch, error):
    """Let the second case that is written raise."""
    done, write = [], making.write_case

    def write_once(case, arrays):
        if done:
            raise error
        done.append(case.case_id)
        return write(case, arrays)

    monkeypatch.setattr(making, "write_case", write_once)
    return done


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(28, "No space left on device"), InputRefused),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["disk full", "Ctrl-C"],
)
def test_a_stop_leaves_whole_cases_only(source, tmp_path, monkeypatch, error, raised):
    done = fail_at_second(monkeypatch, error)
    with pytest.raises(raised) as caught:
        prepare(source, tmp_path / "out")
    if raised is InputRefused:
        assert caught.value.code == "disk-full"
        assert "\n" not in str(caught.value)
    assert [case.case_id for case in list_cases(tmp_path / "out")] == done
    assert not (tmp_path / "out" / PARTIAL_FOLDER).exists()
    monkeypatch.undo()
    statuses = sorted(one.status for one in prepare(source, tmp_path / "out").outcomes)
    assert statuses == ["kept", "taken"]


def test_a_defect_in_one_case_does_not_stop_the_others(source, tmp_path, monkeypatch):
    fail_at_second(monkeypatch, ZeroDivisionError("oh"))
    result = prepare(source, tmp_path / "out")
    assert sorted(one.status for one in result.outcomes) == ["refused", "taken"]
    assert [one.code for one in result.refused] == ["unexpected"]


def test_a_killed_worker_is_named(source, tmp_path, monkeypatch):
    def killed(_work, tasks, _workers):
        tasks[1].partial.mkdir(parents=True)
        raise run.WorkerDied

    scan = run.find_sources
    monkeypatch.setattr(run, "find_sources", lambda *a, **k: scan(*a, **{**k, "workers": 1}))
    monkeypatch.setattr(run, "spread", killed)
    with pytest.raises(run.WorkerKilled, match=r"other[/\\]ct|visit 1[/\\]ct") as caught:
        prepare(source, tmp_path / "out")
    assert "fewer --workers" in str(caught.value)


def test_phantoms_become_cases(tmp_path):
    result = run_prepare(PrepareRequest("phantom:3", tmp_path / "out", (16.0, 16.0, 16.0)))
    (case,) = list_cases(result.out)
    assert (case.case_id, result.info.sources) == ("phantom-00003", ("phantom",))
    assert case.has("typical")
    assert case.has("lesions")


@pytest.mark.parametrize(
    "source", ["phantom:", "phantom-wide:x", "phantom:5-2", "phantom:x", "phantom:1,2"]
)
def test_no_such_phantoms(source, tmp_path):
    with pytest.raises(InputRefused) as caught:
        prepare(source, tmp_path / "out")
    assert caught.value.code == "phantom-range"


def test_json_of_a_result(prepared):
    told = json.loads(json.dumps(prepared.to_json()))
    assert [one["status"] for one in told["outcomes"]] == ["taken", "taken"]
    assert told["fingerprint"] == prepared.info.fingerprint


def test_a_salt_that_is_given_makes_the_same_patients_and_folds_anywhere(source, tmp_path):
    about = About(salt="00ff")
    for name in ("here", "there"):
        prepare(source, tmp_path / name, about=about)
    assert read_splits(tmp_path / "here") == read_splits(tmp_path / "there")
    assert read_dataset(tmp_path / "here").salt == "00ff"
    with pytest.raises(InputRefused, match="another salt"):
        prepare(source, tmp_path / "here", about=About(salt="00fe"))


def test_salts_are_random_unless_given(source, tmp_path):
    for name in ("a", "b"):
        prepare(source, tmp_path / name)
    assert read_dataset(tmp_path / "a").salt != read_dataset(tmp_path / "b").salt
