"""Sensitivity, positive predictive value and FROC of a segmenter, over patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.clustered import clustered_share
from ctpet.evaluate.detection import SEGMENTED_PETS, SegmentedPet
from ctpet.evaluate.lesions import SIZE_CLASSES, SIZE_EDGES_ML
from ctpet.evaluate.score import CaseScore, Region
from ctpet.evaluate.statistics import Interval, by_patient, interval

Judged = Literal["predicted", "measured", "synthesis"]

LEAST_SUVS = (0.0, 2.5, 4.0, 6.0, 10.0)
"""SUVmax that a candidate has at least; 0: all candidates."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """Lesions of one class of size.

    Attributes:
        lesions: of the reference.
        found: of these.
        sensitivity: found / lesions, with its interval over patients.
    """

    lesions: int
    found: int
    sensitivity: Interval


@dataclass(frozen=True, slots=True)
class DetectionLine:
    """How a segmenter finds lesions, over patients; shares are by lesion, intervals by patient.

    Attributes:
        judged: masks on the predicted PET against the reference; those on the measured PET
            likewise: the ceiling; or ``synthesis``: masks on the predicted PET against the lesions
            found on the measured one, where a candidate that is marked on the measured PET too is
            no false positive.
        least_suv: candidates with a lower SUVmax do not count.
        patients: that have the maps.
        lesions: of the reference.
        found: of these.
        sensitivity: found / lesions.
        by_size: the same by class of the lesions' volume, see ``lesions.SIZE_CLASSES``.
        candidates: of the segmenter.
        true_candidates: of these, on a lesion.
        ppv: true candidates / candidates.
        false_positives: the other candidates, mean a patient.
    """

    judged: Judged
    least_suv: float
    patients: int
    lesions: int
    found: int
    sensitivity: Interval
    by_size: Mapping[str, Found]
    candidates: int
    true_candidates: int
    ppv: Interval
    false_positives: Interval


@dataclass(frozen=True, slots=True)
class FrocPoint:
    """One point of a free-response operating characteristic.

    Attributes:
        least_suv: SUVmax that candidates have at least.
        sensitivity: share of all lesions that these find.
        false_positives: of these, mean a patient.
    """

    least_suv: float
    sensitivity: float
    false_positives: float


@dataclass(frozen=True, slots=True)
class DetectionSummary:
    """A segmenter's masks over patients.

    Attributes:
        lines: of each ``judged`` that there are masks for, at each of :data:`LEAST_SUVS`.
        froc: by PET, from the hottest candidate to all; empty without a lesion.
    """

    lines: tuple[DetectionLine, ...]
    froc: Mapping[SegmentedPet, tuple[FrocPoint, ...]]


@dataclass(frozen=True, eq=False)
class _Marks:
    """One case.

    Attributes:
        patient: hash.
        lesions: SUVmax of the hottest candidate on each lesion; −inf: missed.
        sizes: class of each lesion's volume, from 0.
        true: SUVmax of the candidates on a lesion.
        false: SUVmax of the others.
    """

    patient: str
    lesions: Vector
    sizes: NDArray[np.intp]
    true: Vector
    false: Vector


def detection_summary(cases: Sequence[CaseScore]) -> DetectionSummary | None:
    """Return what a segmenter found in all cases that have its masks; None where none has."""
    marks: dict[Judged, list[_Marks]] = {
        "predicted": [_marks(case, "predicted") for case in cases if _has(case, "predicted")],
        "measured": [_marks(case, "measured") for case in cases if _has(case, "measured")],
        "synthesis": [
            _marks_of_synthesis(case)
            for case in cases
            if _has(case, "predicted") and _has(case, "measured")
        ],
    }
    given = {judged: found for judged, found in marks.items() if found}
    if not given:
        return None
    return DetectionSummary(
        lines=tuple(
            _line(judged, found, least) for judged, found in given.items() for least in LEAST_SUVS
        ),
        froc={pet: froc(given[pet]) for pet in SEGMENTED_PETS if pet in given},
    )


def froc(marks: Sequence[_Marks]) -> tuple[FrocPoint, ...]:
    """Return sensitivity over false positives as the least SUVmax falls.

    Every SUVmax of a candidate is a threshold (Chakraborty, Acad Radiol 2013;20:915). Lesions of
    all patients are pooled; a patient's cases are averaged before false positives are averaged over
    patients.
    """
    lesions = np.concatenate([one.lesions for one in marks])
    if not lesions.size:
        return ()
    found = lesions[np.isfinite(lesions)]
    false = np.concatenate([one.false for one in marks])
    weights = np.concatenate([np.full(one.false.size, _weight(one, marks)) for one in marks])
    thresholds = np.unique(np.concatenate([found, false]))[::-1]
    order = np.argsort(-false)
    summed = np.append(0.0, np.cumsum(weights[order]))
    above = np.searchsorted(-false[order], -thresholds, side="right")
    seen = np.searchsorted(np.sort(-found), -thresholds, side="right")
    return tuple(
        FrocPoint(float(least), float(count) / lesions.size, float(summed[n]))
        for least, count, n in zip(thresholds, seen, above, strict=True)
    )


def _weight(one: _Marks, marks: Sequence[_Marks]) -> float:
    """Return what one false positive of a case adds to the mean over patients."""
    patients = [each.patient for each in marks]
    return 1 / patients.count(one.patient) / len(set(patients))


def _line(judged: Judged, marks: Sequence[_Marks], least: float) -> DetectionLine:
    patients = [one.patient for one in marks]
    every = _found(marks, [one.lesions for one in marks], least)
    by_size = {
        name: _found(marks, [one.lesions[one.sizes == size] for one in marks], least)
        for size, name in enumerate(SIZE_CLASSES)
    }
    true = _total(marks, [_count(one.true, least) for one in marks])
    false = [_count(one.false, least) for one in marks]
    candidates = [a + b for a, b in zip(true, _total(marks, false), strict=True)]
    return DetectionLine(
        judged=judged,
        least_suv=least,
        patients=len(set(patients)),
        lesions=every.lesions,
        found=every.found,
        sensitivity=every.sensitivity,
        by_size=by_size,
        candidates=int(sum(candidates)),
        true_candidates=int(sum(true)),
        ppv=clustered_share(true, candidates),
        false_positives=interval(by_patient(false, patients)),
    )


def _found(marks: Sequence[_Marks], scores: Sequence[Vector], least: float) -> Found:
    """Return how many of some lesions of each case are found; ``scores`` is parallel to it."""
    lesions = _total(marks, [one.size for one in scores])
    found = _total(marks, [_count(one, least) for one in scores])
    return Found(int(sum(lesions)), int(sum(found)), clustered_share(found, lesions))


def _total(marks: Sequence[_Marks], counts: Sequence[int]) -> list[float]:
    """Add up a patient's cases."""
    totals: dict[str, float] = {}
    for one, count in zip(marks, counts, strict=True):
        totals[one.patient] = totals.get(one.patient, 0.0) + count
    return list(totals.values())


def _count(suv_max: Vector, least: float) -> int:
    """Return how many are hot enough; with 0 all that there are, whatever their SUV."""
    return int((np.isfinite(suv_max) if least == 0 else suv_max >= least).sum())


def _has(case: CaseScore, pet: SegmentedPet) -> bool:
    return any((one.kind, one.name) == ("detection", pet) for one in case.regions)


def _marks(case: CaseScore, pet: SegmentedPet) -> _Marks:
    candidates = _candidates(case, pet)
    on_lesion = _values(candidates, "overlapped_lesions") > 0
    suv_max = _values(candidates, "candidate_suv_max")
    true, false = suv_max[on_lesion], suv_max[~on_lesion]
    return _Marks(case.patient, _scores(case, pet), _sizes(case), true, false)


def _marks_of_synthesis(case: CaseScore) -> _Marks:
    candidates = _candidates(case, "predicted")
    marked = (_values(candidates, "overlapped_lesions") > 0) | (
        _values(candidates, "on_measured") > 0
    )
    suv_max = _values(candidates, "candidate_suv_max")
    can_be_found = np.isfinite(_scores(case, "measured"))
    scores, sizes = _scores(case, "predicted")[can_be_found], _sizes(case)[can_be_found]
    return _Marks(case.patient, scores, sizes, suv_max[marked], suv_max[~marked])


def _candidates(case: CaseScore, pet: SegmentedPet) -> list[Region]:
    return [
        one for one in case.regions if one.kind == "candidate" and one.name.startswith(f"{pet} ")
    ]


def _scores(case: CaseScore, pet: SegmentedPet) -> Vector:
    scores = _values(_lesions(case), f"{pet}_candidate_suv_max")
    return np.where(np.isnan(scores), -np.inf, scores)


def _sizes(case: CaseScore) -> NDArray[np.intp]:
    return np.digitize(_values(_lesions(case), "volume_ml"), SIZE_EDGES_ML)


def _lesions(case: CaseScore) -> list[Region]:
    return [one for one in case.regions if one.kind == "lesion"]


def _values(regions: Sequence[Region], metric: str) -> Vector:
    return np.array([one.values[metric] for one in regions], np.float64)
