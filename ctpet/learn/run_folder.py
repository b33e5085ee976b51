"""What a training leaves beside its weights, so that it can be understood and repeated."""

import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ctpet import __version__
from ctpet.contract import ModelContract

CONFIG_FILE, CONTRACT_FILE, PROVENANCE_FILE = "config.yaml", "contract.json", "provenance.json"
CHECKPOINTS_FOLDER = "checkpoints"
LAST_CHECKPOINT = f"{CHECKPOINTS_FOLDER}/last.ckpt"
PACKAGES = ("torch", "monai", "lightning", "hydra-core", "numpy", "scipy")


def write_run(folder: Path, config: DictConfig, contract: ModelContract, fingerprint: str) -> None:
    """Write the resolved config, the drafted contract, and where it all comes from.

    Args:
        folder: of the run.
        config: as composed.
        contract: of the model in training.
        fingerprint: of the dataset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / CONFIG_FILE, resolve=True)
    (folder / CONTRACT_FILE).write_text(contract.to_json() + "\n", "utf-8")
    provenance = {
        "ctpet": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "git": git_state(Path(__file__).parents[2]),
        "data_fingerprint": fingerprint,
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }
    text = json.dumps(provenance, indent=2)
    (folder / PROVENANCE_FILE).write_text(text + "\n", "utf-8")


def git_state(repository: Path) -> dict[str, Any] | None:
    """Return the commit and whether the working tree differs from it; None outside of git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(repository), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        return done.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None
