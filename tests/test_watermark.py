"""The warning stands beside the organs, and in every piece that someone might cut out."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread

from ctpet.evaluate.pictures import captions_of
from ctpet.evaluate.report.words import LANGUAGES, load_words
from ctpet.render import comparison, panels, preview, projections
from ctpet.render.planes import coronal_extreme
from ctpet.render.watermark import MARK_COLOUR, edged, watermark
from ctpet.volume import Volume
from tests.test_render import around_zero, body, pair
from tests.volume.grids import grid

LEAST_LETTER_PX = 6
DRAWINGS = ("preview", "comparison", "projections")


def drawn(sort, folder, monkeypatch, *, marked, size_mm=(640, 300, 480), captions=None):
    """Draw a body; return the pixels from the top, and the box of each synthetic panel in them."""
    boxes = []

    def listening(axes, by_mm, *marks):
        axes.apply_aspect()
        box = axes.get_window_extent()
        edge_px = by_mm * box.width / abs(np.diff(axes.get_xlim())[0])
        boxes.append((box, edge_px))
        if marked:
            watermark(axes, by_mm, *marks)

    monkeypatch.setattr({"preview": preview, "comparison": comparison}.get(sort, projections),
                        "watermark", listening)  # fmt: skip
    ct, pet = (body(around_zero((5.0, 5.0, 5.0), size_mm), each) for each in ("HU", "SUVBW"))
    path = folder / f"{sort}-{marked}.png"
    words = {} if captions is None else {"captions": captions}
    if sort == "preview":
        preview.render_preview(ct, pet, title="x", path=path)
    elif sort == "comparison":
        comparison.draw_comparison(comparison.compare(ct, pet, pet), title="x", path=path, **words)
    else:
        projections.draw_projections(projections.project(ct, pet, pet), path=path, **words)
    pixels = np.rint(255 * imread(path)[..., :3]).astype(int)
    height = pixels.shape[0]
    found = []
    for box, edge_px in boxes:
        rows = slice(round(height - box.y1) + 1, round(height - box.y0) - 1)
        columns = slice(round(box.x0) + 1, round(box.x1) - 1)
        found.append((rows, columns, edge_px))
    return pixels, found


def red(pixels):
    """How many pixels have the colour of the warning."""
    wanted = np.rint(255 * np.array(to_rgb(MARK_COLOUR)))
    return int((np.abs(pixels - wanted).max(axis=-1) < 60).sum())


def crops(panel):
    """Every half, quarter and third of a panel, and every strip from side to side."""
    height, width = panel.shape[:2]
    thirds = [0, 1 / 3, 2 / 3, 1]
    halves = [0, 1 / 2, 1]
    spans = [(a, b) for parts in (thirds, halves) for a, b in pairwise(parts)]
    for low, high in spans:
        yield panel[int(low * height) : int(high * height)]
        yield panel[:, int(low * width) : int(high * width)]
    for top, bottom in spans[3:]:
        for left, right in spans[3:]:
            yield panel[
                int(top * height) : int(bottom * height), int(left * width) : int(right * width)
            ]


@pytest.mark.parametrize("sort", DRAWINGS)
def test_the_warning_leaves_the_body_as_it_is_and_is_in_every_crop(sort, tmp_path, monkeypatch):
    with_marks, panels = drawn(sort, tmp_path, monkeypatch, marked=True)
    without, _ = drawn(sort, tmp_path, monkeypatch, marked=False)
    assert len(panels) == {"preview": 5, "comparison": 5, "projections": 2}[sort]
    for rows, columns, edge_px in panels:
        edge = round(edge_px)
        inner = (slice(rows.start + edge, rows.stop - edge),
                 slice(columns.start + edge, columns.stop - edge))  # fmt: skip
        np.testing.assert_array_equal(with_marks[inner], without[inner])
        panel, before = with_marks[rows, columns], without[rows, columns]
        for crop, plain in zip(crops(panel), crops(before), strict=True):
            assert (crop != plain).any(axis=-1).sum() > 60
            assert red(crop) - red(plain) > 30
        assert 0.7 * edge_px >= LEAST_LETTER_PX


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_room_for_its_warning(language, tmp_path, monkeypatch):
    captions = captions_of(load_words(), language)
    with_marks, panels = drawn("projections", tmp_path, monkeypatch, marked=True, captions=captions)
    for rows, columns, _ in panels:
        assert all(red(crop) > 30 for crop in crops(with_marks[rows, columns]))


@pytest.mark.parametrize(
    "size_px", [(250, 380), (250, 130), (375, 500), (90, 900), (900, 90), (30, 30)]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_stay_in_the_panel_apart_and_each_quarter_has_one(size_px, language):
    marks = captions_of(load_words(), language).marks
    wide, high = size_px
    figure = Figure(figsize=(wide / 100, high / 100), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, wide)
    axes.set_ylim(0, high)
    edge, _ = edged(((0.0, 0.9 * wide), (0.0, 1.0), (0.0, 0.9 * high)))
    watermark(axes, edge, marks)
    boxes = [text.get_window_extent() for text in axes.texts]
    centres = np.array([[(b.x0 + b.x1) / 2 / wide, (b.y0 + b.y1) / 2 / high] for b in boxes])
    for right in (False, True):
        for upper in (False, True):
            here = (centres[:, 0] > 0.5) == right
            here &= (centres[:, 1] > 0.5) == upper
            assert here.any()
            said = {text.get_text() for text, it in zip(axes.texts, here, strict=True) if it}
            assert said == set(marks) or min(size_px) < 140
    if min(size_px) >= 90:
        for box in boxes:
            assert -1 <= box.x0 <= box.x1 <= wide + 1
            assert -1 <= box.y0 <= box.y1 <= high + 1
        for number, one in enumerate(boxes):
            assert not any(one.overlaps(other) for other in boxes[number + 1 :])


def test_an_edge_goes_around_whichever_way_a_range_runs():
    edge, (x, y, z) = edged(((0.0, 10.0), (10.0, 0.0), (0.0, 10.0)))
    assert edge > 0
    assert x == z == (-edge, 10 + edge)
    assert y == (10 + edge, -edge)


def test_measured_panels_carry_no_warning(tmp_path, monkeypatch):
    with_marks, panels = drawn("projections", tmp_path, monkeypatch, marked=True)
    first = min(columns.start for _, columns, _ in panels)
    rows = panels[0][0]
    assert red(with_marks[rows, : first - 5]) == 0


def test_odd_shapes_are_marked_too(tmp_path):
    for shape in ((1, 40, 40), (400, 8, 8), (1, 1, 1)):
        ct, pet = pair(grid(shape, (5.0, 5.0, 5.0)))
        path = tmp_path / "odd.png"
        projections.draw_projections(projections.project(ct, pet, pet), path=path)
        assert red(np.rint(255 * imread(path)[..., :3]).astype(int)) > 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size_mm", [(640, 300, 480), (900, 200, 260)])
def test_captions_stay_above_their_panels(language, size_mm, tmp_path, monkeypatch):
    titles = []
    write = panels.caption

    def listening(axes, text, **how):
        write(axes, text, **how)
        titles.append((axes.title.get_window_extent().width, axes.get_window_extent().width))

    monkeypatch.setattr(comparison, "caption", listening)
    monkeypatch.setattr(projections, "caption", listening)
    captions = captions_of(load_words(), language)
    for sort in ("comparison", "projections"):
        drawn(sort, tmp_path, monkeypatch, marked=True, size_mm=size_mm, captions=captions)
    assert len(titles) == 13
    assert all(wide <= room for wide, room in titles)


def test_where_nothing_was_predicted_there_is_no_difference():
    ct, pet = pair(grid((6, 8, 10), (5.0, 5.0, 5.0)))
    cold = Volume(np.zeros_like(pet.array), pet.geometry, "SUVBW")
    known = np.zeros(pet.array.shape, bool)
    known[: len(known) // 2] = True
    for found in (
        projections.project(ct, pet, cold, known).difference.pixels,
        comparison.compare(ct, pet, cold, known).coronal.difference.pixels,
    ):
        assert (found[: len(found) // 2] == 0).all(), "the head is up"
        assert found.min() < 0


def test_the_largest_difference_along_a_ray_keeps_its_sign():
    array = np.zeros((2, 5, 3), np.float32)
    array[0, :, 0] = (1, -3, 2, 0, 0)
    array[1, :, 2] = (1, -3, 4, 0, 0)
    found = coronal_extreme(Volume(array, grid((2, 5, 3), (5.0, 5.0, 5.0)), "SUVBW")).pixels
    np.testing.assert_array_equal(found, [[0, 0, 4], [-3, 0, 0]])
