"""Every patient is predicted once, by a network and by trees that have not seen him."""

import csv
import json
import shlex
import shutil
import sys

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from ctpet import api
from ctpet.cli import app
from ctpet.errors import CtpetError
from ctpet.learn.crossval.folds import _launches, open_folds, search_path
from ctpet.learn.crossval.held_out import TREES
from ctpet.learn.crossval.run import CrossvalRequest, predict_all
from ctpet.learn.export.trained import read_average, read_trained
from ctpet.learn.run_folder import read_begun
from ctpet.learn.trees import BoostedTrees, features
from ctpet.learn.weights import read_weights
from ctpet.nifti import read_nifti, read_nifti_labels
from ctpet.prepare.boxes import BoxRule, box_cases
from ctpet.prepare.cases import BODY, list_cases
from ctpet.prepare.splits import read_splits
from ctpet.volume.outline import body_of_ct
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, TINY

pytestmark = LIGHTNING_TALKS
BOXES = "data.boxes={side_mm: 64, per_patient: 3, seed: 5}"


def overrides(dataset, *more):
    tiny = [one for one in TINY if not one.startswith("data.validation_cases")]
    return ("name=made", f"data.dataset='{dataset}'", *tiny, "trainer.max_epochs=1", *more)


def overrides_of(out):
    """What the record says that a cross-validation was composed from."""
    command = json.loads((out / "crossval.json").read_text())["command"]
    return tuple(shlex.split(command.partition(" -o ")[0])[2:])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"), count=5, folds=2)


@pytest.fixture(scope="module")
def done(dataset, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "crossval"
    return api.crossval(CrossvalRequest(overrides(dataset), out)), out


def test_an_experiment_of_ones_own_is_found_and_launches_nothing(dataset, tmp_path):
    own = tmp_path / "plans of mine"
    api.plan(dataset, own / "experiment" / "mine.yaml", device="cpu")
    folds = open_folds([search_path(own), "experiment=mine"], tmp_path / "out", [0])
    assert folds[0].config.name == "mine"
    assert folds[0].config.data.dataset == str(dataset)
    assert not _launches(search_path(own))
    assert _launches("hydra/launcher=submitit_slurm")


def rows(out):
    with (out / "predictions" / "cases.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_patient_is_predicted_once_by_who_has_not_seen_him(done, dataset):
    result, out = done
    cases = {case.case_id: case for case in list_cases(dataset)}
    splits = read_splits(dataset)
    assert sorted(row["case"] for row in rows(out)) == sorted(cases)
    for row in rows(out):
        fold = splits.fold_of(cases[row["case"]])
        assert row["predicted"].startswith(f"fold{fold}/")
        trained = read_trained(out / f"fold{fold}" / "checkpoints" / "last.ckpt")
        seen = {one for data in trained.contract.ever_seen for one in data.patient_hashes}
        assert row["patient"] not in seen
        assert len(seen) == 5 - len(splits.folds[fold])
    assert all(case.in_training is False for case in result.evaluation.cases)


def test_the_figures_are_those_of_the_files(done):
    result, out = done
    maes, trees = [], []
    for row in rows(out):
        suv = {
            name: read_nifti(out / "predictions" / row[name], "SUVBW").array
            for name in ("predicted", "reference", f"beside:{TREES}")
        }
        ct = read_nifti(out / "predictions" / row["ct"], "HU")
        body = body_of_ct(ct.array, ct.geometry)
        assert not body[0].any(), "what was not measured is air"
        maes.append(np.abs(suv["predicted"] - suv["reference"])[body].mean())
        trees.append(np.abs(suv[f"beside:{TREES}"] - suv["reference"])[body].mean())
    summary = result.evaluation.summary
    own = {(line.kind, line.region, line.metric): line for line in summary.lines}
    beside = {(line.name, line.tier, line.metric): line for line in summary.baselines}
    assert own["tier", "body", "mae"].interval.mean == pytest.approx(np.mean(maes), rel=1e-5)
    line = beside[TREES, "body", "mae"]
    assert line.interval.mean == pytest.approx(np.mean(trees), rel=1e-5)
    assert line.difference.mean == pytest.approx(np.mean(np.subtract(maes, trees)), rel=1e-5)


def test_the_report_names_the_trees_and_how_to_make_it_again(done):
    result, out = done
    page = (out / "report" / "report.html").read_text()
    assert TREES in page
    assert result.evaluation.cross_validated
    assert "are at home here and the model is not" not in page
    assert "5 patients in 2 folds" in page
    assert {row["body"] for row in rows(out)} == {""}, "whole cases show their outlines"
    record = json.loads((out / "crossval.json").read_text())
    assert record["command"] == result.predicted.command
    assert record["command"].startswith("ctpet crossval name=made ")
    assert len(record["checkpoints"]) == 2


def test_the_folds_networks_average_into_one_that_has_seen_everybody(done):
    result, _ = done
    assert read_average(result.predicted.checkpoints).contract.patients == 5


def test_what_is_done_is_kept_and_what_was_lost_is_made_again(done, tmp_path):
    result, first = done
    out = tmp_path / "again"
    shutil.copytree(first, out)
    kept = out / "fold0" / "checkpoints" / "last.ckpt", out / "predictions" / "fold0"
    before = [path.stat().st_mtime_ns for path in kept]
    shutil.rmtree(out / "fold1")
    shutil.rmtree(out / "predictions" / "fold1")
    again = api.crossval(CrossvalRequest(overrides_of(first), out))
    assert [path.stat().st_mtime_ns for path in kept] == before
    mae = [
        next(line.interval for line in one.evaluation.summary.lines if line.region == "body")
        for one in (result, again)
    ]
    assert mae[0] == mae[1]


def test_a_fold_that_was_trained_anew_is_predicted_anew(done, tmp_path):
    _, first = done
    out = tmp_path / "again"
    shutil.copytree(first, out)
    shutil.rmtree(out / "fold1")
    places = {row["case"]: out / "predictions" / row["predicted"] for row in rows(out)}
    before = {case: place.read_bytes() for case, place in places.items()}
    told = [one for one in overrides_of(first) if not one.startswith("seed")]
    predict_all(CrossvalRequest((*told, "seed=7"), out, folds=(1,)))
    for row in rows(out):
        assert places[row["case"]].read_bytes() != before[row["case"]]


def test_hydras_launcher_trains_the_same_networks(done, dataset, tmp_path, capfd):
    _, first = done
    out = tmp_path / "it's launched"
    told = [one for one in overrides(dataset) if not one.startswith("name=")]
    arguments = list(sys.argv)
    predict_all(CrossvalRequest((*told, "hydra/launcher=basic"), out))
    assert sys.argv == arguments
    assert (out / "sweep" / "multirun.yaml").exists()
    assert [read_begun(out / fold).config.name for fold in ("fold0", "fold1")] == [out.name] * 2
    for fold in ("fold0", "fold1"):
        one, other = (
            read_weights(folder / fold / "checkpoints" / "last.ckpt") for folder in (first, out)
        )
        assert one.keys() == other.keys()
        assert all(torch.equal(value, other[name]) for name, value in one.items())
    capfd.readouterr()
    again = (*told, "hydra/launcher=basic")
    predict_all(CrossvalRequest(again, out))
    assert "Launching" not in capfd.readouterr().out, "nothing was left to train"


def test_a_launched_fold_that_fails_is_told_by_its_fold(dataset, tmp_path, capfd):
    told = (*overrides(dataset), "optimizer.lr=1e30", "hydra/launcher=basic")
    with pytest.raises(CtpetError, match="The loss is nan"):
        predict_all(CrossvalRequest(told, tmp_path / "out"))
    lines = capfd.readouterr().err.splitlines()
    for fold in (0, 1):
        assert any(one.startswith(f"ctpet: job {fold} (data.fold={fold}): The") for one in lines)


def test_a_key_of_a_launcher_that_was_not_chosen_is_refused_and_not_forgotten(dataset, tmp_path):
    told = (*overrides(dataset), "hydra.launcher.n_jobs=2")
    with pytest.raises(CtpetError, match=r"hydra\.launcher\.n_jobs"):
        predict_all(CrossvalRequest(told, tmp_path / "out"))


def test_another_experiment_in_the_same_folder_is_refused_before_anything_is_written(done):
    _, out = done
    before = (out / "fold0" / "config.yaml").read_text()
    with pytest.raises(CtpetError, match=r"holds another run: .*optimizer\.lr was"):
        predict_all(CrossvalRequest((*overrides_of(out), "optimizer.lr=0.5"), out))
    assert (out / "fold0" / "config.yaml").read_text() == before
    assert (out / "report" / "report.html").exists()


def test_weights_that_have_seen_who_is_held_out_do_not_predict_him(done, dataset, tmp_path):
    result, _ = done
    told = overrides(dataset, f"start_from='{result.predicted.checkpoints[0]}'")
    with pytest.raises(CtpetError, match=r"has seen \d of the patients of fold 1"):
        predict_all(CrossvalRequest(told, tmp_path / "out", folds=(1,)))


def test_patients_may_be_judged_on_boxes(dataset, tmp_path):
    out = tmp_path / "out"
    result = api.crossval(CrossvalRequest(overrides(dataset, BOXES), out, folds=(0,)))
    held_out = read_splits(dataset).folds[0]
    assert result.evaluation.patients == len(held_out)
    assert len(result.evaluation.cases) == 3 * len(held_out)
    regions = {
        box.case_id: box.array("region")
        for box in box_cases(list_cases(dataset), BoxRule(side_mm=64, per_patient=3, seed=5))
    }
    for case, row in zip(result.evaluation.cases, rows(out), strict=True):
        marked = read_nifti_labels(out / "predictions" / row["body"]).array
        np.testing.assert_array_equal(marked == 1, regions[row["case"]] == BODY)
        assert {one.code for one in case.findings} <= {"prediction-constant"}
    places = [out / "predictions" / row["predicted"] for row in rows(out)]
    assert {read_nifti(place, "SUVBW").array.shape for place in places} == {(16, 16, 16)}


def test_trees_predict_what_they_were_taught_and_nothing_outside_the_body(dataset):
    cases = list_cases(dataset)
    said = BoostedTrees(cases[:3]).predict(cases[4])
    body = cases[4].array("region") == BODY
    assert (said[~body] == 0).all()
    assert np.abs(said - cases[4].array("pet"))[body].mean() < 0.05
    assert features(cases[4], body).shape == (body.sum(), 15)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["data.fold=1"], "sets data.fold itself. Leave data.fold=1 out"),
        (["resume=never"], "sets resume itself"),
        (["experiment=nowhere"], "nowhere"),
        (["data.datasett=x"], "datasett"),
        (["--folds", "7"], "There is no fold 7; the folds are 0 to 1"),
    ],
)
def test_what_a_user_mistypes_is_one_line(dataset, tmp_path, arguments, line):
    told = ["crossval", *overrides(dataset), *arguments, "-o", str(tmp_path / "out")]
    outcome = CliRunner().invoke(app, told)
    assert outcome.exit_code == 1
    assert line in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_folds_that_are_no_numbers_are_a_matter_of_usage(dataset, tmp_path):
    told = ["crossval", *overrides(dataset), "--folds", "a", "-o", str(tmp_path / "out")]
    assert CliRunner().invoke(app, told).exit_code == 2


def test_without_data_the_missing_key_is_named(tmp_path):
    outcome = CliRunner().invoke(app, ["crossval", "-o", str(tmp_path / "out")])
    assert outcome.exit_code == 1
    assert "data.dataset" in outcome.stderr
