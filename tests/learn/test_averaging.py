"""Averaged weights are trained weights, however short the training."""

import pytest
import torch
from typer.testing import CliRunner

from ctpet.cli import app
from ctpet.errors import CtpetError
from ctpet.learn.averaging import _average
from ctpet.learn.export.trained import read_trained
from ctpet.learn.train import train
from ctpet.learn.weights import read_weights
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, config

pytestmark = LIGHTNING_TALKS
TEN_STEPS = ["data.steps_per_epoch=5", "trainer.max_epochs=2", "callbacks.average.warmup_steps=200"]


def test_it_follows_through_the_warm_up_and_averages_after_it():
    average = _average(decay=0.75, warmup_steps=3)
    old, new = torch.tensor(8.0), torch.tensor(4.0)
    assert [float(average(old, new, n)) for n in (1, 3, 4)] == [4.0, 4.0, 7.0]


def test_ten_steps_are_exported_and_validated_though_the_warm_up_is_long(tmp_path):
    """The averaged weights of a short run were those it began with, and looked like a result."""
    dataset = make_dataset(tmp_path / "cases")
    first = train(config(tmp_path / "a", dataset, *TEN_STEPS, "optimizer.lr=1e-6"))
    found = train(config(tmp_path / "b", dataset, *TEN_STEPS, "optimizer.lr=1e-2"))
    slow, trained = (
        read_weights(tmp_path / run / "made" / "checkpoints" / "last.ckpt") for run in "ab"
    )
    assert max(float((trained[key] - slow[key]).abs().max()) for key in trained) > 0.01
    last = tmp_path / "b" / "made" / "checkpoints" / "last.ckpt"
    state = torch.load(last, weights_only=False)
    for key, value in state["current_model_state"].items():
        assert torch.equal(value, state["state_dict"][key]), key
    assert abs(first["val/mae"] - found["val/mae"]) > 1e-3


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A checkpoint whose average is not what its last step left."""
    folder = tmp_path_factory.mktemp("both")
    dataset = make_dataset(folder / "cases")
    train(config(folder, dataset, *TEN_STEPS, "callbacks.average.warmup_steps=0"))
    return folder / "made" / "checkpoints" / "last.ckpt"


def test_either_weights_can_be_exported_and_the_averaged_are_by_default(both):
    averaged, current = (read_trained(both, which) for which in ("averaged", "current"))
    state = torch.load(both, weights_only=False)
    for key, value in averaged.network.state_dict().items():
        assert torch.equal(value, state["state_dict"][f"network.{key}"])
        assert torch.equal(
            current.network.state_dict()[key], state["current_model_state"][f"network.{key}"]
        )
    apart = [
        float((one - other).abs().max())
        for one, other in zip(
            averaged.network.parameters(), current.network.parameters(), strict=True
        )
    ]
    assert max(apart) > 1e-4
    assert read_trained(both).weights == averaged.weights == ("averaged",)
    assert current.weights == ("current",)


def test_an_average_that_was_not_taken_is_refused_and_the_last_step_is_the_default(tmp_path):
    dataset = make_dataset(tmp_path / "cases")
    train(config(tmp_path, dataset, "callbacks.average=null", "trainer.max_epochs=1"))
    last = tmp_path / "made" / "checkpoints" / "last.ckpt"
    with pytest.raises(CtpetError, match=r"last\.ckpt holds no averaged weights"):
        read_trained(last, "averaged")
    assert read_trained(last).weights == read_trained(last, "current").weights == ("current",)
    typed = ["export", str(last), "-o", str(tmp_path / "x.onnx"), "--weights", "averaged"]
    told = CliRunner().invoke(app, typed)
    assert told.exit_code == 1
    assert "its training averaged none (callbacks.average). Take the current ones" in told.output
    assert not list(tmp_path.glob("x.*"))
