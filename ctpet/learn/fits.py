"""Whether the parts of a configuration fit each other, before a training begins."""

from lightning import Trainer
from omegaconf import DictConfig

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.learn.data import CaseDataModule


def refuse_what_does_not_fit(
    config: DictConfig, contract: ModelContract, trainer: Trainer, data: CaseDataModule
) -> None:
    """Refuse crops that the network cannot take, and callbacks that wait for a validation.

    Raises:
        CtpetError: naming the key, what it is and what it must be.
    """
    size, multiple = tuple(config.data.crops.size_voxels), contract.size_multiple
    if any(n % m for n, m in zip(size, multiple, strict=True)):
        raise CtpetError(
            f"data.crops.size_voxels is {list(size)}; the network takes multiples of "
            f"{list(multiple)} (contract.size_multiple)."
        )
    waiting = [
        type(one).__name__
        for one in trainer.callbacks  # type: ignore[attr-defined]
        if str(getattr(one, "monitor", None) or "").startswith("val/")
    ]
    if waiting and not data.validation_cases:
        raise CtpetError(
            f"{' and '.join(waiting)} wait for a validation, and nothing is validated on "
            "(data.fold=null). Hold a fold out, or leave them out: callbacks=default."
        )
