"""Training crops and validation patients of prepared data sets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader

from ctpet.errors import CtpetError
from ctpet.learn.crops import CropDataset, Cropper, CropSettings, seen_of
from ctpet.learn.mixture import DataSet, mixture
from ctpet.learn.only_case import only
from ctpet.learn.sampling import EpochSampler, Turns, turn_counts
from ctpet.learn.together import OpenDataSet, refuse_what_does_not_mix
from ctpet.learn.values import refuse_no_count
from ctpet.prepare.boxes import box_cases
from ctpet.prepare.cases import Case, list_cases
from ctpet.prepare.dataset import read_dataset
from ctpet.prepare.fingerprint import dataset_fingerprint
from ctpet.prepare.splits import read_splits


@dataclass(frozen=True)
class Judged:
    """One patient to validate on.

    Attributes:
        dataset: that the patient is held out in.
        pieces: whole cases, or the boxes of them, of the patient.
    """

    dataset: DataSet
    pieces: tuple[Case, ...]


class CaseDataModule(LightningDataModule):
    """Training crops of all folds but one, and the patients of that one to validate on."""

    def __init__(  # noqa: PLR0913  (Hydra: one parameter a key)
        self,
        *,
        crops: CropSettings,
        steps_per_epoch: int,
        batch_size: int,
        validation_cases: int | None,
        workers: int,
        fold: int | None,
        dataset: str | None = None,
        datasets: Mapping[str, Any] | None = None,
        boxes: Mapping[str, Any] | None = None,
        only_case: str | None = None,
    ) -> None:
        """Take what to read and how; nothing is read yet.

        Args:
            crops: how cases are cropped.
            steps_per_epoch: batches of an epoch, of each rank.
            batch_size: crops of a batch, of each rank.
            validation_cases: at most this many of the held-out cases of each data set, by case_id;
                None: all.
            workers: processes that load crops; 0: the training process itself.
            fold: whose patients are held out; None: none, and nothing is validated on.
            dataset: folder made by ``ctpet prepare``; None: there are several.
            datasets: several, by name; see :func:`ctpet.learn.mixture.mixture`.
            boxes: ``{side_mm, per_patient, seed}``: crops show no more than a box, and patients are
                judged on their boxes; None: on whole cases.
            only_case: learned from and judged on, and no other; ``first`` or a case_id.
        """
        super().__init__()
        self._told = dataset, datasets, fold, crops, boxes
        self._crops = crops
        self._steps, self._batch_size, self._workers = steps_per_epoch, batch_size, workers
        self._validation_cases, self._only_case = validation_cases, only_case
        self.sets: tuple[OpenDataSet, ...] = ()
        self.judged: tuple[Judged, ...] = ()

    @cached_property
    def settings(self) -> tuple[DataSet, ...]:
        """What is done with each data set.

        Raises:
            CtpetError: a setting cannot be meant.
        """
        return mixture(*self._told)

    def fingerprint(self) -> str | dict[str, str]:
        """Return the fingerprint of the only data set, or of each by its name.

        Raises:
            CtpetError: one cannot be read.
        """
        prints: dict[str, str] = {}
        for each in self.settings:
            with each.named():
                prints[each.name] = dataset_fingerprint(each.folder)
        return prints.get("", prints)

    def setup(self, stage: str) -> None:  # noqa: ARG002  (Lightning's)
        """Find the cases.

        Raises:
            CtpetError: a data set or its folds cannot be read, there is no such fold, or data sets
                cannot be learned from together.
        """
        if self.sets:
            return
        for name, value in (("steps_per_epoch", self._steps), ("batch_size", self._batch_size)):
            refuse_no_count(f"data.{name}", value, least=1)
        if self._validation_cases is not None:
            refuse_no_count("data.validation_cases", self._validation_cases, least=0)
        sets = tuple(_open(each) for each in self.settings)
        refuse_what_does_not_mix(sets)
        if self._only_case is not None:
            sets = only(sets, str(self._only_case))
        turn_counts([each.settings.share for each in sets], self._steps * self._batch_size)
        self.judged = tuple(one for each in sets for one in _judged(each, self._validation_cases))
        self.sets = sets

    @property
    def training_cases(self) -> tuple[Case, ...]:
        """The cases that are learned from, of all data sets."""
        return tuple(case for each in self.sets for case in each.training)

    @property
    def validation_cases(self) -> tuple[Case, ...]:
        """What is validated on, of all data sets: whole cases, or boxes as cases."""
        return tuple(piece for one in self.judged for piece in one.pieces)

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Shortest and longest piece along the patient in a training crop or a validated case."""
        shown = [
            min(seen_of(one.settings.crops, one.settings.boxes, case)[0], case.shape[0])
            for one in self.sets
            for case in one.training
        ]
        judged = [piece.shape[0] for piece in self.validation_cases]
        spacing_mm = self.sets[0].info.spacing_mm[0]
        return min(shown) * spacing_mm, max(shown + judged) * spacing_mm

    def train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Return batches of ``ct``, ``target``, ``region``, (N, 1, K, J, I), and ``case_id``."""
        trainer = self.trainer
        world = trainer.world_size if trainer else 1
        rank = trainer.global_rank if trainer else 0
        samples = self._steps * self._batch_size * world
        turns = Turns([each.settings.share for each in self.sets], samples, self._crops.seed)
        return DataLoader(
            CropDataset([_cropper(each) for each in self.sets], turns),
            batch_size=self._batch_size,
            sampler=EpochSampler(samples, rank=rank, world_size=world),
            num_workers=self._workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self._workers > 0,
        )

    def val_dataloader(self) -> DataLoader[int]:
        """Return the numbers of :attr:`judged`, one at a time."""
        numbers: Any = range(len(self.judged))
        return DataLoader(numbers, batch_size=None)


def _open(settings: DataSet) -> OpenDataSet:
    """Read a data set.

    Raises:
        CaseInvalid: it cannot be read, or there is no such fold; named by its key.
        CtpetError: there is nobody to learn from or to hold out, or no such target.
    """
    with settings.named():
        cases = list_cases(settings.folder)
        info = read_dataset(settings.folder)
        learned, held_out = _divided(settings, cases)
    if settings.fold is not None and not (learned and held_out):
        which = "everybody" if held_out else "nobody"
        raise CtpetError(
            f"{settings.key}.fold={settings.fold} holds {which} of {settings.folder}. Choose "
            "another, or null to learn from all."
        )
    if settings.share == 0:
        learned = ()
    target = settings.crops.target
    without = [case.case_id for case in learned if not case.has(target)]
    if without:
        raise CtpetError(
            f"{settings.key}: case {without[0]} has no {target}.npy to learn from; only digital "
            "patients have a typical PET. Give target: pet."
        )
    return OpenDataSet(settings, info, learned, held_out)


def _divided(settings: DataSet, cases: Sequence[Case]) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    if settings.fold is None:
        return tuple(cases), ()
    splits = read_splits(settings.folder)
    return splits.train_cases(cases, settings.fold), splits.val_cases(cases, settings.fold)


def _cropper(one: OpenDataSet) -> Cropper:
    own = one.settings
    return Cropper(own.name, one.training, own.crops, own.boxes)


def _judged(one: OpenDataSet, at_most: int | None) -> Iterator[Judged]:
    """Yield the patients of a data set to validate on, by case_id."""
    pieces: Sequence[Case] = one.held_out[:at_most]
    if one.settings.boxes is not None:
        chosen = {case.case_id for case in pieces}
        with one.settings.named():
            boxes = box_cases(one.held_out, one.settings.boxes)
        pieces = [box for box in boxes if box.whole.case_id in chosen]
    patients = dict.fromkeys(piece.patient_hash for piece in pieces)
    for patient in patients:
        yield Judged(one.settings, tuple(p for p in pieces if p.patient_hash == patient))
