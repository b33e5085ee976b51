"""The charts of the report, one function each."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Final

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.svg import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RULE,
    SKY,
    VERMILLION,
    as_svg,
    drawing,
    new_figure,
    plain_frame,
)
from ctpet.evaluate.summary import AgreementLine
from ctpet.evaluate.tally import HU_EDGES, SUV_EDGES, Tally, medians

Say = Callable[[str], str]
"""Tells the words of a key in the language of the chart."""

PANELS_A_ROW: Final = 3
MOST_SUV: Final = 10.0
"""Up to which the joint histograms are drawn."""

SUV_STEP: Final = 0.2
COLOURS: Final = "cividis"
LEAST_VOXELS: Final = 50
"""Of a bin of HU whose median SUV is drawn."""

_MARKERS = ((VERMILLION, "o"), (GREY, "s"), (SKY, "D"), (GREEN, "^"), (ORANGE, "v"), (PURPLE, "P"))


def agreement_chart(
    lines: Sequence[AgreementLine], titles: Sequence[str], say: Say, name: str
) -> Markup:
    """Return Bland–Altman panels: predicted − measured over the mean of both, a point a patient.

    Args:
        lines: one a panel; at least one.
        titles: parallel to ``lines``.
        say: words of the axes.
        name: of the chart, unique in the page.
    """
    columns = 2 if len(lines) in (2, 4) else min(len(lines), PANELS_A_ROW)
    rows = -(-len(lines) // columns)
    with drawing(name):
        figure = new_figure(2.55 * rows)
        for number, (line, title) in enumerate(zip(lines, titles, strict=True), start=1):
            axes = figure.add_subplot(rows, columns, number)
            _agreement_panel(axes, line)
            axes.set_title(title, fontsize=9, fontweight="bold", loc="left")
        figure.supxlabel(say("chart.mean_of_both"), fontsize=9)
        figure.supylabel(say("chart.difference"), fontsize=9)
        return as_svg(figure, name)


def case_chart(by_method: Mapping[str, Sequence[float]], say: Say, name: str) -> Markup:
    """Return a strip of points for each method, a line through each case.

    Args:
        by_method: MAE of each case by the method's name as shown; the cases in one order.
        say: words of the axes.
        name: of the chart, unique in the page.
    """
    values = np.array(list(by_method.values()))
    with drawing(name):
        figure = new_figure(0.75 + 0.42 * len(values))
        axes = figure.add_subplot()
        height = np.arange(len(values), dtype=np.float64)
        axes.plot(values, height, color=RULE, linewidth=0.6, zorder=1)
        for at, row, (colour, marker) in zip(height, values, cycle(_MARKERS), strict=False):
            axes.plot(
                row, np.full(row.size, at), marker, color=colour, markersize=5.5,
                markeredgecolor="white", markeredgewidth=0.3, zorder=2, clip_on=False,
            )  # fmt: skip
            known = row[np.isfinite(row)]
            if known.size:
                axes.plot([known.mean()] * 2, [at - 0.28, at + 0.28], color=INK, linewidth=1.6)
        axes.set_yticks(height, list(by_method))
        axes.set_ylim(len(values) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel(say("chart.body_mae"))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=RULE, linewidth=0.4)
        axes.set_axisbelow(True)
        plain_frame(axes)
        axes.spines["left"].set_visible(False)
        return as_svg(figure, name)


def joint_chart(measured: Tally, predicted: Tally, say: Say, name: str) -> Markup:
    """Return how often each SUV goes with each HU in both PETs, on one scale of colours.

    Args:
        measured: tally by bin of HU.
        predicted: the same of the prediction.
        say: words of the axes.
        name: of the chart, unique in the page.
    """
    most = max(float(_binned(each).max()) for each in (measured, predicted))
    scale = LogNorm(1, max(most, 10))
    with drawing(name):
        figure = new_figure(3.3)
        left, right = figure.subplots(1, 2, sharey=True)
        for axes, pool, title in ((left, measured, "measured"), (right, predicted, "predicted")):
            _joint_panel(axes, pool, scale)
            axes.set_title(say(f"chart.{title}"), fontsize=9, fontweight="bold", loc="left")
            axes.set_xlabel("HU")
        left.set_ylabel(say("chart.suv"))
        bar = figure.colorbar(
            ScalarMappable(scale, COLOURS), ax=[left, right], pad=0.02, aspect=30,
            format=FuncFormatter(lambda voxels, _: numbers.count(voxels)),
        )  # fmt: skip
        bar.set_label(say("chart.voxels"))
        bar.outline.set_linewidth(0.4)
        median = Line2D([], [], color=VERMILLION, label=say("chart.median"))
        figure.legend(handles=[median], loc="outside lower center", frameon=False, fontsize=8)
        return as_svg(figure, name)


def _agreement_panel(axes: Axes, line: AgreementLine) -> None:
    measured, predicted = np.array(line.measured), np.array(line.predicted)
    found = line.agreement
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=0)
    axes.plot(
        (measured + predicted) / 2, predicted - measured, "o", color=BLUE, markersize=4.5,
        markeredgecolor="white", markeredgewidth=0.4, zorder=3,
    )  # fmt: skip
    limits = found.low_limit, found.high_limit
    levels = (
        (found.bias.mean, "-", (found.bias.low, found.bias.high)),
        (found.low_limit, "--", found.low_limit_interval),
        (found.high_limit, "--", found.high_limit_interval),
    )
    for at, style, ends in levels:
        if np.isfinite(at):
            _level(axes, at, style, ends)
            _label(axes, at, numbers.beside(at, limits, "+"))
    axes.margins(x=0.12, y=0.2)
    axes.locator_params(nbins=5)
    plain_frame(axes)


def _level(axes: Axes, at: float, style: str, ends: tuple[float, float]) -> None:
    """Draw a level, with its interval if there is one."""
    axes.axhline(at, color=VERMILLION, linewidth=1.1, linestyle=style, zorder=2)
    if np.isfinite(ends).all():
        axes.axhspan(*ends, color=VERMILLION, alpha=0.1, linewidth=0, zorder=1)


def _label(axes: Axes, at: float, text: str) -> None:
    """Write a number to the right of a panel, at its height."""
    axes.annotate(
        text, (1, at), xycoords=("axes fraction", "data"), xytext=(3, 0),
        textcoords="offset points", ha="left", va="center", fontsize=7.5, color=INK,
        annotation_clip=False,
    )  # fmt: skip


def _binned(pool: Tally) -> NDArray[np.float64]:
    """Return the voxels by HU, without the outer bins, and SUV in steps of one height."""
    edges = np.round(np.arange(0, MOST_SUV + SUV_STEP / 2, SUV_STEP), 2)
    starts = np.searchsorted(SUV_EDGES, edges) + 1
    starts[0] = 0
    rows: NDArray[np.float64] = np.add.reduceat(pool.count, starts, axis=1)[1:-1, :-1]
    return rows


def _joint_panel(axes: Axes, pool: Tally, scale: LogNorm) -> None:
    """Draw a joint histogram, and the median SUV of each bin of HU over it."""
    axes.imshow(
        np.ma.masked_less(_binned(pool).T, 1), norm=scale, cmap=COLOURS,
        origin="lower", aspect="auto", interpolation="nearest",
        extent=(HU_EDGES[0], HU_EDGES[-1], 0, MOST_SUV),
    )  # fmt: skip
    middle = medians(pool)[1:-1]
    middle[pool.count.sum(axis=1)[1:-1] < LEAST_VOXELS] = np.nan
    centres = (HU_EDGES[:-1] + HU_EDGES[1:]) / 2
    axes.plot(centres, middle, color="white", linewidth=2.4)
    axes.plot(centres, middle, color=VERMILLION, linewidth=1.3)
    axes.set_ylim(0, MOST_SUV)
    plain_frame(axes)
