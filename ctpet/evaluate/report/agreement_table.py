"""Agreement of uptake by organ and of lesions."""

from collections.abc import Sequence
from dataclasses import dataclass

from ctpet.evaluate.report import numbers
from ctpet.evaluate.report.cell import Cell
from ctpet.evaluate.report.words import Text, Words
from ctpet.evaluate.score import Kind
from ctpet.evaluate.summary import ALL, AgreementLine, Summary


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """Bland–Altman figures of an organ, or of the lesions.

    Attributes:
        name: of the organ, or the words for all lesions.
        figures: by metric, bias with limits of agreement below, and mean relative error; each with
            the patients that have it.
    """

    name: Text
    figures: tuple[tuple[Cell, Cell], ...]


def agreement_rows(
    summary: Summary, words: Words, kind: Kind, metrics: Sequence[str]
) -> list[AgreementRow]:
    """Return a row for each organ, or one for all lesions."""
    by_region: dict[str, dict[str, AgreementLine]] = {}
    for line in summary.agreements:
        if line.kind == kind:
            by_region.setdefault(line.region, {})[line.metric] = line
    return [
        AgreementRow(
            name=words.say(_lesions(metrics)) if region == ALL else words.organ(region),
            figures=tuple(_figures(lines[metric]) for metric in metrics),
        )
        for region, lines in by_region.items()
    ]


def _lesions(metrics: Sequence[str]) -> str:
    """Return the key of the words for all lesions; their SUVs are averaged, the others added up."""
    averaged = all(metric.startswith("suv") for metric in metrics)
    return "agreement.all_lesions" if averaged else "agreement.all_lesions_sum"


def _figures(line: AgreementLine) -> tuple[Cell, Cell]:
    found, relative = line.agreement, line.relative_error
    limits = numbers.range_of(found.low_limit, found.high_limit, "+")
    bias = numbers.beside(found.bias.mean, (found.low_limit, found.high_limit), "+")
    return (
        Cell(bias, limits, found.bias.patients),
        Cell(numbers.percent(relative.mean, "+"), patients=relative.patients),
    )
