"""Texts that others wrote, in both languages: of models, and of what was found or refused."""

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources

from markupsafe import Markup, escape

from ctpet.evaluate.report.words import Language, Text

_OF_VIETNAMESE = frozenset("ăđơư")
"""Beside the letters with tones, which Unicode has in a block of their own."""

_TONED = ("\N{LATIN SMALL LETTER A WITH DOT BELOW}", "\N{LATIN SMALL LETTER Y WITH TILDE}")
_MARKED = {
    "en": {"en": "", "vi": " (nguyên văn tiếng Anh)"},
    "vi": {"en": " (as written, in Vietnamese)", "vi": ""},
}
_MODELS, _FINDINGS = "models.toml", "findings.toml"


def model_text(text: str) -> Text:
    """Return a text of a model's contract without its last full stop, to stand in a sentence.

    Those of the shipped models are translated. A text of another model is shown as it is in both
    languages, and said to be in its own.
    """
    translated = _model_texts().get(text.strip())
    if translated is None:
        return as_written(_open(text))
    return Text(escape(_open(text)), escape(_open(translated)))


def model_kind(kind: str) -> Text:
    """Return the kind of a model: baseline, regression or appearance."""
    return Text(escape(kind), escape(_read(_MODELS)["kind"].get(kind, kind)))


def message_text(code: str, message: str) -> Text:
    """Return the message of a finding or a refusal, which is English.

    In Vietnamese its code says what it is about, and the message stands behind it, since the
    numbers are there.
    """
    meaning = _read(_FINDINGS).get(code)
    original = as_written(message)
    if meaning is None:
        return original
    return Text(original.en, escape(f"{meaning} ") + original.vi)


def as_written(text: str) -> Text:
    """Return a text as it is, marked with its language where the page is in the other."""
    own = language_of(text)
    shown = {
        language: Markup('<span lang="{}">{}</span>{}').format(own, text, _MARKED[own][language])
        if own != language
        else escape(text)
        for language in _MARKED
    }
    return Text(shown["en"], shown["vi"])


def language_of(text: str) -> Language:
    """Return Vietnamese for a text with letters that English has not, else English."""
    lowered = unicodedata.normalize("NFC", text).lower()
    toned = any(_TONED[0] <= letter <= _TONED[1] for letter in lowered)
    return "vi" if toned or _OF_VIETNAMESE & set(lowered) else "en"


def _open(text: str) -> str:
    return text.strip().rstrip(".")


def _model_texts() -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for table in _read(_MODELS).values():
        texts |= table
    return texts


@cache
def _read(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files(__package__) / name).read_text("utf-8"))
