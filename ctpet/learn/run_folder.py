"""What a training leaves beside its weights, so that it can be understood and repeated."""

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ctpet import __version__
from ctpet.contract import ModelContract
from ctpet.errors import CtpetError

CONFIG_FILE, CONTRACT_FILE, PROVENANCE_FILE = "config.yaml", "contract.json", "provenance.json"
CHECKPOINTS_FOLDER = "checkpoints"
LAST_CHECKPOINT = f"{CHECKPOINTS_FOLDER}/last.ckpt"
PACKAGES = ("torch", "monai", "lightning", "hydra-core", "numpy", "scipy")


@dataclass(frozen=True, slots=True)
class Begun:
    """What a run was begun with.

    Attributes:
        config: as composed and resolved.
        provenance: versions, commit, commands and dataset.
    """

    config: DictConfig
    provenance: dict[str, Any]


def read_begun(folder: Path) -> Begun:
    """Read back what :func:`write_run` left.

    Raises:
        CtpetError: it cannot be read.
    """
    try:
        config = OmegaConf.load(folder / CONFIG_FILE)
        provenance = json.loads((folder / PROVENANCE_FILE).read_text("utf-8"))
    except (OSError, ValueError, OmegaConfBaseException) as error:
        raise CtpetError(
            f"{folder} does not say what its training was begun with ({error}). Begin again under "
            "another name=…"
        ) from error
    return Begun(DictConfig(config), provenance)


def write_run(
    folder: Path, config: DictConfig, contract: ModelContract, provenance: Mapping[str, Any]
) -> None:
    """Write the resolved config, the drafted contract, and where it all comes from.

    Args:
        folder: of the run.
        config: as composed.
        contract: of the model in training.
        provenance: from :func:`provenance_now`, or of the run that goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / CONFIG_FILE, resolve=True)
    (folder / CONTRACT_FILE).write_text(contract.to_json() + "\n", "utf-8")
    (folder / PROVENANCE_FILE).write_text(json.dumps(provenance, indent=2) + "\n", "utf-8")


def provenance_now(fingerprint: str | dict[str, str], precision: str) -> dict[str, Any]:
    """Return what a training comes from.

    Args:
        fingerprint: of the dataset, or of each of several by its name.
        precision: that the training computes in, in Lightning's words.
    """
    return {
        "ctpet": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "git": git_state(),
        "data_fingerprint": fingerprint,
        "precision": precision,
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def git_state(package: Path = Path(__file__).parents[1]) -> dict[str, Any] | None:
    """Return the commit of ctpet's own source, and whether its working tree differs from it.

    Args:
        package: the folder ``ctpet``.

    Returns:
        None where ctpet is installed: a repository around its environment is somebody else's.
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(package), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != package.resolve().parent:
            return None
        git("ls-files", "--error-unmatch", "__init__.py")
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None
