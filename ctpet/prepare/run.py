"""From a source to a prepared folder: find the pairs, make the cases, say what became of each."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ctpet.claims import claimed
from ctpet.errors import CtpetError, InputRefused, is_disk_full
from ctpet.findings import Finding
from ctpet.prepare.cases import CASE_FILE, CASES_FOLDER, Case, list_cases
from ctpet.prepare.dataset import About, DatasetInfo, open_dataset, write_dataset
from ctpet.prepare.dicom_source import DicomPair
from ctpet.prepare.fingerprint import dataset_fingerprint
from ctpet.prepare.layouts import Layout, find_sources, layout_of
from ctpet.prepare.making import DISK_FULL, PARTIAL_FOLDER, Outcome, Task, kept, look_at, make_case
from ctpet.prepare.pairing import Refusal
from ctpet.prepare.picture import PICTURE_FILE
from ctpet.prepare.sheet import SHEET_FILE, write_sheet
from ctpet.prepare.splits import (
    SPLITS_FILE,
    SPLITS_SEED,
    Splits,
    grow_folds,
    make_folds,
    read_splits,
    write_splits,
)
from ctpet.prepare.tables import TABLE_FILE, Left, write_table
from ctpet.prepare.twins import twins
from ctpet.progress import Progress, silent
from ctpet.volume.geometry import Spacing3
from ctpet.workers import WorkerDied, spread

STAGE_SHARES: Mapping[str, float] = {"scan": 0.1, "prepare": 0.85, "tables": 0.05}


class WorkerKilled(CtpetError):
    """A worker process was ended from outside."""


@dataclass(frozen=True, slots=True)
class PrepareRequest:
    """What is to be prepared.

    Attributes:
        source: a path, or ``phantom:FIRST-LAST``.
        out: the prepared folder, new or begun before.
        spacing_mm: of the grid, (k, j, i).
        layout: of the source.
        table: of pairs, for the layout ``table``.
        folds: of the cross-validation.
        workers: processes.
        about: what the data are.
    """

    source: str
    out: Path
    spacing_mm: Spacing3 = (4.0, 4.0, 4.0)
    layout: Layout = "auto"
    table: Path | None = None
    folds: int = 5
    workers: int = 1
    about: About = field(default_factory=About)


@dataclass(frozen=True, slots=True)
class PrepareResult:
    """What became of every source, and the dataset that there is now.

    Attributes:
        out: the prepared folder.
        outcomes: in the order of the source.
        info: content of ``dataset.json``.
        notes: about the source as a whole; they may name files, and are stored nowhere.
    """

    out: Path
    outcomes: tuple[Outcome, ...]
    info: DatasetInfo
    notes: tuple[Finding, ...] = ()

    @property
    def refused(self) -> tuple[Outcome, ...]:
        """The sources that were not taken."""
        return tuple(one for one in self.outcomes if one.status == "refused")

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON object; names of sources are in it."""
        return {
            "out": str(self.out),
            "cases": self.info.cases,
            "patients": self.info.patients,
            "fingerprint": self.info.fingerprint,
            "notes": [note.to_json() for note in self.notes],
            "outcomes": [
                {
                    "source": one.name,
                    "case_id": one.case_id,
                    "status": one.status,
                    "code": one.code,
                    "message": one.message,
                    "warnings": [finding.to_json() for finding in one.warnings],
                    "findings": [finding.to_json() for finding in one.findings],
                }
                for one in self.outcomes
            ],
        }


def run_prepare(request: PrepareRequest, *, progress: Progress = silent) -> PrepareResult:
    """Prepare a source: cases, folds, tables and contact sheet under one folder.

    Cases that are whole already and whose source has not changed are kept. What cannot be
    trusted is left out and told; it does not stop the others.

    Args:
        request: what to prepare.
        progress: told of the stages in :data:`STAGE_SHARES`.

    Raises:
        InputRefused: the source as a whole cannot be read; ``out-not-empty``, ``out-claimed``,
            ``out-unwritable``, ``spacing-differs``; ``disk-full`` (what was made is whole).
        WorkerKilled: naming what was worked on.
        ValueError: folds or workers out of range.
    """
    if request.folds < 2 or request.workers < 1:
        raise ValueError("folds must be at least 2 and workers at least 1")
    layout = layout_of(request.source, request.table, request.layout)
    with ExitStack() as stack:
        try:
            stack.enter_context(claimed(request.out / CASES_FOLDER))
            info = open_dataset(request.out, request.spacing_mm, request.about)
        except OSError as error:
            raise InputRefused(
                "out-unwritable",
                f"Nothing can be written at {request.out}: {error.strerror or error}",
                remedy="Name a folder you may write to",
            ) from error
        return _prepare(request, info, layout, progress)


def _prepare(
    request: PrepareRequest, info: DatasetInfo, layout: Layout, progress: Progress
) -> PrepareResult:
    found = find_sources(
        request.source, request.table, layout, workers=request.workers, progress=progress
    )
    write_dataset(request.out, info)
    tasks = [Task(one, request.out, request.spacing_mm, info.salt) for one in found.sources]
    outcomes = [*_make_all(tasks, request, progress), *_look_at_all(found.refusals, request, info)]
    progress("tables", 0.0)
    outcomes = _without_twins(request.out, outcomes)
    info = replace(info, sources=tuple(sorted({*info.sources, *found.kinds})))
    info = _finish(request, info, outcomes)
    progress("tables", 1.0)
    return PrepareResult(request.out, tuple(outcomes), info, found.notes)


def _make_all(tasks: Sequence[Task], request: PrepareRequest, progress: Progress) -> list[Outcome]:
    """Return an outcome for each task, in their order."""
    progress("prepare", 0.0)
    partial = request.out / PARTIAL_FOLDER
    outcomes = {task: outcome for task in tasks if (outcome := kept(task))}
    new = [task for task in tasks if task not in outcomes]
    try:
        for task, outcome in spread(make_case, new, request.workers):
            if outcome.code == DISK_FULL:
                raise _disk_full(request.out)
            outcomes[task] = outcome
            progress("prepare", len(outcomes) / len(tasks))
    except WorkerDied as error:
        raise _killed([task for task in tasks if task.partial.exists()]) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    progress("prepare", 1.0)
    return [outcomes[task] for task in tasks]


def _look_at_all(
    refusals: Sequence[Refusal], request: PrepareRequest, info: DatasetInfo
) -> list[Outcome]:
    """Return an outcome for what is no pair, with a picture where CT and PET are there."""
    outcomes = {one: _not_taken(one) for one in refusals}
    seen = [
        (Task(DicomPair(one.match), request.out, request.spacing_mm, info.salt), one)
        for one in refusals
        if one.match is not None
    ]
    with suppress(WorkerDied):  # what is refused is refused without its picture too
        for (_, refusal), outcome in spread(look_at, seen, request.workers):
            outcomes[refusal] = outcome
    return [outcomes[one] for one in refusals]


def _without_twins(out: Path, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Remove cases that hold the images of another, and say so in their outcomes."""
    reasons = twins(_cases(out))
    pictures = {}
    for case_id in reasons:
        picture = out / CASES_FOLDER / case_id / PICTURE_FILE
        pictures[case_id] = picture.read_bytes() if picture.exists() else b""
        shutil.rmtree(out / CASES_FOLDER / case_id)
    return [
        Outcome(
            one.name,
            one.case_id,
            "refused",
            *reasons[one.case_id],
            told=f"{reasons[one.case_id][1]}.",
            picture=pictures[one.case_id],
        )
        if one.case_id in reasons
        else one
        for one in outcomes
    ]


def _cases(out: Path) -> tuple[Case, ...]:
    return list_cases(out) if any((out / CASES_FOLDER).glob(f"*/{CASE_FILE}")) else ()


def _finish(request: PrepareRequest, info: DatasetInfo, outcomes: Sequence[Outcome]) -> DatasetInfo:
    """Write what is about the cases as a whole: folds, table, contact sheet, fingerprint."""
    out = request.out
    cases = _cases(out)
    patients = {case.patient_hash for case in cases}
    splits = _folds(request, patients)
    left = [
        Left(one.case_id, one.code, one.told, one.picture)
        for one in outcomes
        if one.status == "refused"
    ]
    info = replace(
        info,
        cases=len(cases),
        patients=len(patients),
        fingerprint=dataset_fingerprint(out) if cases else "",
    )
    try:
        write_splits(out, splits)
        write_dataset(out, info)
        write_table(out / TABLE_FILE, cases, left, splits)
        write_sheet(out / SHEET_FILE, info, cases, left, splits)
    except OSError as error:
        if is_disk_full(error):
            raise _disk_full(out) from error
        raise
    return info


def _folds(request: PrepareRequest, patients: set[str]) -> Splits:
    """Return the folds; who was in one stays there, unless another number of them is asked for."""
    new = make_folds(patients, request.folds, SPLITS_SEED)
    if not (request.out / SPLITS_FILE).exists():
        return new
    old = read_splits(request.out)
    return grow_folds(old, patients) if len(old.folds) == len(new.folds) else new


def _disk_full(out: Path) -> InputRefused:
    return InputRefused(
        DISK_FULL,
        f"The disk of {out} is full; the cases made so far are whole",
        remedy="Free some space and give the same command, which goes on from there",
    )


def _killed(tasks: Sequence[Task]) -> WorkerKilled:
    names = ", ".join(task.source.name for task in tasks) or "an examination"
    return WorkerKilled(
        f"A worker was killed while it prepared {names}, most often for want of memory. The cases "
        "made so far are whole; give the same command with fewer --workers to go on."
    )


def _not_taken(refusal: Refusal) -> Outcome:
    return Outcome(refusal.name, "", "refused", refusal.code, refusal.message)
