"""Train what a Hydra configuration describes."""

import logging
import sys
from pathlib import Path
from typing import Any, Literal

from hydra.utils import instantiate
from lightning import Trainer, seed_everything
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning_utilities.core.rank_zero import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.learn.data import CaseDataModule
from ctpet.learn.draft_contract import draft_contract
from ctpet.learn.fits import refuse_another_number_of_outputs, refuse_what_does_not_fit
from ctpet.learn.identity import changes, other_cases, refuse_another_run
from ctpet.learn.lineage import read_parent, refuse_another_kind
from ctpet.learn.meant import precision_meant, refuse_what_nobody_means
from ctpet.learn.network import SuvNetwork
from ctpet.learn.precision import training_precision
from ctpet.learn.room import refuse_what_does_not_fit_memory, room_of
from ctpet.learn.run_folder import (
    CHECKPOINTS_FOLDER,
    LAST_CHECKPOINT,
    Begun,
    provenance_now,
    read_begun,
    write_run,
)
from ctpet.learn.step_memory import Step
from ctpet.learn.stop import explained_beginning, explained_stop
from ctpet.learn.together import cannot_be_told, seen_before
from ctpet.learn.trial import refuse_what_fails
from ctpet.learn.weights import find_weights, start_from
from ctpet.learn.whole_checkpoints import WholeCheckpointIO, progress_of

NEED_LOGGER = LearningRateMonitor
"""A callback without use, and refused by Lightning, where nothing logs."""


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
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    refuse_what_nobody_means(config)
    folder = Path(config.paths.run)
    resume = checkpoint_to_resume(folder, when=config.resume)
    precision = _precision(config.trainer)
    with explained_beginning():
        seed_everything(config.seed, workers=True, verbose=False)
        data: CaseDataModule = instantiate(config.data)
        provenance = provenance_now(data.fingerprint(), precision)
        if resume is not None:
            provenance = _resumed(folder, config, provenance)
        data.setup("fit")
        for sentence in cannot_be_told(data.sets):
            _say(sentence)
        network: SuvNetwork = instantiate(config.network)
        start = None if config.start_from is None else find_weights(config.start_from)
        if start is not None:
            start_from(network, start)
        contract = _contract(config, network, data, start)
        for sentence in seen_before(data.sets, contract.ancestors):
            _say(sentence)
        objective = instantiate(config.objective, network=network, contract=contract)
        refuse_another_number_of_outputs(network, objective)
        loggers = _chosen(config.logger)
        trainer: Trainer = instantiate(
            config.trainer,
            precision=precision,
            plugins=WholeCheckpointIO(),
            callbacks=[
                one
                for one in _chosen(config.callbacks)
                if loggers or not isinstance(one, NEED_LOGGER)
            ],
            logger=loggers,
        )
        refuse_what_does_not_fit(config, contract, data)
        size = tuple(config.data.crops.size_voxels)
        step = Step(size, config.data.batch_size, precision, contract.size_multiple)
        room = room_of(trainer, config.data.workers)
        refuse_what_does_not_fit_memory(objective, step, room)
        refuse_what_fails(network, size, contract.size_multiple, config.data.batch_size)
    if _leads():
        write_run(folder, config, contract, provenance)
    with explained_stop(trainer, folder / LAST_CHECKPOINT):
        trainer.fit(objective, data, ckpt_path=resume, weights_only=False if resume else None)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def _chosen(group: DictConfig | None) -> list[Any]:
    """Build the callbacks or loggers of a group; null switches one of them, or the group, off."""
    built = instantiate(group or {})
    return [one for one in built.values() if one is not None]


def checkpoint_to_resume(folder: Path, *, when: Literal["never", "auto"]) -> str | None:
    """Return the last checkpoint of a run that is to go on; None to start from the beginning.

    Args:
        folder: of the run.
        when: ``auto`` goes on where there is a checkpoint, ``never`` refuses a folder in use.

    Raises:
        CtpetError: there is a run, and going on was not asked for; or neither was meant; or the
            checkpoint cannot be read.
    """
    if when not in ("never", "auto"):
        raise CtpetError(f"resume is auto or never, not {when}")
    last = folder / LAST_CHECKPOINT
    trained = any((folder / CHECKPOINTS_FOLDER).glob("*.ckpt"))
    if when == "auto":
        if not last.exists():
            return None
        progress_of(last)
        return str(last)
    if _leads() and trained:
        raise CtpetError(
            f"{folder} holds a training already. Go on with it by resume=auto, or choose another "
            "name=…"
        )
    return None


def _precision(trainer: DictConfig) -> str:
    """Return the precision to train in; where it was left open, say which and why."""
    if (meant := precision_meant(trainer)) != "auto":
        return meant
    precision, why = training_precision(trainer.accelerator)
    _say(f"Trains in {precision}: {why}.")
    return precision


def _resumed(folder: Path, config: DictConfig, now: dict[str, Any]) -> dict[str, Any]:
    """Return the provenance of a run that goes on: as begun, and what has changed since.

    Raises:
        CtpetError: it would be another run; nothing has been written.
    """
    begun = read_begun(folder)
    changed = same_run(folder, begun, config, now["data_fingerprint"])
    for key, (before, after) in changed.items():
        _say(f"Goes on with {key}={after}, begun with {before}.")
    told = {"command": now["command"], "precision": now["precision"], "changed": changed}
    return {**begun.provenance, "resumed": [*begun.provenance.get("resumed", ()), told]}


def same_run(
    folder: Path, begun: Begun, config: DictConfig, fingerprint: object
) -> dict[str, tuple[Any, Any]]:
    """Return what differs from what a run was begun with, where that makes it no other run.

    Args:
        folder: of the run.
        begun: what it was begun with.
        config: now.
        fingerprint: of the data, now.

    Raises:
        CtpetError: it is another run.
    """
    changed = changes(begun.config, config)
    prints = begun.provenance.get("data_fingerprint"), fingerprint
    refuse_another_run(folder, changed, other_cases(*prints))
    return {key: both for key, both in changed.items() if key != "resume"}


def _say(sentence: str) -> None:
    if _leads():
        print(sentence, file=sys.stderr)  # noqa: T201


def _leads() -> bool:
    """Tell whether this process is the one that writes; Lightning's launchers number them."""
    return bool(rank_zero_only.rank == 0)  # type: ignore[attr-defined]


def _contract(
    config: DictConfig, network: SuvNetwork, data: CaseDataModule, start: Path | None
) -> ModelContract:
    parent = None if start is None else read_parent(start)
    promised: Any = OmegaConf.to_container(config.contract, resolve=True)
    try:
        contract = draft_contract(
            promised,
            network,
            [(one.info, one.training) for one in data.sets if one.training],
            data.extent_mm,
            parent.ever_seen if parent else (),
        )
    except (TypeError, ValueError) as error:
        raise CtpetError(
            f"The model's contract cannot be drafted: {error}. Look at contract.*."
        ) from error
    if parent is not None:
        refuse_another_kind(parent, contract, config.get("start_differs", ()))
    return contract
