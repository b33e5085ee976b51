"""Training crops and validation cases of a prepared dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning import LightningDataModule
from monai.transforms.compose import Compose
from monai.transforms.transform import Transform
from monai.utils.type_conversion import convert_to_tensor
from torch.utils.data import DataLoader, Dataset

from ctpet.learn.load_case import Crop, LoadCase
from ctpet.learn.sampling import CropChooser, CropWeights, Draw, EpochSampler
from ctpet.prepare.cases import Case, list_cases
from ctpet.prepare.splits import read_splits
from ctpet.volume.geometry import Shape3


@dataclass(frozen=True)
class CropSettings:
    """How cases are cropped for training.

    Attributes:
        size_voxels: of a crop, (k, j, i).
        weights: where crops lie.
        target: the array to learn; validation is always on the measured PET.
        seed: of the crops and their augmentation.
        augment: MONAI dictionary transforms on ``ct``, ``target`` and ``region``.

    Raises:
        ValueError: at construction, if the size is not three whole numbers.
    """

    size_voxels: Sequence[int]
    weights: CropWeights
    target: Literal["pet", "typical"]
    seed: int
    augment: Sequence[Transform] = ()

    def __post_init__(self) -> None:
        size = list(self.size_voxels)
        if len(size) != 3 or not all(isinstance(n, int) and n > 0 for n in size):
            raise ValueError(f"size_voxels must be three whole numbers (k, j, i), not {size}")

    @property
    def shape(self) -> Shape3:
        """The size as a shape."""
        k, j, i = self.size_voxels
        return k, j, i


class CropDataset(Dataset[dict[str, Any]]):
    """Crops of cases; what a :class:`Draw` gives depends on the seed and the draw alone."""

    def __init__(self, cases: Sequence[Case], crops: CropSettings) -> None:
        """Take the cases, at least one, and how to crop them."""
        self._cases, self._crops = tuple(cases), crops
        self._load, self._augment = LoadCase(crops.target), Compose(crops.augment)
        self._choosers: dict[int, CropChooser] = {}

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        rng = np.random.default_rng([self._crops.seed, draw.epoch, draw.number])
        number = int(rng.integers(len(self._cases)))
        start = self._chooser(number).start(self._crops.shape, rng)
        self._augment.set_random_state(seed=int(rng.integers(2**31)))
        crop: Any = self._augment(self._load(Crop(self._cases[number], start, self._crops.shape)))
        tensors = {key: convert_to_tensor(crop[key], track_meta=False) for key in crop}
        return {**tensors, "case_id": self._cases[number].case_id}

    def _chooser(self, number: int) -> CropChooser:
        if number not in self._choosers:
            case = self._cases[number]
            self._choosers[number] = CropChooser(case, self._crops.target, self._crops.weights)
        return self._choosers[number]


class CaseDataModule(LightningDataModule):
    """Training crops of all folds but one, and whole cases of that one to validate on."""

    def __init__(
        self,
        *,
        dataset: str,
        fold: int | None,
        crops: CropSettings,
        steps_per_epoch: int,
        batch_size: int,
        validation_cases: int,
        workers: int,
    ) -> None:
        """Take what to read and how.

        Args:
            dataset: folder made by ``ctpet prepare``.
            fold: whose patients are held out; None: none, and nothing is validated on.
            crops: how the others are cropped.
            steps_per_epoch: batches of an epoch, of each rank.
            batch_size: crops of a batch, of each rank.
            validation_cases: at most this many of the held-out cases, by case_id.
            workers: processes that load crops; 0: the training process itself.
        """
        super().__init__()
        self._folder, self._fold, self._crops = Path(dataset), fold, crops
        self._steps, self._batch_size, self._workers = steps_per_epoch, batch_size, workers
        self._validation_cases = validation_cases
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
        """Shortest and longest piece along the patient in a training crop or a validated case."""
        crops = [min(self._crops.shape[0], case.shape[0]) for case in self.training_cases]
        whole = [case.shape[0] for case in self.validation_cases]
        spacing_mm = self.training_cases[0].geometry.spacing_mm[0]
        return min(crops) * spacing_mm, max(crops + whole) * spacing_mm

    def train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Return batches of ``ct``, ``target``, ``region``, (N, 1, K, J, I), and ``case_id``."""
        trainer = self.trainer
        world = trainer.world_size if trainer else 1
        rank = trainer.global_rank if trainer else 0
        samples = self._steps * self._batch_size * world
        return DataLoader(
            CropDataset(self.training_cases, self._crops),
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
