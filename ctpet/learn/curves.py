"""The curves of a training as one CSV file, a row an epoch; a resumed training goes on with it."""

import csv
import time
from pathlib import Path

from lightning import Callback, LightningModule, Trainer


class Curves(Callback):
    """Writes epoch, steps, seconds and every logged metric to ``curves.csv``."""

    def __init__(self, path: str) -> None:
        """Take where to write."""
        self._path = Path(path)
        self._started = 0.0
        self._validated = False

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Start the clock."""
        self._started = time.perf_counter()
        self._validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Know that this epoch has values of its own; Lightning keeps the last ones for ever."""
        self._validated = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Write the row of an epoch; rows of epochs that are trained again give way to it."""
        if not trainer.is_global_zero:
            return
        row = {
            "epoch": str(trainer.current_epoch),
            "steps": str(trainer.global_step),
            "seconds": f"{time.perf_counter() - self._started:.1f}",
            **{
                name: f"{float(value):.6g}"
                for name, value in sorted(trainer.callback_metrics.items())
                if self._validated or not name.startswith("val/")
            },
        }
        rows = [r for r in self._read() if int(r["epoch"]) < trainer.current_epoch]
        names = dict.fromkeys(name for r in [*rows, row] for name in r)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(names), restval="")
            writer.writeheader()
            writer.writerows([*rows, row])
        beside.replace(self._path)

    def _read(self) -> list[dict[str, str]]:
        if not self._path.exists():
            return []
        with self._path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
