"""Weights of a network on disk: Lightning checkpoints in, safetensors in and out."""

from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ctpet.errors import CtpetError
from ctpet.learn.network import SuvNetwork
from ctpet.resources import resource_folder

_PREFIX = "network."


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the weights of a :class:`ctpet.learn.network.SuvNetwork`.

    From a checkpoint of a training with averaged weights these are the averaged ones.

    Args:
        path: ``.ckpt`` of a training, or ``.safetensors``.

    Raises:
        CtpetError: the file cannot be read or holds no network.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=False)["state_dict"]
    except (OSError, EOFError, KeyError, RuntimeError, UnpicklingError, SafetensorError) as error:
        raise CtpetError(f"{path} holds no weights of a network: {error}") from error
    return {k.removeprefix(_PREFIX): v for k, v in state.items() if k.startswith(_PREFIX)}


def find_weights(start: str | Path) -> Path:
    """Return the file of weights that are named by path or by a shipped model's name."""
    path = Path(start)
    shipped = resource_folder("checkpoints") / f"{start}.safetensors"
    return shipped if not path.exists() and shipped.is_file() else path


def load_weights(network: SuvNetwork, path: Path) -> None:
    """Give a network the weights of a file; see :func:`read_weights`.

    Raises:
        CtpetError: the file cannot be read or is of another network.
    """
    try:
        network.load_state_dict(read_weights(path))
    except RuntimeError as error:
        raise CtpetError(f"{path} holds the weights of another network: {error}") from error
