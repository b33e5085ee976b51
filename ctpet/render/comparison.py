"""One picture that compares a synthetic PET with the one it should be."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from ctpet.render.captions import ENGLISH, Captions
from ctpet.render.panels import (
    DIFFERENCE_COLOURS,
    DIFFERENCE_SUV,
    SUV_WINDOW,
    banner,
    caption,
    show_ct,
    show_difference,
    show_pet,
    suv_bar,
)
from ctpet.render.planes import (
    Plane,
    Range,
    View,
    body_box,
    coronal_mip,
    cut,
    difference_of,
    liveliest,
)
from ctpet.render.watermark import edged, watermark
from ctpet.volume import Volume

_AIR_HU = -1024.0
_PAPER, _INK = "#111315", "white"
_WIDTH_IN, _HEAD_IN, _GAP_IN, _BAR_IN, _FOOT_IN, _DPI = 16.0, 1.5, 0.4, 0.18, 0.6, 100


@dataclass(frozen=True, slots=True)
class Row:
    """One place in the patient.

    Attributes:
        ct: HU.
        reference: SUVbw.
        synthetic: SUVbw.
        difference: synthetic − reference.
        upwards: what is shown of it from bottom to top, in mm, with an empty edge.
    """

    ct: Plane
    reference: Plane
    synthetic: Plane
    difference: Plane
    upwards: Range


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison shows, whatever its words.

    Attributes:
        coronal: one place.
        axial: another.
        reference_mip: SUVbw.
        synthetic_mip: SUVbw.
        across: what is shown from the patient's right to the left, in mm, with an empty edge.
        edge: width of the empty edge, in mm.
    """

    coronal: Row
    axial: Row
    reference_mip: Plane
    synthetic_mip: Plane
    across: Range
    edge: float


def render_comparison(
    ct: Volume, reference: Volume, predicted: Volume, *, title: str, path: Path
) -> None:
    """Write a PNG in English; see :func:`compare` and :func:`draw_comparison`."""
    draw_comparison(compare(ct, reference, predicted), title=title, path=path)


def compare(
    ct: Volume, reference: Volume, predicted: Volume, known: NDArray[np.bool_] | None = None
) -> Compared:
    """Return the planes with the most uptake on the reference, and the projections.

    Args:
        ct: HU, any grid.
        reference: SUVBW.
        predicted: SUVBW, on the reference's grid.
        known: where something was predicted, of the PETs' shape; elsewhere there is no difference.

    Raises:
        ValueError: the PETs lie on different grids.
    """
    pets = (reference, predicted, difference_of(reference, predicted, known))
    edge, (across, depth, upwards) = edged(body_box(ct))
    return Compared(
        coronal=_row(ct, pets, "coronal", upwards),
        axial=_row(ct, pets, "axial", (depth[1], depth[0])),
        reference_mip=coronal_mip(reference),
        synthetic_mip=coronal_mip(predicted),
        across=across,
        edge=edge,
    )


def draw_comparison(
    compared: Compared, *, title: str, path: Path, captions: Captions = ENGLISH
) -> None:
    """Write a PNG: CT, reference PET, synthetic PET and their difference; coronal, axial, MIP.

    All PET panels share one window. In the difference red is what was invented, blue what was
    missed. The same arguments give the same bytes.

    Args:
        compared: what to show.
        title: one or two lines, free of patient data.
        path: where to write; an existing file is replaced.
        captions: written above the panels, and along the edges of those that are synthetic.
    """
    figure, grid = _sheet(compared)
    for number, row in enumerate((compared.coronal, compared.axial)):
        panels = [figure.add_subplot(grid[number, column]) for column in range(4)]
        show_ct(panels[0], row.ct)
        show_pet(panels[1], row.reference)
        show_pet(panels[2], row.synthetic)
        show_difference(panels[3], row.difference)
        names = (captions.ct, captions.reference, captions.synthetic, captions.difference)
        for axes, name in zip(panels, names, strict=True):
            _frame(axes, f"{name} · {captions.views[row.ct.view]}", compared.across, row.upwards)
        for axes in panels[2:]:
            watermark(axes, compared.edge, captions.marks)
    _draw_mips(figure, grid, compared, captions)
    _bars(figure, [figure.add_subplot(grid[2, column]) for column in (1, 2, 3)])
    banner(figure, title, captions.banner)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def _row(ct: Volume, pets: tuple[Volume, Volume, Volume], view: View, upwards: Range) -> Row:
    """Return the place where the first of the PETs has most uptake."""
    at_mm = liveliest(pets[0], view)
    reference, synthetic, difference = (cut(pet, view, at_mm, fill=0) for pet in pets)
    return Row(cut(ct, view, at_mm, fill=_AIR_HU), reference, synthetic, difference, upwards)


def _sheet(compared: Compared) -> tuple[Figure, GridSpec]:
    """Return an empty figure whose rows are as high as the patient at a column's scale."""
    wide, tall, deep = (
        abs(ends[1] - ends[0])
        for ends in (compared.across, compared.coronal.upwards, compared.axial.upwards)
    )
    column_in = 0.96 * _WIDTH_IN / 6
    rows_in = [min(tall / wide, 3.0) * column_in, deep / wide * column_in, _BAR_IN]
    height_in = sum(rows_in) + _HEAD_IN + _FOOT_IN + 2 * _GAP_IN
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=_DPI, facecolor=_PAPER)
    grid = figure.add_gridspec(
        3, 6, height_ratios=rows_in, left=0.015, right=0.985,
        top=1 - _HEAD_IN / height_in, bottom=_FOOT_IN / height_in,
        wspace=0.04, hspace=_GAP_IN / (sum(rows_in) / 3),
    )  # fmt: skip
    return figure, grid


def _draw_mips(figure: Figure, grid: GridSpec, compared: Compared, captions: Captions) -> None:
    reference, synthetic = (figure.add_subplot(grid[0, column]) for column in (4, 5))
    show_pet(reference, compared.reference_mip)
    show_pet(synthetic, compared.synthetic_mip)
    for axes, name in ((reference, captions.reference), (synthetic, captions.synthetic)):
        _frame(axes, f"{name} · {captions.mip}", compared.across, compared.coronal.upwards)
    watermark(synthetic, compared.edge, captions.marks)


def _frame(axes: Axes, name: str, across: Range, upward: Range) -> None:
    axes.set_xlim(*across)
    axes.set_ylim(*upward)
    caption(axes, name, ink=_INK, most_pt=11)


def _bars(figure: Figure, axes: list[Axes]) -> None:
    for place in axes[:2]:
        suv_bar(figure, place, suv_window=SUV_WINDOW, ink=_INK)
    suv_bar(
        figure, axes[2], colours=DIFFERENCE_COLOURS,
        suv_window=(-DIFFERENCE_SUV, DIFFERENCE_SUV), ink=_INK,
    )  # fmt: skip
