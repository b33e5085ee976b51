"""What a user types at `ctpet train`: each mistake is one line that names the key."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ctpet import api
from ctpet.cli import app
from ctpet.errors import CtpetError
from ctpet.learn.command import train_with
from ctpet.learn.weights import find_weights
from ctpet.resources import resource_folder
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, TINY

pytestmark = LIGHTNING_TALKS


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("dataset"))


def typed(tmp_path, dataset, *overrides):
    return [f"paths.runs={tmp_path}", f"data.dataset={dataset}", *TINY, *overrides]


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ([], r"name is missing\. Give it as name=…"),
        (["name=x", "optimizer.lerning_rate=1"], "lerning_rate"),
        (["name=x", "network=none"], "Could not find 'network/none'"),
        (
            ["name=x", "data.fold=null", "callbacks=best"],
            r"callbacks\.best\.monitor and callbacks\.stop\.monitor wait",
        ),
        (["name=x", "data.crops.size_voxels=[15,16,17]"], r"multiples of \[4, 4, 4\]"),
        (["name=x", "data.crops.size_voxels=[16,16]"], "three whole numbers"),
        (["name=x", "optimizer.lr=abc"], r"optimizer\.lr is abc, and must be a number"),
        (["name=x", "scheduler.warmup=abc"], r"scheduler\.warmup is abc"),
        (
            ["name=x", "data.batch_size=0"],
            r"data\.batch_size is 0, and must be a number from 1",
        ),
        (["name=x", "network.backbone.backbone.blocks_down=[]"], "The network fails on 3 channels"),
        (["name=x", "trainer.max_epochs=abc"], "max_epochs is abc, and must be a whole number"),
        (["name=x", "trainer.max_epochs=0"], "max_epochs is 0, and must be a whole number"),
        (["name=x", "trainer.max_epochs=null"], "max_epochs is null"),
        (["name=x", "trainer.devices=9999"], r"devices is 9999; this machine has \d+ cores"),
        (["name=x", "callbacks=null"], "callbacks=null: .* here best, default, none"),
        (["name=x", "loss="], "loss=: .* here charbonnier"),
        (["name=x", "data.crops=null"], r"data\.crops is null, and must be a mapping"),
        (["name=x", "data.crops.weights=null"], r"data\.crops\.weights is null"),
        (["name=x", "start_from=nowhere"], "nowhere holds no weights"),
        (["name=x", "resume=perhaps"], "auto or never"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, dataset, overrides, told):
    with pytest.raises(CtpetError, match=told) as failure:
        train_with(typed(tmp_path, dataset, *overrides))
    assert "\n" not in str(failure.value).strip()


def test_a_failed_start_does_not_take_the_name(tmp_path, dataset):
    with pytest.raises(CtpetError):
        train_with(typed(tmp_path, dataset, "name=x", "optimizer.lr=abc"))
    metrics = api.train(*typed(tmp_path, dataset, "name=x", "trainer.max_epochs=1"))
    assert metrics["val/mae"] > 0


def test_callbacks_and_loggers_are_switched_off_by_null(tmp_path, dataset):
    off = ["callbacks.pictures=null", "callbacks.curves=null", "logger.tensorboard=null"]
    train_with(typed(tmp_path, dataset, "name=x", "trainer.max_epochs=1", *off))
    left = {path.name for path in (tmp_path / "x").iterdir()}
    assert {"checkpoints", "config.yaml"} <= left
    assert not {"pictures", "curves.csv", "tensorboard"} & left


def test_help_lists_what_can_be_chosen():
    shown = CliRunner().invoke(app, ["train", "--help"]).output
    assert "ctpet[train]" in shown
    for group in ("network", "experiment", "loss", "trainer"):
        names = [path.stem for path in (resource_folder("configs") / group).glob("[a-z]*.yaml")]
        line = next(line for line in shown.splitlines() if line.split()[:1] == [group])
        assert set(names) == set(line.split(maxsplit=1)[1].split(", "))


@pytest.mark.slow
def test_the_jobs_after_a_failed_one_of_a_sweep_run(tmp_path, dataset):
    swept = ["--multirun", "name=a,b", "optimizer.lr=abc,0.001", "trainer.max_epochs=1"]
    arguments = [*swept, f"hydra.sweep.dir={tmp_path}/sweep", *typed(tmp_path, dataset)]
    done = subprocess.run(
        [sys.executable, "-m", "ctpet", "train", *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert all((tmp_path / name / "checkpoints" / "last.ckpt").exists() for name in "ab")
    told = [line for line in done.stderr.splitlines() if line.startswith("ctpet: job ")]
    assert [line.split()[2] for line in told] == ["0", "2"]
    assert "Traceback" not in done.stderr


def test_weights_are_named_by_file_or_by_shipped_model(tmp_path):
    assert find_weights("phantom-unet").name == "phantom-unet.safetensors"
    assert find_weights("phantom-unet").is_file()
    assert find_weights(tmp_path / "mine.ckpt") == tmp_path / "mine.ckpt"


def test_several_loggers_write_at_once(tmp_path, dataset):
    train_with(
        typed(
            tmp_path, dataset, "name=x", "trainer.max_epochs=1", "logger=many",
            "trainer.log_every_n_steps=1",
        )
    )  # fmt: skip
    logged = (tmp_path / "x" / "csv" / "metrics.csv").read_text("utf-8")
    assert "train/loss_step" in logged.splitlines()[0]
    assert list((tmp_path / "x" / "tensorboard").glob("events.*"))
