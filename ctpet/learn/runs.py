"""What trainings a folder holds, how far they came, and how well they did."""

import csv
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ctpet.errors import CtpetError, InputRefused
from ctpet.learn.mixture import configured_folders
from ctpet.learn.run_folder import CONFIG_FILE, LAST_CHECKPOINT
from ctpet.learn.whole_checkpoints import is_finished

CURVES_FILE = "curves.csv"


@dataclass(frozen=True, slots=True)
class Run:
    """One training.

    Attributes:
        folder: of the run.
        state: ``finished``, ``stopped``, ``no checkpoint``, ``damaged checkpoint``, or
            ``unreadable``.
        epochs: whose figures are there.
        of_epochs: that were asked for.
        data: folders of the data sets.
        metric: that its best epoch is told by.
        best: lowest value of the metric; None where nothing was validated.
        best_epoch: that had it.
        last: the metric's value in the last epoch validated.
        seconds: of all epochs.
        checkpoint: to export or to go on from; None: there is none.
    """

    folder: Path
    state: str
    epochs: int = 0
    of_epochs: int | None = None
    data: tuple[str, ...] = ()
    metric: str = ""
    best: float | None = None
    best_epoch: int | None = None
    last: float | None = None
    seconds: float = 0.0
    checkpoint: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the run as a JSON object."""
        plain = asdict(self)
        return {**plain, "folder": str(self.folder), "checkpoint": str(self.checkpoint or "")}


def list_runs(root: Path) -> tuple[Run, ...]:
    """Return the trainings in a folder, those of cross-validations and sweeps among them, by name.

    Raises:
        InputRefused: ``path-missing``.
    """
    if not root.is_dir():
        raise InputRefused(
            "path-missing", f"There is no folder at {root}", remedy="Name the folder of the runs"
        )
    return tuple(_read(path.parent) for path in sorted(root.rglob(CONFIG_FILE)) if _is_run(path))


def _is_run(config: Path) -> bool:
    """Tell a run's configuration from the copies that Hydra keeps."""
    return config.parent.name not in ("hydra", ".hydra")


def _read(folder: Path) -> Run:
    try:
        return _told(folder)
    except Exception:  # noqa: BLE001  (the folder may be anybody's; the others are told all the same)
        return Run(folder, "unreadable")


def _told(folder: Path) -> Run:
    config: Any = OmegaConf.load(folder / CONFIG_FILE)
    of_epochs = int(config.trainer.max_epochs)
    data = tuple(str(path) for path in configured_folders(config.data))
    metric = str(config.get("optimized_metric") or "val/mae")
    last = folder / LAST_CHECKPOINT
    rows = _rows(folder / CURVES_FILE)
    values = {epoch: _number(row, metric) for epoch, row in rows.items()}
    there = {epoch: value for epoch, value in values.items() if not math.isnan(value)}
    best = min(there, key=lambda epoch: there[epoch], default=None)
    return Run(
        folder=folder,
        state=_state(last, of_epochs),
        epochs=len(rows),
        of_epochs=of_epochs,
        data=data,
        metric=metric,
        best=None if best is None else there[best],
        best_epoch=best,
        last=there[max(there)] if there else None,
        seconds=sum(_number(row, "seconds", 0.0) for row in rows.values()),
        checkpoint=last if last.exists() else None,
    )


def _state(last: Path, of_epochs: int) -> str:
    if not last.exists():
        return "no checkpoint"
    try:
        return "finished" if is_finished(last, of_epochs) else "stopped"
    except CtpetError:
        return "damaged checkpoint"


def _rows(curves: Path) -> dict[int, dict[str, str]]:
    if not curves.exists():
        return {}
    with curves.open(newline="", encoding="utf-8") as file:
        return {int(row["epoch"]): row for row in csv.DictReader(file)}


def _number(row: Mapping[str, str], name: str, otherwise: float = math.nan) -> float:
    return float(row.get(name) or otherwise)
