"""Training crops of data sets: what a draw gives depends on the seed and the draw alone."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from monai.transforms.compose import Compose
from monai.transforms.transform import Transform
from monai.utils.type_conversion import convert_to_tensor
from torch.utils.data import Dataset

from ctpet.learn.load_case import Crop, LoadCase
from ctpet.learn.sampling import CropChooser, CropWeights, Draw, Turns
from ctpet.prepare.boxes import BoxRule, box_shape
from ctpet.prepare.cases import Case
from ctpet.volume.geometry import Shape3

Target = Literal["pet", "typical"]
TARGETS: tuple[str, ...] = get_args(Target)


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
    target: Target
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


def seen_of(crops: CropSettings, boxes: BoxRule | None, case: Case) -> Shape3:
    """Return how much of a case one crop shows, (k, j, i): at most a box where there is a rule.

    What a crop is larger than that is air that was not measured.
    """
    if boxes is None:
        return crops.shape
    box = box_shape(boxes, case.geometry.spacing_mm)
    k, j, i = (min(a, b) for a, b in zip(crops.shape, box, strict=True))
    return k, j, i


class Cropper:
    """Crops the cases of one data set."""

    def __init__(
        self, name: str, cases: Sequence[Case], crops: CropSettings, boxes: BoxRule | None
    ) -> None:
        """Take what to crop.

        Args:
            name: of the data set, part of what its crops are drawn by; empty if it is the only one.
            cases: at least one.
            crops: how they are cropped.
            boxes: no crop shows more than a box of this rule; None: no rule.
        """
        self._name, self._cases, self._crops, self._boxes = name, tuple(cases), crops, boxes
        self._load, self._augment = LoadCase(crops.target), Compose(crops.augment)
        self._choosers: dict[int, CropChooser] = {}

    def crop(self, draw: Draw) -> dict[str, Any]:
        """Return a crop of this data set; its draws are counted without those of others."""
        own = [zlib.crc32(self._name.encode())] if self._name else []
        rng = np.random.default_rng([self._crops.seed, *own, draw.epoch, draw.number])
        number = int(rng.integers(len(self._cases)))
        case = self._cases[number]
        seen = seen_of(self._crops, self._boxes, case)
        start = self._chooser(number).start(seen, rng)
        self._augment.set_random_state(seed=int(rng.integers(2**31)))
        crop: Any = self._augment(self._load(Crop(case, start, seen, self._crops.shape)))
        tensors = {key: convert_to_tensor(crop[key], track_meta=False) for key in crop}
        told = f"{self._name}/{case.case_id}" if self._name else case.case_id
        return {**tensors, "case_id": told}

    def _chooser(self, number: int) -> CropChooser:
        if number not in self._choosers:
            case = self._cases[number]
            self._choosers[number] = CropChooser(case, self._crops.target, self._crops.weights)
        return self._choosers[number]


class CropDataset(Dataset[dict[str, Any]]):
    """Crops of data sets, by turns."""

    def __init__(self, croppers: Sequence[Cropper], turns: Turns) -> None:
        """Take a cropper for each data set, and whose turn it is."""
        self._croppers, self._turns = tuple(croppers), turns

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        which, own = self._turns.turn(draw)
        return self._croppers[which].crop(own)
