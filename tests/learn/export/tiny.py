"""A run folder as a training leaves it, around a tiny network of random weights."""

from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import nn

from ctpet.contract import ModelContract, TrainingData
from ctpet.learn.network import SuvNetwork
from ctpet.learn.run_folder import LAST_CHECKPOINT, provenance_now, write_run
from ctpet.resources import resource_folder
from tests.case_factory import SALT, make_dataset
from tests.onnx_factory import a_contract

MULTIPLE = (4, 4, 4)
OVERRIDES = [
    "network.channels.windows_hu=[[-1024,1024],[-160,240]]",
    "network.backbone.channels=2",
    "network.backbone.inner_in=4",
    "network.backbone.inner_out=4",
    "network.backbone.backbone.in_channels=4",
    "network.backbone.backbone.out_channels=4",
    "network.backbone.backbone.init_filters=8",
    "network.backbone.backbone.blocks_down=[1,1]",
    "network.backbone.backbone.blocks_up=[1]",
]


def tiny_config(dataset: Path | str, *overrides: str) -> DictConfig:
    """The shipped configuration with a tiny network."""
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        return compose("train", ["name=tiny", f"data.dataset={dataset}", *OVERRIDES, *overrides])


def tiny_network(config: DictConfig) -> SuvNetwork:
    """The network with batch statistics as if it had been trained, and SUV of several units."""
    torch.manual_seed(7)
    network: SuvNetwork = instantiate(config.network)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm3d):
            nn.init.normal_(part.running_mean, 0, 0.2)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
            nn.init.uniform_(part.weight, 0.8, 1.2)
            nn.init.normal_(part.bias, 0, 0.2)
    unfold: Any = network.backbone.unfold
    nn.init.constant_(unfold.bias, 1.5)
    with torch.no_grad():
        unfold.weight *= 3
    return network.eval()


def tiny_contract(**changes: Any) -> ModelContract:
    """The contract as drafted; case-00 of the made dataset was trained on."""
    trained_on = TrainingData("made cases, no persons", "", "Apache-2.0", SALT, (f"{0:064x}",))
    values: dict[str, Any] = {
        "size_multiple": MULTIPLE,
        "halo_voxels": (32, 32, 32),
        "hu_range": (-1024.0, 1024.0),
        "suv_range": (0.0, 25.0),
        "limitations": "Not evaluated.",
        "trained_on": (trained_on,),
    }
    return a_contract(**{**values, **changes})


def make_run(folder: Path, *overrides: str, count: int = 2) -> Path:
    """A run folder beside its dataset; returns the checkpoint."""
    dataset = make_dataset(folder / "cases", count=count, shape=(96, 48, 48))
    config = tiny_config(dataset, *overrides)
    write_run(folder / "run", config, tiny_contract(), provenance_now("f1n6e", "32-true"))
    checkpoint = folder / "run" / LAST_CHECKPOINT
    checkpoint.parent.mkdir()
    weights = tiny_network(config).state_dict()
    state = {f"network.{name}": value for name, value in weights.items()}
    left = {"state_dict": state, "current_model_state": state, "global_step": 120, "epoch": 1}
    torch.save(left, checkpoint)
    return checkpoint
