"""One case to learn by heart and be judged on: whether a training works, and no model."""

from collections.abc import Sequence
from dataclasses import replace

from ctpet.errors import CtpetError
from ctpet.learn.together import OpenDataSet

FIRST = "first"


def only(sets: Sequence[OpenDataSet], case_id: str) -> tuple[OpenDataSet]:
    """Return the data set of one case, with that case to learn from and to be judged on.

    Args:
        sets: of the training.
        case_id: of any of its cases; ``first``: the first that would be learned from.

    Raises:
        CtpetError: there is no such case.
    """
    for one in sets:
        for case in (*one.training, *one.held_out):
            if case_id in (FIRST, case.case_id):
                settings = replace(one.settings, share=1.0, validation_weight=1.0)
                return (replace(one, settings=settings, training=(case,), held_out=(case,)),)
    known = next(case.case_id for one in sets for case in (*one.training, *one.held_out))
    raise CtpetError(
        f"data.only_case is {case_id}, and no case is called so. Such as {known}, or {FIRST}."
    )
