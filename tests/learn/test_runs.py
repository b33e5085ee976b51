"""What a list of trainings says of each."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from ctpet import api
from ctpet.cli import app
from ctpet.learn.train import train
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, config

pytestmark = LIGHTNING_TALKS


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    dataset = make_dataset(tmp_path_factory.mktemp("data") / "cases")
    whole = config(runs, dataset, "trainer.max_epochs=2", "logger={}", "name=whole")
    train(whole)
    stopped = config(runs, dataset, "trainer.max_epochs=1", "logger={}", "name=stopped")
    train(stopped)
    text = (runs / "stopped" / "config.yaml").read_text()
    (runs / "stopped" / "config.yaml").write_text(text.replace("max_epochs: 1", "max_epochs: 9"))
    (runs / "foreign").mkdir()
    (runs / "foreign" / "config.yaml").write_text("- a\n- list\n")
    (runs / "broken" / "checkpoints").mkdir(parents=True)
    (runs / "broken" / "config.yaml").write_text(text)
    (runs / "broken" / "checkpoints" / "last.ckpt").write_bytes(b"half")
    (runs / "begun").mkdir()
    (runs / "begun" / "config.yaml").write_text(text)
    return runs


def test_each_is_told_with_its_state_its_epochs_and_its_best(root):
    found = {run.folder.name: run for run in api.runs(root)}
    states = {name: run.state for name, run in found.items()}
    assert states == {
        "whole": "finished",
        "stopped": "stopped",
        "foreign": "unreadable",
        "broken": "damaged checkpoint",
        "begun": "no checkpoint",
    }
    whole = found["whole"]
    assert (whole.epochs, whole.of_epochs) == (2, 2)
    rows = (root / "whole" / "curves.csv").read_text().splitlines()
    at = rows[0].split(",").index("val/mae")
    maes = [float(row.split(",")[at]) for row in rows[1:]]
    assert whole.best == min(maes)
    assert whole.best_epoch == maes.index(min(maes))
    assert whole.last == maes[-1]
    assert whole.checkpoint == root / "whole" / "checkpoints" / "last.ckpt"
    assert len(whole.data) == 1
    assert found["begun"].checkpoint is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("curves.csv", "epoch,steps,seconds,val/mae\n0,2,3.2,1.2e\n"),
        ("curves.csv", "epoch,steps\n\0,2\n"),
        ("curves.csv", "a,b\n1,2\n"),
        ("config.yaml", "trainer: null\n"),
        ("config.yaml", "a: [1, 2\nb: }{"),
        ("config.yaml", "trainer: {max_epochs: ${trainer.max_epochs}}\n"),
    ],
)
def test_one_bad_folder_does_not_end_the_list(root, tmp_path, name, content):
    runs = tmp_path / "runs"
    for each in ("whole", "bad"):
        shutil.copytree(root / "whole", runs / each)
    (runs / "bad" / name).write_text(content)
    assert [run.state for run in api.runs(runs)] == ["unreadable", "finished"]


def test_figures_are_told_though_the_checkpoint_is_damaged(root, tmp_path):
    run = tmp_path / "runs" / "cut"
    shutil.copytree(root / "whole", run)
    (run / "checkpoints" / "last.ckpt").write_bytes(b"half")
    (told,) = api.runs(tmp_path / "runs")
    assert (told.state, told.epochs) == ("damaged checkpoint", 2)
    assert told.best is not None


def test_the_command_tells_the_same_as_text_and_as_json(root):
    text = CliRunner().invoke(app, ["runs", str(root)])
    assert text.exit_code == 0
    assert len(text.stdout.splitlines()) == 5
    assert "1 of 9 epochs" in text.stdout
    told = json.loads(CliRunner().invoke(app, ["runs", str(root), "--json"]).stdout)
    assert [one["state"] for one in told if one["folder"].endswith("whole")] == ["finished"]


def test_a_folder_without_runs_says_so_and_none_is_refused(tmp_path):
    assert "no run" in CliRunner().invoke(app, ["runs", str(tmp_path)]).stdout
    outcome = CliRunner().invoke(app, ["runs", str(tmp_path / "nowhere")])
    assert outcome.exit_code == 3
    assert "There is no folder" in outcome.stderr
