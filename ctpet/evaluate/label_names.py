"""What the numbers of a label map are called."""

import json
from pathlib import Path

from ctpet.errors import InputRefused
from ctpet.phantom.labels import NAMES as PHANTOM_NAMES

LIVER = "liver"
MOST_LABELS = 256
NAMES_FILE = "labels.json"
_PHANTOM_FILE = "phantom.json"


def label_names(given: Path | None, labels: Path | None) -> dict[int, str]:
    """Return the names of labels, lower case with underscores.

    Args:
        given: a JSON object of number and name; None: ``labels.json`` in the folder of the label
            maps, else those of ctpet's digital patients where a ``phantom.json`` lies beside them.
        labels: file or folder of the label maps.

    Raises:
        InputRefused: ``names-unreadable``: it is no such object.
    """
    if given is None and labels is not None:
        folder = labels if labels.is_dir() else labels.parent
        if (folder / NAMES_FILE).is_file():
            given = folder / NAMES_FILE
        elif any(folder.glob(f"*/{_PHANTOM_FILE}")) or (folder / _PHANTOM_FILE).is_file():
            return {n: name for n, name in PHANTOM_NAMES.items() if n}
    if given is None:
        return {}
    try:
        told = json.loads(given.read_text("utf-8"))
        names = _names(told)
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise InputRefused(
            "names-unreadable",
            f"{given.name} does not name labels ({error})",
            remedy='Write a JSON object of number and name, such as {"5": "liver"}',
        ) from error
    return {number: name for number, name in names.items() if 0 < number < MOST_LABELS}


def _names(told: dict[str, str]) -> dict[int, str]:
    names = {int(number): _plain(name) for number, name in told.items()}
    if not names or min(names) < 0 or not all(names.values()):
        raise ValueError("there is no name, an empty one, or one of a negative number")
    return names


def _plain(name: str) -> str:
    return "_".join(name.strip().casefold().split())
