"""The bounds of a prediction, which lie beside it as ``NAME_low`` and ``NAME_high``."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from ctpet.errors import InputRefused
from ctpet.evaluate.images import read_prediction
from ctpet.images import place_and_series
from ctpet.volume import Volume

ENDINGS = ("_low", "_high")

SLACK_SUV = 0.01
"""How far a bound may lie on the wrong side: each DICOM series has its own step."""

_NIFTI = (".nii.gz", ".nii")

Bounds = tuple[Path, Path]


def without_bounds(names: Collection[str]) -> set[str]:
    """Return names without those that are bounds of another: of which both are there."""
    bounds = {
        name + ending
        for name in names
        for ending in ENDINGS
        if all(name + each in names for each in ENDINGS)
    }
    return set(names) - bounds


def bounds_beside(predicted: Path) -> Bounds | None:
    """Return the files or folders of the bounds of a prediction; None where there are none.

    Raises:
        InputRefused: ``bound-missing``: one is there without the other.
    """
    place, series = place_and_series(predicted)
    if series is not None:
        return None
    end = next((each for each in _NIFTI if place.name.lower().endswith(each)), "")
    at = len(place.name) - len(end)
    stem, suffix = place.name[:at], place.name[at:]
    low, high = (place.with_name(f"{stem}{ending}{suffix}") for ending in ENDINGS)
    if low.exists() != high.exists():
        there, absent = (low, high) if low.exists() else (high, low)
        raise InputRefused(
            "bound-missing",
            f"Beside {place.name} lies {there.name} and no {absent.name}",
            remedy="Give both bounds, or none",
        )
    return (low, high) if low.exists() else None


def read_bounds(paths: Bounds, prediction: Volume, placed: Volume) -> tuple[Volume, Volume]:
    """Read the bounds of a prediction, and put them where it was put.

    Args:
        paths: of both.
        prediction: as it was read, SUVbw.
        placed: the same, in the frame of reference that it is scored in.

    Raises:
        InputRefused: what the readers refuse; ``bounds-differ``: they lie on another grid;
            ``bounds-crossed``: the prediction does not lie between them.
    """
    low, high = (read_prediction(path).volume for path in paths)
    for path, bound in zip(paths, (low, high), strict=True):
        if not bound.geometry.agrees_with(prediction.geometry):
            raise InputRefused(
                "bounds-differ",
                f"{path.name} lies on another grid than the prediction that it is a bound of",
                remedy="Give the bounds that were made with the prediction",
            )
    below = float(np.max(low.array - prediction.array))
    above = float(np.max(prediction.array - high.array))
    if max(below, above) > SLACK_SUV:
        raise InputRefused(
            "bounds-crossed",
            f"The prediction lies up to {max(below, above):.3g} SUV outside of its own bounds",
            remedy="Give the bounds that were made with the prediction",
        )
    grid = placed.geometry
    return Volume(low.array, grid, "SUVBW"), Volume(high.array, grid, "SUVBW")
