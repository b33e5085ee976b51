"""The worst, the middle and the best case, as pictures that are judged at a glance."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.reading import CaseVolumes, read_case
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.summary import JUDGED_METRIC, JUDGED_TIER, value_of
from ctpet.progress import Progress, silent
from ctpet.render.comparison import render_comparison
from ctpet.volume import Volume

Place = Literal["worst", "median", "best"]
_AIR_HU, _WATER_HU = -1024.0, 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A case, drawn.

    Attributes:
        case: its name.
        place: by MAE in the body.
        mae: the MAE, SUVbw.
        has_ct: else its first column shows the outline of the body.
        png: the picture.
    """

    case: str
    place: Place
    mae: float
    has_ct: bool
    png: bytes


def draw_pictures(evaluation: Evaluation, *, progress: Progress = silent) -> tuple[Picture, ...]:
    """Draw the cases whose MAE in the body is highest, in the middle, and lowest.

    Args:
        evaluation: with one case at least.
        progress: told of the stage ``report``.
    """
    mae = np.array(
        [value_of(case, "tier", JUDGED_TIER, JUDGED_METRIC) for case in evaluation.cases]
    )
    pictures = []
    chosen = _chosen(mae)
    for number, (place, index) in enumerate(chosen):
        progress("report", number / len(chosen))
        volumes = read_case(evaluation.files[index], resample_prediction=evaluation.resampled)
        png = _draw(volumes, title=f"MAE {mae[index]:.3f} SUV")
        name = evaluation.cases[index].name
        pictures.append(Picture(name, place, float(mae[index]), volumes.ct is not None, png))
    return tuple(pictures)


def _chosen(mae: NDArray[np.float64]) -> Sequence[tuple[Place, int]]:
    """Return the places and their cases, each case once."""
    order = [int(index) for index in np.argsort(-mae, kind="stable")]
    places: list[tuple[Place, int]] = [("worst", order[0])]
    if len(order) > 2:
        places.append(("median", order[len(order) // 2]))
    if len(order) > 1:
        places.append(("best", order[-1]))
    return places


def _draw(volumes: CaseVolumes, *, title: str) -> bytes:
    grid = volumes.geometry
    if volumes.ct is None:
        hu = np.where(volumes.body, np.float32(_WATER_HU), np.float32(_AIR_HU))
    else:
        hu = volumes.ct
    with tempfile.TemporaryDirectory(prefix="ctpet-picture-") as scratch:
        path = Path(scratch) / "case.png"
        render_comparison(
            Volume(hu, grid, "HU"),
            Volume(volumes.measured, grid, "SUVBW"),
            Volume(volumes.predicted, grid, "SUVBW"),
            title=title,
            path=path,
            ct_name="Outline (no CT)" if volumes.ct is None else "CT",
        )
        return path.read_bytes()
