"""Cases that a CSV table names."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from ctpet.errors import InputRefused
from ctpet.evaluate.files import CaseFiles, Refused, Role, case_of
from ctpet.images import place_and_series
from ctpet.rows import read_rows

_ROLES: tuple[Role, ...] = get_args(Role)
_NEEDED = ("patient", "predicted", "reference")
_OPTIONAL = ("case", *(role for role in _ROLES if role not in _NEEDED))
BESIDE = "beside:"
"""Begins the column of what the model is to stand beside, as in ``beside:boosted trees``."""


def table_cases(table: Path) -> tuple[list[CaseFiles], list[Refused]]:
    """Return the cases of a CSV that names a file for each role, and a patient.

    Patient, predicted and reference are needed. Paths are relative to the table. A row
    without a name in ``case`` is called after the patient. A column ``beside:NAME`` names
    predictions by other means, fitted without the patient, which stand among the baselines.

    Raises:
        InputRefused: ``table-unreadable``, ``table-columns``, ``nothing-to-compare``.
    """
    rows = read_rows(table, needed=_NEEDED, optional=_OPTIONAL, prefix=BESIDE)
    found = [_row(table, number, cells) for number, cells in rows]
    cases = _named_once([one for one in found if isinstance(one, CaseFiles)])
    refused = [one for one in found if isinstance(one, Refused)]
    if not cases:
        told = f"; the first, {refused[0].name}: {refused[0].message}" if refused else ""
        raise InputRefused(
            "nothing-to-compare",
            f"No row of {table.name} can be used{told.rstrip('.')}",
            remedy="Fill it in",
        )
    return cases, refused


def _row(table: Path, number: int, cells: Mapping[str, str]) -> CaseFiles | Refused:
    name = cells["case"] or cells["patient"] or f"line {number}"
    if lacking := [column for column in _NEEDED if not cells[column]]:
        return Refused(name, "row-incomplete", f"Line {number} has no {' and no '.join(lacking)}")
    paths: dict[Role, Path] = {role: table.parent / cells[role] for role in _ROLES if cells[role]}
    beside = {
        column: table.parent / cell
        for column, cell in cells.items()
        if column.startswith(BESIDE) and cell
    }
    named = [*paths.items(), *beside.items()]
    if absent := [role for role, path in named if not place_and_series(path)[0].exists()]:
        return Refused(name, "file-missing", f"There is no file for {' and '.join(absent)}")
    case = case_of(name, cells["patient"], paths)
    if isinstance(case, Refused):
        return case
    others = {column.removeprefix(BESIDE).strip(): path for column, path in beside.items()}
    return replace(case, stated=True, beside=others)


def _named_once(cases: Sequence[CaseFiles]) -> list[CaseFiles]:
    """Number cases of one name, so that each can be told apart."""
    names = [case.name for case in cases]
    return [
        replace(case, name=f"{case.name} #{names[: n + 1].count(case.name)}")
        if names.count(case.name) > 1
        else case
        for n, case in enumerate(cases)
    ]
