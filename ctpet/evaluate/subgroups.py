"""Who took part, and the errors in subgroups of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ctpet.errors import InputRefused
from ctpet.evaluate.covariates import Column, Covariates, Split, Value, Why
from ctpet.evaluate.files import CaseFiles
from ctpet.evaluate.score import CaseScore, Kind, patient_key
from ctpet.evaluate.statistics import Interval, interval
from ctpet.evaluate.summary import per_patient, value_of
from ctpet.nifti import is_nifti_name

METRICS: Mapping[str, tuple[Kind, str, str]] = {
    "mae": ("tier", "body", "mae"),
    "bias": ("tier", "body", "bias"),
    "mae_measured": ("tier", "measured > 2.5", "mae"),
    "fabricated_ml": ("foci", "body", "fabricated_ml"),
    "omitted_ml": ("foci", "body", "omitted_ml"),
}
"""What is shown of each subgroup: kind, region and metric."""


@dataclass(frozen=True, slots=True)
class Described:
    """One covariate of all patients.

    Attributes:
        column: its name.
        known: patients with a value.
        missing: patients without.
        quartiles: of numbers, 25, 50 and 75 % with linear interpolation (R's type 7); None: groups.
        counts: patients by group; None: numbers.
    """

    column: str
    known: int
    missing: int
    quartiles: tuple[float, float, float] | None
    counts: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a subgroup.

    Attributes:
        patients: that have a value.
        interval: mean over patients.
    """

    patients: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Patients of one group.

    Attributes:
        column: name of the covariate.
        group: its value, or the range of its values.
        split: by whom a column of numbers was split.
        patients: how many.
        figures: by name, see :data:`METRICS`.
    """

    column: str
    group: str
    split: Split
    patients: int
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Participants:
    """Who took part.

    Attributes:
        described: each covariate.
        subgroups: of the covariates that have at least two.
        left_out: name of each other column, and why.
        without_row: names of the cases whose patients have no row.
        unused_lines: numbers of the lines that name nobody who was scored.
    """

    described: tuple[Described, ...]
    subgroups: tuple[Subgroup, ...]
    left_out: tuple[tuple[str, Why], ...]
    without_row: tuple[str, ...]
    unused_lines: tuple[int, ...]


def require_somebody(covariates: Covariates, files: Sequence[CaseFiles]) -> None:
    """Refuse before anything is scored a table that can be about none of the patients.

    PatientIDs are known later, so that nothing is refused where any reference is DICOM.

    Raises:
        InputRefused: ``covariates-nobody``.
    """
    called = {name for file in files for name in (file.name, file.patient)}
    all_nifti = all(is_nifti_name(file.files["reference"]) for file in files)
    if all_nifti and called.isdisjoint(covariates.lines):
        raise _nobody(covariates)


def participants(
    covariates: Covariates,
    files: Sequence[CaseFiles],
    cases: Sequence[CaseScore],
    primary: Sequence[int],
) -> Participants:
    """Bring a table of patients together with the scores.

    A row is about the patient that the user called so, the only patient of the case of that name,
    or whose PatientID it is.

    Args:
        covariates: the table.
        files: of each case.
        cases: parallel to ``files``.
        primary: positions of the cases that are described; rows about the others are of use too.

    Raises:
        InputRefused: ``covariates-nobody``: no row is about a patient; ``covariates-patient``: two
            are about one.
    """
    row_of = _row_of_patient(covariates, files, cases)
    if not row_of:
        raise _nobody(covariates)
    counted = [cases[number] for number in primary]
    patients = list(dict.fromkeys(case.patient for case in counted))
    used = set(row_of.values())
    described, subgroups = [], []
    for column in covariates.columns:
        values = {
            patient: column.values[row]
            for patient, row in row_of.items()
            if row in column.values and patient in patients
        }
        described.append(_described(column, values, len(patients)))
        subgroups += _subgroups(column, values, counted)
    return Participants(
        described=tuple(described),
        subgroups=tuple(subgroups),
        left_out=covariates.left_out,
        without_row=tuple(case.name for case in counted if case.patient not in row_of),
        unused_lines=tuple(line for row, line in covariates.lines.items() if row not in used),
    )


def _row_of_patient(
    covariates: Covariates, files: Sequence[CaseFiles], cases: Sequence[CaseScore]
) -> dict[str, str]:
    """Return the row of each patient that has one.

    Raises:
        InputRefused: ``covariates-patient``.
    """
    called: dict[str, str] = {}
    for file, case in zip(files, cases, strict=True):
        called.setdefault(file.name, case.patient)
    for file, case in zip(files, cases, strict=True):
        called[file.patient] = case.patient
    known = {case.patient for case in cases}
    found: dict[str, str] = {}
    for row, line in covariates.lines.items():
        patient = called.get(row, patient_key(row))
        if patient not in known:
            continue
        if patient in found:
            first = covariates.lines[found[patient]]
            raise InputRefused(
                "covariates-patient",
                f"Lines {first} and {line} of the covariates are about one patient",
                remedy="Give each patient one row",
            )
        found[patient] = row
    return found


def _nobody(covariates: Covariates) -> InputRefused:
    return InputRefused(
        "covariates-nobody",
        f"None of {len(covariates.lines)} rows of the covariates is about a patient who is scored",
        remedy="Name patients as their files, folders or rows are called, or by PatientID",
    )


def _described(column: Column, values: Mapping[str, Value], patients: int) -> Described:
    known = list(values.values())
    quartiles, counts = None, None
    if column.split == "groups":
        counts = dict(Counter(map(str, known)).most_common())
    else:
        numbers = [float(value) for value in known] or [np.nan]
        low, median, high = np.percentile(numbers, (25, 50, 75))
        quartiles = float(low), float(median), float(high)
    return Described(column.name, len(known), patients - len(known), quartiles, counts)


def _subgroups(
    column: Column, values: Mapping[str, Value], cases: Sequence[CaseScore]
) -> list[Subgroup]:
    """Return the groups of a column in order; none of a column that has only one."""
    cuts = column.cuts
    if column.split == "median" and values:
        cuts = (float(np.median([float(value) for value in values.values()])),)
    group_of = {patient: _group(cuts, value) for patient, value in values.items()}
    groups = sorted(set(group_of.values()))
    if len(groups) < 2:
        return []
    return [
        _subgroup(
            column, name, [case for case in cases if group_of.get(case.patient) == (at, name)]
        )
        for at, name in groups
    ]


def _group(cuts: Sequence[float], value: Value) -> tuple[int, str]:
    """Return the rank and name of a value's group; a value at a cut belongs above it."""
    if not cuts:
        return 0, str(value)
    at = int(np.searchsorted(cuts, float(value), side="right"))
    low, high = (f"≥ {cuts[at - 1]:g}" if at else ""), (f"< {cuts[at]:g}" if at < len(cuts) else "")
    return at, ", ".join(filter(None, (low, high)))


def _subgroup(column: Column, name: str, cases: Sequence[CaseScore]) -> Subgroup:
    figures = {}
    for figure, (kind, region, metric) in METRICS.items():
        of = partial(value_of, kind=kind, region=region, metric=metric)
        values = per_patient(cases, of)
        figures[figure] = Figure(int(np.isfinite(values).sum()), interval(values))
    patients = len({case.patient for case in cases})
    return Subgroup(column.name, name, column.split, patients, figures)
