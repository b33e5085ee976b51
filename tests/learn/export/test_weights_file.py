import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from safetensors import safe_open

from ctpet.contract import METADATA_KEY, contract_from_json
from ctpet.learn.export.weights_file import without_folders, write_config, write_weights
from ctpet.learn.weights import read_weights


def test_weights_come_back_bit_for_bit(trained, tmp_path):
    write_weights(trained.network, trained.contract, tmp_path / "m.safetensors")
    again = instantiate(trained.config.network)
    again.load_state_dict(read_weights(tmp_path / "m.safetensors"))
    hu = torch.from_numpy(np.random.default_rng(0).normal(0, 300, (1, 1, 12, 16, 20)))
    with torch.inference_mode():
        wanted, seen = trained.network(hu.float()), again.eval()(hu.float())
    assert wanted.std() > 0.1
    assert torch.equal(wanted, seen)


def test_weights_laid_out_for_training_can_be_written(trained, tmp_path):
    network = instantiate(trained.config.network).to(memory_format=torch.channels_last_3d)
    write_weights(network, trained.contract, tmp_path / "m.safetensors")
    for name, value in read_weights(tmp_path / "m.safetensors").items():
        assert torch.equal(value, network.state_dict()[name])


def test_the_weights_carry_the_contract(trained, tmp_path):
    write_weights(trained.network, trained.contract, tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", framework="pt") as file:
        metadata = file.metadata()
    assert contract_from_json(metadata[METADATA_KEY]) == trained.contract
    assert "NOT FOR DIAGNOSIS" in metadata["notice"]


def test_the_configuration_builds_the_same_network(trained, tmp_path):
    write_config(trained.config, tmp_path / "m.yaml")
    network = instantiate(OmegaConf.load(tmp_path / "m.yaml").network)
    assert network.state_dict().keys() == trained.network.state_dict().keys()


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("/data/clinic/cases", "cases"),
        ("~/cases", "cases"),
        ("C:\\data\\cases", "cases"),
        ("\\\\server\\share\\cases", "cases"),
        ("runs/phantom", "runs/phantom"),
        ("ctpet.learn.data.CaseDataModule", "ctpet.learn.data.CaseDataModule"),
        ({"a": ["/x/y", 3, None, 1.5]}, {"a": ["y", 3, None, 1.5]}),
    ],
)
def test_folders_of_the_machine_are_left_out(value, kept):
    assert without_folders(value) == kept


def test_another_run_writes_into_its_own_folder(trained, tmp_path):
    write_config(trained.config, tmp_path / "m.yaml")
    again = OmegaConf.merge(OmegaConf.load(tmp_path / "m.yaml"), {"name": "tuned"})
    assert again.paths.run == "runs/tuned"
    assert again.callbacks.last.dirpath == "runs/tuned/checkpoints"
    assert again.resume == "never"
