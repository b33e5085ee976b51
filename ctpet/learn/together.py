"""Whether data sets can be learned from together, as far as their files can tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ctpet.contract import TrainingData
from ctpet.errors import CtpetError
from ctpet.evaluate.overlap import in_training
from ctpet.learn.mixture import DataSet
from ctpet.phantom.domain import are_digital
from ctpet.prepare.cases import Case
from ctpet.prepare.dataset import DatasetInfo


@dataclass(frozen=True)
class OpenDataSet:
    """A data set of a training with its cases.

    Attributes:
        settings: what is done with it.
        info: what it says of itself.
        training: cases to crop; none where its share is 0.
        held_out: cases of the patients held out.
    """

    settings: DataSet
    info: DatasetInfo
    training: tuple[Case, ...]
    held_out: tuple[Case, ...]


def refuse_what_does_not_mix(sets: Sequence[OpenDataSet]) -> None:
    """Refuse data sets that contradict each other.

    Raises:
        CtpetError: one is given twice; they differ in spacing, unit or tracer; or a patient is
            learned from in one and held out in another.
    """
    for one, other in combinations(sets, 2):
        both = f"{one.settings.key} and {other.settings.key}"
        folders = {each.settings.folder.resolve() for each in (one, other)}
        prints = {each.info.fingerprint for each in (one, other)}
        if len(folders) == 1 or (len(prints) == 1 and "" not in prints):
            raise CtpetError(f"{both} are the same data. Give them once, with a larger share.")
        for what in ("spacing_mm", "units", "known_tracer"):
            ours, theirs = getattr(one.info, what), getattr(other.info, what)
            if "" not in (ours, theirs) and ours != theirs:
                word = what.removeprefix("known_")
                raise CtpetError(
                    f"{both} differ in {word}: {ours} and {theirs}. Prepare them alike, or leave "
                    "one of them out."
                )
        for learned, judged in ((one, other), (other, one)):
            _refuse_leak(learned, judged)


def cannot_be_told(sets: Sequence[OpenDataSet]) -> Iterator[str]:
    """Yield sentences on what no file can tell of data sets that are mixed."""
    for one, other in combinations(sets, 2):
        salts_differ = one.info.salt != other.info.salt
        if salts_differ and not _digital(one) and not _digital(other):
            yield (
                f"Whether {one.settings.key} and {other.settings.key} share patients cannot be "
                "told, since their salts differ; only identical images would be seen. Prepare "
                "both with one --salt to be sure."
            )
    if len(sets) > 1:
        for one in sets:
            if not one.info.known_tracer:
                yield (
                    f"{one.settings.key} does not say its tracer; it is taken to be "
                    "contract.tracer (ctpet prepare --tracer says it)."
                )


def seen_before(sets: Sequence[OpenDataSet], ancestors: Sequence[TrainingData]) -> Iterator[str]:
    """Yield a sentence for each data set whose held-out patients the weights have learned from.

    Args:
        sets: of the training.
        ancestors: what the weights that it starts from were fitted on.
    """
    for one in sets:
        patients = {case.patient_hash: case.case_id for case in one.held_out}
        known = [
            patient
            for patient, case_id in patients.items()
            if any(patient in data.patient_hashes for data in ancestors)
            or in_training([case_id], ancestors)
        ]
        if known:
            yield (
                f"{len(known)} of {len(patients)} patients held out in {one.settings.key} were "
                "learned from by the weights it starts from: their errors say little of new "
                "patients."
            )


def _refuse_leak(learned: OpenDataSet, judged: OpenDataSet) -> None:
    patients = {case.patient_hash for case in learned.training}
    images = {(name, case.digests.get(name)) for case in learned.training for name in _IMAGES}
    for case in judged.held_out:
        same_salt = learned.info.salt == judged.info.salt
        known = same_salt and case.patient_hash in patients
        if known or any((name, case.digests.get(name, "")) in images for name in _IMAGES):
            raise CtpetError(
                f"The patient of case {case.case_id} is held out in {judged.settings.key} and "
                f"learned from in {learned.settings.key}. Prepare both as one data set, whose "
                "folds are of patients, or take the case out of one of them."
            )


_IMAGES = ("ct", "pet")


def _digital(one: OpenDataSet) -> bool:
    return are_digital(one.info.sources)
