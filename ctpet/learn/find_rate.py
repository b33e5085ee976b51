"""Try learning rates instead of training."""

import csv
import sys
from pathlib import Path

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import LearningRateFinder
from lightning.pytorch.utilities.exceptions import _TunerExitException
from matplotlib.figure import Figure

from ctpet.errors import CtpetError


class FindRate(LearningRateFinder):
    """Lightning's learning rate finder, which leaves a curve and a suggestion, and ends there."""

    def __init__(self, folder: str, lowest: float, highest: float, steps: int) -> None:
        """Take where the curve goes, and how many rates are tried between which."""
        super().__init__(lowest, highest, steps, update_attr=False)
        self._folder = Path(folder)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Try the rates, say what is suggested, and end.

        Raises:
            CtpetError: the objective steps by itself.
        """
        if not pl_module.automatic_optimization:
            raise CtpetError("debug=lr_find tries objective=regression alone. Choose that.")
        super().on_fit_start(trainer, pl_module)
        if trainer.is_global_zero and self.optimal_lr is not None:
            found = self.optimal_lr.suggestion()
            self._write(self.optimal_lr.results["lr"], self.optimal_lr.results["loss"], found)
            print(f"{_told(found)} See {self._folder}/lr-find.png.", file=sys.stderr)  # noqa: T201
        raise _TunerExitException

    def _write(self, rates: list[float], losses: list[float], found: float | None) -> None:
        with (self._folder / "lr-find.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["optimizer.lr", "loss"])
            writer.writerows(zip(rates, losses, strict=False))
        figure = Figure(layout="constrained")
        axes = figure.subplots()
        axes.plot(rates[: len(losses)], losses)
        if found is not None:
            axes.axvline(found, linestyle=":", label=f"suggested: {found:.2g}")
            axes.legend()
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss, smoothed")
        figure.savefig(self._folder / "lr-find.png")


def _told(found: float | None) -> str:
    if found is None:
        return "No rate can be suggested: the loss is a number at too few of them."
    return (
        f"Suggested: optimizer.lr={found:.2g}, where the loss falls fastest. Nothing was trained."
    )
