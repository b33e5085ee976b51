"""Agreement of uptake by organ and of lesions."""

from collections.abc import Sequence
from dataclasses import dataclass

from ctpet.evaluate.paired import LEVEL
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
    """Return the agreement, of volumes as a ratio, and the mean relative error."""
    relative = line.relative_error
    agreement = _differences(line) if line.metric.startswith("suv") else _ratio(line)
    return agreement, Cell(numbers.percent(relative.mean, "+"), patients=relative.patients)


def _differences(line: AgreementLine) -> Cell:
    """Return bias and limits; ratios beside them where the spread goes with size."""
    found = line.agreement
    limits = numbers.range_of(found.low_limit, found.high_limit, "+")
    told = [limits, _trend(line)]
    if line.trend.spread_p < LEVEL:
        told.append(_ratio(line).below)
    bias = numbers.beside(found.bias.mean, (found.low_limit, found.high_limit), "+")
    return Cell(bias, " ".join(filter(None, told)), found.bias.patients)


def _ratio(line: AgreementLine) -> Cell:
    found = line.ratio
    limits = numbers.range_of(found.low_limit, found.high_limit)
    told = [f"×{limits}" if limits else "", _trend(line)]
    mean = numbers.number(found.ratio.mean)
    shown = mean if mean == numbers.NONE else f"×{mean}"
    return Cell(shown, " ".join(filter(None, told)), found.ratio.patients)


def _trend(line: AgreementLine) -> str:
    """Return the slope of the differences where it is no chance; else nothing."""
    if not line.trend.p < LEVEL:
        return ""
    return f"∝{numbers.number(line.trend.slope, '+')} (p {numbers.p_value(line.trend.p)})"


def without_ratio(summary: Summary) -> int:
    """Return how many patients have no MTV, or none predicted, at the threshold of the table."""
    return max(
        (line.ratio.without for line in summary.agreements if not line.metric.startswith("suv")),
        default=0,
    )
