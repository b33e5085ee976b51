"""The rows of a CSV table that a user wrote."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctpet.errors import InputRefused

DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a table.

    Attributes:
        delimiter: what stands between cells; a comma says that decimals stand after a point.
        columns: their names, each once, in order.
        rows: number of the line, and the cells, stripped; rows without any are left out.
    """

    delimiter: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]


def read_table(path: Path) -> Table:
    """Read a table of any columns.

    Args:
        path: in UTF-8, with or without a byte-order mark, its columns named in line 1; delimited by
            whichever of :data:`DELIMITERS` is most often in that line.

    Raises:
        InputRefused: ``table-unreadable``; ``table-columns``: a column has no name or another's;
            ``table-ragged``: a line has more cells than columns.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            delimiter = max(DELIMITERS, key=first.count)
            reader = csv.reader(file, delimiter=delimiter)
            lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise InputRefused(
            "table-unreadable",
            f"The table {path.name} cannot be read ({type(error).__name__})",
            remedy="Give a CSV file in UTF-8",
        ) from error
    columns = _columns(path, lines[0][1] if lines else [])
    rows = []
    for number, cells in lines[1:]:
        if any(cells[len(columns) :]):
            raise InputRefused(
                "table-ragged",
                f"Line {number} of {path.name} has more cells than there are columns",
                remedy="Put quotes around cells that hold the delimiter",
            )
        if any(cells):
            padded = [*cells, *[""] * len(columns)]
            rows.append((number, dict(zip(columns, padded, strict=False))))
    return Table(delimiter, columns, tuple(rows))


def read_rows(
    table: Path, *, needed: Sequence[str], optional: Sequence[str], prefix: str = ""
) -> list[tuple[int, dict[str, str]]]:
    """Return the number of each line and its cells, stripped, empty where there is none.

    Args:
        table: see :func:`read_table`.
        needed: columns that must be there.
        optional: columns that may be there; no others may.
        prefix: but for those that begin so; empty: none.

    Raises:
        InputRefused: what :func:`read_table` refuses; ``table-columns``.
    """
    read = read_table(table)
    columns = set(read.columns)
    named = [name for name in read.columns if prefix and name.startswith(prefix)]
    if columns - {*needed, *optional, *named} or not columns.issuperset(needed):
        raise InputRefused(
            "table-columns",
            f"The table {table.name} has the columns {', '.join(sorted(columns)) or 'none'}",
            remedy=f"It needs {', '.join(needed)}, and may have {', '.join((*optional, *named))}",
        )
    names = (*needed, *optional, *named)
    return [(number, {name: cells.get(name, "") for name in names}) for number, cells in read.rows]


def _columns(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns' names; unnamed ones at the end, as spreadsheets leave them, are none.

    Raises:
        InputRefused: ``table-columns``.
    """
    named = list(names)
    while named and not named[-1]:
        named.pop()
    if "" in named or len(set(named)) < len(named):
        twice = next((name for name in named if named.count(name) > 1 and name), "")
        what = f"two columns called {twice}" if twice else "a column without a name"
        raise InputRefused(
            "table-columns",
            f"The table {path.name} has {what}",
            remedy="Give each column a name of its own in line 1",
        )
    return tuple(named)
