"""How far a prediction's intervals cover what they say, by region, uptake and organ."""

from dataclasses import dataclass

from ctpet.evaluate.intervals import TOLERATED, UPTAKE_BINS, Standing, is_short
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.cell import Cell, mean_cell
from ctpet.evaluate.report.detection_table import in_percent
from ctpet.evaluate.report.lines import interval_of, tier_name
from ctpet.evaluate.report.verdict import Sentence
from ctpet.evaluate.report.words import GIVEN, Key, Text, Value, Words
from ctpet.evaluate.score import Kind
from ctpet.evaluate.summary import Summary
from ctpet.evaluate.tiers import TIERS


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One region.

    Attributes:
        name: of the region.
        coverage: per cent, with its interval.
        width: g/mL, with its interval.
        short: whether the coverage is too far below the nominal one.
    """

    name: Text
    coverage: Cell
    width: Cell
    short: bool


def interval_rows(summary: Summary, words: Words) -> list[tuple[Key, list[IntervalRow]]]:
    """Return the rows by group; none where predictions have no bounds."""
    if summary.standing is None:
        return []
    nominal = summary.standing.nominal
    organs = dict.fromkeys(
        line.region for line in summary.lines if line.kind == "organ" and line.metric == "coverage"
    )
    groups: dict[str, tuple[Kind, dict[str, Text]]] = {
        "tiers": ("tier", {one: words.say(tier_name(one).name) for one in TIERS}),
        "uptake": ("interval", {one: words.say(GIVEN + one) for one in UPTAKE_BINS}),
        "organs": ("organ", {one: words.organ(one) for one in organs}),
    }
    told = []
    for group, (kind, names) in groups.items():
        rows = [_row(summary, kind, one, name, nominal) for one, name in names.items()]
        told.append((Key(f"intervals.{group}"), [row for row in rows if row is not None]))
    return [(name, rows) for name, rows in told if rows]


def interval_alerts(summary: Summary) -> tuple[Sentence, ...]:
    """Return in red that intervals cover less than they say, where they do."""
    standing = summary.standing
    if standing is None or not standing.short:
        return ()
    coverage = in_percent(standing.coverage)
    values: dict[str, Value] = {
        **interval_words(standing),
        "coverage": numbers.mean_of(coverage),
        "ends": numbers.ends_of(coverage),
        "patients": coverage.patients,
    }
    return (Sentence("alert.short", "bad", values),)


def interval_words(standing: Standing) -> dict[str, Value]:
    """Return what is said and what is asked, in per cent, for the placeholders of texts."""
    return {
        "nominal": f"{100 * standing.nominal:.4g}",
        "least": f"{100 * (standing.nominal - TOLERATED):.4g}",
    }


def _row(
    summary: Summary, kind: Kind, region: str, name: Text, nominal: float
) -> IntervalRow | None:
    coverage = interval_of(summary, kind, region, "coverage")
    width = interval_of(summary, kind, region, "width")
    if not coverage.patients:
        return None
    cells = mean_cell(in_percent(coverage)), mean_cell(width)
    return IntervalRow(name, *cells, short=is_short(coverage.mean, nominal))
