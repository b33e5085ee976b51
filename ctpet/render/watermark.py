"""The warning along the edges of a panel: beside the organs, and in every piece cut out of it.

A panel is drawn with an empty edge around the body. The warning's two phrases stand in it again
and again, in such an order that each quarter of the panel, and so each larger piece, has both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes

from ctpet.render.captions import ENGLISH
from ctpet.render.panels import FONT
from ctpet.render.planes import Range

MARK_COLOUR = "#e01010"
_EDGE_OF_WIDTH, _EDGE_OF_HEIGHT = 0.05, 0.022
_FILLED, _LEAST_FONT_PX = 0.72, 4.0
_WIDEST_LETTER, _GAP_LETTERS = 0.74, 1.5
"""Of bold capitals, relative to the height of the font."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A side of a panel.

    Attributes:
        turn: of its text, degrees.
        begins: which phrase comes first where the text begins.
        at: from the part of the side's length that has gone, and the depth, to x and y of 0 to 1.
    """

    turn: float
    begins: int
    at: Callable[[float, float], tuple[float, float]]


_SIDES = (
    _Side(0, 0, lambda gone, depth: (gone, 1 - depth)),  # top
    _Side(0, 1, lambda gone, depth: (gone, depth)),  # bottom
    _Side(90, 0, lambda gone, depth: (depth, gone)),  # left
    _Side(270, 0, lambda gone, depth: (1 - depth, 1 - gone)),  # right
)


def edged(body: tuple[Range, Range, Range]) -> tuple[float, tuple[Range, Range, Range]]:
    """Leave an empty edge around a body, as wide as the warning along its panels needs.

    Args:
        body: its ranges of x, y and z in mm; a range may run downwards.

    Returns:
        Width of the edge in mm, and the ranges with it at both ends.
    """
    across, _, tall = (abs(high - low) for low, high in body)
    edge = max(_EDGE_OF_WIDTH * across, _EDGE_OF_HEIGHT * tall)
    x, y, z = (_widened(ends, edge) for ends in body)
    return edge, (x, y, z)


def _widened(ends: Range, by_mm: float) -> Range:
    step = float(np.copysign(by_mm, ends[1] - ends[0]))
    return ends[0] - step, ends[1] + step


def watermark(axes: Axes, by_mm: float, marks: tuple[str, str] = ENGLISH.marks) -> None:
    """Write along the four sides of a panel that it is synthetic and not for diagnosis.

    The corners belong to the upper and the lower side. A very flat panel has only these two.

    Args:
        axes: with its limits set, in mm, the empty edge included.
        by_mm: width of the empty edge.
        marks: the two phrases.
    """
    axes.apply_aspect()
    box = axes.get_window_extent()
    left, right = axes.get_xlim()
    edge_px = by_mm * box.width / abs(right - left)
    for side in _SIDES:
        whole_px, depth_px = (box.height, box.width) if side.turn else (box.width, box.height)
        corner_px = edge_px if side.turn else 0.0
        ordered = marks[::-1] if side.begins else marks
        phrases, font_px = _phrases(ordered, whole_px - 2 * corner_px, _FILLED * edge_px)
        if side.turn and font_px < _LEAST_FONT_PX:
            continue
        for number, phrase in enumerate(phrases):
            part = (number + 0.5) / len(phrases)
            gone_px = corner_px + part * (whole_px - 2 * corner_px)
            place = side.at(gone_px / whole_px, 0.5 * edge_px / depth_px)
            _write(axes, phrase, place, font_px, turn=side.turn)


def _phrases(
    marks: tuple[str, str], along_px: float, font_px: float
) -> tuple[tuple[str, ...], float]:
    """Return what stands along a side, an even number of phrases, and how high its letters are.

    Where the side is too short for both phrases, the shorter one stands there twice.
    """
    pairs = int(along_px / (2 * _long(marks) * font_px))
    if pairs:
        return marks * pairs, font_px
    short = min(marks, key=len)
    return (short, short), min(font_px, along_px / (2 * _long((short,))))


def _long(phrases: Sequence[str]) -> float:
    """Return the length of the longest phrase with its gap, relative to the height of the font."""
    return (max(map(len, phrases)) + _GAP_LETTERS) * _WIDEST_LETTER


def _write(
    axes: Axes, phrase: str, at: tuple[float, float], font_px: float, *, turn: float
) -> None:
    size = max(font_px, _LEAST_FONT_PX) * 72 / axes.figure.get_dpi()
    axes.text(
        *at, phrase, transform=axes.transAxes, rotation=turn, ha="center", va="center",
        color=MARK_COLOUR, fontsize=size, fontweight="bold", fontfamily=FONT, clip_on=True,
        path_effects=[patheffects.withStroke(linewidth=1.2, foreground="white")],
    )  # fmt: skip
