"""Which data sets a training learns from, in which shares, and how each is cropped.

One data set is a mixture of one. What a data set of several does not say of itself is as the
configuration says for all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from ctpet.errors import CtpetError
from ctpet.learn.crops import TARGETS, CropSettings
from ctpet.learn.sampling import CropWeights
from ctpet.prepare.boxes import BoxRule, is_number, read_rule
from ctpet.prepare.cases import CaseInvalid

KEYS = (
    "dataset",
    "share",
    "fold",
    "target",
    "weights",
    "augment",
    "boxes",
    "validation_weight",
)
"""What ``data.datasets.NAME`` may hold."""

_NAME = re.compile(r"[A-Za-z][\w-]*")
_EXAMPLE = "data.datasets={phantoms: {dataset: cases-a, share: 0.7}, sts: {dataset: cases-b, …}}"


@dataclass(frozen=True, eq=False)
class DataSet:
    """One data set of a training, and what is done with it.

    Attributes:
        name: by which its errors are reported; empty where it is the only one.
        folder: made by ``ctpet prepare``.
        fold: whose patients are held out; None: none, and nothing is validated on.
        crops: how the other patients are cropped.
        boxes: if not None, no crop shows more than a box of this rule, and held-out patients are
            judged on their boxes.
        share: of the crops, beside the shares of the others.
        validation_weight: of its errors in their mean over the data sets.
    """

    name: str
    folder: Path
    fold: int | None
    crops: CropSettings
    boxes: BoxRule | None
    share: float = 1.0
    validation_weight: float = 1.0

    @property
    def key(self) -> str:
        """What names it in the configuration."""
        return f"data.datasets.{self.name}" if self.name else "data"

    @contextmanager
    def named(self) -> Iterator[None]:
        """Put the data set's key before what is said of its files, where there are several.

        Raises:
            CaseInvalid: in place of one that does not name it.
        """
        try:
            yield
        except CaseInvalid as error:
            raise CaseInvalid(f"{self.key}: {error}" if self.name else str(error)) from error

    @property
    def prefix(self) -> str:
        """What stands before its own names: of metrics, of pictures, of cases."""
        return f"{self.name}/" if self.name else ""


def mixture(
    dataset: str | None,
    datasets: Mapping[str, Any] | None,
    fold: int | None,
    crops: CropSettings,
    boxes: Mapping[str, Any] | None,
) -> tuple[DataSet, ...]:
    """Return the data sets that a configuration names, by name.

    Args:
        dataset: folder of the only one; None: there are several.
        datasets: settings by name, see :data:`KEYS`; None or empty: there is only one.
        fold: held out; this and what follows hold where a data set says nothing else.
        crops: how patients are cropped.
        boxes: a rule of :mod:`ctpet.prepare.boxes`, or None.

    Raises:
        CtpetError: none or both are given, or a setting cannot be meant; it is named.
    """
    if not datasets:
        if dataset is None:
            raise CtpetError("data.dataset is missing. Give it as data.dataset=… .")
        return (_checked(DataSet("", Path(str(dataset)), fold, crops, _boxes("data", boxes))),)
    if dataset is not None:
        raise CtpetError(
            f"data.dataset is {dataset}, and data.datasets names {', '.join(map(str, datasets))}. "
            "Give one of both; data.dataset=null or data.datasets=null takes the other back."
        )
    if not isinstance(datasets, Mapping):
        raise CtpetError(f"data.datasets goes by name, and has no list. Such as {_EXAMPLE}.")
    common = DataSet("", Path(), fold, crops, _boxes("data", boxes))
    found = tuple(_read(str(name), datasets[name], common) for name in sorted(datasets))
    _refuse_nothing("share", [each.share for each in found])
    validated = [each.validation_weight for each in found if each.fold is not None]
    if validated:
        _refuse_nothing("validation_weight", validated)
    return found


def configured_folders(data: Mapping[str, Any]) -> list[Path]:
    """Return the folders that a configuration's ``data`` names, as they were given."""
    datasets = data.get("datasets") or {}
    told = [data.get("dataset"), *(each.get("dataset") for each in datasets.values())]
    return [Path(str(folder)) for folder in told if folder is not None]


def _read(name: str, told: Any, common: DataSet) -> DataSet:
    key = f"data.datasets.{name}"
    if not _NAME.fullmatch(name):
        raise CtpetError(f"{key} is no name: letters, digits, - and _ make one.")
    if not isinstance(told, Mapping):
        raise CtpetError(f"{key} is {told!r}, and must be a mapping. Such as {_EXAMPLE}.")
    if unknown := sorted(set(map(str, told)) - set(KEYS)):
        raise CtpetError(f"{key} knows no {', '.join(unknown)}; it knows {', '.join(KEYS)}.")
    if told.get("dataset") is None:
        raise CtpetError(f"{key}.dataset is missing. Give it as {key}.dataset=… .")
    crops = common.crops
    if "weights" in told:
        crops = replace(crops, weights=_weights(key, told["weights"]))
    own = {each: told[each] for each in ("target", "augment") if each in told}
    same_name = {
        each: told[each] for each in ("fold", "share", "validation_weight") if each in told
    }
    made = DataSet(
        name, Path(str(told["dataset"])), common.fold, replace(crops, **own), common.boxes
    )
    if "boxes" in told:
        made = replace(made, boxes=_boxes(key, told["boxes"]))
    return _checked(replace(made, **same_name))


def _checked(one: DataSet) -> DataSet:
    """Return a data set whose settings can be meant.

    Raises:
        CtpetError: naming the one that cannot.
    """
    for name in ("share", "validation_weight"):
        value = getattr(one, name)
        if not is_number(value) or not isfinite(value) or value < 0:
            raise CtpetError(f"{one.key}.{name} is {value}, and must be a number from 0 up.")
    if one.fold is not None and (isinstance(one.fold, bool) or not isinstance(one.fold, int)):
        raise CtpetError(f"{one.key}.fold is {one.fold}, and must be a fold's number or null.")
    if one.share == 0 and one.fold is None:
        raise CtpetError(f"{one.key} has share 0 and fold null, so nothing would be done with it.")
    if one.crops.target not in TARGETS:
        where = f"{one.key}.target" if one.name else "data.crops.target"
        raise CtpetError(f"{where} is {one.crops.target}, and must be {' or '.join(TARGETS)}.")
    return one


def _weights(key: str, told: Any) -> CropWeights:
    if isinstance(told, CropWeights):
        return told
    try:
        return CropWeights(**told)
    except (TypeError, ValueError) as error:
        raise CtpetError(
            f"{key}.weights cannot be meant: {error}. Such as {{anywhere: 0, body: 0.7, uptake: "
            "0.3}."
        ) from error


def _boxes(key: str, told: Any) -> BoxRule | None:
    try:
        return read_rule(told)
    except CtpetError as error:
        raise CtpetError(f"{key}.{error}") from error


def _refuse_nothing(name: str, values: Sequence[float]) -> None:
    if not any(values):
        raise CtpetError(f"Every {name} that counts in data.datasets is 0. Give one of them more.")
