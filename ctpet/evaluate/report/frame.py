"""What every page has: template engine, style, script, and the promise to load nothing."""

import base64
import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from ctpet import __version__
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.words import Language, Words

_FOLDER = "templates"
_LANGUAGE_NAMES = {"en": "English", "vi": "Tiếng Việt"}


def write_page(
    template: str, words: Words, path: Path, *, language: Language, **context: Any
) -> None:
    """Write a page made from a template that extends ``base.html.j2``.

    Its content security policy lets a browser load nothing but what is in the page, and run no
    script but its own, whatever names of cases may hold.

    Args:
        template: its name.
        words: of the page.
        path: where to write; an existing file is replaced.
        language: in which the page opens.
        context: what the template takes beside what all pages share.
    """
    script = _asset("page.js")
    page = _environment().get_template(template)
    stream = page.stream(
        say=words.say,
        language=language,
        language_names=_LANGUAGE_NAMES,
        version=__version__,
        style=Markup(_asset("style.css")),  # noqa: S704  (a file of this package)
        script=Markup(script),  # noqa: S704  (likewise)
        script_hash=_hash(script),
        **context,
    )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(stream)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, _FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = _base64
    environment.filters["suv"] = numbers.suv
    return environment


def _asset(name: str) -> str:
    return (resources.files(__package__) / _FOLDER / name).read_text("utf-8").strip()


def _hash(script: str) -> str:
    return f"sha256-{_base64(hashlib.sha256(script.encode()).digest())}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
