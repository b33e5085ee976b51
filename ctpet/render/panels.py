"""Panels on matplotlib axes: CT, PET and fusion in mm, orientation letters, SUV colour bar."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.typing import ColorType
from numpy.typing import NDArray

from ctpet.render.captions import WARNING
from ctpet.render.planes import Plane

CT_WINDOW_HU = (-160.0, 240.0)
"""Soft tissue: width 400, level 40."""
SUV_WINDOW = (0.0, 7.0)
"""SUVbw in g/mL from white to black."""

PET_COLOURS = "gray_r"
FUSION_COLOURS = "hot"
WIDTH_COLOURS = "Purples"
DIFFERENCE_COLOURS = "RdBu_r"
DIFFERENCE_SUV = 4.0
"""Largest difference shown, in both directions."""

FONT = "DejaVu Sans"
_CAPTION_LETTER = 0.6
"""Width of a letter, on average, relative to the height of the font."""

_FUSION_OPACITY = 0.75
_FUSION_FULL_AT = 3.0 / 7.0
"""Part of the window from which on the PET hides as much of the CT as it ever does."""


def fuse(
    ct_hu: NDArray[np.float32],
    suv: NDArray[np.float32],
    *,
    ct_window_hu: tuple[float, float] = CT_WINDOW_HU,
    suv_window: tuple[float, float] = SUV_WINDOW,
) -> NDArray[np.float32]:
    """Lay PET in colour over CT in grey.

    The PET's opacity grows with the SUV up to 3/7 of the window, so that anatomy stays readable
    where there is no uptake.

    Args:
        ct_hu: any shape.
        suv: the same shape, pixel on pixel.
        ct_window_hu: HU shown as black and as white.
        suv_window: SUVbw shown as the first and the last colour.

    Returns:
        RGB from 0 to 1, the same shape and a last axis of 3.
    """
    grey = Normalize(*ct_window_hu, clip=True)(ct_hu)[..., None]
    colour = mpl.colormaps[FUSION_COLOURS](Normalize(*suv_window, clip=True)(suv))[..., :3]
    full_suv = suv_window[0] + _FUSION_FULL_AT * (suv_window[1] - suv_window[0])
    opacity = _FUSION_OPACITY * np.clip(suv[..., None] / full_suv, 0, 1)
    return np.asarray(grey * (1 - opacity) + colour * opacity, dtype=np.float32)


def show_ct(axes: Axes, plane: Plane, *, window_hu: tuple[float, float] = CT_WINDOW_HU) -> None:
    """Draw a CT plane in grey."""
    _show(axes, plane, plane.pixels, beyond="black", **_scale("gray", window_hu))


def show_pet(
    axes: Axes,
    plane: Plane,
    *,
    suv_window: tuple[float, float] = SUV_WINDOW,
    colours: str = PET_COLOURS,
) -> None:
    """Draw a PET plane or projection, in inverted grey unless told otherwise: uptake is dark."""
    _show(axes, plane, plane.pixels, beyond="white", **_scale(colours, suv_window))


def show_fusion(
    axes: Axes, ct: Plane, pet: Plane, *, suv_window: tuple[float, float] = SUV_WINDOW
) -> None:
    """Draw PET over CT; both planes are on one grid (``planes.on_grid``).

    Raises:
        ValueError: the planes have different pixels.
    """
    if ct.pixels.shape != pet.pixels.shape:
        raise ValueError(f"CT has {ct.pixels.shape} pixels, PET {pet.pixels.shape}")
    _show(axes, ct, fuse(ct.pixels, pet.pixels, suv_window=suv_window), beyond="black")


def show_difference(axes: Axes, plane: Plane, *, most_suv: float = DIFFERENCE_SUV) -> None:
    """Draw a difference of SUV: red where it is above 0, blue where below, white at 0."""
    none = mpl.colormaps[DIFFERENCE_COLOURS](0.5)
    scale = _scale(DIFFERENCE_COLOURS, (-most_suv, most_suv))
    _show(axes, plane, plane.pixels, beyond=none, **scale)


def _scale(colours: str, window: tuple[float, float]) -> dict[str, Any]:
    return {"cmap": colours, "vmin": window[0], "vmax": window[1]}


def _show(
    axes: Axes, plane: Plane, pixels: NDArray[np.float32], *, beyond: ColorType, **colours: Any
) -> None:
    """Draw pixels, and beyond them the colour of what is not there."""
    axes.set_facecolor(beyond)
    axes.imshow(
        pixels,
        extent=plane.extent_mm,
        origin="upper",
        aspect="equal",
        interpolation="bilinear",
        **colours,
    )
    axes.set_xticks([])
    axes.set_yticks([])
    label_edges(axes, plane.edges)


def label_edges(axes: Axes, edges: Sequence[str]) -> None:
    """Write the orientation letters at the left, right, top and bottom of a panel."""
    places = [
        (0.02, 0.5, "left", "center"),
        (0.98, 0.5, "right", "center"),
        (0.5, 0.985, "center", "top"),
        (0.5, 0.015, "center", "bottom"),
    ]
    for letter, (x, y, horizontal, vertical) in zip(edges, places, strict=True):
        axes.text(
            x,
            y,
            letter,
            transform=axes.transAxes,
            ha=horizontal,
            va=vertical,
            color="#ffd24a",
            fontsize=13,
            fontweight="bold",
            fontfamily=FONT,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="black")],
        )


def caption(axes: Axes, text: str, *, ink: str, most_pt: float) -> None:
    """Write above a panel, whose limits are set, in letters small enough to stay above it."""
    axes.apply_aspect()
    room_px = axes.get_window_extent().width
    fitting_pt = room_px / (_CAPTION_LETTER * len(text)) * 72 / axes.figure.get_dpi()
    size = min(most_pt, fitting_pt)
    axes.set_title(text, color=ink, fontsize=size, fontfamily=FONT, pad=5, parse_math=False)


def suv_bar(
    figure: Figure,
    axes: Axes,
    *,
    colours: str = PET_COLOURS,
    suv_window: tuple[float, float] = SUV_WINDOW,
    ink: str = "white",
    size: float = 12,
) -> None:
    """Fill axes with a horizontal colour bar labelled in SUVbw; it goes on beyond a window's ends.

    Nothing lies below an SUV of 0.
    """
    scale = ScalarMappable(Normalize(*suv_window), cmap=colours)
    extend = "both" if suv_window[0] < 0 else "max"
    bar = figure.colorbar(scale, cax=axes, orientation="horizontal", extend=extend)
    bar.set_label("SUVbw (g/mL)", color=ink, fontsize=size, fontfamily=FONT)
    bar.ax.tick_params(colors=ink, labelsize=size - 1, labelfontfamily=FONT)
    bar.outline.set_edgecolor(ink)


def banner(figure: Figure, title: str, warning: str = WARNING) -> None:
    """Write the warning, large, and a title under it into the top 150 pixels of a figure."""
    figure.text(
        0.5,
        1 - 45 / figure.bbox.height,
        warning,
        ha="center",
        va="center",
        color="white",
        fontsize=30,
        fontweight="bold",
        fontfamily=FONT,
        bbox={"boxstyle": "round,pad=0.25", "facecolor": "#b00000", "edgecolor": "none"},
    )
    figure.text(
        0.5,
        1 - 112 / figure.bbox.height,
        title,
        ha="center",
        va="center",
        color="white",
        fontsize=14,
        fontfamily=FONT,
        parse_math=False,
    )
