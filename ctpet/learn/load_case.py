"""Read one crop of a case from its memory maps, as the start of a MONAI pipeline."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.transforms.transform import Transform
from torch import Tensor

from ctpet.infer.window import PADDING_HU
from ctpet.prepare.cases import UNMEASURED, ArrayName, Case
from ctpet.volume.geometry import Shape3


@dataclass(frozen=True, slots=True)
class Crop:
    """A box of voxels of a case; it may reach beyond it.

    Attributes:
        case: that is cropped.
        start: first voxel, (k, j, i).
        seen: how many voxels from there on are shown; not more than the size.
        size: of the crop.
    """

    case: Case
    start: Shape3
    seen: Shape3
    size: Shape3


class LoadCase(Transform):
    """Crop → ``{"ct", "target", "region"}``: float32 (1, *size) each, HU, SUVbw and region.

    Only the crop is read from disk. Beyond the case, and beyond what is shown of it, is air that
    was not measured.
    """

    def __init__(self, target: ArrayName = "pet") -> None:
        """Take which array of the case is the target."""
        self.target: ArrayName = target

    def __call__(self, crop: Crop) -> dict[str, Tensor]:
        """Read a crop.

        Raises:
            CaseInvalid: an array of the case cannot be read.
        """
        sources: dict[str, tuple[ArrayName, float]] = {
            "ct": ("ct", PADDING_HU),
            "target": (self.target, 0.0),
            "region": ("region", UNMEASURED),
        }
        return {key: _read(crop, name, fill) for key, (name, fill) in sources.items()}


def _read(crop: Crop, name: ArrayName, fill: float) -> Tensor:
    array: Any = crop.case.array(name)
    out = np.full(crop.size, fill, np.float32)
    stops = [min(a + n, m) for a, n, m in zip(crop.start, crop.seen, array.shape, strict=True)]
    source = tuple(slice(a, b) for a, b in zip(crop.start, stops, strict=True))
    inside = tuple(slice(0, b - a) for a, b in zip(crop.start, stops, strict=True))
    out[inside] = array[source]
    return torch.from_numpy(out)[None]
