"""What a segmenter found, by PET and by how hot its candidates are."""

from dataclasses import dataclass

from ctpet.evaluate.detection_summary import LEAST_SUVS, DetectionLine, Judged
from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.cell import Cell, mean_cell
from ctpet.evaluate.report.words import Key
from ctpet.evaluate.statistics import Interval
from ctpet.evaluate.summary import Summary


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """A segmenter on one PET, or how hot its candidates are at least.

    Attributes:
        name: of the row.
        patients: that have the maps.
        found: of the lesions, such as ``3 / 5``.
        sensitivity: per cent, with its interval.
        true: of the candidates, such as ``3 / 7``.
        ppv: per cent, with its interval.
        false_positives: a patient, with its interval.
    """

    name: Key | str
    patients: int
    found: str
    sensitivity: Cell
    true: str
    ppv: Cell
    false_positives: Cell


def detection_rows(summary: Summary) -> list[DetectionRow]:
    """Return a row for each PET and for the synthesis alone; none without masks."""
    return [_row(line, Key(f"detection.{line.judged}")) for line in _lines(summary, None)]


def suv_rows(summary: Summary, judged: Judged) -> list[DetectionRow]:
    """Return a row for each SUVmax that candidates have at least; none without masks."""
    return [_row(line, f"≥ {line.least_suv:g}") for line in _lines(summary, judged)]


def size_rows(summary: Summary) -> list[tuple[Key, tuple[Cell, ...]]]:
    """Return, for each row of :func:`detection_rows`, the lesions found by class of size."""
    return [
        (
            Key(f"detection.{line.judged}"),
            tuple(
                Cell(
                    f"{numbers.count(one.found)} / {numbers.count(one.lesions)}",
                    numbers.ends_of(in_percent(one.sensitivity)),
                    one.sensitivity.patients,
                )
                for one in line.by_size.values()
            ),
        )
        for line in _lines(summary, None)
    ]


def leading_line(summary: Summary) -> DetectionLine | None:
    """Return the line that says most of the model: of the synthesis, else of the predicted PET."""
    by_judged = {line.judged: line for line in _lines(summary, None)}
    return by_judged.get("synthesis", by_judged.get("predicted"))


def _lines(summary: Summary, judged: Judged | None) -> list[DetectionLine]:
    """Return the lines of all candidates or, of one ``judged``, those of the hotter ones."""
    lines = summary.detection.lines if summary.detection else ()
    everything = LEAST_SUVS[0]
    if judged is None:
        return [line for line in lines if line.least_suv == everything]
    return [line for line in lines if line.judged == judged and line.least_suv != everything]


def _row(line: DetectionLine, name: Key | str) -> DetectionRow:
    return DetectionRow(
        name=name,
        patients=line.patients,
        found=f"{numbers.count(line.found)} / {numbers.count(line.lesions)}",
        sensitivity=mean_cell(in_percent(line.sensitivity)),
        true=f"{numbers.count(line.true_candidates)} / {numbers.count(line.candidates)}",
        ppv=mean_cell(in_percent(line.ppv)),
        false_positives=mean_cell(line.false_positives),
    )


def in_percent(share: Interval) -> Interval:
    """Return an interval of a share of 1 in per cent."""
    return Interval(100 * share.mean, 100 * share.low, 100 * share.high, share.patients)
