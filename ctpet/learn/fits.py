"""Whether the parts of a configuration fit each other, before a training begins."""

import os

from lightning import Trainer
from omegaconf import DictConfig

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.learn.counts import refuse_no_count
from ctpet.learn.data import CaseDataModule


def refuse_what_nobody_means(trainer: DictConfig) -> None:
    """Refuse a training of no epochs, of endlessly many, or of more processes than there are cores.

    Raises:
        CtpetError: naming the key, what it is and what it must be.
    """
    refuse_no_count("trainer.max_epochs", trainer.max_epochs, least=1)
    devices, cores = trainer.devices, os.cpu_count() or 1
    if trainer.accelerator == "cpu" and isinstance(devices, int) and not 1 <= devices <= cores:
        raise CtpetError(
            f"trainer.devices is {devices}; this machine has {cores} cores, and each process of a "
            "training takes one at least."
        )


def refuse_what_does_not_fit(
    config: DictConfig, contract: ModelContract, trainer: Trainer, data: CaseDataModule
) -> None:
    """Refuse crops that the network cannot take, and callbacks that wait for no validation.

    Raises:
        CtpetError: naming the key, what it is and what it must be.
    """
    size, multiple = tuple(config.data.crops.size_voxels), contract.size_multiple
    if any(n % m for n, m in zip(size, multiple, strict=True)):
        raise CtpetError(
            f"data.crops.size_voxels is {list(size)}; the network takes multiples of "
            f"{list(multiple)} (contract.size_multiple)."
        )
    monitored = {
        type(one).__name__: monitor
        for one in trainer.callbacks  # type: ignore[attr-defined]
        if (monitor := str(getattr(one, "monitor", None) or "")).startswith("val/")
    }
    if monitored and not data.judged:
        raise CtpetError(
            f"{' and '.join(monitored)} wait for a validation, and nothing is validated on "
            "(data.fold=null). Hold a fold out, or leave them out: callbacks=default."
        )
    names = {one.dataset.name for one in data.judged}
    for callback, monitor in monitored.items():
        _, *dataset, _ = monitor.split("/")
        if dataset and dataset[0] not in names:
            raise CtpetError(
                f"{callback} waits for {monitor}, and no data set of that name is validated on; "
                f"validated are {', '.join(sorted(names - {''})) or 'none by name'}."
            )
