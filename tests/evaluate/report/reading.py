"""Read a page as a person does: the shown text of one language, row by row."""

import re
from html.parser import HTMLParser

_VOID = {"br", "img", "meta", "use", "path", "image", "line", "rect"}
_BLOCKS = {"p", "li", "tr", "h1", "h2", "h3", "dt", "dd", "figcaption", "div", "svg"}


class Page(HTMLParser):
    """The text of a page in one language, without scripts and styles.

    Attributes:
        tags: every start tag with its attributes.
        lines: the text of each block; cells of a row stand apart by ``|``.
        bad: the texts that are shown in red.
    """

    def __init__(self, html: str, language: str = "en") -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.lines: list[str] = [""]
        self.bad: list[str] = []
        self._hidden = {"en": "vi", "vi": "en"}[language]
        self._open: list[tuple[str, set[str]]] = []
        self.feed(html)
        joined = (" ".join(line.split()) for line in self.lines)
        self.lines = [re.sub(r" ?\| ?", "|", line) for line in joined if line]

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if tag in _BLOCKS:
            self.lines.append("")
        if tag in ("td", "th"):
            self.lines[-1] += "|"
        if tag not in _VOID:
            self._open.append((tag, set((found.get("class") or "").split())))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        classes = set().union(*(each for _, each in self._open))
        if self._hidden in classes or any(tag in ("script", "style") for tag, _ in self._open):
            return
        self.lines[-1] += data
        if "bad" in classes and data.strip():
            self.bad.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        """Everything, a block a line."""
        return "\n".join(self.lines)

    def line(self, start: str) -> str:
        """Return the only line that starts so."""
        (one,) = [line for line in self.lines if line.startswith(start)]
        return one
