"""An evaluation from files to files: ``cases.csv``, ``summary.json`` and ``report.html``."""

import pickle
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ctpet.claims import temporary_folder
from ctpet.contract import ModelContract, TrainingData
from ctpet.errors import CtpetError, InputRefused
from ctpet.evaluate.baselines import baseline_errors
from ctpet.evaluate.covariates import read_covariates
from ctpet.evaluate.files import CaseFiles, Refused, Sources, find_cases
from ctpet.evaluate.intervals import NOMINAL
from ctpet.evaluate.label_names import label_names
from ctpet.evaluate.made_by import find_maker
from ctpet.evaluate.margin import Margin
from ctpet.evaluate.repeats import Fingerprint, repeated
from ctpet.evaluate.score import CaseScore, Scored, ScoreTask, Tallies, score_case
from ctpet.evaluate.subgroups import Participants, participants, require_somebody
from ctpet.evaluate.summary import BaselineErrors, Summary, summarise
from ctpet.evaluate.table import table_cases
from ctpet.evaluate.tally import Tally
from ctpet.evaluate.unseen import primary_cases, seen_by_patient
from ctpet.progress import Progress, silent
from ctpet.workers import WorkerDied, spread

STAGE_SHARES = {"match": 0.02, "score": 0.85, "baselines": 0.05, "report": 0.08}


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """What to evaluate.

    Attributes:
        sources: folders or files; None with a table.
        table: CSV that names the files of each case.
        label_names: JSON of number and name; None: found beside the label maps.
        model: that made the predictions, to tell whose patients it saw; None: the shipped one that
            the records beside them name, if any.
        title: of the report; empty: the model's name.
        resample_prediction: put predictions on other grids onto the reference's.
        workers: processes.
        covariates: CSV of the patients; None: without.
        cut_points: where its columns of numbers are split, ascending; others at the median.
        trained_on: what each case's own model was fitted on, by the case's name, where there are
            as many models as folds; None: ``model`` made them all.
        margin: difference of MAE in the body that matters, stated beforehand; None: none.
    """

    sources: Sources | None = None
    table: Path | None = None
    label_names: Path | None = None
    model: Path | None = None
    title: str = ""
    resample_prediction: bool = False
    workers: int = 1
    covariates: Path | None = None
    cut_points: Mapping[str, Sequence[float]] = field(default_factory=dict)
    margin: Margin | None = None
    trained_on: Mapping[str, tuple[TrainingData, ...]] | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything that an evaluation found.

    Attributes:
        title: of the report.
        model: contract and digest of the model; None: not known.
        resampled: whether predictions were put onto the references' grids where they differed.
        cases: scores, by name of the case.
        files: of each case, parallel to ``cases``.
        baselines: errors of the baselines on each case, parallel to ``cases``.
        refused: what was not scored.
        summary: over the patients of :attr:`primary`.
        seen: the same over the patients that the model has seen, which are in no other figure;
            None where it has seen none, or all.
        pooled: tallies over the primary cases, by ``measured`` and ``predicted``, then key.
        participants: what a table says of the patients; None without one.
        cross_validated: each case's model was fitted on other patients of this very set, as the
            baselines are.
    """

    title: str
    model: tuple[ModelContract, str] | None
    resampled: bool
    cases: tuple[CaseScore, ...]
    files: tuple[CaseFiles, ...]
    baselines: tuple[BaselineErrors, ...]
    refused: tuple[Refused, ...]
    summary: Summary
    pooled: Tallies
    seen: Summary | None = None
    participants: Participants | None = None
    cross_validated: bool = False

    @property
    def patients(self) -> int:
        """How many patients the cases are of, those whom the model has seen among them."""
        return len({case.patient for case in self.cases})

    @property
    def primary(self) -> tuple[int, ...]:
        """Positions of the cases that the figures are over; see :mod:`ctpet.evaluate.unseen`."""
        return tuple(primary_cases(self.cases))


class WorkerKilled(CtpetError):
    """A process that scored a case ended without an answer."""


def evaluate(request: EvaluateRequest, *, progress: Progress = silent) -> Evaluation:
    """Score every case that can be trusted.

    Tallies wait on disk while the others are scored, so that memory does not grow with the number
    of cases.

    Args:
        request: what to evaluate.
        progress: told of the first stages of :data:`STAGE_SHARES`.

    Raises:
        InputRefused: what :mod:`ctpet.evaluate.files`, :mod:`ctpet.evaluate.covariates` and
            :mod:`ctpet.evaluate.subgroups` refuse; ``nothing-scored``: no case could be trusted.
        ModelInvalid: the model cannot be read.
        WorkerKilled: most often for want of memory.
    """
    progress("match", 0.0)
    covariates = None
    if request.covariates is not None:
        covariates = read_covariates(request.covariates, request.cut_points)
    cases, refused = _find(request)
    if covariates is not None:
        require_somebody(covariates, cases)
    model = find_maker(cases, request.model)
    labels = request.sources.labels if request.sources else None
    names = label_names(request.label_names, labels)
    of_model = model.contract.ever_seen if model else None
    of_case = request.trained_on or {}
    tasks = [
        ScoreTask(each, names, request.resample_prediction, of_case.get(each.name, of_model))
        for each in cases
    ]
    progress("match", 1.0)
    nominal = NOMINAL
    if model is not None and model.contract.interval is not None:
        nominal = model.contract.interval.coverage
    with temporary_folder() as scratch:
        shelf = _Shelf(scratch)
        refused += _score_all(tasks, shelf, request.workers, progress)
        if not shelf.scores:
            first = refused[0]
            raise InputRefused(
                "nothing-scored",
                f"None of {len(refused)} cases could be scored; the first, {first.name}: "
                f"{first.message.rstrip('.')}",
                remedy="Mend the files and start again",
            )
        scored = [case for case in cases if case.name in shelf.scores]
        scores = _one_key_a_patient(scored, [shelf.scores[case.name] for case in scored])
        twins = _repeated(shelf, scores)
        refused += twins
        again = {one.name for one in twins}
        scored = [case for case in scored if case.name not in again]
        scores = seen_by_patient([score for score in scores if score.name not in again])
        primary = primary_cases(scores)
        found = _baselines(shelf, scores, progress)
        pooled = _added(shelf.tallies(scores[number].name) for number in primary)
    return Evaluation(
        title=request.title or (model.contract.name if model else ""),
        model=(model.contract, model.digest) if model else None,
        resampled=request.resample_prediction,
        cases=scores,
        files=tuple(scored),
        baselines=found,
        refused=tuple(refused),
        summary=_summary(scores, found, primary, request.margin, nominal),
        seen=_summary_of_seen(scores, found, primary),
        pooled=pooled,
        participants=(
            None if covariates is None else participants(covariates, scored, scores, primary)
        ),
        cross_validated=request.trained_on is not None,
    )


def _summary(
    scores: Sequence[CaseScore],
    baselines: Sequence[BaselineErrors],
    which: Sequence[int],
    margin: Margin | None = None,
    nominal: float = NOMINAL,
) -> Summary:
    return summarise(
        [scores[number] for number in which],
        [baselines[number] for number in which],
        margin=margin,
        nominal=nominal,
    )


def _summary_of_seen(
    scores: Sequence[CaseScore], baselines: Sequence[BaselineErrors], primary: Sequence[int]
) -> Summary | None:
    others = [number for number in range(len(scores)) if number not in set(primary)]
    return _summary(scores, baselines, others) if others else None


class _Shelf:
    """Scores in memory, tallies on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, Path] = {}
        self.scores: dict[str, CaseScore] = {}
        self.references: dict[str, Fingerprint] = {}
        self.beside: dict[str, BaselineErrors] = {}

    def put(self, scored: Scored) -> None:
        """Keep a case."""
        name = scored.score.name
        self._paths[name] = self._folder / f"{len(self.scores)}.tallies"
        self._paths[name].write_bytes(zlib.compress(pickle.dumps(scored.tallies), level=1))
        self.scores[name] = scored.score
        self.references[name] = scored.reference
        self.beside[name] = scored.beside

    def tallies(self, name: str) -> Tallies:
        """Return the tallies of a case."""
        packed = self._paths[name].read_bytes()
        tallies: Tallies = pickle.loads(zlib.decompress(packed))  # noqa: S301  (put's own)
        return tallies


def _find(request: EvaluateRequest) -> tuple[list[CaseFiles], list[Refused]]:
    try:
        if request.table is not None:
            return table_cases(request.table)
        if request.sources is not None:
            return find_cases(request.sources)
    except OSError as error:
        raise InputRefused(
            "path-unreadable",
            f"A file or folder cannot be looked at ({error.strerror or type(error).__name__})",
            remedy="Give ctpet the right to read the whole folder",
        ) from error
    raise ValueError("an evaluation needs sources or a table")


def _score_all(
    tasks: Sequence[ScoreTask], shelf: _Shelf, workers: int, progress: Progress
) -> list[Refused]:
    """Score the cases, and return those that were refused."""
    refused = []
    progress("score", 0.0)
    try:
        for number, (_, found) in enumerate(spread(score_case, tasks, workers), start=1):
            if isinstance(found, Refused):
                refused.append(found)
            else:
                shelf.put(found)
            progress("score", number / len(tasks))
    except WorkerDied as error:
        raise WorkerKilled(
            "A process was killed while it scored a case, most often for want of memory. Give the "
            "same command with fewer --workers."
        ) from error
    return refused


def _repeated(shelf: _Shelf, scores: Sequence[CaseScore]) -> list[Refused]:
    """Refuse measured PETs that an earlier case of another patient has: they would count twice."""
    patients = {score.name: score.patient for score in scores}
    references = {score.name: shelf.references[score.name] for score in scores}
    return [
        Refused(
            name,
            "reference-repeated",
            f"Its reference is that of {twin} under another name; one examination counts once. "
            "Keep one of them, or give both the same patient in a table with --table",
        )
        for name, twin in repeated(patients, references).items()
    ]


def _one_key_a_patient(
    cases: Sequence[CaseFiles], scores: Sequence[CaseScore]
) -> tuple[CaseScore, ...]:
    """Give cases of one patient one key, whether the headers say so, the user, or both in turn.

    Else a patient of whom one case is DICOM and another NIfTI would count twice, and the baselines
    would be fitted on whom they are scored on.
    """
    keys = [score.patient for score in scores]
    called = [case.patient for case in cases]
    for name in called:
        same = {key for key, each in zip(keys, called, strict=True) if each == name}
        one = next(key for key in keys if key in same)
        keys = [one if key in same else key for key in keys]
    return tuple(replace(score, patient=key) for score, key in zip(scores, keys, strict=True))


def _baselines(
    shelf: _Shelf, scores: Sequence[CaseScore], progress: Progress
) -> tuple[BaselineErrors, ...]:
    """Score every baseline on each case, fitted on all patients but the case's."""
    progress("baselines", 0.0)
    pool = _added(shelf.tallies(score.name) for score in scores)
    patients = [score.patient for score in scores]
    found: dict[str, BaselineErrors] = {}
    for number, patient in enumerate(dict.fromkeys(patients), start=1):
        own = [score.name for score in scores if score.patient == patient]
        held_out = _added(shelf.tallies(name) for name in own)["measured"]
        others = {key: pool["measured"][key] - one for key, one in held_out.items()}
        for name in own:
            fitted = baseline_errors(shelf.tallies(name)["measured"], others)
            found[name] = {**fitted, **shelf.beside[name]}
        progress("baselines", number / len(set(patients)))
    return tuple(found[score.name] for score in scores)


def _added(several: Iterable[Tallies]) -> Tallies:
    """Pool the tallies of some cases."""
    pool: dict[str, dict[str, Tally]] = {"measured": {}, "predicted": {}}
    for tallies in several:
        for pet, by_key in tallies.items():
            for key, one in by_key.items():
                before = pool[pet].get(key)
                pool[pet][key] = one if before is None else before + one
    return pool
