"""Every case and what was found while reading it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ctpet.evaluate.lesions import SIZE_CLASSES
from ctpet.evaluate.report import numbers
from ctpet.evaluate.run import Evaluation
from ctpet.evaluate.score import CaseScore
from ctpet.evaluate.summary import value_of
from ctpet.findings import Finding

METRICS = (
    ("mae", "body", "mae"),
    ("bias", "body", "bias"),
    ("mae_measured", "measured > 2.5", "mae"),
    ("mae_predicted", "predicted > 2.5", "mae"),
    ("ssim", "body", "ssim"),
)
"""Name of the column, tier and metric."""

COUNTS = ("fabricated", "omitted")
VOLUMES = ("fabricated_ml", "omitted_ml")
DETECTED = ("found", "false_positives")
"""Of a segmenter, where there are its masks on the predicted PET."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case.

    Attributes:
        name: of the case.
        numbers: of :func:`columns`, as shown and as sorted.
        in_training: whether the model saw the patient; None: not known.
        codes: of its findings.
    """

    name: str
    numbers: tuple[tuple[str, float], ...]
    in_training: bool | None
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding and the names of the cases that have it."""

    finding: Finding
    cases: tuple[str, ...]


def columns(evaluation: Evaluation) -> tuple[str, ...]:
    """Return the names of the columns of numbers."""
    always = (*(name for name, _, _ in METRICS), *COUNTS, *VOLUMES)
    return (*always, *DETECTED) if evaluation.summary.detection else always


def case_rows(evaluation: Evaluation) -> list[CaseRow]:
    """Return every case, in the order of the evaluation."""
    detected = evaluation.summary.detection is not None
    return [
        CaseRow(
            name=case.name,
            numbers=(*_numbers(case), *_detected(case)) if detected else _numbers(case),
            in_training=case.in_training,
            codes=tuple(dict.fromkeys(finding.code for finding in case.findings)),
        )
        for case in evaluation.cases
    ]


def finding_rows(cases: Iterable[CaseScore]) -> list[FindingRow]:
    """Return every finding once."""
    found: dict[Finding, dict[str, None]] = {}
    for case in cases:
        for finding in case.findings:
            found.setdefault(finding, {})[case.name] = None
    return [FindingRow(finding, tuple(names)) for finding, names in found.items()]


def _numbers(case: CaseScore) -> tuple[tuple[str, float], ...]:
    shown = []
    for column, tier, metric in METRICS:
        value = value_of(case, "tier", tier, metric)
        shown.append((numbers.number(value, "+" if column == "bias" else "-"), value))
    for sort in COUNTS:
        count = sum(value_of(case, "foci", "body", f"{sort} count {size}") for size in SIZE_CLASSES)
        shown.append((numbers.count(count), count))
    for volume in VOLUMES:
        value = value_of(case, "foci", "body", volume)
        shown.append((numbers.number(value), value))
    return tuple(shown)


def _detected(case: CaseScore) -> tuple[tuple[str, float], ...]:
    """Return the lesions found of all, sorted by their share, and the false positives."""
    found, lesions, share, false = (
        value_of(case, "detection", "predicted", metric)
        for metric in ("found", "lesions", "sensitivity", "false_positives")
    )
    shown = f"{numbers.count(found)} / {numbers.count(lesions)}" if found == found else numbers.NONE
    return (shown, share), (numbers.count(false), false)
