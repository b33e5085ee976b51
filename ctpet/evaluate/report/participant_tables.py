"""Who took part, and the errors in subgroups."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ctpet.evaluate.covariates import Split, Why
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.cell import Cell, mean_cell
from ctpet.evaluate.report.lines import some
from ctpet.evaluate.subgroups import METRICS, Described, Participants, Subgroup


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """One covariate, or one group of it.

    Attributes:
        name: of the covariate; empty in the rows of its groups.
        group: name of the group; empty: a covariate.
        shown: median and quartiles, or patients with their share; empty: groups follow.
        missing: patients without a value; None: a group.
    """

    name: str
    group: str
    shown: str
    missing: int | None


@dataclass(frozen=True, slots=True)
class SubgroupRow:
    """One subgroup.

    Attributes:
        group: its name.
        patients: how many.
        figures: in the order of ``METRICS``.
    """

    group: str
    patients: int
    figures: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ParticipantTables:
    """What the page shows.

    Attributes:
        rows: of the participants.
        metrics: names of the subgroups' columns.
        columns: name of each covariate, how it is split, and its subgroups.
        groups: how many subgroups there are.
        left_out: columns that are not shown, by the reason.
        without_row: names of cases, some of many.
        unused_lines: numbers of lines, some of many.
    """

    rows: tuple[ParticipantRow, ...]
    metrics: tuple[str, ...]
    columns: tuple[tuple[str, Split, tuple[SubgroupRow, ...]], ...]
    groups: int
    left_out: tuple[tuple[Why, tuple[str, ...]], ...]
    without_row: tuple[str, ...]
    unused_lines: tuple[str, ...]


def participant_tables(found: Participants | None) -> ParticipantTables | None:
    """Return the tables of the participants; None without covariates."""
    if found is None:
        return None
    reasons = sorted({why for _, why in found.left_out})
    return ParticipantTables(
        rows=tuple(row for one in found.described for row in _rows(one)),
        metrics=tuple(METRICS),
        columns=tuple(
            (name, split, tuple(map(_subgroup, groups)))
            for (name, split), groups in groupby(
                found.subgroups, key=lambda one: (one.column, one.split)
            )
        ),
        groups=len(found.subgroups),
        left_out=tuple(
            (why, tuple(name for name, each in found.left_out if each == why)) for why in reasons
        ),
        without_row=some(found.without_row),
        unused_lines=some([str(line) for line in found.unused_lines]),
    )


def _rows(one: Described) -> list[ParticipantRow]:
    if one.quartiles is not None:
        return [ParticipantRow(one.column, "", _quartiles(one.quartiles), one.missing)]
    counts = one.counts or {}
    return [
        ParticipantRow(one.column, "", "", one.missing),
        *(
            ParticipantRow("", group, f"{count} ({numbers.percent(count / one.known)})", None)
            for group, count in counts.items()
        ),
    ]


def _quartiles(quartiles: Sequence[float]) -> str:
    low, median, high = quartiles
    return f"{numbers.beside(median, (low, high))} {numbers.range_of(low, high)}".rstrip()


def _subgroup(one: Subgroup) -> SubgroupRow:
    return SubgroupRow(
        one.group,
        one.patients,
        tuple(
            mean_cell(one.figures[name].interval, "+" if name == "bias" else "-")
            for name in METRICS
        ),
    )
