"""Whole trainings on made cases: they run, resume to the bit, and stop with a line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ctpet.errors import CtpetError
from ctpet.learn.train import checkpoint_to_resume, train
from ctpet.learn.weights import read_weights
from ctpet.resources import resource_folder
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, TINY, config

pytestmark = LIGHTNING_TALKS
CONFIGS = resource_folder("configs")
EXPERIMENTS = sorted(path.stem for path in (CONFIGS / "experiment").glob("*.yaml"))
TAUGHT_BESIDE_STS = {"phantoms_and_sts": "phantoms", "whole_body": "wide"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("dataset"), count=4, folds=2)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_runs_two_steps(tmp_path, dataset, experiment):
    own = [f"data.dataset={dataset}"]
    if experiment in TAUGHT_BESIDE_STS:
        other = make_dataset(tmp_path / "other", first=4, salt="11")
        digital = f"data.datasets.{TAUGHT_BESIDE_STS[experiment]}.dataset={dataset}"
        own = [digital, f"data.datasets.sts.dataset={other}"]
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        made = compose(
            "train",
            overrides=[
                f"experiment={experiment}",
                "debug=two_steps",
                f"paths.runs={tmp_path}",
                *own,
                "data.fold=0",
                "start_from=null",
                "trainer.precision=32-true",
                "data.crops.size_voxels=[32,32,32]",
            ],
        )
    metrics = train(made)
    assert 0 < metrics["val/mae"] < made.network.suv_max
    run = tmp_path / made.name
    assert read_weights(run / "checkpoints" / "last.ckpt")
    assert list((run / "pictures").rglob("*.png"))


def test_a_run_leaves_what_is_needed_to_understand_it(tmp_path, dataset):
    train(config(tmp_path, dataset, "trainer.max_epochs=1"))
    run = tmp_path / "made"
    contract = json.loads((run / "contract.json").read_text())
    assert contract["spacing_mm"] == [4, 4, 4]
    assert contract["hu_range"] == [-1024, 1600]
    assert len(contract["trained_on"]["patient_hashes"]) == 2
    told = json.loads((run / "provenance.json").read_text())
    assert len(told["data_fingerprint"]) == 64
    assert told["packages"]["torch"].startswith("2.")
    saved = OmegaConf.load(run / "config.yaml")
    assert saved.data.crops.seed == saved.seed
    curves = (run / "curves.csv").read_text().splitlines()
    assert curves[0].startswith("epoch,steps,seconds,")
    assert len(curves) == 2


def test_a_run_that_is_there_is_not_overwritten(tmp_path, dataset):
    train(config(tmp_path, dataset, "trainer.max_epochs=1"))
    before = (tmp_path / "made" / "checkpoints" / "last.ckpt").read_bytes()
    with pytest.raises(CtpetError, match="resume=auto"):
        train(config(tmp_path, dataset, "trainer.max_epochs=1"))
    assert (tmp_path / "made" / "checkpoints" / "last.ckpt").read_bytes() == before


def test_resume_is_auto_or_never(tmp_path):
    assert checkpoint_to_resume(tmp_path, when="auto") is None
    with pytest.raises(CtpetError, match="auto or never"):
        checkpoint_to_resume(tmp_path, when="yes")  # type: ignore[arg-type]


def test_a_loss_that_is_no_number_stops_with_the_step_and_the_cases(tmp_path, dataset):
    broken = config(tmp_path, dataset, "optimizer.lr=1e30", "trainer.max_epochs=3")
    broken.trainer.gradient_clip_val = None
    broken.scheduler = None
    with pytest.raises(CtpetError, match=r"epoch \d, step \d, cases case-\d\d"):
        train(broken)


def test_the_same_seed_gives_the_same_weights(tmp_path, dataset):
    found = []
    for name in ("a", "b"):
        train(config(tmp_path / name, dataset, "trainer.max_epochs=1"))
        found.append(read_weights(tmp_path / name / "made" / "checkpoints" / "last.ckpt"))
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])


def test_weights_of_another_network_are_refused(tmp_path, dataset):
    train(config(tmp_path, dataset, "trainer.max_epochs=1"))
    start = tmp_path / "made" / "checkpoints" / "last.ckpt"
    with pytest.raises(CtpetError, match="another network"):
        train(
            config(
                tmp_path / "other", dataset, f"start_from={start}",
                "network.backbone.backbone.init_filters=16",
            )
        )  # fmt: skip


def command(runs: Path, dataset: Path, *overrides: str) -> list[str]:
    return [
        sys.executable, "-m", "ctpet", "train", f"paths.runs={runs}", f"data.dataset={dataset}",
        "name=made", *TINY, *overrides,
    ]  # fmt: skip


@pytest.mark.slow
def test_a_run_that_was_killed_ends_with_the_same_bits(tmp_path, dataset):
    """kill −9 after the first epoch, resume: weights, averages and optimiser as if never killed."""
    length = ["trainer.max_epochs=3", "data.steps_per_epoch=4"]
    train(config(tmp_path / "whole", dataset, *length))
    slow = [*length, "resume=auto"]
    last = tmp_path / "cut" / "made" / "checkpoints" / "last.ckpt"
    process = subprocess.Popen(
        command(tmp_path / "cut", dataset, *slow), stdout=subprocess.DEVNULL, cwd=tmp_path
    )
    while not last.exists() and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    stopped_at = torch.load(last, weights_only=False)["epoch"]
    assert stopped_at < 2, "the run was over before it could be killed"
    subprocess.run(
        command(tmp_path / "cut", dataset, *slow), check=True, capture_output=True, cwd=tmp_path
    )
    whole = torch.load(
        tmp_path / "whole" / "made" / "checkpoints" / "last.ckpt", weights_only=False
    )
    cut = torch.load(last, weights_only=False)
    for part in ("state_dict", "current_model_state"):
        assert whole[part].keys() == cut[part].keys()
        for key, value in whole[part].items():
            assert torch.equal(value, cut[part][key]), (part, key)
    assert whole["global_step"] == cut["global_step"] == 12
    curves = (tmp_path / "cut" / "made" / "curves.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in curves[1:]] == ["0", "1", "2"]


def test_data_that_is_not_there_is_one_line(tmp_path):
    wrong = subprocess.run(
        command(tmp_path, tmp_path / "none"), capture_output=True, text=True, check=False,
        cwd=tmp_path,
    )  # fmt: skip
    assert wrong.returncode == 1
    assert wrong.stderr.strip().splitlines()[-1].startswith("ctpet: ")
    assert "ctpet prepare" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.slow
def test_two_processes_train_together(tmp_path, dataset):
    """Gradients are shared: both end with the same weights, and the run is written once."""
    script = Path(__file__).parents[2] / "scripts" / "train.py"
    arguments = command(
        tmp_path, dataset, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2",
        "trainer.max_epochs=1",
    )[4:]  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, check=False,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert read_weights(tmp_path / "made" / "checkpoints" / "last.ckpt")
    assert (tmp_path / "made" / "curves.csv").read_text().count("\n") == 2


def test_a_cluster_is_a_choice_of_launcher():
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        made = compose(
            "train",
            overrides=["experiment=phantom", "hydra/launcher=submitit_slurm"],
            return_hydra_config=True,
        )
    assert made.hydra.launcher["_target_"].endswith("SlurmLauncher")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["phantom-unet", "phantom-gan", "sts-unet"])
def test_shipped_weights_can_be_trained_on_from_their_configuration(tmp_path, dataset, name):
    shipped = resource_folder("checkpoints")
    made = OmegaConf.merge(
        OmegaConf.load(shipped / f"{name}.yaml"),
        {
            "name": "tuned",
            "paths": {"runs": str(tmp_path)},
            "start_from": str(shipped / f"{name}.safetensors"),
            "data": {"dataset": str(dataset), "fold": 0, "steps_per_epoch": 1, "workers": 0},
            "trainer": {"max_epochs": 1, "precision": "32-true"},
        },
    )
    made.data.crops.target = "pet"
    made.data.crops.size_voxels = [32, 32, 32]
    assert train(made)["val/mae"] < 5
    assert (tmp_path / "tuned" / "checkpoints" / "last.ckpt").is_file()
