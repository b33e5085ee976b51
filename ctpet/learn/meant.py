"""Whether a configuration can be meant, before anything is read or written."""

import os
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ctpet.checked import LONGEST_LO
from ctpet.errors import CtpetError
from ctpet.learn.kinds import refuse_wrong_kinds
from ctpet.learn.limits import refuse_beyond_limits
from ctpet.learn.values import NotMeant, refuse_no_choice, refuse_no_count, refuse_no_text
from ctpet.resources import config_choices

PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed", "64-true")
"""What a training is done in. Weights in half precision lose what a step adds to them."""
_SHORT = {"32": "32-true", "64": "64-true", "16": "16-mixed", "bf16": "bf16-mixed"}


OF_THE_FOLDER = ("name", "paths.runs", "paths.run", "hydra.run.dir")
"""Keys that say where a run is written."""


READ = frozenset({
    "name", "seed", "resume", "start_from", "start_differs", "optimized_metric", "hydra",
})  # fmt: skip
"""Keys of the configuration that are no group."""


def refuse_overrides(overrides: Sequence[str]) -> None:
    """Refuse what would make a folder that nobody means: it is made before anything is read.

    Args:
        overrides: as typed, without Hydra's options.

    Raises:
        CtpetError: naming the key.
    """
    seen: dict[str, str] = {}
    for override in overrides:
        key, equal, value = override.partition("=")
        if equal and not key.strip("+~"):
            raise CtpetError(f"{override} names no key. Give KEY=VALUE.")
        if key not in OF_THE_FOLDER:
            continue
        if key in seen and seen[key] != value:
            raise CtpetError(f"{key} is given twice, as {seen[key]} and as {value}. Give it once.")
        seen[key] = value
        if value in ("", "null"):
            raise NotMeant(key, None if value else "", "a text with content")
        if key == "name" and "${" not in value and value != "???":
            refuse_no_name(value.strip("'\""))


def refuse_no_name(name: object) -> None:
    """Refuse what cannot be a run's name and its folder's.

    Raises:
        CtpetError: naming the key.
    """
    told = str(name)
    usable = told.isprintable() and told.strip(" .") and not set(told) & set("/\\")
    if not isinstance(name, str | int) or isinstance(name, bool) or not usable:
        raise NotMeant("name", name, "a text that can name a folder, without / and \\")
    if len(told) > LONGEST_LO:
        short = f"{told[:20]}…, {len(told)} characters long"
        raise NotMeant("name", short, f"{LONGEST_LO} characters long at most")


def refuse_what_nobody_means(config: DictConfig) -> None:
    """Refuse values of a wrong kind or beyond their limits, by their keys.

    Raises:
        CtpetError: naming the key, what it is and what it must be.
    """
    _refuse_unread(config)
    refuse_no_name(config.name)
    for key in ("paths.runs", "paths.run", "optimized_metric"):
        refuse_no_text(key, OmegaConf.select(config, key))
    if config.start_from is not None:
        refuse_no_text("start_from", config.start_from)
    refuse_no_count("seed", config.seed, least=0)
    if config.seed >= 2**32:
        raise NotMeant("seed", config.seed, "below 4294967296")
    _refuse_trainer(config.trainer)
    refuse_wrong_kinds(config)
    refuse_beyond_limits(config)


def _refuse_unread(config: DictConfig) -> None:
    """Refuse keys that nothing reads, and no other key refers to as ``${KEY}``.

    Raises:
        CtpetError: naming the key.
    """
    referred = OmegaConf.to_yaml(config, resolve=False)
    for key in map(str, config.keys() - READ - config_choices().keys()):
        if f"${{{key}}}" not in referred and f"${{{key}." not in referred:
            raise CtpetError(f"Nothing reads the key {key}. Leave it out, or correct its name.")


def precision_meant(trainer: DictConfig) -> str:
    """Return the precision that was asked for, in Lightning's words, or ``auto``.

    Raises:
        CtpetError: it is none that a training is done in.
    """
    told = str(trainer.precision)
    precision = _SHORT.get(told, told)
    refuse_no_choice("trainer.precision", precision, PRECISIONS)
    return precision


def _refuse_trainer(trainer: DictConfig) -> None:
    """Refuse a training of no epochs, of endlessly many, or of more processes than there are cores.

    Raises:
        CtpetError: naming the key, what it is and what it must be.
    """
    refuse_no_count("trainer.max_epochs", trainer.max_epochs, least=1)
    if precision_meant(trainer) == "16-mixed" and trainer.accelerator == "cpu":
        raise NotMeant("trainer.precision", "16-mixed", "bf16-mixed or 32-true on a processor")
    devices, cores = trainer.devices, os.cpu_count() or 1
    if trainer.accelerator == "cpu" and isinstance(devices, int) and not 1 <= devices <= cores:
        raise CtpetError(
            f"trainer.devices is {devices}; this machine has {cores} cores, and each process of a "
            "training takes one at least."
        )


def refuse_unknown_metric(key: str, metric: Any, measured: Sequence[str]) -> None:
    """Refuse a metric that a training does not measure.

    Args:
        key: that names it.
        metric: as it is named; those of training (``train/…``) and rates (``lr…``) are let through.
        measured: names of those of validation.

    Raises:
        CtpetError: naming the key and what is measured.
    """
    told = str(metric)
    if told in measured or told.startswith(("train/", "lr")):
        return
    raise NotMeant(key, metric, f"train/loss{_validated(measured)}")


def _validated(measured: Sequence[str]) -> str:
    """Return the metrics of all data sets together in words, and how those of each are named."""
    joint = [name for name in measured if name.count("/") == 1]
    own = dict.fromkeys(name.split("/")[1] for name in measured if name.count("/") > 1)
    told = f" or one of {', '.join(joint)}" if joint else ""
    return f"{told}, or of one data set alone, as val/{next(iter(own))}/mae" if own else told
