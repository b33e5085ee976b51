"""What a person sees first, and that nothing is cut on a telephone; measured in a browser."""

import html
import json
import re

import pytest

from ctpet.evaluate.report.comparison_page import write_comparison
from tests.evaluate.report.comparisons import made_comparison
from tests.evaluate.report.test_browser import open_in_chromium

pytestmark = pytest.mark.slow

_MEASURE = """
const seen = (query) => [...document.querySelectorAll(query)].filter((one) => one.offsetParent);
const box = (one) => one.getBoundingClientRect();
const wide = document.documentElement.clientWidth;
const scrolled = ".wide, .picture";
const told = {
  wide,
  page: document.documentElement.scrollWidth,
  bottoms: Object.fromEntries(
    [".headline", ".figures > div", ".against", ".first .picture img"].map((query) => [
      query, Math.max(...seen(query).map((one) => box(one).bottom))])),
  beside: seen(".first .picture img").map((one) => box(one).left),
  cut: seen("body *").filter((one) => !one.closest(scrolled) && box(one).right > wide + 1)
    .map((one) => one.outerHTML.slice(0, 80)),
  hidden: seen(".wide, .picture").filter((one) => one.scrollWidth > one.clientWidth + 1
    && getComputedStyle(one).overflowX !== "auto").length,
};
parent.document.body.setAttribute("data-told", JSON.stringify(told));
"""


@pytest.fixture
def measure(require_tool, tmp_path):
    """Return a function that lays a page out in a window of a size, and measures it."""
    chromium = require_tool("chromium")

    def run(page, language, size_px):
        page = re.sub(r'<meta http-equiv="Content[^>]+>', "", page)
        page = page.replace('<html lang="en">', f'<html lang="{language}">')
        page = page.replace("</body>", f"<script>{_MEASURE}</script></body>")
        wide, high = size_px
        around = (
            f'<body><iframe width="{wide}" height="{high}" srcdoc="{html.escape(page)}"></iframe>'
        )
        done = open_in_chromium(chromium, around, tmp_path)
        (told,) = re.findall(r'data-told="([^"]+)"', done)
        return json.loads(html.unescape(told))

    return run


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_first_screen_holds_the_verdict_and_the_picture_beside_it(report, measure, language):
    told = measure(report.read_text("utf-8"), language, (1280, 800))
    assert max(told["bottoms"].values()) <= 800
    assert min(told["beside"]) > told["wide"] / 3
    assert told["cut"] == []


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("wide", [400, 320])
def test_nothing_is_cut_on_a_narrow_screen(report, measure, language, wide):
    told = measure(report.read_text("utf-8"), language, (wide, 800))
    assert told["page"] <= told["wide"]
    assert told["cut"] == []
    assert told["hidden"] == 0


@pytest.mark.parametrize("language", ["en", "vi"])
def test_nothing_of_a_comparison_is_cut_on_a_narrow_screen(measure, language, tmp_path):
    path = tmp_path / "comparison.html"
    write_comparison(made_comparison([[0.1, 0.2, 0.3, 0.4, 0.5], [2.0] * 5, [0.05] * 5]), path)
    told = measure(path.read_text("utf-8"), language, (400, 800))
    assert told["page"] <= told["wide"]
    assert told["cut"] == []
