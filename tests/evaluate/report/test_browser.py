"""What the page does in a browser: it sorts, changes its language, and loads nothing."""

import re
import subprocess

import pytest

from tests.evaluate.report.reading import Page

pytestmark = pytest.mark.slow

_SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)


def open_in_chromium(chromium, html: str, folder) -> str:
    """Return what HTML is after its scripts."""
    page = folder / "page.html"
    page.write_text(html, "utf-8")
    command = [chromium, *_SWITCHES, f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def browse(require_tool, tmp_path):
    """Return a function that opens HTML in chromium and gives what it is after its scripts."""
    chromium = require_tool("chromium")
    return lambda html: open_in_chromium(chromium, html, tmp_path)


@pytest.fixture
def after(browse, report):
    """Return a function that gives the page after a script, which its policy would not let run."""
    html = re.sub(r'<meta http-equiv="Content[^>]+>', "", report.read_text("utf-8"))
    return lambda script: browse(html.replace("</body>", f"<script>{script}</script></body>"))


def cases(html):
    return re.findall(r"^\|(patient-\d)\|", Page(html).text, flags=re.MULTILINE)


def sorts(html):
    return [
        attributes["aria-sort"] for _, attributes in Page(html).tags if "aria-sort" in attributes
    ]


def press(column: int, times: int) -> str:
    button = f"document.querySelectorAll('table.sortable th button')[{column}]"
    return f"for (let n = 0; n < {times}; n++) {button}.click();"


def test_a_press_sorts_by_number_and_another_turns_it(after):
    falling = after(press(1, 2))
    assert cases(falling) == [f"patient-{n}" for n in (5, 4, 3, 2, 1, 0)]
    assert sorts(falling) == ["descending"]
    rising = after(press(1, 1))
    assert cases(rising) == [f"patient-{n}" for n in range(6)]
    assert sorts(rising) == ["ascending"]


def test_values_that_are_not_known_stay_last(after):
    unknown = "document.querySelector('table.sortable td').dataset.value = '';"
    for times in (1, 2):
        assert cases(after(unknown + press(1, times)))[-1] == "patient-0"


def test_the_language_changes(after):
    assert '<html lang="en">' in after("")
    assert '<html lang="vi">' in after("document.querySelector('button[data-language=vi]').click()")


def test_only_the_scripts_of_the_page_run(browse, report):
    foreign = "<script>document.body.id = 'foreign'</script></body>"
    html = browse(report.read_text("utf-8").replace("</body>", foreign))
    assert ("body", {"id": "foreign"}) not in Page(html).tags
    assert sum(attributes.get("type") == "button" for _, attributes in Page(html).tags) == 14
