"""Whether a run that is to go on is still the run that was begun."""

from collections.abc import Iterator, Mapping
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
    "data.validation_cases",
    "data.workers",
    "logger",
    "objective.validation_precision",
    "optimized_metric",
    "paths",
    "resume",
    "trainer",
)
"""What may differ when a run goes on; the data behind ``data.dataset`` are compared themselves."""

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
    folder: Path, changed: Mapping[str, tuple[Any, Any]], *, same_data: bool
) -> None:
    """Refuse to go on with a run under another identity; nothing has been written yet.

    Args:
        folder: of the run.
        changed: from :func:`changes`.
        same_data: the dataset has the fingerprint that the run was begun with.

    Raises:
        CtpetError: naming each key with both values.
    """
    other = [f"{key} was {a} and is {b}" for key, (a, b) in changed.items() if not may_change(key)]
    if not same_data:
        other.insert(0, "the cases of data.dataset are others")
    if other:
        more = f" and {len(other) - _SHOWN} more" if len(other) > _SHOWN else ""
        raise CtpetError(
            f"{folder} holds another run: {'; '.join(other[:_SHOWN])}{more}. Give what it was "
            "begun with, or another name=…"
        )


def may_change(key: str) -> bool:
    """Tell whether a key may differ when a run goes on."""
    return _within(key, MAY_CHANGE) and not _within(key, NEVER_CHANGES)


def _within(key: str, groups: tuple[str, ...]) -> bool:
    return any(key == group or key.startswith(f"{group}.") for group in groups)


def _plain(config: DictConfig) -> Any:
    return OmegaConf.to_container(config, resolve=True)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    else:
        yield name, value
