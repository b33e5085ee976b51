"""Numbers of a configuration that nobody can mean, by the names that our libraries give them."""

from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ctpet.learn.kinds import parts
from ctpet.learn.values import is_number, refuse_no_number

_INFINITE = float("inf")
_PACKAGES = ("ctpet.", "lightning.", "torch.", "monai.")
"""Whose parts mean the same by a name; parts of a user's own may mean another thing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number may be; the fields of :func:`ctpet.learn.values.refuse_no_number`."""

    least: float = -_INFINITE
    above: float = -_INFINITE
    most: float = _INFINITE
    below: float = _INFINITE


_POSITIVE, _NOT_NEGATIVE, _SHARE = Limits(above=0), Limits(least=0), Limits(least=0, most=1)
_COUNT = Limits(least=1)

LIMITS: dict[str, Limits] = {
    # optimisers and schedules
    "lr": _POSITIVE,
    "weight_decay": _NOT_NEGATIVE,
    "eps": _POSITIVE,
    "momentum": Limits(least=0, below=1),
    "warmup": Limits(least=0, below=1),
    "final": _SHARE,
    # losses
    "epsilon": _POSITIVE,
    "air_weight": _NOT_NEGATIVE,
    "code_max": _POSITIVE,
    "window": Limits(least=3),
    "adversarial_weight": _NOT_NEGATIVE,
    "feature_weight": _NOT_NEGATIVE,
    "clip_norm": _POSITIVE,
    "accumulate_batches": _COUNT,
    # callbacks
    "decay": Limits(least=0, below=1),
    "warmup_steps": _NOT_NEGATIVE,
    "every_n_epochs": _COUNT,
    "every_n_train_steps": _NOT_NEGATIVE,
    "patience": _NOT_NEGATIVE,
    "save_top_k": Limits(least=-1),
    # trainer
    "accumulate_grad_batches": _COUNT,
    "check_val_every_n_epoch": _COUNT,
    "log_every_n_steps": _NOT_NEGATIVE,
    "gradient_clip_val": _NOT_NEGATIVE,
    "num_sanity_val_steps": Limits(least=-1),
    "limit_train_batches": _POSITIVE,
    "limit_val_batches": _POSITIVE,
    "overfit_batches": _NOT_NEGATIVE,
    "max_steps": Limits(least=-1),
    # data
    "steps_per_epoch": _COUNT,
    "batch_size": _COUNT,
    "validation_cases": _NOT_NEGATIVE,
    "workers": _NOT_NEGATIVE,
    "side_mm": _POSITIVE,
    "per_patient": _COUNT,
    # networks and augmentation
    "suv_max": _POSITIVE,
    "init_filters": _COUNT,
    "inner_in": _COUNT,
    "inner_out": _COUNT,
    "dropout": Limits(least=0, below=1),
    "dropout_prob": Limits(least=0, below=1),
    "prob": _SHARE,
    "std": _NOT_NEGATIVE,
}


def refuse_beyond_limits(config: DictConfig) -> None:
    """Refuse numbers beyond their limits, and any that is not finite.

    Args:
        config: each of its nodes with ``_target_`` is a part; numbers of parts of our libraries
            are looked at, and texts where one of :data:`LIMITS` belongs.

    Raises:
        CtpetError: naming the key, what it is and what it must be.
    """
    for key, part in parts(config):
        if not str(part._target_).startswith(_PACKAGES):
            continue
        for name in map(str, part):
            if OmegaConf.is_missing(part, name):
                continue
            value: Any = part[name]
            if is_number(value) or (name in LIMITS and isinstance(value, str | bool)):
                limits = LIMITS.get(name, Limits())
                refuse_no_number(
                    f"{key}.{name}",
                    value,
                    least=limits.least,
                    above=limits.above,
                    most=limits.most,
                    below=limits.below,
                )
