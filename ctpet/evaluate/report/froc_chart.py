"""Sensitivity over false positives, as a segmenter's candidates may be less hot."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from ctpet.evaluate.detection import SegmentedPet
from ctpet.evaluate.detection_summary import LEAST_SUVS, FrocPoint
from ctpet.evaluate.report.svg import (
    GREY,
    INK,
    RULE,
    VERMILLION,
    as_svg,
    drawing,
    new_figure,
    plain_frame,
)

_STYLES: Mapping[SegmentedPet, tuple[str, str]] = {
    "predicted": (VERMILLION, "o"),
    "measured": (GREY, "s"),
}


def froc_chart(
    curves: Mapping[SegmentedPet, Sequence[FrocPoint]], say: Callable[[str], str], name: str
) -> Markup:
    """Return a curve for each PET, marked where the SUVmax is one of ``LEAST_SUVS``.

    Args:
        curves: each from the hottest candidate to all; at least one point.
        say: words of the axes.
        name: of the chart, unique in the page.
    """
    with drawing(name):
        figure = new_figure(3.4)
        axes = figure.add_subplot()
        for pet, curve in curves.items():
            _draw(axes, curve, say(f"chart.{pet}"), *_STYLES[pet])
        axes.set_xlim(left=0)
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel(say("chart.false_positives"))
        axes.set_ylabel(say("chart.sensitivity"))
        axes.grid(color=RULE, linewidth=0.4)
        axes.set_axisbelow(True)
        plain_frame(axes)
        axes.legend(loc="lower right", frameon=False, fontsize=8)
        return as_svg(figure, name)


def _draw(axes: Axes, curve: Sequence[FrocPoint], label: str, colour: str, marker: str) -> None:
    x = np.array([0.0, *(point.false_positives for point in curve)])
    y = np.array([0.0, *(point.sensitivity for point in curve)])
    suv = np.array([np.inf, *(point.least_suv for point in curve)])
    axes.plot(x, y, color=colour, linewidth=1.4, drawstyle="steps-post", label=label)
    for least in LEAST_SUVS[1:]:
        at = int(np.flatnonzero(suv >= least)[-1])
        axes.plot(x[at], y[at], marker, color=colour, markersize=5, clip_on=False)
        axes.annotate(
            f"≥ {least:g}", (x[at], y[at]), xytext=(4, -9), textcoords="offset points",
            fontsize=7.5, color=INK,
        )  # fmt: skip
