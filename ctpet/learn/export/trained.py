"""Read back what a training left: its network with weights, its contract, where it comes from."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ctpet.contract import ModelContract, contract_from_json
from ctpet.errors import CtpetError
from ctpet.learn.network import SuvNetwork
from ctpet.learn.run_folder import CONFIG_FILE, CONTRACT_FILE, PROVENANCE_FILE
from ctpet.learn.train import load_weights


@dataclass(frozen=True, eq=False)
class Trained:
    """A network as a training left it.

    Attributes:
        network: in evaluation mode, on the processor; averaged weights where they were averaged.
        config: as composed and resolved.
        contract: as drafted; halo and memory are not measured yet.
        provenance: versions, commit, command and dataset.
        steps: of the optimiser.
        epochs: begun, the last one included.
    """

    network: SuvNetwork
    config: DictConfig
    contract: ModelContract
    provenance: dict[str, Any]
    steps: int
    epochs: int


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
    return Trained(network, config, contract, provenance, steps, epochs)


def _progress(checkpoint: Path) -> tuple[int, int]:
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    return int(state["global_step"]), int(state["epoch"]) + 1
