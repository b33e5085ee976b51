"""The trainings of a cross-validation: one a fold, each in a folder of its own."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ctpet.errors import CtpetError
from ctpet.learn.command import compose, explained_configuration, run
from ctpet.learn.data import CaseDataModule
from ctpet.learn.run_folder import LAST_CHECKPOINT, read_begun
from ctpet.learn.train import same_run, train
from ctpet.learn.whole_checkpoints import is_finished
from ctpet.prepare.splits import read_splits
from ctpet.progress import Progress

OWN_KEYS = ("data.fold", "data.validation_cases", "paths.run", "resume")
"""What a cross-validation sets itself."""

_HYDRA, SEARCH_PATH = ("hydra/", "hydra."), "hydra.searchpath"
"""What begins so is no key of a training, but of who launches it, or where experiments lie."""


@dataclass(frozen=True, eq=False)
class Fold:
    """One training.

    Attributes:
        number: of the fold that it does not see.
        folder: of the run.
        config: of the training.
        data: whom it learns from, and whom it is judged on.
    """

    number: int
    folder: Path
    config: DictConfig
    data: CaseDataModule

    @property
    def checkpoint(self) -> Path:
        """What the training leaves; not its best epoch, which is chosen on whom it is judged on."""
        return self.folder / LAST_CHECKPOINT

    def is_finished(self) -> bool:
        """Tell whether the training came to its end.

        Raises:
            CtpetError: its checkpoint is damaged.
        """
        return is_finished(self.checkpoint, int(self.config.trainer.max_epochs))


def open_folds(
    overrides: Sequence[str], out: Path, numbers: Sequence[int] | None
) -> tuple[Fold, ...]:
    """Compose the training of each fold and open its data; nothing is written.

    Args:
        overrides: as of ``ctpet train``, without :data:`OWN_KEYS`.
        out: each fold gets ``foldN`` inside.
        numbers: which folds; None: all.

    Raises:
        CtpetError: the configuration cannot be built, the data cannot be read, there is no such
            fold, or the folder holds the folds of something else.
    """
    for override in overrides:
        key = _key(override)
        if key in OWN_KEYS:
            raise CtpetError(f"A cross-validation sets {key} itself. Leave {override} out.")
    with explained_configuration():
        count = _count(_open(overrides, out, 0).data)
        wanted = list(range(count)) if numbers is None else sorted(set(numbers))
        if unknown := [number for number in wanted if not 0 <= number < count]:
            raise CtpetError(f"There is no fold {unknown[0]}; the folds are 0 to {count - 1}.")
        folds = tuple(_open(overrides, out, number) for number in wanted)
        for fold in folds:
            fold.data.setup("fit")
            if fold.checkpoint.exists():
                begun = read_begun(fold.folder)
                same_run(fold.folder, begun, fold.config, fold.data.fingerprint())
    return folds


def train_folds(folds: Sequence[Fold], overrides: Sequence[str], progress: Progress) -> None:
    """Train what is not trained to its end: one after the other, or as Hydra's keys say.

    Args:
        folds: from :func:`open_folds`.
        overrides: that they were composed from.
        progress: told of the stage ``train``.

    Raises:
        CtpetError: a training cannot start or go on.
    """
    left = [fold for fold in folds if not fold.is_finished()]
    done = len(folds) - len(left)
    progress("train", done / len(folds))
    if left and any(_launches(one) for one in overrides):
        _launch(left, overrides)
    else:
        for number, fold in enumerate(left, start=done + 1):
            with explained_configuration():
                train(fold.config)
            progress("train", number / len(folds))
    if unfinished := [fold.number for fold in left if not fold.is_finished()]:
        raise CtpetError(
            f"Fold {unfinished[0]} was not trained to its end. The same command goes on from there."
        )
    progress("train", 1.0)


def _open(overrides: Sequence[str], out: Path, number: int) -> Fold:
    folder = out / f"fold{number}"
    training = [one for one in overrides if not _launches(one)]
    config = compose([*training, *_own(str(number), str(folder))])
    if OmegaConf.is_missing(config, "name"):
        config.name = out.name
    data: CaseDataModule = instantiate(config.data)
    return Fold(number, folder, config, data)


def _own(fold: str, folder: str) -> list[str]:
    """Return the overrides that a cross-validation gives."""
    return [
        f"data.fold={fold}",
        "data.validation_cases=null",
        f"paths.run={_quoted(folder)}",
        "resume=auto",
    ]


def _launches(override: str) -> bool:
    key = _key(override)
    return key.startswith(_HYDRA) and key != SEARCH_PATH


def search_path(folder: Path) -> str:
    """Return the override by which experiments of a folder are found too."""
    return f"{SEARCH_PATH}=[{_quoted(f'file://{folder.resolve()}')}]"


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _quoted(text: str) -> str:
    """Return a text as Hydra's overrides take it, whatever is in it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _launch(folds: Sequence[Fold], overrides: Sequence[str]) -> None:
    """Run the trainings as a sweep of Hydra's, whose jobs are told by their fold."""
    out, name = folds[0].folder.parent, folds[0].config.name
    own = _own(",".join(str(fold.number) for fold in folds), f"{out}/fold${{data.fold}}")
    named = [f"name={_quoted(name)}", *own]
    untold = {_key(one) for one in (*overrides, *named)} - {"data.fold"}
    hydra = [
        f"hydra.sweep.dir={_quoted(str(out / 'sweep'))}",
        f"hydra.job.config.override_dirname.exclude_keys={sorted(untold)}",
    ]
    arguments = sys.argv
    try:
        run(["--multirun", *hydra, *overrides, *named])
    finally:
        sys.argv = arguments


def _count(data: CaseDataModule) -> int:
    """Return how many folds the data sets have, of those whose fold is not their own.

    Raises:
        CtpetError: none has, or they have not the same number.
    """
    counts = set()
    for one in data.settings:
        if one.fold is not None:
            with one.named():
                counts.add(len(read_splits(one.folder).folds))
    if len(counts) != 1:
        told = " and ".join(map(str, sorted(counts))) or "no"
        raise CtpetError(
            f"The data sets have {told} folds. Prepare them with the same --folds, or give those "
            "that are only learned from fold: null."
        )
    return counts.pop()
