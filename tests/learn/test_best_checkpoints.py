"""Several best epochs are kept apart by their names, and through a resume."""

import csv
import re

import pytest
import torch

from ctpet.learn.train import train
from ctpet.learn.whole_checkpoints import progress_of
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, config

pytestmark = LIGHTNING_TALKS
NAMED = re.compile(r"best-epoch(\d{4})-mae(\d+\.\d{4})\.ckpt")
BEST = ["callbacks=best", "callbacks.best.save_top_k=2", "callbacks.stop=null"]


def kept(run):
    found = {path.name: NAMED.fullmatch(path.name) for path in run.glob("checkpoints/best*")}
    assert all(found.values()), found
    return {int(match[1]): float(match[2]) for match in found.values()}


def test_the_best_two_are_kept_by_name_through_a_resume(tmp_path):
    dataset = make_dataset(tmp_path / "cases")
    for epochs in (2, 5):
        train(config(tmp_path, dataset, *BEST, f"trainer.max_epochs={epochs}", "resume=auto"))
    run = tmp_path / "made"
    with (run / "curves.csv").open(newline="") as file:
        curves = {int(row["epoch"]): float(row["val/mae"]) for row in csv.DictReader(file)}
    assert len(curves) == 5
    best = sorted(curves, key=curves.get)[:2]
    assert kept(run) == pytest.approx({epoch: curves[epoch] for epoch in best}, abs=1e-4)
    for path in run.glob("checkpoints/best*"):
        assert progress_of(path)[0] == int(NAMED.fullmatch(path.name)[1])
    assert not list(run.rglob("*.partial"))


def test_one_is_best_ckpt_and_all_can_be_kept(tmp_path):
    dataset = make_dataset(tmp_path / "cases")
    one = config(tmp_path / "one", dataset, "callbacks=best", "trainer.max_epochs=2")
    train(one)
    found = sorted(path.name for path in (tmp_path / "one" / "made" / "checkpoints").iterdir())
    assert found == ["best.ckpt", "last.ckpt"]
    every = ["callbacks=best", "callbacks.best.save_top_k=-1", "trainer.max_epochs=3"]
    train(config(tmp_path / "all", dataset, *every))
    assert sorted(kept(tmp_path / "all" / "made")) == [0, 1, 2]
    assert torch.load(tmp_path / "one/made/checkpoints/best.ckpt", weights_only=False)["epoch"] < 2


def test_the_last_checkpoint_knows_the_best_epoch_of_its_own(tmp_path):
    """The last checkpoint was once written before the best one of its epoch was known."""
    dataset = make_dataset(tmp_path / "cases")
    train(config(tmp_path, dataset, "callbacks=best", "trainer.max_epochs=2"))
    state = torch.load(tmp_path / "made/checkpoints/last.ckpt", weights_only=False)
    (told,) = (own for name, own in state["callbacks"].items() if name.startswith("BestCheck"))
    with (tmp_path / "made" / "curves.csv").open(newline="") as file:
        values = [float(row["val/mae"]) for row in csv.DictReader(file)]
    assert float(told["best_model_score"]) == pytest.approx(min(values), abs=1e-4)
    assert float(told["current_score"]) == pytest.approx(values[-1], abs=1e-4)
