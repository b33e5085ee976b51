"""Read back what a training left: its network with weights, its contract, where it comes from."""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ctpet.contract import ModelContract, contract_from_json
from ctpet.errors import CtpetError
from ctpet.learn.average import Average, average_networks
from ctpet.learn.network import SuvNetwork
from ctpet.learn.run_folder import CONFIG_FILE, CONTRACT_FILE, PROVENANCE_FILE
from ctpet.learn.weights import load_weights

AVERAGE = f"{Average.__module__}.{Average.__qualname__}"


@dataclass(frozen=True, eq=False)
class Trained:
    """A network as a training left it.

    Attributes:
        network: in evaluation mode, on the processor; averaged weights where they were averaged.
        config: as composed and resolved.
        contract: as drafted; halo and memory are not measured yet.
        provenance: versions, commit, command and dataset.
        steps: of the optimiser, of each network.
        epochs: begun, the last one included.
        seeds: of the networks that are averaged; one where there is one.
    """

    network: SuvNetwork
    config: DictConfig
    contract: ModelContract
    provenance: dict[str, Any]
    steps: int
    epochs: int
    seeds: tuple[int, ...]


def read_average(checkpoints: Sequence[Path]) -> Trained:
    """Rebuild one network, or several as their mean.

    They may differ in seed, backbone, loss and target. Steps, epochs and the configuration are the
    first one's, with a backbone that holds all of them.

    Raises:
        CtpetError: as :func:`read_trained`; or their channels, range or patients differ.
        ModelInvalid: a run's contract cannot be read.
    """
    members = [read_trained(path) for path in checkpoints]
    first = members[0]
    if len(members) == 1:
        return first
    for path, other in zip(checkpoints, members, strict=True):
        if not _alike(first, other):
            raise CtpetError(
                f"{path} cannot be averaged with {checkpoints[0]}: they differ in HU channels, SUV "
                "range, grid, or in the patients they were trained on."
            )
    config = copy.deepcopy(first.config)
    backbones = [member.config.network.backbone for member in members]
    backbone = {"_target_": AVERAGE, "backbones": backbones}
    OmegaConf.update(config, "network.backbone", backbone, merge=False)
    network = average_networks([member.network for member in members])
    seeds = tuple(seed for member in members for seed in member.seeds)
    contract = replace(first.contract, extent_seen_mm=_seen_by_all(members))
    return replace(first, network=network, config=config, contract=contract, seeds=seeds)


def read_trained(checkpoint: Path) -> Trained:
    """Rebuild the network of a checkpoint from the run folder it lies in.

    Args:
        checkpoint: ``RUN/checkpoints/NAME.ckpt`` of a run folder of :mod:`ctpet.learn.run_folder`.

    Raises:
        CtpetError: the checkpoint or the run's files cannot be read, or belong to two networks.
        ModelInvalid: the run's contract cannot be read.
    """
    folder = checkpoint.parent.parent
    try:
        config = OmegaConf.load(folder / CONFIG_FILE)
        contract = contract_from_json((folder / CONTRACT_FILE).read_text("utf-8"))
        provenance = json.loads((folder / PROVENANCE_FILE).read_text("utf-8"))
        network = instantiate(config.network)
    except (OSError, ValueError, OmegaConfBaseException, InstantiationException) as error:
        raise CtpetError(
            f"{checkpoint} does not lie in the folder of a training: {error}. Name a file "
            "runs/NAME/checkpoints/….ckpt."
        ) from error
    if not isinstance(network, SuvNetwork) or not isinstance(config, DictConfig):
        raise CtpetError(f"{folder / CONFIG_FILE} describes no network that ctpet can export.")
    load_weights(network, checkpoint)
    steps, epochs = _progress(checkpoint)
    network.eval().requires_grad_(requires_grad=False)
    seeds = (int(config.seed),)
    return Trained(network, config, contract, provenance, steps, epochs, seeds)


def _alike(first: Trained, other: Trained) -> bool:
    ours, theirs = first.config.network, other.config.network
    same_frame = (ours.channels, ours.suv_max) == (theirs.channels, theirs.suv_max)
    theirs_here = replace(other.contract, extent_seen_mm=first.contract.extent_seen_mm)
    return bool(same_frame and first.contract == theirs_here)


def _seen_by_all(members: Sequence[Trained]) -> tuple[float, float]:
    """Return the extents in mm that every network saw; the longest shortest if they share none."""
    seen = [member.contract.extent_seen_mm for member in members]
    shortest = max(low for low, _ in seen)
    return shortest, max(shortest, min(high for _, high in seen))


def _progress(checkpoint: Path) -> tuple[int, int]:
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    return int(state["global_step"]), int(state["epoch"]) + 1
