"""Train what a Hydra configuration describes."""

from pathlib import Path
from typing import Any

import hydra
import torch
from hydra.utils import instantiate
from lightning import Trainer, seed_everything
from omegaconf import DictConfig, OmegaConf

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.learn.data import CaseDataModule
from ctpet.learn.draft_contract import draft_contract
from ctpet.learn.network import SuvNetwork
from ctpet.learn.run_folder import LAST_CHECKPOINT, write_run
from ctpet.prepare.fingerprint import dataset_fingerprint
from ctpet.resources import resource_folder


def train(config: DictConfig) -> dict[str, float]:
    """Run a training to its end, from its last checkpoint if it is to be resumed.

    Args:
        config: composed from ``configs/train.yaml``.

    Returns:
        The metrics of the last epoch, by name.

    Raises:
        CtpetError: the data cannot be read, the run folder holds another run, or the training
            had to stop.
    """
    folder = Path(config.paths.run)
    resume = _checkpoint_to_resume(folder, config.resume)
    seed_everything(config.seed, workers=True, verbose=False)
    data: CaseDataModule = instantiate(config.data)
    data.setup("fit")
    network: SuvNetwork = instantiate(config.network)
    if config.start_from is not None:
        load_weights(network, Path(config.start_from))
    contract = _contract(config, network, data)
    write_run(folder, config, contract, dataset_fingerprint(Path(config.data.dataset)))
    objective = instantiate(config.objective, network=network, contract=contract)
    trainer: Trainer = instantiate(
        config.trainer,
        callbacks=list(instantiate(config.callbacks).values()),
        logger=list(instantiate(config.logger).values()),
    )
    trainer.fit(objective, data, ckpt_path=resume, weights_only=False if resume else None)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def load_weights(network: SuvNetwork, path: Path) -> None:
    """Start from the weights of another training, a checkpoint or safetensors.

    Raises:
        CtpetError: the file cannot be read or is of another network.
    """
    from ctpet.learn.weights import read_weights

    try:
        network.load_state_dict(read_weights(path))
    except RuntimeError as error:
        raise CtpetError(f"start_from={path} holds another network: {error}") from error


def _checkpoint_to_resume(folder: Path, resume: bool) -> str | None:
    """Return the last checkpoint of a run that is to go on.

    Raises:
        CtpetError: there is one, and it was not asked for.
    """
    last = folder / LAST_CHECKPOINT
    if not last.exists():
        return None
    if not resume:
        raise CtpetError(
            f"{folder} holds a training already. Go on with it with resume=true, or choose "
            "another name=…"
        )
    return str(last)


def _contract(config: DictConfig, network: SuvNetwork, data: CaseDataModule) -> ModelContract:
    dataset = Path(config.data.dataset)
    promised: Any = OmegaConf.to_container(config.contract, resolve=True)
    return draft_contract(promised, network, dataset, data.training_cases, data.extent_mm)


@hydra.main(version_base="1.3", config_path=str(resource_folder("configs")), config_name="train")
def main(config: DictConfig) -> float | None:
    """Train; returns the metric that sweeps optimise, where it was measured."""
    torch.set_float32_matmul_precision("high")
    metrics = train(config)
    return metrics.get(config.optimized_metric)
