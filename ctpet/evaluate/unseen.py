"""Which cases the figures are over: errors in patients that a model has seen are no evidence."""

from collections.abc import Sequence
from dataclasses import replace

from ctpet.evaluate.score import CaseScore


def primary_cases(cases: Sequence[CaseScore]) -> list[int]:
    """Return the positions of the cases that count: all that the model is not known to have seen.

    Where it has seen every patient there is no other result, and all count.
    """
    unseen = [number for number, case in enumerate(cases) if not case.in_training]
    return unseen or list(range(len(cases)))


def seen_by_patient(cases: Sequence[CaseScore]) -> tuple[CaseScore, ...]:
    """Mark every case of a patient as seen if one of them is."""
    seen = {case.patient for case in cases if case.in_training}
    return tuple(
        replace(case, in_training=case.patient in seen or case.in_training) for case in cases
    )
