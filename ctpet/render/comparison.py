"""One picture that compares a synthetic PET with the one it should be."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from ctpet.render.panels import (
    DIFFERENCE_COLOURS,
    FONT,
    SUV_WINDOW,
    banner,
    show_ct,
    show_difference,
    show_pet,
    suv_bar,
    watermark,
)
from ctpet.render.planes import Range, View, body_box, coronal_mip, cut, liveliest
from ctpet.volume import Volume

DIFFERENCE_SUV = 4.0
"""Largest error shown, in both directions."""

_AIR_HU = -1024.0
_PAPER, _INK = "#111315", "white"
_WIDTH_IN, _HEAD_IN, _GAP_IN, _BAR_IN, _FOOT_IN, _DPI = 16.0, 1.5, 0.4, 0.18, 0.6, 100


def render_comparison(
    ct: Volume,
    reference: Volume,
    predicted: Volume,
    *,
    title: str,
    path: Path,
    ct_name: str = "CT",
) -> None:
    """Write a PNG: CT, reference PET, synthetic PET and their difference; coronal, axial, MIP.

    All PET panels share one window. The difference is synthetic − reference: red where uptake was
    invented, blue where it was missed.

    Args:
        ct: HU, any grid.
        reference: SUVBW.
        predicted: SUVBW, on the reference's grid.
        title: one or two lines, free of patient data.
        path: where to write; an existing file is replaced.
        ct_name: what is written above the CT.

    Raises:
        ValueError: the PETs lie on different grids.
    """
    if not predicted.geometry.agrees_with(reference.geometry):
        raise ValueError("the synthetic PET lies on another grid than its reference")
    difference = Volume(predicted.array - reference.array, reference.geometry, "SUVBW")
    across, depth, upwards = body_box(ct)
    figure, grid = _sheet(across, depth, upwards)
    views: tuple[tuple[View, Range], ...] = (
        ("coronal", upwards),
        ("axial", (depth[1], depth[0])),
    )
    for row, (view, upward) in enumerate(views):
        at_mm = liveliest(reference, view)
        planes = [cut(ct, view, at_mm, fill=_AIR_HU)]
        planes += [cut(pet, view, at_mm, fill=0) for pet in (reference, predicted, difference)]
        panels = [figure.add_subplot(grid[row, column]) for column in range(4)]
        show_ct(panels[0], planes[0])
        show_pet(panels[1], planes[1])
        show_pet(panels[2], planes[2])
        show_difference(panels[3], planes[3], most_suv=DIFFERENCE_SUV)
        names = (ct_name, "Reference PET", "Synthetic PET", "Synthetic − reference")
        for axes, name in zip(panels, names, strict=True):
            _frame(axes, f"{name} · {view}", across, upward)
        watermark(panels[2])
    for column, (pet, name) in enumerate(((reference, "Reference"), (predicted, "Synthetic"))):
        axes = figure.add_subplot(grid[0, 4 + column])
        show_pet(axes, coronal_mip(pet))
        _frame(axes, f"{name} PET · MIP", across, upwards)
    watermark(axes)
    _bars(figure, [figure.add_subplot(grid[2, column]) for column in (1, 2, 3)])
    banner(figure, title)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def _sheet(across: Range, depth: Range, upwards: Range) -> tuple[Figure, GridSpec]:
    """Return an empty figure whose rows are as high as the patient at a column's scale."""
    wide, deep, tall = (abs(ends[1] - ends[0]) for ends in (across, depth, upwards))
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


def _frame(axes: Axes, caption: str, across: Range, upward: Range) -> None:
    axes.set_xlim(*across)
    axes.set_ylim(*upward)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(caption, color=_INK, fontsize=11, fontfamily=FONT, pad=4)


def _bars(figure: Figure, axes: list[Axes]) -> None:
    for place in axes[:2]:
        suv_bar(figure, place, suv_window=SUV_WINDOW, ink=_INK)
    suv_bar(
        figure, axes[2], colours=DIFFERENCE_COLOURS,
        suv_window=(-DIFFERENCE_SUV, DIFFERENCE_SUV), ink=_INK,
    )  # fmt: skip
