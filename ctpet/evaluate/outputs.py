"""What an evaluation leaves beside its report: a table of cases, and a summary for machines."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from ctpet import __version__
from ctpet.evaluate.agreement import RANGE_SUV
from ctpet.evaluate.cells import text_cell
from ctpet.evaluate.lesions import HOT_SUV, LEAST_ML, NEAR_MM
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.summary import Summary

SUMMARY_FORMAT = 1
CASES_FILE, SUMMARY_FILE, REPORT_FILE = "cases.csv", "summary.json", "report.html"
CHECKLIST_FILE = "checklist.csv"
MEASUREMENTS_FILE, DICTIONARY_FILE = "measurements.csv", "measurements-dictionary.csv"

NEEDED_BYTES = 50_000_000
"""Space that an evaluation may take; what a caller should find free."""

_ALWAYS = ("case", "patient", "in_training", "kind", "region")


def write_cases(evaluation: Evaluation, path: Path) -> None:
    """Write a CSV with one row a case and region; baselines are rows of kind ``baseline``.

    A cell is empty where the metric does not belong to the region or is not defined. The file
    begins with a byte-order mark, without which spreadsheets garble names such as Ánh.
    """
    rows = [*_region_rows(evaluation), *_baseline_rows(evaluation)]
    names = dict.fromkeys(name for row in rows for name in row if name not in _ALWAYS)
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, [*_ALWAYS, *names], restval="")
        writer.writeheader()
        writer.writerows(rows)


def summary_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return what ``summary.json`` holds; numbers that are not defined are null."""
    model = None
    if evaluation.model is not None:
        contract, digest = evaluation.model
        model = {
            "name": contract.name,
            "version": contract.model_version,
            "kind": contract.kind,
            "digest_sha256": digest,
            "trained_on": contract.learned_from,
            "trained_on_patients": contract.patients,
        }
    told = {
        "format": SUMMARY_FORMAT,
        "notice": "SYNTHETIC – NOT FOR DIAGNOSIS",
        "title": evaluation.title,
        "versions": {"ctpet": __version__, "numpy": np.__version__, "scipy": scipy.__version__},
        "model": model,
        "settings": {
            "resampled": evaluation.resampled,
            "range_suv": RANGE_SUV,
            "hot_suv": HOT_SUV,
            "least_focus_ml": LEAST_ML,
            "near_mm": NEAR_MM,
            "margin": evaluation.summary.margin,
        },
        "patients": evaluation.summary.patients,
        "seen": evaluation.seen,
        "refused": evaluation.refused,
        "lines": evaluation.summary.lines,
        "baselines": evaluation.summary.baselines,
        "agreements": evaluation.summary.agreements,
        "totals": evaluation.summary.totals,
        "detection": evaluation.summary.detection,
        **_interval(evaluation.summary),
        "participants": evaluation.participants,
        "cases": [
            {**asdict(case), "baselines": errors}
            for case, errors in zip(evaluation.cases, evaluation.baselines, strict=True)
        ],
    }
    plain: dict[str, Any] = _plain(told)
    return plain


def _interval(summary: Summary) -> dict[str, Any]:
    if (standing := summary.standing) is None:
        return {}
    return {"interval": {**asdict(standing), "short": standing.short}}


def write_summary(evaluation: Evaluation, path: Path) -> None:
    """Write ``summary.json``."""
    text = json.dumps(summary_json(evaluation), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", "utf-8")


def _region_rows(evaluation: Evaluation) -> list[dict[str, object]]:
    return [
        {
            "case": text_cell(case.name),
            "patient": case.patient,
            "in_training": "" if case.in_training is None else case.in_training,
            "kind": region.kind,
            "region": text_cell(region.name),
            **_cells(region.values),
        }
        for case in evaluation.cases
        for region in case.regions
    ]


def _baseline_rows(evaluation: Evaluation) -> list[dict[str, object]]:
    return [
        {
            "case": text_cell(case.name),
            "patient": case.patient,
            "kind": "baseline",
            "region": f"{name}: {tier}",
            **_cells(asdict(errors)),
        }
        for case, baselines in zip(evaluation.cases, evaluation.baselines, strict=True)
        for name, tiers in baselines.items()
        for tier, errors in tiers.items()
    ]


def _cells(values: Mapping[str, float]) -> dict[str, object]:
    return {name: "" if math.isnan(value) else f"{value:.6g}" for name, value in values.items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: objects, lists, texts, and numbers that are finite or null."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
