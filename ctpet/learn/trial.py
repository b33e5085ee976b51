"""One pass through a network before it is trained, so that what it cannot do is told in a line."""

import copy
import re
from typing import Any

import torch
from torch import Tensor

from ctpet.errors import CtpetError
from ctpet.learn.heads import heads_of
from ctpet.learn.network import SuvNetwork
from ctpet.volume.geometry import Shape3

_ABSENT = re.compile(r"No module named '(\w+)")
_HU = (-1000.0, 1000.0)
_ALIKE = 1e-5
_WRAP = (
    "Where its last output is the final one, wrap it: "
    "network.backbone={_target_: ctpet.learn.heads.FinalLast, backbone: …}"
)


def refuse_what_fails(
    network: SuvNetwork, crop: Shape3, size_multiple: Shape3, batch_size: int = 1
) -> None:
    """Refuse a network that cannot be trained on crops, or run at sizes that its contract promises.

    Args:
        network: a copy of it is tried.
        crop: voxels of a crop, (k, j, i), multiples of ``size_multiple``.
        size_multiple: of the contract.
        batch_size: of the training; batch normalisation of one voxel needs two crops.

    Raises:
        CtpetError: saying what it returned or why it failed, and the keys to look at.
    """
    trial = copy.deepcopy(network).cpu()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        keys = "network.backbone: in_channels, spatial_dims, strides, upsampling"
        learning = _try(trial.train(), min(batch_size, 2), crop, keys)
        odd = _odd_multiple(crop, size_multiple)
        promised = f"contract.size_multiple, which is {list(size_multiple)}"
        predicting = _try(trial.eval(), 1, odd, promised)
        if len(predicting) > 1:
            raise CtpetError(
                f"network.backbone returns {len(predicting)} outputs when it predicts; it must "
                f"return one. {_WRAP}"
            )
        if len(learning) > 1:
            _refuse_another_order(trial, crop)


def _refuse_another_order(trial: SuvNetwork, size: Shape3) -> None:
    """Refuse heads of which another than the first is what the network predicts.

    Raises:
        CtpetError: saying which one is.
    """
    shown = trial.show(torch.empty(1, 1, *size).uniform_(*_HU))
    predicted = trial.heads(shown)[0]
    for module in trial.backbone.modules():  # its layers as they predict, its heads as it learns
        module.training = any(True for _ in module.children())
    alike = [torch.allclose(head, predicted, atol=_ALIKE) for head in trial.heads(shown)]
    if any(alike) and not alike[0]:
        raise CtpetError(
            f"network.backbone returns {len(alike)} outputs in training, and predicts the one that "
            f"is number {alike.index(True) + 1} of them; it must be the first. {_WRAP}"
        )


def _try(network: SuvNetwork, batch_size: int, size: Shape3, keys: str) -> tuple[Tensor, ...]:
    """Return the heads of a network, each with its outputs and the first with every voxel."""
    ct = torch.zeros(batch_size, 1, *size)
    shown = network.show(ct)
    what = f"{shown.shape[1]} channels (network.channels) of {' × '.join(map(str, size))} voxels"
    try:
        code: Any = network.backbone(shown)
    except ImportError as error:
        absent = _ABSENT.search(str(error))
        name = absent[1] if absent else str(error)
        raise CtpetError(
            f"The network (network.backbone) needs the package {name}, which is not installed. "
            f"Install it: pip install {name}"
        ) from error
    except Exception as error:  # a network may be anybody's, and raise anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise CtpetError(f"The network fails on {what}: {reason}. Look at {keys}.") from error
    if not _are_heads(code):
        raise CtpetError(
            f"network.backbone returns {type(code).__name__} for {what}; it must return a tensor, "
            "or in training several, the final head first."
        )
    heads = heads_of(code)
    for number, head in enumerate(heads):
        voxels = ct.shape[2:] if number == 0 else head.shape[2:]
        expected = (len(ct), network.outputs, *voxels)
        if head.ndim != ct.ndim or head.shape != expected:
            raise CtpetError(
                f"network.backbone returns {list(head.shape)} for {what}; it must return "
                f"{[len(ct), network.outputs, *size]}: the same voxels, {_channels(network)}"
                + (", coarser voxels where it is no final head." if number else ".")
            )
    return heads


def _channels(network: SuvNetwork) -> str:
    count = network.outputs
    told = "one channel" if count == 1 else f"{count} channels (network.outputs)"
    return f"{told} (network.backbone.out_channels={count})"


def _are_heads(code: object) -> bool:
    several = code if isinstance(code, list | tuple) else [code]
    return bool(several) and all(isinstance(one, torch.Tensor) for one in several)


def _odd_multiple(crop: Shape3, size_multiple: Shape3) -> Shape3:
    """Return a size near a crop's that is an odd multiple, so no multiple of twice as much."""
    k, j, i = (n if n // m % 2 else n + m for n, m in zip(crop, size_multiple, strict=True))
    return k, j, i
