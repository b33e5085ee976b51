"""Where the files that travel with the code are: `configs/` and `checkpoints/`."""

from pathlib import Path
from typing import Literal

from ctpet.errors import CtpetError


def config_choices() -> dict[str, list[str]]:
    """Return what may be chosen in each group of a training's configuration, sorted."""
    groups: dict[str, list[str]] = {}
    for path in sorted(resource_folder("configs").glob("*/[a-z]*.yaml")):
        groups.setdefault(path.parent.name, []).append(path.stem)
    return groups


def resource_folder(name: Literal["configs", "checkpoints"]) -> Path:
    """Return the folder of that name: inside an installed wheel, else in the repository.

    Raises:
        CtpetError: if neither exists, which means a broken installation.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_packaged" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise CtpetError(f"The {name} folder is missing from this installation. Install ctpet again.")
