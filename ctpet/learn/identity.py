"""Whether a run that is to go on is still the run that was begun."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ctpet.errors import CtpetError

MAY_CHANGE = (
    "callbacks",
    "contract.intended_use",
    "contract.limitations",
    "contract.name",
    "data.dataset",
    "data.datasets.*.dataset",
    "data.datasets.*.validation_weight",
    "data.validation_cases",
    "data.workers",
    "logger",
    "objective.validation_precision",
    "optimized_metric",
    "paths",
    "resume",
    "trainer",
)
"""What may differ when a run goes on; the data behind the folders are compared themselves."""

NEVER_CHANGES = (
    "callbacks.average",
    "trainer.accumulate_grad_batches",
    "trainer.gradient_clip_val",
    "trainer.precision",
)
"""What is part of a run though it lies in a group that may differ."""

_SHOWN = 4


def changes(begun: DictConfig, now: DictConfig) -> dict[str, tuple[Any, Any]]:
    """Return the keys of two configurations whose values differ, with both values."""
    before, after = dict(_leaves(_plain(begun))), dict(_leaves(_plain(now)))
    return {
        key: (before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def refuse_another_run(
    folder: Path, changed: Mapping[str, tuple[Any, Any]], other_data: Sequence[str]
) -> None:
    """Refuse to go on with a run under another identity; nothing has been written yet.

    Args:
        folder: of the run.
        changed: from :func:`changes`.
        other_data: keys of folders that hold other cases than the run was begun with.

    Raises:
        CtpetError: naming each key with both values.
    """
    other = [f"{key} was {a} and is {b}" for key, (a, b) in changed.items() if not may_change(key)]
    other = [*(f"the cases of {key} are others" for key in other_data), *other]
    if other:
        more = f" and {len(other) - _SHOWN} more" if len(other) > _SHOWN else ""
        raise CtpetError(
            f"{folder} holds another run: {'; '.join(other[:_SHOWN])}{more}. Give what it was "
            "begun with, or another name=…"
        )


def other_cases(begun: object, now: object) -> list[str]:
    """Return the keys of the data sets whose fingerprints differ.

    A data set that only one of both runs has is told by its other keys.

    Args:
        begun: fingerprint of the only data set, or of each by its name.
        now: the same of the run that goes on.
    """
    if isinstance(begun, dict) and isinstance(now, dict):
        both = sorted(begun.keys() & now.keys())
        return [f"data.datasets.{name}.dataset" for name in both if begun[name] != now[name]]
    return [] if begun == now else ["data.dataset"]


def may_change(key: str) -> bool:
    """Tell whether a key may differ when a run goes on."""
    return _within(key, MAY_CHANGE) and not _within(key, NEVER_CHANGES)


def _within(key: str, groups: tuple[str, ...]) -> bool:
    return any(fnmatchcase(key, group) or fnmatchcase(key, f"{group}.*") for group in groups)


def _plain(config: DictConfig) -> Any:
    return OmegaConf.to_container(config, resolve=True)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    else:
        yield name, value
