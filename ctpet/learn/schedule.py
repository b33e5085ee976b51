"""Learning rates over a training."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def warmup_cosine(
    optimizer: Optimizer, *, total_steps: int, warmup: float = 0.05, final: float = 0.01
) -> LambdaLR:
    """Rise in a line over a part of the steps, then fall as half a cosine (SGDR, ICLR 2017).

    Args:
        optimizer: whose rates are multiplied.
        total_steps: of the whole training.
        warmup: part of the steps to rise over, below 1.
        final: factor at the end.
    """
    rising = max(1, round(total_steps * warmup))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        done = min(1.0, (step - rising) / max(1, total_steps - rising))
        return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done))

    return LambdaLR(optimizer, factor)
