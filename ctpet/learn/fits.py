"""Whether the parts of a configuration fit each other, before a training begins."""

from dataclasses import fields
from typing import Any

from omegaconf import DictConfig

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.evaluate.intervals import IntervalErrors
from ctpet.evaluate.sharpness import Sharpness
from ctpet.evaluate.voxel import VoxelErrors
from ctpet.learn.adversarial import Adversarial
from ctpet.learn.data import CaseDataModule
from ctpet.learn.meant import refuse_unknown_metric
from ctpet.learn.network import SuvNetwork


def refuse_what_does_not_fit(
    config: DictConfig, contract: ModelContract, data: CaseDataModule
) -> None:
    """Refuse crops that the network cannot take, and callbacks that wait for what is not measured.

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
        f"callbacks.{name}.monitor": str(one.monitor)
        for name, one in (config.callbacks or {}).items()
        if isinstance(one, DictConfig) and one.get("monitor") is not None
    }
    if any(metric.startswith("val/") for metric in monitored.values()) and not data.judged:
        raise CtpetError(
            f"{' and '.join(monitored)} wait for a validation, and nothing is validated on "
            "(data.fold=null). Hold a fold out, or leave them out: callbacks=default."
        )
    measured = measured_names(data, outputs=int(config.network.get("outputs", 1)))
    for key, metric in {**monitored, "optimized_metric": config.optimized_metric}.items():
        refuse_unknown_metric(key, metric, measured)


def refuse_another_number_of_outputs(network: SuvNetwork, objective: Any) -> None:
    """Refuse a loss, or an objective, for networks of another number of outputs.

    Raises:
        CtpetError: naming the keys.
    """
    wanted = int(getattr(getattr(objective, "loss", None), "outputs", 1))
    if wanted != network.outputs:
        raise CtpetError(
            f"network.outputs is {network.outputs} and the loss teaches {wanted}. Bounds are "
            "learned with network.outputs=3 loss=pinball; a median alone with network.outputs=1 "
            "and another loss."
        )
    if network.outputs > 1 and isinstance(objective, Adversarial):
        raise CtpetError(
            f"network.outputs is {network.outputs}, and an adversarial training draws one PET. "
            "Give network.outputs=1, or objective=regression."
        )


def measured_names(data: CaseDataModule, *, outputs: int) -> list[str]:
    """Return the names of what validation measures; none where nothing is validated on.

    Args:
        data: whom is validated on.
        outputs: of the network.
    """
    prefixes = [""] * bool(data.judged) + [one.dataset.prefix for one in data.judged]
    kinds = (VoxelErrors, Sharpness) + ((IntervalErrors,) if outputs > 1 else ())
    each = [field.name for kind in kinds for field in fields(kind)]
    return list(dict.fromkeys(f"val/{prefix}{name}" for prefix in prefixes for name in each))
