"""Trackers that know the network: absent, they are one line; present, nothing is sent unasked."""

import importlib.util
import os

import pytest

from ctpet.errors import CtpetError
from ctpet.learn import trackers
from ctpet.learn.command import compose, train_with
from ctpet.learn.trackers import mlflow_logger, wandb_logger
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, TINY

NAMES = ("mlflow", "wandb")


@LIGHTNING_TALKS
@pytest.mark.parametrize("name", NAMES)
def test_an_absent_package_is_one_line_before_anything_is_written(tmp_path, name):
    if importlib.util.find_spec(name) is not None:
        pytest.skip(f"{name} is installed")
    dataset = make_dataset(tmp_path / "cases")
    typed = [f"paths.runs={tmp_path / 'runs'}", f"data.dataset={dataset}", "name=made", *TINY]
    with pytest.raises(CtpetError) as caught:
        train_with([*typed, f"logger={name}"])
    assert str(caught.value) == (
        f"logger={name} needs the package {name}, which is not installed. Install it: "
        f"pip install {name}"
    )
    assert not (tmp_path / "runs" / "made").exists()


def test_what_a_tracker_itself_lacks_is_named(tmp_path, monkeypatch):
    def lacking(*_, **__):
        raise ModuleNotFoundError("No module named 'sqlalchemy.orm'", name="sqlalchemy.orm")

    monkeypatch.setattr(trackers, "MLFlowLogger", lacking)
    with pytest.raises(CtpetError, match="needs the package sqlalchemy, which is not"):
        mlflow_logger(experiment_name="x", run_name="y", tracking_uri=None, folder=str(tmp_path))


def test_nothing_is_sent_unless_it_is_asked_for(tmp_path, monkeypatch):
    """What the trackers are told, without them: files of the run's folder, no telemetry."""
    told = {}
    for name, klass in (("mlflow", "MLFlowLogger"), ("wandb", "WandbLogger")):
        monkeypatch.setattr(
            trackers, klass, lambda *a, _name=name, **k: told.update({_name: (a, k)})
        )
    for variable in ("MLFLOW_DISABLE_TELEMETRY", "WANDB_ERROR_REPORTING"):
        monkeypatch.delenv(variable, raising=False)
    own = {"folder": str(tmp_path)}
    mlflow_logger(experiment_name="x", run_name="y", tracking_uri=None, **own)
    assert told["mlflow"] == (
        ("x", "y", f"sqlite:///{tmp_path}/mlflow.db"),
        {"artifact_location": f"file://{tmp_path}/mlflow"},
    )
    mlflow_logger(experiment_name="x", run_name="y", tracking_uri="http://server", **own)
    assert told["mlflow"] == (("x", "y", "http://server"), {"artifact_location": None})
    wandb_logger(project="x", name="y", offline=True, **own)
    assert told["wandb"][1] == {"save_dir": str(tmp_path), "project": "x", "offline": True}
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["WANDB_ERROR_REPORTING"] == "false"


def test_they_are_local_by_default():
    assert compose(["name=x", "logger=wandb"]).logger.wandb.offline is True
    assert compose(["name=x", "logger=mlflow"]).logger.mlflow.tracking_uri is None


@pytest.mark.slow
@LIGHTNING_TALKS
@pytest.mark.parametrize("name", NAMES)
def test_a_training_is_tracked_where_the_package_is(tmp_path, name):
    pytest.importorskip(name)
    dataset = make_dataset(tmp_path / "cases")
    typed = [f"paths.runs={tmp_path / 'runs'}", f"data.dataset={dataset}", "name=made", *TINY]
    train_with([*typed, f"logger={name}", "trainer.max_epochs=1"])
    left = [path.name for path in (tmp_path / "runs").rglob("*")]
    assert "mlflow.db" in left if name == "mlflow" else any(n.endswith(".wandb") for n in left)
