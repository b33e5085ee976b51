"""What a user's table says of the patients: site, scanner, sex, age, …; any column.

The table stays with whoever has it. What leaves is counts and quartiles: a column whose values
could name a patient is not shown at all.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ctpet.errors import InputRefused
from ctpet.rows import Table, read_table

KEYS = frozenset({"patient", "patientid", "participantid", "subjectid"})
"""What the column of patients may be called, but for case, spaces and underscores; the third is
that of BIDS."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "unknown", "missing", "-", "–", ".", "?"})
"""Cells without a value, but for case."""

MOST_GROUPS = 10
MOST_CODES = 5
"""A column of so few whole numbers, each of two patients on average, holds codes."""

IDENTIFIER_FROM = 1e5
"""Whole numbers of six digits are identifiers or dates."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_PADDED = re.compile(r"0\d+", re.ASCII)

Value = float | str
Split = Literal["given", "median", "groups"]
Why = Literal["empty", "identifier", "many"]


@dataclass(frozen=True, slots=True)
class Column:
    """One covariate.

    Attributes:
        name: as the table has it.
        values: by the patient's name in the table; numbers or texts, those of missing cells left
            out.
        split: how it makes groups: where the user said, at the median, or as it stands.
        cuts: where the user said, ascending.
    """

    name: str
    values: Mapping[str, Value]
    split: Split
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Covariates:
    """A table of patients.

    Attributes:
        lines: number of each patient's line.
        columns: that can be shown.
        left_out: name of each other column, and why.
    """

    lines: Mapping[str, int]
    columns: tuple[Column, ...]
    left_out: tuple[tuple[str, Why], ...]


def read_covariates(path: Path, cuts: Mapping[str, Sequence[float]]) -> Covariates:
    """Read a table with a row a patient.

    A column is of numbers if all of its values are; with a semicolon or tab between cells decimals
    may stand after a comma. It is split where ``cuts`` says, else at the median. All else is
    groups.

    Args:
        path: CSV; one column is called ``patient`` (see :data:`KEYS`).
        cuts: by column, ascending.

    Raises:
        InputRefused: what :func:`ctpet.rows.read_table` refuses; ``covariates-key``: no column, or
            several, name the patient; ``covariates-patient``: a row does not, or two name one;
            ``covariate-mixed``: numbers and texts in one column; ``cut-unknown``: there is no such
            column of numbers.
    """
    table = read_table(path)
    key = _key(path, table)
    lines = _lines(path, table, key)
    found: list[Column] = []
    left_out: list[tuple[str, Why]] = []
    for name in table.columns:
        if name == key:
            continue
        cells = {row[key]: row[name] for _, row in table.rows if not _is_missing(row[name])}
        column = _column(name, cells, cuts.get(name), table, lines)
        if isinstance(column, Column):
            found.append(column)
        else:
            left_out.append((name, column))
    if unknown := set(cuts) - {column.name for column in found if column.split == "given"}:
        raise InputRefused(
            "cut-unknown",
            f"The table {path.name} has no column of numbers called {', '.join(sorted(unknown))}",
            remedy=f"Its columns are {', '.join(table.columns)}",
        )
    return Covariates(lines, tuple(found), tuple(left_out))


def _key(path: Path, table: Table) -> str:
    names = [name for name in table.columns if re.sub("[ _]", "", name).casefold() in KEYS]
    if len(names) == 1:
        return names[0]
    raise InputRefused(
        "covariates-key",
        f"{len(names) or 'no'} of the columns of {path.name} could name the patient",
        remedy="Call the one that does `patient`",
    )


def _lines(path: Path, table: Table, key: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    for number, row in table.rows:
        if not row[key] or lines.setdefault(row[key], number) != number:
            what = f"is about the patient of line {lines[row[key]]}" if row[key] else "names none"
            raise InputRefused(
                "covariates-patient",
                f"Line {number} of {path.name} {what}",
                remedy="Give each patient one row",
            )
    return lines


def _column(
    name: str,
    cells: Mapping[str, str],
    cuts: Sequence[float] | None,
    table: Table,
    lines: Mapping[str, int],
) -> Column | Why:
    """Return a column, or why it is not shown.

    Raises:
        InputRefused: ``covariate-mixed``.
    """
    if not cells:
        return "empty"
    decimals = {patient: _decimal(cell, table.delimiter) for patient, cell in cells.items()}
    numeric = {patient for patient, cell in decimals.items() if _NUMBER.fullmatch(cell)}
    if len(numeric) < len(cells) or any(map(_PADDED.fullmatch, cells.values())):
        groups = _named_groups(cells)
        why = _unfit(groups)
        if why and 2 * len(numeric) >= len(cells) > len(numeric):
            odd = next(patient for patient in cells if patient not in numeric)
            raise InputRefused(
                "covariate-mixed",
                f"Line {lines[odd]}, column {name}: {cells[odd]!r} is no number, as others are",
                remedy="Write numbers without units, with a point, and leave empty what is missing",
            )
        return why or Column(name, groups, "groups")
    numbers = {patient: float(cell) for patient, cell in decimals.items()}
    if cuts is not None:
        return Column(name, numbers, "given", tuple(cuts))
    whole = all(value.is_integer() for value in numbers.values())
    if whole and max(map(abs, numbers.values())) >= IDENTIFIER_FROM:
        return "identifier"
    codes = set(numbers.values())
    if whole and len(codes) <= min(MOST_CODES, len(numbers) / 2):
        return Column(name, {key: f"{value:.0f}" for key, value in numbers.items()}, "groups")
    return Column(name, numbers, "median")


def _decimal(cell: str, delimiter: str) -> str:
    return cell if delimiter == "," else cell.replace(",", ".")


def _named_groups(cells: Mapping[str, str]) -> dict[str, Value]:
    """Return texts, those that differ in case or spaces alone in the first's spelling."""
    spelling: dict[str, str] = {}
    return {
        patient: spelling.setdefault(" ".join(cell.split()).casefold(), cell)
        for patient, cell in cells.items()
    }


def _unfit(groups: Mapping[str, Value]) -> Why | None:
    """Return why texts cannot be shown as groups; a text of each patient's own may name them."""
    sizes = Counter(groups.values())
    if max(sizes.values()) == 1:
        return "identifier"
    return "many" if len(sizes) > min(MOST_GROUPS, max(2, len(groups) // 2)) else None


def _is_missing(cell: str) -> bool:
    return cell.casefold() in MISSING
