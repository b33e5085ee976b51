"""Pictures of validation cases as training goes on, with SUV colour bars."""

from pathlib import Path
from typing import Any

import numpy as np
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.image import imread

from ctpet.prepare.cases import Case
from ctpet.render.comparison import render_comparison
from ctpet.volume import Volume


class SamplePictures(Callback):
    """Draws the first validation case of each data set: CT, measured, predicted and difference."""

    def __init__(self, folder: str, every_n_epochs: int = 1) -> None:
        """Take where to write and how often."""
        self._folder, self._every = Path(folder), every_n_epochs

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        """Write the picture, and show it in TensorBoard where there is one."""
        due = (trainer.current_epoch + 1) % self._every == 0
        prefix: str | None = outputs["prefix"]
        first = prefix is not None
        if not first or not due or not trainer.is_global_zero or trainer.sanity_checking:
            return
        case: Case = outputs["case"]
        path = self._folder / f"{prefix}epoch-{trainer.current_epoch:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        render_comparison(
            Volume(np.asarray(case.array("ct"), np.float32), case.geometry, "HU"),
            Volume(np.asarray(case.array("pet")), case.geometry, "SUVBW"),
            outputs["predicted"],
            title=f"{case.case_id}, epoch {trainer.current_epoch}",
            path=path,
        )
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image(
                    f"val/{prefix}sample", imread(path), trainer.global_step, dataformats="HWC"
                )
