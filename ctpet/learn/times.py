"""Where a training's time goes: steps, waiting for crops, validation."""

import sys
import time
from typing import Any

from lightning import Callback, LightningModule, Trainer

PARTS = ("step", "loader", "validation")
"""``seconds/NAME`` of each is logged, so that it stands in curves.csv and wherever metrics go."""

MUCH, LEAST_S = 0.2, 1.0
"""Share of steps and waiting, and seconds, from which the loader is called the limit."""


class Times(Callback):
    """Measures each epoch on the process that writes, and says at the end what took how long.

    A GPU works on while the processor goes ahead; what it is behind counts to the next step.
    """

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self._since = 0.0
        self._epoch = dict.fromkeys(PARTS, 0.0)
        self._whole = dict.fromkeys(PARTS, 0.0)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Begin an epoch: what comes first is waiting."""
        self._epoch = dict.fromkeys(PARTS, 0.0)
        self._since = time.perf_counter()

    def on_train_batch_start(self, *_: Any) -> None:
        """Count what has passed as waiting."""
        self._count("loader")

    def on_train_batch_end(self, *_: Any) -> None:
        """Count what has passed as a step."""
        self._count("step")

    def on_validation_start(self, *_: Any) -> None:
        """Count nothing: what passes between steps and validation is Lightning's."""
        self._since = time.perf_counter()

    def on_validation_end(self, *_: Any) -> None:
        """Count what has passed as validation."""
        self._count("validation")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Log the epoch's seconds."""
        pl_module.log_dict({f"seconds/{part}": took for part, took in self._epoch.items()})
        for part, took in self._epoch.items():
            self._whole[part] += took

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Say where the time went."""
        if trainer.is_global_zero and any(self._whole.values()):
            print(told(self._whole), file=sys.stderr)  # noqa: T201

    def _count(self, part: str) -> None:
        now = time.perf_counter()
        self._epoch[part] += now - self._since
        self._since = now


def told(seconds: dict[str, float]) -> str:
    """Say where the time of a training went, and what to do where it waits for crops."""
    step, loader, validation = (seconds[part] for part in PARTS)
    share = loader / (step + loader) if step + loader else 0.0
    line = (
        f"Steps took {step:.1f} s, waiting for crops {loader:.1f} s ({share:.0%} of both), "
        f"validation {validation:.1f} s."
    )
    limits = share >= MUCH and loader >= LEAST_S
    return f"{line} The loader is the limit: raise data.workers." if limits else line
