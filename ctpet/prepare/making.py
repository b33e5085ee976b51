"""One case from one source, all of it or nothing; runs in a worker."""

import hashlib
import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ctpet.contract import hash_patient
from ctpet.errors import CtpetError, InputRefused, is_disk_full
from ctpet.findings import Finding
from ctpet.infer.rules.sample import take_sample
from ctpet.infer.rules.scale import scale_error
from ctpet.phantom.domain import kind_of
from ctpet.prepare.cases import CASES_FOLDER, Case, read_case, write_case
from ctpet.prepare.grid import on_grid
from ctpet.prepare.limits import is_doubtful, judge, told_of
from ctpet.prepare.marked import mark
from ctpet.prepare.pair import Pair, PairSource, stamp_of
from ctpet.prepare.pairing import Refusal
from ctpet.prepare.phantom_source import PhantomSeed
from ctpet.prepare.phantoms import phantom_case_id, write_phantom_case
from ctpet.prepare.picture import PICTURE_FILE, draw_case, draw_refused
from ctpet.prepare.quality import measure
from ctpet.volume.geometry import Spacing3

MAKING = 5
"""Counted up when the same source would give another case, so that old cases are made again."""

PARTIAL_FOLDER = f".{CASES_FOLDER}.partial-work"
"""A scratch folder of the cases, as :mod:`ctpet.claims` knows them."""
STAMP_FILE = "source.sha256"
DISK_FULL = "disk-full"

Source = PairSource | PhantomSeed
Status = Literal["taken", "kept", "refused"]


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to make one case.

    Attributes:
        source: where the pair comes from.
        out: the prepared folder.
        spacing_mm: of the grid, (k, j, i).
        salt: of the dataset.
    """

    source: Source
    out: Path
    spacing_mm: Spacing3
    salt: str

    @property
    def case_id(self) -> str:
        """Of the case that is made; without the salt it tells nothing about the source."""
        if isinstance(self.source, PhantomSeed):
            return phantom_case_id(self.source.seed, self.source.domain)
        text = f"{self.salt}:case:{self.source.identity}"
        return f"case-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def folder(self) -> Path:
        """Where the case will be."""
        return self.out / CASES_FOLDER / self.case_id

    @property
    def partial(self) -> Path:
        """Where it is while it is made."""
        return self.out / PARTIAL_FOLDER / self.case_id


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a source.

    Attributes:
        name: of the source; shown, never stored.
        case_id: of the case, or of the one that would have been; empty where there was no pair.
        status: ``taken``: made now; ``kept``: it was whole already; ``refused``.
        code: why it was refused.
        message: the same, in a sentence.
        findings: everything that is told of a case.
        told: the reason again, where its sentence names no file and no person.
        picture: PNG of what can be read of a refused pair; empty where nothing can.
    """

    name: str
    case_id: str
    status: Status
    code: str = ""
    message: str = ""
    findings: tuple[Finding, ...] = field(default=())
    told: str = ""
    picture: bytes = b""

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is doubtful about the case."""
        return tuple(finding for finding in self.findings if is_doubtful([finding]))


def kept(task: Task) -> Outcome | None:
    """Return the outcome of a case that is there, whole, and made from the same files; or None."""
    try:
        if (task.folder / STAMP_FILE).read_text("utf-8").strip() != _stamp(task):
            return None
        case = read_case(task.folder)
    except (OSError, CtpetError):
        return None
    return Outcome(task.source.name, case.case_id, "kept", findings=told_of(case))


class _Judged(InputRefused):
    """A pair is refused for what its voxels say; the sentence names no file and no person."""


def make_case(task: Task) -> Outcome:
    """Make a case, in place of one that may be there.

    Never raises for a bad source: whatever happens becomes an outcome, so that other cases go on.
    """
    outcome = _made(task)
    if outcome.status != "refused" or outcome.code == DISK_FULL:
        return outcome
    return replace(outcome, picture=picture_of(task.source))


def picture_of(source: Source) -> bytes:
    """Return a PNG of what can be read of a refused source; empty where nothing can be drawn."""
    with suppress(Exception):  # a picture that fails must not hide why the pair was refused
        if not isinstance(source, PhantomSeed):
            seen = source.glimpse()
            return draw_refused(seen.ct, seen.pet)
    return b""


def look_at(seen: tuple[Task, Refusal]) -> Outcome:
    """Return the outcome of CT and PET that are no pair, with a picture of both."""
    task, refusal = seen
    return Outcome(
        refusal.name,
        task.case_id,
        "refused",
        refusal.code,
        refusal.message,
        told=f"{refusal.message}.",
        picture=picture_of(task.source),
    )


def _made(task: Task) -> Outcome:
    name = task.source.name
    try:
        stamp = _stamp(task)
        shutil.rmtree(task.folder, ignore_errors=True)
        shutil.rmtree(task.partial, ignore_errors=True)
        task.partial.mkdir(parents=True)
        source = task.source
        case = _phantom(task, source) if isinstance(source, PhantomSeed) else _pair(task, source)
        draw_case(case, task.partial / PICTURE_FILE)
        (task.partial / STAMP_FILE).write_text(stamp + "\n", "utf-8")
        task.folder.parent.mkdir(exist_ok=True)
        task.partial.rename(task.folder)
    except InputRefused as refusal:
        told = f"{refusal.message}." if isinstance(refusal, _Judged) else ""
        return Outcome(name, task.case_id, "refused", refusal.code, str(refusal), told=told)
    except CtpetError as error:
        return Outcome(name, task.case_id, "refused", type(error).__name__, str(error))
    except OSError as error:
        code = DISK_FULL if is_disk_full(error) else "file-unreadable"
        return Outcome(name, task.case_id, "refused", code, error.strerror or str(error))
    except Exception as error:  # noqa: BLE001  (one study must not end the work on the others)
        what = f"Unexpected {type(error).__name__}: {error}. This is a defect of ctpet"
        return Outcome(name, task.case_id, "refused", "unexpected", what)
    finally:
        shutil.rmtree(task.partial, ignore_errors=True)
    return Outcome(name, task.case_id, "taken", findings=told_of(case))


def _stamp(task: Task) -> str:
    """Return what changes when the case would be another one."""
    source = task.source
    of_source = _version(source) if isinstance(source, PhantomSeed) else stamp_of(source)
    text = f"{MAKING}:{task.salt}:{task.case_id}:{task.spacing_mm}:{of_source}"
    return hashlib.sha256(text.encode()).hexdigest()


def _version(source: PhantomSeed) -> str:
    return "" if source.domain == "plain" else kind_of(source.domain)


def _phantom(task: Task, source: PhantomSeed) -> Case:
    return write_phantom_case(
        task.partial,
        seed=source.seed,
        domain=source.domain,
        spacing_mm=task.spacing_mm,
        salt=task.salt,
    )


def _pair(task: Task, source: PairSource) -> Case:
    pair = source.load()
    try:
        return _case_of(pair, task, source.patient)
    except InputRefused as refusal:
        raise _Judged(refusal.code, refusal.message, remedy=refusal.remedy) from refusal


def _case_of(pair: Pair, task: Task, patient: str) -> Case:
    _refuse(scale_error(take_sample(pair.ct)))
    grid, arrays = on_grid(pair, task.spacing_mm)
    label_names, marked = mark(pair.structures, grid, arrays)
    reading = tuple(dict.fromkeys((*pair.findings, *marked)))
    quality = measure(grid, arrays)
    warnings = judge(quality)
    for finding in warnings:
        _refuse(finding)
    case = Case(
        folder=task.partial,
        case_id=task.case_id,
        patient_hash=hash_patient(patient, task.salt),
        shape=grid.shape,
        affine=tuple(tuple(float(v) for v in row) for row in grid.affine),
        slice_spacing_mm=pair.ct.geometry.spacing_mm[0],
        quality=quality,
        findings=tuple(sorted({finding.code for finding in (*reading, *warnings)})),
        reading=reading,
        label_names=label_names,
    )
    return write_case(case, arrays)


def _refuse(finding: Finding | None) -> None:
    """Refuse a pair for a finding of severity error.

    Raises:
        InputRefused: with its code.
    """
    if finding is not None and finding.severity == "error":
        raise InputRefused(finding.code, finding.message, remedy=finding.remedy)
