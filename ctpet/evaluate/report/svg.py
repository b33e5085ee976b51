"""Figures as SVG inside a page: text stays text, and the same figure gives the same bytes."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, GREY, RULE = "#1b1b1b", "#6b6b6b", "#c8c8c8"

ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE = (
    *("#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7"),
)
"""Colours that all eyes tell apart: Okabe and Ito, Color Universal Design, 2008."""

WIDTH_IN: Final = 7.4

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.parse_math": False,
}


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Draw, and write, with this package's settings; ``name`` makes the figure's ids its own."""
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": f"ctpet {name}"}):
        yield


def new_figure(height_in: float) -> Figure:
    """Return an empty figure as wide as the page."""
    return Figure(figsize=(WIDTH_IN, height_in), layout="constrained")


def plain_frame(axes: Axes) -> None:
    """Leave only the left and lower side of a panel."""
    axes.spines[["top", "right"]].set_visible(False)


def as_svg(figure: Figure, name: str) -> Markup:
    """Return a figure as an ``<svg>`` element whose ids begin with its name.

    What it does not need inside HTML (prologue, metadata, namespaces) is left out, so that the
    page holds no address at all.
    """
    buffer = io.StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    FigureCanvasSVG(figure).print_svg(buffer, metadata=metadata)  # type: ignore[no-untyped-call]
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return Markup(svg)  # noqa: S704  (matplotlib escapes its texts)
