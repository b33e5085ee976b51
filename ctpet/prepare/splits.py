"""Which patients a model learns from and which it is judged on: folds of whole patients."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ctpet.prepare.cases import Case, CaseInvalid

SPLITS_FILE = "splits.json"
SPLITS_SEED = 20261122


@dataclass(frozen=True, slots=True)
class Splits:
    """Patients divided into folds for cross-validation.

    Attributes:
        seed: of the division.
        folds: patient hashes of each fold, sorted; a patient is in one fold only.

    Raises:
        ValueError: at construction, if a patient is in two folds or twice in one.
    """

    seed: int
    folds: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        patients = [patient for fold in self.folds for patient in fold]
        if len(set(patients)) != len(patients):
            raise ValueError("a patient is in more than one place")

    def train_cases(self, cases: Iterable[Case], fold: int) -> tuple[Case, ...]:
        """Return the cases of patients in the other folds, in their order.

        Raises:
            CaseInvalid: a case's patient is in no fold, or there is no such fold.
        """
        self._check(fold)
        return tuple(case for case in cases if self.fold_of(case) != fold)

    def val_cases(self, cases: Iterable[Case], fold: int) -> tuple[Case, ...]:
        """Return the cases of patients in the fold, in their order.

        Raises:
            CaseInvalid: a case's patient is in no fold, or there is no such fold.
        """
        self._check(fold)
        return tuple(case for case in cases if self.fold_of(case) == fold)

    def fold_of(self, case: Case) -> int:
        """Return the fold that a case's patient is in.

        Raises:
            CaseInvalid: the patient is in none.
        """
        for number, patients in enumerate(self.folds):
            if case.patient_hash in patients:
                return number
        raise CaseInvalid(
            f"Case {case.case_id} is in no fold of {SPLITS_FILE}. Run `ctpet prepare` to its end."
        )

    def _check(self, fold: int) -> None:
        if not 0 <= fold < len(self.folds):
            raise CaseInvalid(f"There is no fold {fold}; the folds are 0 to {len(self.folds) - 1}.")


def make_folds(patient_hashes: Iterable[str], folds: int, seed: int) -> Splits:
    """Divide patients into folds whose sizes differ by one at most.

    The result depends on the set of patients alone, not on their order. Where there are fewer
    patients than folds, each patient is a fold.

    Args:
        patient_hashes: one a patient; repetitions do not count.
        folds: at least 2.
        seed: of the division.

    Raises:
        ValueError: fewer than 2 folds.
    """
    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}")
    patients = sorted(set(patient_hashes), key=lambda patient: _draw(patient, seed))
    count = min(folds, len(patients))
    return Splits(seed, tuple(tuple(sorted(patients[n::count])) for n in range(count)))


def grow_folds(splits: Splits, patient_hashes: Iterable[str]) -> Splits:
    """Divide a dataset that has changed: who was in a fold stays there.

    New patients go, one after the other, into the fold that is smallest; patients that are no
    longer in the dataset leave. A model that was judged on a fold may be judged on it again.
    """
    present = set(patient_hashes)
    folds = [[patient for patient in fold if patient in present] for fold in splits.folds]
    known = {patient for fold in folds for patient in fold}
    for patient in sorted(present - known, key=lambda patient: _draw(patient, splits.seed)):
        min(folds, key=len).append(patient)
    return Splits(splits.seed, tuple(tuple(sorted(fold)) for fold in folds))


def write_splits(dataset: Path, splits: Splits) -> None:
    """Write ``splits.json`` into a prepared folder."""
    text = json.dumps(asdict(splits), indent=1)
    (dataset / SPLITS_FILE).write_text(text + "\n", "utf-8")


def read_splits(dataset: Path) -> Splits:
    """Read the folds of a prepared folder.

    Raises:
        CaseInvalid: there are none, or they cannot be read.
    """
    path = dataset / SPLITS_FILE
    try:
        told = json.loads(path.read_text("utf-8"))
        return Splits(int(told["seed"]), tuple(tuple(fold) for fold in told["folds"]))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CaseInvalid(
            f"{path} holds no folds: {error}. Run `ctpet prepare` to its end."
        ) from error


def _draw(patient_hash: str, seed: int) -> tuple[str, str]:
    """Return what a patient is drawn by: a number that has nothing to do with its data."""
    drawn = hashlib.sha256(f"{seed}:{patient_hash}".encode()).hexdigest()
    return drawn, patient_hash
