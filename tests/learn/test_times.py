"""The time of a training is told apart: steps, waiting for crops, validation."""

import csv
import time

import pytest

from ctpet.learn.crops import CropDataset
from ctpet.learn.regression import Regression
from ctpet.learn.times import told
from ctpet.learn.train import train
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, config


def slowed(monkeypatch, owner, name, seconds):
    whole = getattr(owner, name)

    def slow(*args, **options):
        time.sleep(seconds)
        return whole(*args, **options)

    monkeypatch.setattr(owner, name, slow)


@LIGHTNING_TALKS
@pytest.mark.parametrize(
    ("owner", "name", "part"),
    [
        (CropDataset, "__getitem__", "loader"),
        (Regression, "losses", "step"),
        (Regression, "validation_step", "validation"),
    ],
)
def test_what_is_slow_is_told(tmp_path, monkeypatch, capsys, owner, name, part):
    dataset = make_dataset(tmp_path / "cases")
    short = ["trainer.max_epochs=2", "callbacks.pictures=null"]
    slowed(monkeypatch, owner, name, 0.4)
    train(config(tmp_path, dataset, *short))
    with (tmp_path / "made" / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    calls = 1 if part == "validation" else 2
    for row in rows:
        assert float(row[f"seconds/{part}"]) >= calls * 0.4
        parts = [float(row[f"seconds/{each}"]) for each in ("step", "loader", "validation")]
        assert sum(parts) <= float(row["seconds"]) + 0.1
    told_line = capsys.readouterr().err.strip().splitlines()[-1]
    assert told_line.startswith("Steps took ")
    assert ("raise data.workers" in told_line) == (part == "loader")


def test_the_line_names_the_loader_where_it_is_the_limit():
    assert told({"step": 8.0, "loader": 1.0, "validation": 3.0}) == (
        "Steps took 8.0 s, waiting for crops 1.0 s (11% of both), validation 3.0 s."
    )
    assert told({"step": 3.0, "loader": 1.0, "validation": 0.0}).endswith(
        "(25% of both), validation 0.0 s. The loader is the limit: raise data.workers."
    )
    assert "raise" not in told({"step": 0.1, "loader": 0.9, "validation": 0.0})
    assert "0%" in told({"step": 0.0, "loader": 0.0, "validation": 1.0})
