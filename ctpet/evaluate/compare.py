"""Models side by side on the same patients, from the summaries of their evaluations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import InputRefused
from ctpet.evaluate.endpoints import ENDPOINTS, PRIMARY, Endpoint, Standing
from ctpet.evaluate.intervals import NOMINAL, is_short
from ctpet.evaluate.margin import Margin, Relevance, relevance
from ctpet.evaluate.outputs import SUMMARY_FILE, SUMMARY_FORMAT
from ctpet.evaluate.paired import paired_tests
from ctpet.evaluate.statistics import (
    Interval,
    by_patient,
    interval,
    minimum_detectable_difference,
)

Vector = NDArray[np.float64]

METRICS: tuple[tuple[str, str, str], ...] = (
    ("tier", "body", "mae"),
    ("tier", "body", "rmse"),
    ("tier", "body", "bias"),
    ("tier", "body", "ssim"),
    ("tier", "body", "concordance"),
    ("tier", "measured > 0.5", "mae"),
    ("tier", "measured > 2.5", "mae"),
    ("tier", "predicted > 2.5", "mae"),
    ("tier", "in lesions", "mae"),
    ("tier", "body without dome", "mae"),
    ("foci", "body", "fabricated_ml"),
    ("foci", "body", "omitted_ml"),
    ("foci", "body", "hot_dice"),
    ("lesions", "all", "dice"),
    ("texture", "body", "gradient_ratio"),
    ("texture", "body", "power_ratio"),
    ("tier", "body", "coverage"),
    ("tier", "body", "width"),
    ("tier", "in lesions", "coverage"),
)
"""Kind, region and metric of the rows."""

SAME_BODY = 0.98
"""Share of the body's voxels that two reports must both have scored; resampling may cost a rim."""

_KEYS = ("format", "title", "model", "settings", "cases")
"""Of ``summary.json``, that are read here."""

_COUNTS = ("fabricated", "omitted", "predicted", "measured")


@dataclass(frozen=True, eq=False)
class Entry:
    """One report.

    Attributes:
        title: shown; unique in a comparison.
        model: name, version, digest; None: not known.
        cases: as in ``summary.json``, by name, in one order for all entries.
        nominal: coverage that the intervals of its predictions say, if it has some.
    """

    title: str
    model: Mapping[str, Any] | None
    cases: Mapping[str, Mapping[str, Any]]
    nominal: float = NOMINAL

    @property
    def seen(self) -> tuple[str, ...]:
        """Names of the cases whose patient was in the model's training data."""
        return tuple(name for name, case in self.cases.items() if case["in_training"])

    @property
    def unchecked(self) -> bool:
        """Whether it is not known for some case if the model saw it."""
        return any(case["in_training"] is None for case in self.cases.values())


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of every model.

    Attributes:
        kind: of the part.
        region: name of the part.
        metric: its name.
        intervals: parallel to the entries.
    """

    kind: str
    region: str
    metric: str
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Paired:
    """Two models, by one endpoint.

    Attributes:
        first: index of an entry.
        second: index of another.
        endpoint: what is compared.
        difference: first − second, over the patients that have both; the interval is simultaneous
            for all pairs and endpoints.
        p: two-sided, by sign flips.
        p_adjusted: for all pairs and endpoints.
        standing: of the first beside the second.
        detectable: true difference that this many patients would show four times in five.
        margin_suv: that was stated, for MAE in the body; NaN: none.
        relevance: of the first beside the second and the margin.
    """

    first: int
    second: int
    endpoint: Endpoint
    difference: Interval
    p: float
    p_adjusted: float
    standing: Standing
    detectable: float
    margin_suv: float = np.nan
    relevance: Relevance = "unstated"


@dataclass(frozen=True, slots=True)
class BesideBaseline:
    """A model beside a baseline, by MAE in the body.

    Attributes:
        entry: index of the model's.
        name: of the baseline.
        difference: model − baseline, over the patients that have both; the interval is
            simultaneous for all models and baselines.
        p_adjusted: two-sided, by sign flips, for all models and baselines.
        standing: of the model beside the baseline.
    """

    entry: int
    name: str
    difference: Interval
    p_adjusted: float
    standing: Standing


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models on the same patients.

    Attributes:
        entries: the reports, in the order given.
        counted: names of the cases that everything below is over: those that no model is known to
            have seen; where there are none, all.
        patients: how many these are of.
        rows: :data:`METRICS` that any of them has.
        pairs: every two of them, by every endpoint that some patient has for both.
        baselines: MAE in the body of each baseline, the same for all.
        beside_baselines: every model beside every baseline.
        margin: difference of MAE in the body that matters; None: none was stated.
        counts: of foci over the cases, by word (``fabricated``, …), parallel to the entries.
    """

    entries: tuple[Entry, ...]
    counted: tuple[str, ...]
    patients: int
    rows: tuple[Row, ...]
    pairs: tuple[Paired, ...]
    baselines: Mapping[str, Interval]
    beside_baselines: tuple[BesideBaseline, ...]
    counts: Mapping[str, tuple[int, ...]]
    margin: Margin | None = None

    @property
    def short(self) -> tuple[tuple[Entry, Interval], ...]:
        """Models whose intervals cover too little of the body, with their mean coverage."""
        where = (PRIMARY.region, "coverage")
        coverages = [row.intervals for row in self.rows if (row.region, row.metric) == where]
        return tuple(
            (entry, coverage)
            for one in coverages
            for entry, coverage in zip(self.entries, one, strict=True)
            if is_short(coverage.mean, entry.nominal)
        )


def compare(reports: Sequence[Path], *, margin: Margin | None = None) -> Comparison:
    """Compare reports made by ``ctpet evaluate``.

    Args:
        reports: their folders, or their ``summary.json``; at least two.
        margin: difference of MAE in the body that matters; None: the one that the reports state.

    Raises:
        InputRefused: ``report-unreadable``; ``one-report``; ``same-report``; ``patients-differ``:
            not the same cases of the same patients; ``references-differ``: other measured PETs or
            grids; ``settings-differ``; ``margin-differs``: the reports state another one;
            ``bodies-differ``: scored in other voxels, or beside other
            baselines.
    """
    if len(reports) < 2:
        raise InputRefused("one-report", "One report cannot be compared", remedy="Name another")
    if len({_summary_of(path).resolve() for path in reports}) < len(reports):
        raise InputRefused("same-report", "A report is named twice", remedy="Name each report once")
    summaries = [_read(path) for path in reports]
    _check_same(reports, summaries)
    margin = _margin(summaries[0]["settings"].get("margin"), margin)
    return compared(_entries(reports, summaries), margin)


def compared(entries: Sequence[Entry], margin: Margin | None = None) -> Comparison:
    """Compare models by the cases that none of them is known to have seen, if there are any."""
    unseen = _unseen(entries)
    patients = [case["patient"] for case in unseen[0].cases.values()]
    return Comparison(
        entries=tuple(entries),
        counted=tuple(unseen[0].cases),
        patients=len(set(patients)),
        rows=_rows(unseen, patients),
        pairs=_pairs(unseen, patients, margin),
        baselines=_baselines(unseen[0], patients),
        beside_baselines=_beside_baselines(unseen, patients),
        counts={word: tuple(_count(entry, word) for entry in unseen) for word in _COUNTS},
        margin=margin,
    )


def _unseen(entries: Sequence[Entry]) -> Sequence[Entry]:
    seen = {name for entry in entries for name in entry.seen}
    kept = [name for name in entries[0].cases if name not in seen]
    if not kept:
        return entries
    return [replace(one, cases={name: one.cases[name] for name in kept}) for one in entries]


def _margin(told: Mapping[str, Any] | None, given: Margin | None) -> Margin | None:
    """Return the margin that the reports state, or the one given where they state none."""
    stated = Margin(told["value"], told["unit"]) if told else None
    if stated and given and stated != given:
        raise InputRefused(
            "margin-differs",
            f"The reports state a margin of {stated}, not {given}",
            remedy="Leave out --margin: a margin that is changed afterwards is none",
        )
    return stated or given


def _summary_of(report: Path) -> Path:
    return report / SUMMARY_FILE if report.is_dir() else report


def _read(path: Path) -> dict[str, Any]:
    file = _summary_of(path)
    try:
        told: dict[str, Any] = json.loads(file.read_text("utf-8"))
        version, *_ = (told[key] for key in _KEYS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputRefused(
            "report-unreadable",
            f"{path} holds no readable {SUMMARY_FILE} ({type(error).__name__})",
            remedy="Name a folder that `ctpet evaluate` made",
        ) from error
    if version != SUMMARY_FORMAT:
        raise InputRefused(
            "report-unreadable",
            f"{file} has format {version}; this ctpet reads format {SUMMARY_FORMAT}",
            remedy="Evaluate again",
        )
    return told


def _check_same(reports: Sequence[Path], summaries: Sequence[Mapping[str, Any]]) -> None:
    """Refuse reports that are not about the same patients, references and settings.

    Raises:
        InputRefused: see :func:`compare`.
    """
    first = {case["name"]: case for case in summaries[0]["cases"]}
    for path, other in zip(reports[1:], summaries[1:], strict=True):
        cases = {case["name"]: case for case in other["cases"]}
        where = f"{reports[0]} and {path}"
        same = set(first) & set(cases)
        strangers = set(first) ^ set(cases) | {
            name for name in same if first[name]["patient"] != cases[name]["patient"]
        }
        if strangers:
            raise InputRefused(
                "patients-differ",
                f"{where} are not about the same patients: {_few(strangers)}",
                remedy="Evaluate all models on the same cases",
            )
        key = "reference_sha256"
        if changed := {name for name in same if first[name][key] != cases[name][key]}:
            raise InputRefused(
                "references-differ",
                f"{where} were measured against different references: {_few(changed)}",
                remedy="Evaluate all models against the same measured PETs on the same grids",
            )
        if summaries[0]["settings"] != other["settings"]:
            raise InputRefused(
                "settings-differ",
                f"{where} were made with different settings",
                remedy="Evaluate all models with the same ctpet and the same options",
            )
        if changed := {name for name in same if _scored_otherwise(first[name], cases[name])}:
            raise InputRefused(
                "bodies-differ",
                f"{where} were not scored in the same voxels: {_few(changed)}",
                remedy="Evaluate all models with the same CT and label maps, and with predictions "
                "that cover the same part of the body",
            )


def _scored_otherwise(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether a case was scored in another body, or beside other baselines."""
    few, many = sorted(_body_voxels(case) for case in (one, other))
    return few < SAME_BODY * many or set(one["baselines"]) != set(other["baselines"])


def _body_voxels(case: Mapping[str, Any]) -> float:
    (body,) = [
        each
        for each in case["regions"]
        if (each["kind"], each["name"]) == (PRIMARY.kind, PRIMARY.region)
    ]
    return float(body["values"]["voxels"])


def _entries(reports: Sequence[Path], summaries: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    order = [case["name"] for case in summaries[0]["cases"]]
    titles = [told["title"] or _folder(path) for told, path in zip(summaries, reports, strict=True)]
    entries = []
    for number, (title, told) in enumerate(zip(titles, summaries, strict=True)):
        again = titles[:number].count(title)
        by_name = {case["name"]: case for case in told["cases"]}
        entries.append(
            Entry(
                title=f"{title} ({again + 1})" if again else title,
                model=told["model"],
                cases={name: by_name[name] for name in order},
                nominal=(told.get("interval") or {}).get("nominal", NOMINAL),
            )
        )
    return tuple(entries)


def _folder(path: Path) -> str:
    """Return the name of a report's folder."""
    folder = path if path.is_dir() else path.parent
    return folder.name or folder.absolute().name


def _rows(entries: Sequence[Entry], patients: Sequence[str]) -> tuple[Row, ...]:
    rows = []
    for key in METRICS:
        values = [by_patient(_values(entry, *key), patients) for entry in entries]
        if any(np.isfinite(each).any() for each in values):
            rows.append(Row(*key, tuple(interval(each) for each in values)))
    return tuple(rows)


def _pairs(
    entries: Sequence[Entry], patients: Sequence[str], margin: Margin | None = None
) -> tuple[Paired, ...]:
    family, margins_suv = {}, {}
    for endpoint, (a, b) in product(ENDPOINTS, combinations(range(len(entries)), 2)):
        first, second = (_endpoint_values(entries[each], endpoint) for each in (a, b))
        difference = by_patient(first - second, patients)
        if np.isfinite(difference).any():
            family[a, b, endpoint] = difference
            if margin and endpoint == PRIMARY:
                of_second = by_patient(np.where(np.isnan(first), np.nan, second), patients)
                margins_suv[a, b, endpoint] = margin.in_suv(float(np.nanmean(of_second)))
    tests = paired_tests(list(family.values()))
    return tuple(
        Paired(
            *key,
            difference=test.interval,
            p=test.p,
            p_adjusted=test.p_adjusted,
            standing=key[-1].standing(test),
            detectable=minimum_detectable_difference(difference),
            margin_suv=margins_suv.get(key, np.nan),
            relevance=relevance(test.interval, margins_suv.get(key, np.nan)),
        )
        for (key, difference), test in zip(family.items(), tests, strict=True)
    )


def _baselines(entry: Entry, patients: Sequence[str]) -> dict[str, Interval]:
    names = dict.fromkeys(name for case in entry.cases.values() for name in case["baselines"])
    return {name: interval(by_patient(_baseline_values(entry, name), patients)) for name in names}


def _beside_baselines(
    entries: Sequence[Entry], patients: Sequence[str]
) -> tuple[BesideBaseline, ...]:
    family = {
        (number, name): by_patient(case_values(entry) - _baseline_values(entry, name), patients)
        for number, entry in enumerate(entries)
        for name in _baselines(entry, patients)
    }
    return tuple(
        BesideBaseline(*key, test.interval, test.p_adjusted, PRIMARY.standing(test))
        for key, test in zip(family, paired_tests(list(family.values())), strict=True)
    )


def _baseline_values(entry: Entry, name: str) -> Vector:
    """Return the MAE in the body of a baseline in each case; NaN where it has none."""
    found = [
        case["baselines"].get(name, {}).get(PRIMARY.region, {}).get(PRIMARY.metric)
        for case in entry.cases.values()
    ]
    return np.array([_number(value) for value in found])


def _endpoint_values(entry: Entry, endpoint: Endpoint) -> Vector:
    return _values(entry, endpoint.kind, endpoint.region, endpoint.metric)


def case_values(entry: Entry) -> Vector:
    """Return the MAE in the body of each case, in their order."""
    return _endpoint_values(entry, PRIMARY)


def _values(entry: Entry, kind: str, region: str, metric: str) -> Vector:
    """Return a metric of each case; NaN where it has none."""
    return np.array(
        [
            next(
                (
                    _number(one["values"].get(metric))
                    for one in case["regions"]
                    if (one["kind"], one["name"]) == (kind, region)
                ),
                np.nan,
            )
            for case in entry.cases.values()
        ]
    )


def _count(entry: Entry, word: str) -> int:
    return int(
        sum(
            value or 0
            for case in entry.cases.values()
            for one in case["regions"]
            if one["kind"] == "foci"
            for name, value in one["values"].items()
            if name.startswith(f"{word} count ")
        )
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _few(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
