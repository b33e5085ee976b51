"""The rows of a CSV table that a user wrote."""

import csv
from collections.abc import Sequence
from pathlib import Path

from ctpet.errors import InputRefused


def read_rows(
    table: Path, *, needed: Sequence[str], optional: Sequence[str]
) -> list[tuple[int, dict[str, str]]]:
    """Return the number of each line and its cells, stripped, empty where there is none.

    Args:
        table: CSV in UTF-8, with or without a byte-order mark, its columns named in line 1.
        needed: columns that must be there.
        optional: columns that may be there; no others may.

    Raises:
        InputRefused: ``table-unreadable``, ``table-columns``.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            columns = set(reader.fieldnames or ())
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise InputRefused(
            "table-unreadable",
            f"The table {table.name} cannot be read ({type(error).__name__})",
            remedy="Give a CSV file in UTF-8",
        ) from error
    if columns - {*needed, *optional} or not columns.issuperset(needed):
        raise InputRefused(
            "table-columns",
            f"The table {table.name} has the columns {', '.join(sorted(columns)) or 'none'}",
            remedy=f"It needs {', '.join(needed)}, and may have {', '.join(optional)}",
        )
    names = (*needed, *optional)
    return [
        (number, {name: (row.get(name) or "").strip() for name in names})
        for number, row in enumerate(rows, start=2)
    ]
