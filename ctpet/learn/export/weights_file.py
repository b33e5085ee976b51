"""The weights and the configuration beside a model file: what training can go on from."""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from omegaconf import DictConfig, OmegaConf
from safetensors.torch import save

from ctpet.contract import METADATA_KEY, ModelContract
from ctpet.learn.network import SuvNetwork

NOTICE = "SYNTHETIC – NOT FOR DIAGNOSIS"
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\\\\|~")


def write_weights(network: SuvNetwork, contract: ModelContract, path: Path) -> None:
    """Write a network's weights as safetensors, with the contract in its metadata.

    :func:`ctpet.learn.weights.read_weights` reads them back, bit for bit.
    """
    weights = {name: value.contiguous().clone() for name, value in network.state_dict().items()}
    metadata = {"format": "pt", "notice": NOTICE, METADATA_KEY: contract.to_json()}
    path.write_bytes(save(weights, metadata))  # its own save_file leaves a private file


def write_config(config: DictConfig, path: Path) -> None:
    """Write a configuration as YAML, for another run: by its own name, on another machine."""
    plain = without_folders(OmegaConf.to_container(config, resolve=True))
    plain = named_again(plain, plain["paths"]["run"])
    plain["paths"]["run"] = "${paths.runs}/${name}"
    plain["resume"] = "never"
    OmegaConf.save(OmegaConf.create(plain), path)


def named_again(value: Any, run: str) -> Any:
    """Return a configuration in which a run's own folder is what ``paths.run`` will say."""

    def named(text: str) -> str:
        own = text == run or text.startswith(f"{run}/")
        return "${paths.run}" + text.removeprefix(run) if own else text

    return _each_text(value, named)


def without_folders(value: Any) -> Any:
    """Return a configuration in which an absolute path is its last name only."""

    def last_name(text: str) -> str:
        if not _ABSOLUTE.match(text):
            return text
        return PureWindowsPath(text).name if "\\" in text else PurePosixPath(text).name

    return _each_text(value, last_name)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return a configuration with each of its texts changed."""
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return change(value) if isinstance(value, str) else value
