"""What can be done about a network that does not tile."""

import inspect
from collections.abc import Iterator
from typing import Any

from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig
from torch import nn
from torch.nn.modules.instancenorm import _InstanceNorm

from ctpet.learn.network import SuvNetwork

NORM_KEYS = ("norm", "norm_layer", "norm_name")
"""What MONAI's networks call their choice of normalisation, the older name last."""

OF_THE_PIECE = (_InstanceNorm, nn.GroupNorm)
"""Layers whose statistics are those of the piece that is seen, also once trained."""

WHOLE = "export it for whole volumes only (--windows none)"


def tiling_remedy(network: SuvNetwork, config: DictConfig) -> str:
    """Return sentences on why a network does not tile, and what is possible for this one.

    Args:
        network: as built.
        config: of its training; its ``network.backbone`` names the classes.
    """
    kinds = {type(one).__name__ for one in network.modules() if isinstance(one, OF_THE_PIECE)}
    if not kinds:
        return f"It sees too far: train one of fewer levels or without attention, or {WHOLE}."
    why = f"{' and '.join(sorted(kinds))} takes its statistics from the piece that it sees"
    keys = list(_norm_keys(config.network.backbone, "network.backbone"))
    if not keys:
        return f"{why}, and is built into this network: {WHOLE}, or train another network."
    return f"{why}: train with {' '.join(f'{key}=batch' for key in keys)}, or {WHOLE}."


def _norm_keys(part: Any, path: str) -> Iterator[str]:
    """Yield the keys that choose a normalisation, as an override writes them."""
    if isinstance(part, ListConfig):
        for number, each in enumerate(part):
            yield from _norm_keys(each, f"{path}.{number}")
    if not isinstance(part, DictConfig):
        return
    if "_target_" in part:
        taken = inspect.signature(get_object(part["_target_"])).parameters
        for norm in [key for key in NORM_KEYS if key in taken][:1]:
            yield f"{'' if norm in part else '+'}{path}.{norm}"
    for key, each in part.items():
        yield from _norm_keys(each, f"{path}.{key!s}")
