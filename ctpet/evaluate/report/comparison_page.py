"""The page that puts models side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ctpet.evaluate.compare import Comparison, Entry, Paired, Row, case_values
from ctpet.evaluate.endpoints import PRIMARY
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.cell import Cell, mean_cell, tested_cell
from ctpet.evaluate.report.charts import case_chart
from ctpet.evaluate.report.detection_table import in_percent
from ctpet.evaluate.report.figures import in_all_languages
from ctpet.evaluate.report.frame import write_page
from ctpet.evaluate.report.leading import foci_tone
from ctpet.evaluate.report.lines import baseline_name, endpoint_name, some, tier_name
from ctpet.evaluate.report.verdict import Sentence
from ctpet.evaluate.report.words import Key, Language, Value, load_words
from ctpet.evaluate.statistics import LEAST_PATIENTS

_NAMES = {name: f"compare.{name}" for name in ("dice", "hot_dice", "fabricated_ml", "omitted_ml")}
_RATIOS = ("gradient_ratio", "power_ratio")


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two models; see :class:`ctpet.evaluate.compare.Paired`."""

    first: str
    second: str
    endpoint: Key
    difference: Cell
    shown: Key
    relevance: Key | None
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
        patients=len({case["patient"] for case in comparison.entries[0].cases.values()}),
        alerts=_alerts(comparison),
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


def _alerts(comparison: Comparison) -> list[Sentence]:
    entries = comparison.entries
    found = [
        Sentence(
            "compare.seen" if _has_seen(entry, comparison) else "compare.seen_left_out",
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
    for entry, coverage in comparison.short:
        share = in_percent(coverage)
        told = {"coverage": numbers.mean_of(share), "ends": numbers.ends_of(share)}
        values = {"model": entry.title, "nominal": f"{100 * entry.nominal:.4g}", **told}
        found.append(Sentence("compare.short", "bad", values))
    return found


def _has_seen(entry: Entry, comparison: Comparison) -> bool:
    """Tell whether the model has learned from some case that counts."""
    return not set(entry.seen).isdisjoint(comparison.counted)


def _verdict(comparison: Comparison) -> list[Sentence]:
    """Return what each does to foci, who has the lowest error, and how little that says."""
    sentences = [*_foci(comparison), _lowest(comparison)]
    sentences += [
        Sentence(
            "compare.below",
            "bad",
            {
                "model": comparison.entries[one.entry].title,
                "baseline": baseline_name(one.name),
                "p": numbers.p_value(one.p_adjusted),
            },
        )
        for one in comparison.beside_baselines
        if one.standing == "worse"
    ]
    if comparison.margin:
        told: dict[str, Value] = {"margin": str(comparison.margin)}
        sentences.append(Sentence("margin.stated", "plain", told))
    return [*sentences, _power(comparison)]


def _foci(comparison: Comparison) -> list[Sentence]:
    volumes = [row.intervals for row in comparison.rows if row.metric == "fabricated_ml"]
    found = []
    for number, entry in enumerate(comparison.entries):
        counts = {word: each[number] for word, each in comparison.counts.items()}
        told: dict[str, Value] = {"model": entry.title, **counts}
        told["fabricated_ml"] = numbers.number(volumes[0][number].mean) if volumes else numbers.NONE
        found.append(Sentence("compare.foci", foci_tone(counts), told))
    return found


def _lowest(comparison: Comparison) -> Sentence:
    """Return the model of the lowest mean, and from whom it is shown to differ."""
    mae = comparison.rows[0].intervals
    best = int(np.argmin([np.inf if np.isnan(one.mean) else one.mean for one in mae]))
    entry = comparison.entries[best]
    values: dict[str, Value] = {
        "model": entry.title,
        "mae": numbers.mean_of(mae[best]),
        "ends": numbers.ends_of(mae[best]),
    }
    if _has_seen(entry, comparison):
        return Sentence("compare.lowest_seen", "bad", values)
    beside = [pair for pair in _primary_pairs(comparison) if best in (pair.first, pair.second)]
    if any(np.isnan(pair.p_adjusted) for pair in beside):
        return Sentence("compare.lowest_few", "doubt", values)
    open_pairs = [pair for pair in beside if pair.standing == "open"]
    if not open_pairs:
        largest = max(pair.p_adjusted for pair in beside)
        return Sentence("compare.lowest", "plain", {**values, "p": numbers.p_value(largest)})
    others = tuple(
        comparison.entries[pair.second if pair.first == best else pair.first].title
        for pair in open_pairs
    )
    least = min(pair.p_adjusted for pair in open_pairs)
    values |= {"others": others, "p": numbers.p_value(least)}
    return Sentence("compare.lowest_open", "doubt", values)


def _primary_pairs(comparison: Comparison) -> list[Paired]:
    return [pair for pair in comparison.pairs if pair.endpoint == PRIMARY]


def _power(comparison: Comparison) -> Sentence:
    if comparison.patients < LEAST_PATIENTS:
        few = {"patients": comparison.patients, "least": LEAST_PATIENTS}
        return Sentence("compare.power_few", "doubt", few)
    pair = max(_primary_pairs(comparison), key=lambda one: one.detectable)
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
            endpoint=endpoint_name(pair.endpoint),
            difference=replace(
                tested_cell(pair.difference, pair.p_adjusted, pair.standing), standing="untested"
            ),
            shown=Key(f"compare.first_{pair.standing}"),
            relevance=(None if pair.relevance == "unstated" else Key(f"margin.{pair.relevance}")),
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
