"""Three projections side by side: where a synthetic PET is right, misses uptake, or invents it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ctpet.render.captions import ENGLISH, Captions
from ctpet.render.panels import (
    DIFFERENCE_COLOURS,
    DIFFERENCE_SUV,
    caption,
    show_difference,
    show_pet,
    suv_bar,
)
from ctpet.render.planes import (
    Plane,
    Range,
    body_box,
    coronal_extreme,
    coronal_mip,
    difference_of,
)
from ctpet.render.watermark import edged, watermark
from ctpet.volume import Volume

_PAPER, _INK, _RULE = "white", "#1b1b1b", "#8a8a8a"
_DPI = 100
_MOST_PX = (320, 720)
"""Of a panel: wide, high."""

_GAP_PX, _CAPTION_PX, _BAR_PX, _FOOT_PX, _SIDE_PX = 14, 34, 14, 78, 16


@dataclass(frozen=True, slots=True)
class Projections:
    """What is shown, whatever its words.

    Attributes:
        reference: maximum intensity, SUVbw.
        synthetic: the same of the synthetic PET.
        difference: the largest difference along each ray, with its sign.
        across: what is shown from the patient's right to the left, in mm, with an empty edge.
        upwards: from the feet to the head.
        edge: width of the empty edge, in mm.
    """

    reference: Plane
    synthetic: Plane
    difference: Plane
    across: Range
    upwards: Range
    edge: float


def project(
    ct: Volume, reference: Volume, predicted: Volume, known: NDArray[np.bool_] | None = None
) -> Projections:
    """Return the projections along anterior-posterior.

    Args:
        ct: HU, any grid.
        reference: SUVBW.
        predicted: SUVBW, on the reference's grid.
        known: where something was predicted, of the PETs' shape; elsewhere there is no difference.

    Raises:
        ValueError: the PETs lie on different grids.
    """
    difference = difference_of(reference, predicted, known)
    edge, (across, _, upwards) = edged(body_box(ct))
    return Projections(
        coronal_mip(reference),
        coronal_mip(predicted),
        coronal_extreme(difference),
        across,
        upwards,
        edge,
    )


def draw_projections(found: Projections, *, path: Path, captions: Captions = ENGLISH) -> None:
    """Write a PNG: the reference's MIP, the synthetic one, and their difference.

    It is drawn for a white page, three panels wide, with a bar of SUV below. The same arguments
    give the same bytes.

    Args:
        found: what to show.
        path: where to write; an existing file is replaced.
        captions: written above the panels, and along the edges of those that are synthetic.
    """
    wide, high = _panel_px(found)
    width = 2 * _SIDE_PX + 3 * wide + 2 * _GAP_PX
    height = _CAPTION_PX + high + _BAR_PX + _FOOT_PX
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=_PAPER)

    def place(column: float, columns: float, bottom: float, tall: float) -> Axes:
        left = _SIDE_PX + column * (wide + _GAP_PX)
        across = columns * wide + (columns - 1) * _GAP_PX
        return figure.add_axes((left / width, bottom / height, across / width, tall / height))

    panels = [place(column, 1, _FOOT_PX + _BAR_PX, high) for column in range(3)]
    show_pet(panels[0], found.reference)
    show_pet(panels[1], found.synthetic)
    show_difference(panels[2], found.difference)
    names = (captions.reference, captions.synthetic, captions.difference)
    for axes, name in zip(panels, names, strict=True):
        _frame(axes, name, found)
    for axes in panels[1:]:
        watermark(axes, found.edge, captions.marks)
    bottom = _FOOT_PX - _BAR_PX
    suv_bar(figure, place(0.5, 1, bottom, _BAR_PX), ink=_INK, size=10.5)
    suv_bar(
        figure, place(2, 1, bottom, _BAR_PX), colours=DIFFERENCE_COLOURS,
        suv_window=(-DIFFERENCE_SUV, DIFFERENCE_SUV), ink=_INK, size=10.5,
    )  # fmt: skip
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def _panel_px(found: Projections) -> tuple[int, int]:
    """Return how wide and high a panel is: the largest of this shape within its limits."""
    across, tall = (abs(ends[1] - ends[0]) for ends in (found.across, found.upwards))
    scale = min(_MOST_PX[0] / across, _MOST_PX[1] / tall)
    return max(round(across * scale), 1), max(round(tall * scale), 1)


def _frame(axes: Axes, name: str, found: Projections) -> None:
    axes.set_xlim(*found.across)
    axes.set_ylim(*found.upwards)
    caption(axes, name, ink=_INK, most_pt=12)
    for spine in axes.spines.values():
        spine.set_color(_RULE)
        spine.set_linewidth(0.6)
