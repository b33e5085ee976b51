"""Sampled 3D volumes and where they lie in the patient. numpy and scipy only."""

from ctpet.volume.geometry import Geometry, covering_grid, lattice_grid
from ctpet.volume.label_map import LabelMap, nearest
from ctpet.volume.resample import resample
from ctpet.volume.volume import Quantity, Volume

__all__ = [
    "Geometry",
    "LabelMap",
    "Quantity",
    "Volume",
    "covering_grid",
    "lattice_grid",
    "nearest",
    "resample",
]
