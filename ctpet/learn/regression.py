"""The quantitative objective: regress SUV voxel by voxel."""

from collections.abc import Callable
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ctpet.contract import ModelContract
from ctpet.infer.backend import Precision
from ctpet.learn.heads import deep_loss
from ctpet.learn.network import SuvNetwork
from ctpet.learn.stop import refuse_nan
from ctpet.learn.validation import Validation


class Regression(LightningModule):
    """Trains a network towards the code of the measured SUV."""

    def __init__(
        self,
        *,
        network: SuvNetwork,
        loss: nn.Module,
        optimizer: Callable[[Any], Optimizer],
        scheduler: Callable[..., LRScheduler] | None,
        contract: ModelContract,
        validation_precision: Precision = "fp32",
    ) -> None:
        """Take the parts.

        Args:
            network: HU → SUVbw.
            loss: see :mod:`ctpet.learn.losses`.
            optimizer: makes the optimiser of some parameters.
            scheduler: makes the schedule of an optimiser and ``total_steps``, stepped every step.
            contract: of the model in training; its grid, multiple and halo rule validation.
            validation_precision: arithmetic of validation.
        """
        super().__init__()
        self.network = network
        self.loss = loss
        self._make_optimizer, self._make_scheduler = optimizer, scheduler
        self._validation = Validation(contract, validation_precision)

    def on_fit_start(self) -> None:
        """Lay the weights out as convolutions read them fastest."""
        self.network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def losses(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """Return the loss of a batch over all heads of the network, a number, by its name."""
        ct = batch["ct"].contiguous(memory_format=torch.channels_last_3d)
        heads = self.network.heads(self.network.show(ct))
        target = self.network.encode(batch["target"])
        return {"loss": deep_loss(self.loss, heads, target, batch["region"])}

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> Tensor:
        """Return the loss of a batch.

        Raises:
            TrainingStopped: the loss is not finite.
        """
        loss = self.losses(batch)["loss"]
        refuse_nan(loss, batch, epoch=self.current_epoch, step=batch_idx)
        size = len(batch["case_id"])
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=size)
        return loss

    def validation_step(self, number: Tensor, batch_idx: int) -> dict[str, Any]:  # noqa: ARG002
        """Validate on a patient; see :class:`ctpet.learn.validation.Validation`."""
        return self._validation.step(self, self.network, int(number))

    def on_validation_epoch_end(self) -> None:
        """Log the mean errors of the patients."""
        self._validation.log(self)

    def configure_optimizers(self) -> Any:
        """Return the optimiser and its schedule by steps."""
        optimizer = self._make_optimizer(self.network.parameters())
        if self._make_scheduler is None:
            return optimizer
        total = int(self.trainer.estimated_stepping_batches)
        scheduler = self._make_scheduler(optimizer, total_steps=total)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }
