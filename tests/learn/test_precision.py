"""What a training computes in follows from what the processor can do, and is said."""

import json

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ctpet.learn.precision import training_precision
from ctpet.learn.train import train
from ctpet.resources import resource_folder
from tests.case_factory import make_dataset
from tests.learn.made_runs import LIGHTNING_TALKS, config

pytestmark = LIGHTNING_TALKS


@pytest.mark.parametrize(
    ("able", "precision"),
    [
        ({"avx2": True, "avx512_f": False, "avx512_bf16": False}, "32-true"),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, "32-true"),
        ({"avx512_f": True, "avx512_bf16": True}, "bf16-mixed"),
        ({"avx512_bf16": False, "amx_bf16": True}, "bf16-mixed"),
        ({"neon": True, "bf16": True}, "bf16-mixed"),
        ({}, "32-true"),
    ],
)
def test_a_processor_trains_in_bf16_only_where_it_computes_in_it(monkeypatch, able, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert training_precision("cpu")[0] == precision


@pytest.mark.parametrize(("has_bf16", "precision"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_is_asked_where_it_trains(monkeypatch, has_bf16, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": not has_bf16})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: has_bf16)
    assert training_precision("gpu")[0] == precision
    assert training_precision("cpu")[0] != precision


def test_the_run_says_what_it_trained_in(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    dataset = make_dataset(tmp_path / "cases")
    train(config(tmp_path, dataset, "trainer.precision=auto", "trainer.max_epochs=1"))
    assert OmegaConf.load(tmp_path / "made" / "config.yaml").trainer.precision == "auto"
    provenance = json.loads((tmp_path / "made" / "provenance.json").read_text())
    assert provenance["precision"] == "32-true"
    told = "Trains in 32-true: this processor has no bf16 arithmetic."
    assert capsys.readouterr().err.count(told) == 1


def test_auto_is_the_default():
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        composed = compose("train", overrides=["name=any", "data.dataset=any"])
    assert composed.trainer.precision == "auto"
