"""One pass through a network before it is trained, so that what it cannot do is told in a line."""

import copy
import re
from typing import Any

import torch

from ctpet.errors import CtpetError
from ctpet.learn.network import SuvNetwork
from ctpet.volume.geometry import Shape3

_ABSENT = re.compile(r"No module named '(\w+)")


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
        _try(trial.train(), min(batch_size, 2), crop, keys)
        odd = _odd_multiple(crop, size_multiple)
        _try(trial.eval(), 1, odd, f"contract.size_multiple, which is {list(size_multiple)}")


def _try(network: SuvNetwork, batch_size: int, size: Shape3, keys: str) -> None:
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
    if not isinstance(code, torch.Tensor):
        raise CtpetError(
            f"network.backbone returns {type(code).__name__} for {what}; it must return one "
            "tensor. Switch further outputs off, such as network.backbone.deep_supervision=false."
        )
    if code.shape != ct.shape:
        raise CtpetError(
            f"network.backbone returns {list(code.shape)} for {what}; it must return "
            f"{list(ct.shape)}: the same voxels, one channel (network.backbone.out_channels=1), "
            "and no deep supervision (network.backbone.deep_supervision=false)."
        )


def _odd_multiple(crop: Shape3, size_multiple: Shape3) -> Shape3:
    """Return a size near a crop's that is an odd multiple, so no multiple of twice as much."""
    k, j, i = (n if n // m % 2 else n + m for n, m in zip(crop, size_multiple, strict=True))
    return k, j, i
