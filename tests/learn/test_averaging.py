"""Averaged weights are trained weights, however short the training."""

import torch

from ctpet.learn.averaging import _average
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
