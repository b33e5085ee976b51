"""The picture that is seen first: what the CT shows, what was made of it, and that it was made."""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from ctpet.render.captions import WARNING
from ctpet.render.panels import (
    CT_WINDOW_HU,
    FONT,
    FUSION_COLOURS,
    PET_COLOURS,
    SUV_WINDOW,
    WIDTH_COLOURS,
    banner,
    caption,
    show_ct,
    show_fusion,
    show_pet,
    suv_bar,
)
from ctpet.render.planes import Plane, Range, View, body_box, coronal_mip, cut, liveliest, on_grid
from ctpet.render.watermark import edged, watermark
from ctpet.volume import Volume

WIDTH_PX = 1600
_DPI = 100
_MARGIN_PX, _GAP_PX, _CAPTION_PX = 24, 18, 40
_HEAD_PX, _FOOT_PX = 180, 125
_PANELS_PX = (420, 920)
_PAPER = "#101214"
_AIR_HU = -1024.0
_AXIS_NAME: dict[View, str] = {"axial": "z", "coronal": "y", "sagittal": "x"}


@dataclass(frozen=True)
class _Volumes:
    """What is shown: HU, and SUVbw of the PET and of the width of its interval."""

    ct: Volume
    pet: Volume
    width: Volume | None


@dataclass(frozen=True)
class _Row:
    """One place in the patient: the CT, the PET, the PET on the CT's pixels, and its interval.

    What is shown of it has an empty edge, ``edge`` mm wide.
    """

    ct: Plane
    pet: Plane
    pet_on_ct: Plane
    width: Plane | None
    across: Range
    upwards: Range
    edge: float


def render_preview(
    ct: Volume,
    pet: Volume,
    *,
    title: str,
    path: Path,
    suv_window: Range = SUV_WINDOW,
    width: Volume | None = None,
) -> None:
    """Write a PNG, 1600 pixels wide: coronal and axial CT, PET and fusion, and a PET MIP.

    Its height follows the patient's proportions, 765 to 1265 pixels.
    All panels are in mm and in radiological convention. CT is shown at W 400 L 40 HU. The same
    arguments give the same bytes.

    Args:
        ct: HU, any orientation.
        pet: SUVbw in the same frame of reference, on any grid.
        title: one or two lines, such as the model's name and version; free of patient data,
            because pictures travel. It may hold any letters that DejaVu Sans has.
        path: where to write; an existing file is replaced.
        suv_window: SUVbw shown as white and as black; one for a model, not one for a patient, so
            that pictures of patients can be compared.
        width: of the PET's interval, SUVbw on the PET's grid, shown in a column of its own with
            the same window; None: there is none.

    Raises:
        ValueError: the volumes are not HU and SUVbw.
        InputRefused: both frames of reference are known and differ.
    """
    if (ct.quantity, pet.quantity) != ("HU", "SUVBW"):
        raise ValueError(f"a preview shows HU and SUVBW, not {ct.quantity} and {pet.quantity}")
    edge, (across, depth, upwards) = edged(body_box(ct))
    shown = _Volumes(ct, pet, width)
    coronal = _row(shown, "coronal", (across, upwards), edge)
    axial = _row(shown, "axial", (across, (depth[1], depth[0])), edge)
    figure, layout = _sheet(coronal, axial)
    banner(figure, title)
    for number, (row, other) in enumerate(((coronal, axial), (axial, coronal))):
        panels = [figure.add_subplot(layout[number, n]) for n in range(layout.ncols - 1)]
        _draw_row(panels, row, other.ct.position_mm, suv_window)
    _draw_mip(figure, layout, coronal_mip(pet), coronal, suv_window)
    _draw_legend(figure, layout, suv_window)
    described = {"Software": None, "Description": WARNING.replace("–", "-")}
    FigureCanvasAgg(figure).print_png(path, metadata=described)  # type: ignore[no-untyped-call]


def _row(shown: _Volumes, view: View, ends: tuple[Range, Range], edge: float) -> _Row:
    at_mm = liveliest(shown.pet, view)
    ct, pet = cut(shown.ct, view, at_mm, fill=_AIR_HU), cut(shown.pet, view, at_mm, fill=0)
    pet_on_ct = on_grid(shown.pet, view, ct.grid, fill=0)
    width = None if shown.width is None else cut(shown.width, view, at_mm, fill=0)
    return _Row(ct, pet, pet_on_ct, width, *ends, edge)


def _sheet(coronal: _Row, axial: _Row) -> tuple[Figure, GridSpec]:
    """Return an empty figure with a column each for CT, PET, fusion, the width if any, and MIP.

    Its rows are as high as what they show at the scale that fills a column, or less where that
    would be too high for a screen, and then a row of colour bars.
    """
    columns = 4 if coronal.width is None else 5
    column_px = (WIDTH_PX - 2 * _MARGIN_PX - (columns - 1) * _GAP_PX) / columns
    wide, tall, deep = (_length(r) for r in (coronal.across, coronal.upwards, axial.upwards))
    panels_px = min(max((tall + deep) * column_px / wide, _PANELS_PX[0]), _PANELS_PX[1])
    share = min(max(tall / (tall + deep), 0.1), 0.9)
    bar_px = 18
    height_px = round(_HEAD_PX + panels_px + _CAPTION_PX + _FOOT_PX)
    figure = Figure(figsize=(WIDTH_PX / _DPI, height_px / _DPI), dpi=_DPI, facecolor=_PAPER)
    inner_px = panels_px + _CAPTION_PX + _CAPTION_PX + bar_px
    layout = figure.add_gridspec(
        3,
        columns,
        height_ratios=(share * panels_px, (1 - share) * panels_px, bar_px),
        left=_MARGIN_PX / WIDTH_PX,
        right=1 - _MARGIN_PX / WIDTH_PX,
        top=1 - _HEAD_PX / height_px,
        bottom=1 - (_HEAD_PX + inner_px) / height_px,
        wspace=_GAP_PX / column_px,
        hspace=_CAPTION_PX / ((panels_px + bar_px) / 3),
    )
    return figure, layout


def _length(ends: Range) -> float:
    return abs(ends[1] - ends[0])


def _draw_row(panels: list[Axes], row: _Row, other_row_mm: float, suv_window: Range) -> None:
    """Draw one place; a line on the CT is where the other row lies."""
    place = f"{row.ct.view}, {_AXIS_NAME[row.ct.view]} = {row.ct.position_mm:.0f} mm"
    ct, pet, fusion, *width = panels
    show_ct(ct, row.ct)
    ct.axhline(other_row_mm, color="#ffd24a", linewidth=0.8, linestyle=(0, (6, 6)), alpha=0.7)
    show_pet(pet, row.pet, suv_window=suv_window)
    show_fusion(fusion, row.ct, row.pet_on_ct, suv_window=suv_window)
    for axes in width:
        show_pet(axes, row.width or row.pet, suv_window=suv_window, colours=WIDTH_COLOURS)
    names = ("CT", "Synthetic PET", "Fusion", "Interval width")
    for axes, name in zip(panels, names, strict=False):
        _frame(axes, f"{name} · {place}", row)
    for axes in panels[1:]:
        watermark(axes, row.edge)


def _draw_mip(
    figure: Figure, layout: GridSpec, mip: Plane, coronal: _Row, suv_window: Range
) -> None:
    axes = figure.add_subplot(layout[0:2, -1])
    show_pet(axes, mip, suv_window=suv_window)
    _frame(axes, "Synthetic PET · coronal MIP", coronal)
    watermark(axes, coronal.edge)


def _frame(axes: Axes, name: str, row: _Row) -> None:
    """Show the row's part of the patient, under a caption."""
    axes.set_xlim(*row.across)
    axes.set_ylim(*row.upwards)
    caption(axes, name, ink="white", most_pt=12)
    for spine in axes.spines.values():
        spine.set_color("#50565c")


def _draw_legend(figure: Figure, layout: GridSpec, suv_window: Range) -> None:
    """Say how numbers became grey and colour."""
    low, high = CT_WINDOW_HU
    words = figure.add_subplot(layout[2, 0])
    words.set_axis_off()
    words.text(
        0.5,
        0.5,
        f"CT: W {high - low:.0f}  L {(high + low) / 2:.0f} HU",
        ha="center",
        va="center",
        color="white",
        fontsize=12,
        fontfamily=FONT,
    )
    widths = [WIDTH_COLOURS] * (layout.ncols - 4)
    bars = (PET_COLOURS, FUSION_COLOURS, *widths, PET_COLOURS)
    for column, colours in enumerate(bars, start=1):
        suv_bar(figure, figure.add_subplot(layout[2, column]), colours=colours,
                suv_window=suv_window)  # fmt: skip
