"""The appearance objective: a PET that looks measured, which is not a PET that is right."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ctpet.contract import ModelContract
from ctpet.errors import CtpetError
from ctpet.infer.backend import Precision
from ctpet.learn.discriminator import feature_distance, fooling_loss, judging_loss
from ctpet.learn.heads import deep_loss
from ctpet.learn.network import SuvNetwork
from ctpet.learn.stop import refuse_nan
from ctpet.learn.validation import Validation
from ctpet.prepare.cases import UNMEASURED


@dataclass(frozen=True)
class AdversarialSettings:
    """How the two networks learn.

    Attributes:
        adversarial_weight: of fooling the discriminator, beside 1 of the configured loss.
        feature_weight: of matching its features.
        clip_norm: largest norm of the gradient of each network.
        accumulate_batches: batches of a step; their gradients are averaged.
        validation_precision: arithmetic of validation.
    """

    adversarial_weight: float
    feature_weight: float
    clip_norm: float
    accumulate_batches: int = 1
    validation_precision: Precision = "fp32"


class Adversarial(LightningModule):
    """Trains a network against a discriminator that sees the CT and a code, measured or predicted.

    Both gradients are taken at the same weights, in one backward pass: the discriminator judges a
    detached prediction, and is frozen while the network is judged, so neither loss reaches the
    other's weights, and accumulating batches is the same as a larger batch.

    Optimisation is manual, so clipping, accumulation and schedules are here and not in the
    Trainer. Lightning counts the network's steps alone: ``global_step`` means to weight averaging,
    loggers and checkpoints what it means in a regression.
    """

    def __init__(
        self,
        *,
        network: SuvNetwork,
        discriminator: Callable[..., nn.Module],
        loss: nn.Module,
        optimizers: Mapping[str, Callable[[Any], Optimizer]],
        scheduler: Callable[..., LRScheduler] | None,
        contract: ModelContract,
        settings: AdversarialSettings,
    ) -> None:
        """Take the parts.

        Args:
            network: HU → SUVbw; the generator.
            discriminator: makes the discriminator of ``in_channels``, the network's channels of
                HU and one of the code; see :mod:`ctpet.learn.discriminator`. Without batch
                normalisation, which would tell measured from predicted by their batch.
            loss: see :mod:`ctpet.learn.losses`; keeps the prediction near the measured PET.
            optimizers: ``network`` and ``discriminator``: makes the optimiser of some parameters.
            scheduler: makes the schedule of either from ``total_steps``, stepped every step.
            contract: of the model in training; its grid, multiple and halo rule validation.
            settings: how they learn.
        """
        super().__init__()
        self.automatic_optimization = False
        hu_channels = network.show(torch.zeros(1, 1, 1, 1, 1)).shape[1]
        self.network, self.loss = network, loss
        self.discriminator = discriminator(in_channels=hu_channels + 1)
        self._make_optimizers, self._make_scheduler = dict(optimizers), scheduler
        self._settings = settings
        self._validation = Validation(contract, settings.validation_precision)

    def on_fit_start(self) -> None:
        """Lay the weights out as convolutions read them fastest.

        Raises:
            CtpetError: the precision needs its loss scaled, which a discriminator's own step and
                clipping here do not undo.
        """
        if self.trainer.precision == "16-mixed":
            raise CtpetError("An adversarial training has no 16-mixed. Use bf16-mixed.")
        for part in (self.network, self.discriminator):
            part.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def losses(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """Return the parts of the loss of a batch, each a number.

        ``loss``, ``fooling`` and ``features`` teach the network, ``judging`` the discriminator.
        ``loss`` is over all heads of the network; the discriminator sees the final one.
        What was not measured is shown as a code of 0, measured or predicted, and cannot be judged.
        """
        ct = batch["ct"].contiguous(memory_format=torch.channels_last_3d)
        channels = self.network.show(ct)
        heads = self.network.heads(channels)
        code = heads[0].float()
        target = self.network.encode(batch["target"])
        known = batch["region"] != UNMEASURED
        as_shipped = code.clamp(0.0, self.network.suv_max**0.5)
        real = torch.cat([channels, target.where(known, 0.0)], dim=1)
        fake = torch.cat([channels, as_shipped.where(known, 0.0)], dim=1)

        real_logits, real_features = self.discriminator(real)
        judged_logits, _ = self.discriminator(fake.detach())
        self.discriminator.requires_grad_(requires_grad=False)
        fake_logits, fake_features = self.discriminator(fake)
        self.discriminator.requires_grad_(requires_grad=True)
        return {
            "loss": deep_loss(self.loss, heads, target, batch["region"]),
            "fooling": fooling_loss(fake_logits),
            "features": feature_distance(real_features, fake_features),
            "judging": judging_loss(real_logits, judged_logits),
        }

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        """Add the gradients of a batch; step both networks when enough are added.

        Raises:
            TrainingStopped: the loss is not finite.
        """
        parts, settings = self.losses(batch), self._settings
        fooling = settings.adversarial_weight * parts["fooling"]
        features = settings.feature_weight * parts["features"]
        total = parts["loss"] + fooling + features + parts["judging"]
        refuse_nan(total, batch, epoch=self.current_epoch, step=batch_idx)
        logged = {f"train/{name}": part.detach() for name, part in parts.items()}
        size = len(batch["case_id"])
        self.log_dict(logged, prog_bar=True, on_step=True, on_epoch=True, batch_size=size)
        self.manual_backward(total / settings.accumulate_batches)
        if (batch_idx + 1) % settings.accumulate_batches == 0 or self.trainer.is_last_batch:
            self._step()

    def _step(self) -> None:
        """Step both networks and their schedules."""
        optimizers: Any = self.optimizers()
        schedulers: Any = self.lr_schedulers() or ()
        for part in (self.network, self.discriminator):
            clip_grad_norm_(part.parameters(), self._settings.clip_norm)
        counted, discriminators = optimizers
        counted.step()
        discriminators.optimizer.step()  # torch's own, past Lightning's count of steps
        for optimizer in optimizers:
            optimizer.zero_grad()
        for scheduler in schedulers:
            scheduler.step()

    def validation_step(self, number: Tensor, batch_idx: int) -> dict[str, Any]:  # noqa: ARG002
        """Validate on a patient; see :class:`ctpet.learn.validation.Validation`."""
        return self._validation.step(self, self.network, int(number))

    def on_validation_epoch_end(self) -> None:
        """Log the mean errors of the patients."""
        self._validation.log(self)

    def configure_optimizers(self) -> Any:
        """Return the network's optimiser and the discriminator's, with their schedules."""
        parts = {"network": self.network, "discriminator": self.discriminator}
        made = {
            name: self._make_optimizers[name](part.parameters()) for name, part in parts.items()
        }
        if self._make_scheduler is None:
            return list(made.values())
        batches = float(self.trainer.estimated_stepping_batches)
        steps = math.ceil(batches / self._settings.accumulate_batches)
        schedules = [
            {
                "scheduler": self._make_scheduler(optimizer, total_steps=steps),
                "interval": "step",  # for LearningRateMonitor; Lightning does not step it here
                "name": f"rate-{name}",
            }
            for name, optimizer in made.items()
        ]
        return list(made.values()), schedules
