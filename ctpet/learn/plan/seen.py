"""What a plan looks at: cases' grids and sizes, by their metadata alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctpet.errors import InputRefused
from ctpet.learn.crops import CropSettings
from ctpet.learn.data import CaseDataModule
from ctpet.learn.sampling import CropWeights
from ctpet.learn.together import OpenDataSet
from ctpet.prepare.cases import DATASET_FILE, Case, list_cases
from ctpet.prepare.dataset import read_dataset
from ctpet.volume.geometry import Shape3, Spacing3

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class SeenSet:
    """One data set.

    Attributes:
        name: in ``data.datasets``; empty where it is the only one.
        folder: as it was given.
        target: ``typical`` where every case has a PET without chance, else ``pet``.
        cases: how many.
        patients: how many, of these held out in fold 0.
        held_out: patients of fold 0; none where there is one patient.
    """

    name: str
    folder: Path
    target: str
    cases: int
    patients: int
    held_out: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The data of a training.

    Attributes:
        sets: each data set.
        spacing_mm: of every case, (k, j, i).
        smallest: voxels of the cases, (k, j, i), the least of each axis.
        median: the median of each axis.
        largest: the most of each axis.
        voxels: of all cases.
    """

    sets: tuple[SeenSet, ...]
    spacing_mm: Spacing3
    smallest: Shape3
    median: Shape3
    largest: Shape3
    voxels: int


def look_at(folders: Sequence[Path]) -> Seen:
    """Read what a plan needs of prepared folders, and refuse what a training would.

    Args:
        folders: made by ``ctpet prepare``; of several the training is a mixture.

    Raises:
        InputRefused: ``several-datasets``: a folder holds data sets; ``spacing-differs``: cases of
            one lie on other grids than it says.
        CtpetError: a data set cannot be read, or several cannot be learned from together.
    """
    for folder in folders:
        _refuse_folder_of_datasets(folder)
        _refuse_other_spacing(folder)
    sets = _opened(folders)
    cases = [case for one in sets for case in (*one.training, *one.held_out)]
    shapes = np.array([case.shape for case in cases])
    return Seen(
        sets=tuple(_seen(one) for one in sets),
        spacing_mm=sets[0].info.spacing_mm,
        smallest=_shape(shapes.min(axis=0)),
        median=_shape(np.median(shapes, axis=0)),
        largest=_shape(shapes.max(axis=0)),
        voxels=int(shapes.prod(axis=1).sum()),
    )


def _refuse_folder_of_datasets(folder: Path) -> None:
    inside = [str(path.parent) for path in sorted(folder.glob(f"*/{DATASET_FILE}"))]
    if inside and not (folder / DATASET_FILE).exists():
        raise InputRefused(
            "several-datasets",
            f"{folder} is no prepared data set, and holds {len(inside)}: {_few(inside)}",
            remedy=f"Name those to learn from: ctpet plan {' '.join(inside)}",
        )


def _refuse_other_spacing(folder: Path) -> None:
    told = read_dataset(folder).spacing_mm
    others = [
        f"{case.case_id} ({_mm(case.geometry.spacing_mm)})"
        for case in list_cases(folder)
        if not np.allclose(case.geometry.spacing_mm, told, rtol=1e-3)
    ]
    if others:
        raise InputRefused(
            "spacing-differs",
            f"{folder} holds cases of {_mm(told)}, and {len(others)} of another spacing: "
            f"{_few(others)}",
            remedy="Prepare all of them with one --spacing",
        )


def _opened(folders: Sequence[Path]) -> tuple[OpenDataSet, ...]:
    """Open data sets as the training will, so that it refuses nothing later."""
    targets = [_target(list_cases(folder)) for folder in folders]
    given: dict[str, Any] = {"dataset": str(folders[0])}
    if len(folders) > 1:
        each = zip(_names(folders), folders, targets, strict=True)
        given = {"datasets": {name: {"dataset": str(path), "target": t} for name, path, t in each}}
    alone = len(folders) == 1 and len({c.patient_hash for c in list_cases(folders[0])}) == 1
    fold = None if alone else 0
    data = CaseDataModule(
        crops=CropSettings((8, 8, 8), CropWeights(0.0, 0.7, 0.3), targets[0], seed=0),
        steps_per_epoch=len(folders),
        batch_size=1,
        validation_cases=None,
        workers=0,
        fold=fold,
        **given,
    )
    data.setup("fit")
    return data.sets


def _target(cases: Sequence[Case]) -> Any:
    return "typical" if all(case.has("typical") for case in cases) else "pet"


def _names(folders: Sequence[Path]) -> list[str]:
    """Return a name for each folder that a configuration can hold, no two alike."""
    names: list[str] = []
    for number, folder in enumerate(folders, start=1):
        name = re.sub(r"[^\w-]|[^\x00-\x7f]", "-", folder.resolve().name)
        fits = re.fullmatch(r"[A-Za-z][\w-]*", name) and name not in names
        names.append(name if fits else f"set-{number}")
    return names


def _seen(one: OpenDataSet) -> SeenSet:
    held_out = {case.patient_hash for case in one.held_out}
    patients = held_out | {case.patient_hash for case in one.training}
    settings = one.settings
    return SeenSet(
        name=settings.name,
        folder=settings.folder,
        target=settings.crops.target,
        cases=len(one.training) + len(one.held_out),
        patients=len(patients),
        held_out=len(held_out),
    )


def _shape(values: Any) -> Shape3:
    k, j, i = (int(value) for value in values)
    return k, j, i


def _mm(spacing_mm: Sequence[float]) -> str:
    return " × ".join(f"{value:g}" for value in spacing_mm) + " mm"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
