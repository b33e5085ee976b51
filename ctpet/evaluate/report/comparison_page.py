"""The page that puts models side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctpet.evaluate.compare import Comparison, Entry, Row, case_values
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.cell import Cell, mean_cell
from ctpet.evaluate.report.charts import case_chart
from ctpet.evaluate.report.figures import in_all_languages
from ctpet.evaluate.report.frame import write_page
from ctpet.evaluate.report.lines import baseline_name, some, tier_name
from ctpet.evaluate.report.verdict import Sentence
from ctpet.evaluate.report.words import Key, Language, load_words
from ctpet.evaluate.statistics import LEAST_PATIENTS

_NAMES = {name: f"compare.{name}" for name in ("dice", "hot_dice", "fabricated_ml", "omitted_ml")}
_RATIOS = ("gradient_ratio", "power_ratio")


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two models; see :class:`ctpet.evaluate.compare.Paired`."""

    first: str
    second: str
    difference: Cell
    p: str
    detectable: str


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of every model.

    Attributes:
        metric: its name.
        tier: where; None where the metric says so itself.
        cells: one a model.
    """

    metric: Key
    tier: Key | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class CaseRow:
    """MAE of every model in one case, as shown, as sorted, and whether the model saw it."""

    name: str
    cells: tuple[tuple[str, float, bool], ...]


def write_comparison(comparison: Comparison, path: Path, *, language: Language = "en") -> None:
    """Write one HTML file that needs nothing beside it; the same arguments give the same bytes.

    Args:
        comparison: what was found.
        path: where to write; an existing file is replaced.
        language: in which the page opens; it holds both.
    """
    words = load_words()
    titles = tuple(entry.title for entry in comparison.entries)
    chart = in_all_languages(
        words,
        "strip",
        lambda _, say, name: case_chart(
            {entry.title: case_values(entry).tolist() for entry in comparison.entries}, say, name
        ),
    )
    write_page(
        "comparison.html.j2",
        words,
        path,
        language=language,
        titles=titles,
        models=[entry.model for entry in comparison.entries],
        patients=comparison.patients,
        alerts=_alerts(comparison.entries),
        verdict=_verdict(comparison),
        pairs=_pairs(comparison),
        rows=[_metric_row(row) for row in comparison.rows],
        baselines=[
            (baseline_name(name), mean_cell(one)) for name, one in comparison.baselines.items()
        ],
        counts=[(f"compare.{word}", counts) for word, counts in comparison.counts.items()],
        chart=chart,
        cases=_cases(comparison.entries),
    )


def _alerts(entries: Sequence[Entry]) -> list[Sentence]:
    found = [
        Sentence(
            "compare.seen",
            "bad",
            {
                "model": entry.title,
                "seen": len(entry.seen),
                "all": len(entry.cases),
                "cases": some(entry.seen),
            },
        )
        for entry in entries
        if entry.seen
    ]
    found += [
        Sentence("compare.unknown", "doubt", {"model": entry.title})
        for entry in entries
        if entry.unchecked
    ]
    return found


def _verdict(comparison: Comparison) -> list[Sentence]:
    """Return who is best, who is below a baseline, and how little that says."""
    mae = comparison.rows[0].intervals
    best = int(np.argmin([one.mean for one in mae]))
    entry = comparison.entries[best]
    values = {"model": entry.title, "mae": numbers.mean_of(mae[best])}
    if entry.seen:
        sentences = [Sentence("compare.lowest_seen", "bad", values)]
    else:
        ends = {"ends": numbers.ends_of(mae[best])}
        sentences = [Sentence("compare.lowest", "plain", {**values, **ends})]
    sentences += [
        Sentence("compare.below", "bad", {"model": one.title, "baseline": baseline_name(name)})
        for one, own in zip(comparison.entries, mae, strict=True)
        for name, baseline in comparison.baselines.items()
        if own.mean > baseline.mean
    ]
    return [*sentences, _power(comparison)]


def _power(comparison: Comparison) -> Sentence:
    if comparison.patients < LEAST_PATIENTS:
        few = {"patients": comparison.patients, "least": LEAST_PATIENTS}
        return Sentence("compare.power_few", "doubt", few)
    pair = max(comparison.pairs, key=lambda one: one.detectable)
    return Sentence(
        "compare.power",
        "doubt",
        {
            "patients": comparison.patients,
            "detectable": numbers.number(pair.detectable),
            "first": comparison.entries[pair.first].title,
            "second": comparison.entries[pair.second].title,
        },
    )


def _pairs(comparison: Comparison) -> list[PairRow]:
    return [
        PairRow(
            first=comparison.entries[pair.first].title,
            second=comparison.entries[pair.second].title,
            difference=mean_cell(pair.difference, "+"),
            p=numbers.p_value(pair.p_holm).removeprefix("= "),
            detectable=numbers.number(pair.detectable),
        )
        for pair in comparison.pairs
    ]


def _metric_row(row: Row) -> MetricRow:
    ratio = row.metric in _RATIOS
    name = f"texture.{row.metric}" if ratio else _NAMES.get(row.metric, f"metric.{row.metric}")
    tier = tier_name(row.region) if row.kind == "tier" else None
    sign: numbers.Sign = "+" if row.metric == "bias" else "-"
    return MetricRow(Key(name), tier, tuple(mean_cell(one, sign) for one in row.intervals))


def _cases(entries: Sequence[Entry]) -> list[CaseRow]:
    values = [case_values(entry) for entry in entries]
    return [
        CaseRow(
            name,
            tuple(
                (numbers.number(value), float(value), name in entry.seen)
                for entry, value in zip(entries, row, strict=True)
            ),
        )
        for name, row in zip(entries[0].cases, np.transpose(values), strict=True)
    ]
