"""``measurements.csv``: one value a row, for pandas, R and spreadsheets, and its dictionary."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ctpet.evaluate.cells import text_cell
from ctpet.evaluate.dictionary import entry_of
from ctpet.evaluate.lesions import SIZE_CLASSES
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.score import CaseScore
from ctpet.evaluate.tally import TallyErrors

Row = Mapping[str, str]

MODEL, VOXELS = "model", "voxels"

COLUMNS = {
    "case": "name of the case, as the user gave it",
    "patient": "hash of the patient; a patient's cases share it",
    "in_training": "TRUE or FALSE: whether the model saw the patient; empty: not known",
    "method": f"{MODEL}, or the baseline that was fitted without the patient",
    "kind": "what sort of region: tier, texture, interval (a bin of the predicted SUV), foci, "
    "organ, lesion, lesions (all together), detection (counts of a segmenter by PET), candidate "
    "(a part of its mask)",
    "region": "the part of the image; foci are those of the body",
    "size": "class of volume of the foci or lesions counted; empty: not by size",
    "metric": "what was measured; one row of this dictionary each",
    "value": "a number with a point; empty: not defined; inf: infinite",
    "unit": "of the value; empty: a number without unit",
    "voxels": "of the region; empty where a value is not taken over its voxels",
}
"""Name and definition."""

DICTIONARY_COLUMNS = ("name", "is", "unit", "least", "most", "definition")

_SIZES = dict(
    zip(SIZE_CLASSES, ("below 1 mL", "1 to 5 mL", "5 to 20 mL", "20 mL or more"), strict=True)
)
"""Words that a spreadsheet does not take for a date."""


def write_measurements(evaluation: Evaluation, path: Path, dictionary: Path) -> None:
    """Write every value of every case, and what each column and metric is.

    The tables are plain ASCII unless a name is not; then they begin with a byte-order mark, without
    which spreadsheets garble names such as Ánh (R reads it with ``fileEncoding = "UTF-8-BOM"``).
    """
    names = [case.name for case in evaluation.cases]
    names += [one.name for case in evaluation.cases for one in case.regions]
    metrics: dict[str, None] = {}
    with _table(path, COLUMNS, plain="".join(names).isascii()) as write:
        for number, _ in enumerate(evaluation.cases):
            for row in _rows(evaluation, number):
                metrics[row["metric"]] = None
                write(row)
    with _table(dictionary, DICTIONARY_COLUMNS, plain=True) as write:
        for row in (*_column_entries(), *map(_metric_entry, metrics)):
            write(row)


def _rows(evaluation: Evaluation, number: int) -> Iterator[Row]:
    case = evaluation.cases[number]
    for method, kind, region, values in _measured(case, evaluation.baselines[number]):
        for name, value in values.items():
            if name == VOXELS:
                continue
            metric, size = _metric(name)
            yield {
                "case": text_cell(case.name),
                "patient": case.patient,
                "in_training": {None: "", True: "TRUE", False: "FALSE"}[case.in_training],
                "method": method,
                "kind": kind,
                "region": text_cell(region),
                "size": size,
                "metric": metric,
                "value": _number(value),
                "unit": entry_of(metric).unit,
                "voxels": _number(values.get(VOXELS, math.nan)),
            }


def _measured(
    case: CaseScore, baselines: Mapping[str, Mapping[str, TallyErrors]]
) -> Iterator[tuple[str, str, str, Mapping[str, float]]]:
    """Yield method, kind, region and values: of the model, then of the baselines."""
    for region in case.regions:
        yield MODEL, region.kind, region.name, region.values
    for name, tiers in baselines.items():
        for tier, errors in tiers.items():
            yield name, "tier", tier, asdict(errors)


def _metric(name: str) -> tuple[str, str]:
    """Return the metric and the class of size of a name such as ``omitted count 1–5``."""
    words = name.split(" ")
    if words[-1] not in _SIZES:
        return name, ""
    return "_".join(words[:-1]), _SIZES[words[-1]]


def _column_entries() -> list[Row]:
    return [
        {"name": name, "is": "column", "unit": "", "least": "", "most": "", "definition": told}
        for name, told in COLUMNS.items()
    ]


def _metric_entry(metric: str) -> Row:
    return {"name": metric, "is": "metric", **asdict(entry_of(metric))}


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.9g}"


@contextmanager
def _table(path: Path, columns: Iterable[str], *, plain: bool) -> Iterator[Callable[[Row], None]]:
    """Open a table and give what writes a row; rows are many, and are not held."""
    with path.open("w", newline="", encoding="utf-8" if plain else "utf-8-sig") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        yield writer.writerow
