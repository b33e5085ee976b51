"""Training crops and validation cases of a prepared dataset."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning import LightningDataModule
from monai.transforms import Compose, Transform
from torch.utils.data import DataLoader, Dataset

from ctpet.learn.load_case import Crop, LoadCase
from ctpet.learn.sampling import CropChooser, CropWeights, Draw, EpochSampler
from ctpet.prepare.cases import Case, list_cases
from ctpet.prepare.splits import read_splits
from ctpet.volume.geometry import Shape3


class CropDataset(Dataset[dict[str, Any]]):
    """Crops of cases; what a :class:`Draw` gives depends on the seed and the draw alone."""

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        size: Shape3,
        weights: CropWeights,
        target: Literal["pet", "typical"],
        augment: Sequence[Transform],
        seed: int,
    ) -> None:
        """Take the cases and how to crop them.

        Args:
            cases: at least one.
            size: of a crop, (k, j, i).
            weights: where crops lie.
            target: the array to learn.
            augment: MONAI dictionary transforms on ``ct``, ``target`` and ``region``.
            seed: of everything.
        """
        self._cases = tuple(cases)
        self._size, self._weights, self._target, self._seed = size, weights, target, seed
        self._pipeline = Compose([LoadCase(target), *augment])
        self._choosers: dict[int, CropChooser] = {}

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        rng = np.random.default_rng([self._seed, draw.epoch, draw.index])
        number = int(rng.integers(len(self._cases)))
        start = self._chooser(number).start(self._size, rng)
        self._pipeline.set_random_state(seed=int(rng.integers(2**31)))
        crop: Any = self._pipeline(Crop(self._cases[number], start, self._size))
        tensors = {key: torch.as_tensor(crop[key]).contiguous() for key in crop}
        return {**tensors, "case_id": self._cases[number].case_id}

    def _chooser(self, number: int) -> CropChooser:
        if number not in self._choosers:
            case = self._cases[number]
            self._choosers[number] = CropChooser(case, self._target, self._weights)
        return self._choosers[number]


class CaseDataModule(LightningDataModule):
    """Training crops of all folds but one, and whole cases of that one to validate on."""

    def __init__(
        self,
        *,
        dataset: str,
        fold: int | None,
        crop_voxels: Sequence[int],
        crop_weights: CropWeights,
        target: Literal["pet", "typical"],
        steps_per_epoch: int,
        batch_size: int,
        validation_cases: int,
        workers: int,
        seed: int,
        augment: Sequence[Transform] = (),
    ) -> None:
        """Take what to read and how.

        Args:
            dataset: folder made by ``ctpet prepare``.
            fold: whose patients are held out; None: none, and nothing is validated on.
            crop_voxels: size of a crop, (k, j, i).
            crop_weights: where crops lie.
            target: array to learn; validation is always on the measured PET.
            steps_per_epoch: batches of an epoch, of each rank.
            batch_size: crops of a batch, of each rank.
            validation_cases: at most this many of the held-out cases, by case_id.
            workers: processes that load crops; 0: the training process itself.
            seed: of the crops and their augmentation.
            augment: see :class:`CropDataset`.
        """
        super().__init__()
        k, j, i = crop_voxels
        self._size: Shape3 = (k, j, i)
        self._folder, self._fold = Path(dataset), fold
        self._weights, self._target, self._augment = crop_weights, target, tuple(augment)
        self._steps, self._batch_size, self._workers = steps_per_epoch, batch_size, workers
        self._validation_cases, self._seed = validation_cases, seed
        self.training_cases: tuple[Case, ...] = ()
        self.validation_cases: tuple[Case, ...] = ()

    def setup(self, stage: str) -> None:  # noqa: ARG002  (Lightning's)
        """Find the cases.

        Raises:
            CaseInvalid: the dataset or its folds cannot be read, or there is no such fold.
        """
        cases = list_cases(self._folder)
        if self._fold is None:
            self.training_cases = cases
            return
        splits = read_splits(self._folder)
        self.training_cases = splits.train_cases(cases, self._fold)
        held_out = splits.val_cases(cases, self._fold)
        self.validation_cases = held_out[: self._validation_cases]

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Shortest and longest piece along the patient that a training crop shows."""
        lengths = [
            min(self._size[0], case.shape[0]) * case.geometry.spacing_mm[0]
            for case in self.training_cases
        ]
        return min(lengths), max(lengths)

    def train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Return batches of ``ct``, ``target``, ``region``, (N, 1, K, J, I), and ``case_id``."""
        trainer = self.trainer
        world = trainer.world_size if trainer else 1
        rank = trainer.global_rank if trainer else 0
        samples = self._steps * self._batch_size * world
        dataset = CropDataset(
            self.training_cases,
            size=self._size,
            weights=self._weights,
            target=self._target,
            augment=self._augment,
            seed=self._seed,
        )
        return DataLoader(
            dataset,
            batch_size=self._batch_size,
            sampler=EpochSampler(samples, rank=rank, world_size=world),
            num_workers=self._workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self._workers > 0,
        )

    def val_dataloader(self) -> DataLoader[int]:
        """Return the numbers of :attr:`validation_cases`, one at a time."""
        numbers: Any = range(len(self.validation_cases))
        return DataLoader(numbers, batch_size=None)
