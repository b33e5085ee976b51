"""Weights of a network on disk: Lightning checkpoints in, safetensors in and out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file
from torch import Tensor

from ctpet.errors import CtpetError
from ctpet.learn.network import SuvNetwork
from ctpet.learn.quantiles import OUTPUTS
from ctpet.resources import resource_folder

Which = Literal["averaged", "current"]
"""``averaged``: over the steps of a training; ``current``: of its last step."""

_PREFIX, _CURRENT = "network.", "current_model_state"


def read_weights(path: Path, which: Which | None = None) -> dict[str, Tensor]:
    """Read the weights of a :class:`ctpet.learn.network.SuvNetwork`.

    Args:
        path: ``.ckpt`` of a training, or ``.safetensors``.
        which: of a checkpoint; None: the averaged ones if there are any.

    Raises:
        CtpetError: the file cannot be read, holds no network, or no average.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        checkpoint = torch.load(path, map_location="cpu", weights_only=False)
        state = checkpoint["state_dict"]
        if which == "current" and has_average(checkpoint):
            state = checkpoint[_CURRENT]
        told = {str(key): value for key, value in state.items()}
    except Exception as error:  # a file of another program may raise anything while it is read
        raise CtpetError(f"{path} holds no weights of a network: {error}") from error
    if which == "averaged" and not has_average(checkpoint):
        raise CtpetError(
            f"{path} holds no averaged weights: its training averaged none (callbacks.average). "
            "Take the current ones."
        )
    return {k.removeprefix(_PREFIX): v for k, v in told.items() if k.startswith(_PREFIX)}


def has_average(checkpoint: Mapping[str, Any]) -> bool:
    """Tell whether a checkpoint holds averaged weights beside the current ones."""
    return _CURRENT in checkpoint


def find_weights(start: str | Path) -> Path:
    """Return the file of weights that are named by path or by a shipped model's name."""
    path = Path(start)
    shipped = resource_folder("checkpoints") / f"{start}.safetensors"
    return shipped if not path.exists() and shipped.is_file() else path


def load_weights(network: SuvNetwork, path: Path, which: Which | None = None) -> None:
    """Give a network the weights of a file; see :func:`read_weights`.

    Raises:
        CtpetError: the file cannot be read or is of another network.
    """
    _load(network, read_weights(path, which), path)


def start_from(network: SuvNetwork, path: Path) -> None:
    """Give a network that is to be trained the weights of a file.

    A network with bounds may start from one without: its median is then that network's to the bit,
    and what its bounds are read from stays as it was drawn.

    Raises:
        CtpetError: the file cannot be read or is of another network.
    """
    weights, own = read_weights(path), network.state_dict()
    if network.outputs == OUTPUTS:
        weights = {name: _beside_bounds(value, own.get(name)) for name, value in weights.items()}
    _load(network, weights, path)


def _beside_bounds(median: Tensor, own: Tensor | None) -> Tensor:
    """Return weights of a layer that gives one channel as the first of one that gives three."""
    if own is None or own.ndim != median.ndim:
        return median
    pairs = enumerate(zip(median.shape, own.shape, strict=True))
    differ = [(axis, sizes) for axis, sizes in pairs if sizes[0] != sizes[1]]
    if [sizes for _, sizes in differ] != [(1, OUTPUTS)]:
        return median
    widened = own.clone()
    widened.narrow(differ[0][0], 0, 1).copy_(median)
    return widened


def _load(network: SuvNetwork, weights: Mapping[str, Tensor], path: Path) -> None:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        first = [line.strip() for line in str(error).splitlines()][:2][-1].rstrip(".")
        raise CtpetError(
            f"{path} holds the weights of another network: {first}. Look at network.*."
        ) from error
