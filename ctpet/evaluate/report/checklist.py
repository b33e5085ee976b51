"""CLAIM 2024 and TRIPOD+AI, filled with what a run knows; the rest is left to the author.

Sources of the items: Tejani et al., Radiol Artif Intell 2024;6:e240300 (44 items); Collins et al.,
BMJ 2024;385:e078378 (27 items, 52 with their parts). They are told in other words.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ctpet.evaluate.cells import text_cell
from ctpet.evaluate.report.known import known
from ctpet.evaluate.report.words import (
    LANGUAGES,
    Language,
    Text,
    Value,
    Words,
    load_words,
)
from ctpet.evaluate.run import Evaluation

Guideline = Literal["claim", "tripod"]
State = Literal["filled", "part", "blank"]

GUIDELINES: tuple[Guideline, ...] = get_args(Guideline)

FILLED: Mapping[Guideline, Mapping[str, tuple[str, ...]]] = {
    "claim": {
        "9": ("volumes",),
        "12": ("missing",),
        "23": ("software",),
        "28": ("metrics",),
        "29": ("statistics",),
        "35": ("flow", "codes"),
        "37": ("performance",),
    },
    "tripod": {
        "7": ("volumes",),
        "8a": ("reference",),
        "9b": ("predictors",),
        "11": ("missing",),
        "12e": ("metrics",),
        "12f": ("no_update",),
        "12g": ("file",),
        "15": ("output",),
        "20a": ("flow", "codes"),
        "24": ("no_update",),
    },
}
"""By item, the answers that say all it asks of an evaluation."""

PART: Mapping[Guideline, Mapping[str, tuple[str, ...]]] = {
    "claim": {
        "1": ("kind",),
        "3": ("use",),
        "6": ("goal",),
        "7": ("data",),
        "8": ("checks", "codes"),
        "10": ("tiers",),
        "11": ("privacy",),
        "14": ("reference", "lesions"),
        "19": ("overlap",),
        "20": ("overlap",),
        "21": ("power",),
        "22": ("model",),
        "25": ("training",),
        "30": ("robustness",),
        "33": ("overlap",),
        "36": ("participants",),
        "38": ("foci",),
        "39": ("failures",),
        "40": ("limits", "limitations"),
        "41": ("practice",),
        "43": ("available",),
    },
    "tripod": {
        "1": ("kind",),
        "3b": ("use",),
        "4": ("goal",),
        "5a": ("data",),
        "6b": ("checks", "codes"),
        "10": ("power",),
        "12a": ("overlap",),
        "12c": ("kind", "training"),
        "14": ("participants",),
        "16": ("overlap",),
        "18f": ("code",),
        "20b": ("participants",),
        "21": ("flow",),
        "22": ("model",),
        "23a": ("performance", "participants"),
        "26": ("limits", "limitations"),
    },
}
"""By item, the answers that say some of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item.

    Attributes:
        number: as the guideline has it, such as ``12a``.
        asks: what it asks for.
        state: whether it is answered.
        answers: what is known; empty where nothing is.
    """

    number: str
    asks: Text
    state: State
    answers: tuple[Text, ...]


def checklists(evaluation: Evaluation, words: Words) -> dict[Guideline, tuple[Row, ...]]:
    """Return every item of each guideline, in its order."""
    values = known(evaluation)
    return {name: tuple(_rows(name, values, words)) for name in GUIDELINES}


def count(tables: Mapping[Guideline, Iterable[Row]]) -> dict[str, int]:
    """Return how many items are in each state."""
    states = [row.state for rows in tables.values() for row in rows]
    return {state: states.count(state) for state in get_args(State)}


def write_checklist(evaluation: Evaluation, path: Path) -> None:
    """Write a CSV with one row an item, its words in both languages, blanks empty.

    Like ``cases.csv`` it begins with a byte-order mark.
    """
    words = load_words()
    told = ("asks", "state", "known")
    columns = [f"{each}_{language}" for each in told for language in LANGUAGES]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["guideline", "item", *columns, "author"])
        for guideline, rows in checklists(evaluation, words).items():
            title = words.say(f"checklist.{guideline}_title")
            for row in rows:
                texts = ((row.asks,), (words.say(f"checklist.{row.state}"),), row.answers)
                cells = [_plain(each, language) for each in texts for language in LANGUAGES]
                writer.writerow([_plain((title,), "en"), row.number, *cells, ""])


def _rows(guideline: Guideline, values: Mapping[str, Value], words: Words) -> Iterable[Row]:
    start = f"checklist.{guideline}."
    for key in words.keys(start):
        number = key.removeprefix(start)
        filled = _answers(FILLED[guideline].get(number, ()), values, words)
        part = _answers(PART[guideline].get(number, ()), values, words)
        state: State = "filled" if filled else "part" if part else "blank"
        yield Row(number, words.say(key), state, filled or part)


def _answers(names: Iterable[str], values: Mapping[str, Value], words: Words) -> tuple[Text, ...]:
    """Return the answers that name only what is known."""
    keys = [f"checklist.answer.{name}" for name in names]
    return tuple(words.say(key, **values) for key in keys if words.needs(key) <= set(values))


def _plain(texts: Iterable[Text], language: Language) -> str:
    """Return texts in one language without HTML, as a cell that is no formula."""
    told = " ".join(each.of(language).striptags() for each in texts)
    return text_cell(told.replace("\N{NO-BREAK SPACE}", " "))
