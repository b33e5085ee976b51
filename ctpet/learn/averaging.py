"""Averaged weights that are trained weights at every step."""

from collections.abc import Callable

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class WarmWeightAveraging(WeightAveraging):
    """An exponential moving average that begins after a warm-up, and until then follows.

    Batch statistics start far from their values, and an average that holds the first of them is
    wrong for a thousand steps. So during the warm-up the average *is* the current weights: what is
    validated, chosen and exported is what was trained, however short the training.
    """

    def __init__(self, decay: float, warmup_steps: int) -> None:
        """Take how much of the average each step keeps, and the steps that it follows."""
        super().__init__(avg_fn=_average(decay, warmup_steps))


def _average(decay: float, warmup_steps: int) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    def average(averaged: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
        following = bool(updates <= warmup_steps)
        return current if following else decay * averaged + (1 - decay) * current

    return average
