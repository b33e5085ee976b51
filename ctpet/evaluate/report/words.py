"""Texts in English and Vietnamese, kept together in ``words.toml`` and others beside it."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from string import Formatter
from typing import Any, Literal, get_args

from markupsafe import Markup, escape

Language = Literal["en", "vi"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_FILES = (
    *("leading.toml", "words.toml", "detection.toml", "participants.toml", "pictures.toml"),
    *("checklist.toml", "comparison.toml", "margin.toml", "intervals.toml"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages, as HTML.

    Attributes:
        en: English.
        vi: Vietnamese.
    """

    en: Markup
    vi: Markup

    def of(self, language: Language) -> Markup:
        """Return the text in one language."""
        return self.en if language == "en" else self.vi

    def __html__(self) -> str:
        """Return both as spans, of which the page shows one; once where they are the same."""
        if self.en == self.vi:
            return str(self.en)
        spans = (f'<span class="{each}" lang="{each}">{self.of(each)}</span>' for each in LANGUAGES)
        return "".join(spans)


@dataclass(frozen=True, slots=True)
class Key:
    """The name of a text, where it stands in place of the text."""

    name: str


Value = str | int | float | Text | Key | tuple["Value", ...]
"""What a placeholder takes; a tuple becomes a list with commas."""


GIVEN = "given."
"""Begins the key of a name that a user gave, which is told as it is in every language."""


class Words:
    """Every text of a page.

    Args:
        texts: by key, then language; HTML with placeholders in braces.
        organs: Vietnamese names of organs, by their English ones.
    """

    def __init__(self, texts: Mapping[str, Mapping[str, str]], organs: Mapping[str, str]) -> None:
        self._texts = texts
        self._organs = organs

    def say(self, key: str, /, **values: Value) -> Text:
        """Return a text with its placeholders filled in; what is not a text is escaped.

        Raises:
            KeyError: there is no such key, or a placeholder lacks its value.
        """
        if key.startswith(GIVEN):
            plain = escape(key.removeprefix(GIVEN))
            return Text(plain, plain)
        told = {
            language: Markup(self._texts[key][language]).format(  # noqa: S704  (ours; values not)
                **{name: self._plain(value, language) for name, value in values.items()}
            )
            for language in LANGUAGES
        }
        return Text(told["en"], told["vi"])

    def keys(self, start: str) -> tuple[str, ...]:
        """Return the keys that start so, in the order of their file."""
        return tuple(key for key in self._texts if key.startswith(start))

    def needs(self, key: str) -> frozenset[str]:
        """Return the placeholders of a text."""
        return frozenset(
            name for _, name, _, _ in Formatter().parse(self._texts[key]["en"]) if name
        )

    def organ(self, name: str) -> Text:
        """Return the name of an organ, of which ``name`` is the English one with underscores."""
        plain = name.replace("_", " ")
        return Text(escape(plain), escape(self._organs.get(name, plain)))

    def within(self, language: Language) -> Callable[[str], str]:
        """Return a function that tells a key's text in one language without HTML, for charts."""
        return lambda key: self.say(key).of(language).unescape()

    def _plain(self, value: Value, language: Language) -> Markup:
        if isinstance(value, Key):
            return self.say(value.name).of(language)
        if isinstance(value, Text):
            return value.of(language)
        if isinstance(value, tuple):
            return Markup(", ").join(self._plain(each, language) for each in value)
        return escape(value)


def load_words() -> Words:
    """Return the texts of this package."""
    return Words(read_texts(), read_organs())


def read_texts() -> dict[str, dict[str, str]]:
    """Return the texts of all pages by key, such as ``verdict.error``, then language."""
    texts: dict[str, dict[str, str]] = {}
    for file in _FILES:
        texts |= _flat(_read(file))
    return texts


def read_organs() -> dict[str, str]:
    """Return the Vietnamese names of organs by their English ones."""
    return _read("organs.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / name).read_text("utf-8"))


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, dict[str, str]]:
    """Return the tables that hold texts, by their names joined with dots."""
    flat: dict[str, dict[str, str]] = {}
    for name, table in tables.items():
        if set(LANGUAGES) & set(table):
            flat[prefix + name] = table
        else:
            flat |= _flat(table, f"{prefix}{name}.")
    return flat
