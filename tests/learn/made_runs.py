"""Trainings of a tiny network on made cases."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ctpet.resources import resource_folder

LIGHTNING_TALKS = pytest.mark.filterwarnings(
    "ignore:.*(number of training batches|does not have many workers|LeafSpec|litlogger)",
    "ignore:Checkpoint directory .* exists and is not empty",
)
"""What Lightning and torch warn of in every short training, which says nothing about ours."""

TINY_NETWORK = [
    "network.backbone.backbone.init_filters=8",
    "network.backbone.backbone.blocks_down=[1,1]",
    "network.backbone.backbone.blocks_up=[1]",
    "contract.halo_voxels=[4,4,4]",
]
SHORT = [
    "data.crops.size_voxels=[16,16,16]",
    "contract.size_multiple=[4,4,4]",
    "data.workers=0",
    "data.steps_per_epoch=2",
    "data.validation_cases=1",
    "callbacks.average.warmup_steps=1",
    "trainer.precision=32-true",
    "~callbacks.progress",
]
TINY = [*TINY_NETWORK, *SHORT]


def config(runs: Path, dataset: Path, *overrides: str) -> DictConfig:
    """The shipped configuration with a tiny network; the run is ``runs``/made."""
    return composed(runs, dataset, *TINY_NETWORK, *overrides)


def composed(runs: Path, dataset: Path, *overrides: str) -> DictConfig:
    """The shipped configuration, of a short training on small crops; the run is ``runs``/made."""
    with initialize_config_dir(str(resource_folder("configs")), version_base="1.3"):
        common = [f"paths.runs={runs}", f"data.dataset={dataset}", "name=made", *SHORT]
        return compose("train", overrides=[*common, *overrides])
