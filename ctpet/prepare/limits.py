"""What quality control says about its measurements: warnings, and refusals of gross failures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

from ctpet.findings import Finding, Severity
from ctpet.prepare.cases import Case
from ctpet.volume.outline import FARTHEST_SHIFT_MM, OUTLINES_ALIKE, OUTLINES_OVERLAP, SHIFT_MM

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Limit:
    """The range that a measurement should lie in.

    Attributes:
        name: of the measurement, see :func:`ctpet.prepare.quality.measure`.
        code: of the finding.
        good: no finding inside.
        bearable: a warning inside, a refusal outside.
        words: a sentence; ``{value}`` is the measurement.
    """

    name: str
    code: str
    good: Range
    bearable: Range
    words: str


LIMITS = (
    # A PET of half a CT is usual (arms, head); of less than a quarter, CT and PET hardly meet.
    Limit("pet_coverage", "pet-coverage-low", (0.9, 1.0), (0.25, 1.0),
          "The PET covers {value:.0%} of the body in the CT"),
    Limit("body_dice", "outlines-differ", (OUTLINES_ALIKE, 1.0), (OUTLINES_OVERLAP, 1.0),
          "The outlines of the body in CT and PET overlap with a Dice of {value:.2f}"),
    Limit("shift_mm", "pet-shifted", (0.0, SHIFT_MM), (0.0, FARTHEST_SHIFT_MM),
          "The PET would fit the CT best if moved by {value:.0f} mm"),
    # The dome moves 10 to 20 mm in quiet breathing, of which a PET shows the mean. Such pairs
    # still serve: only the lung's base and the liver's top are wrong, so none is refused.
    Limit("dome_offset_mm", "dome-differs", (-15.0, 20.0), (-inf, inf),
          "The PET shows the diaphragm {value:+.0f} mm above where the CT does"),
    # A forearm has about 1000 mL; half of one is no blur of an outline.
    Limit("lateral_mismatch_ml", "arms-differ", (0.0, 500.0), (0.0, inf),
          "A piece of {value:.0f} mL beside the trunk is in only one of CT and PET"),
    # Muscle 0.5 to 0.8, liver 2. A wrong unit or weight is off by more than a factor of 5;
    # the mean SUV of a body cannot be far from 1, since it is normalised to that.
    Limit("soft_tissue_suv", "suv-implausible", (0.3, 2.5), (0.1, 10.0),
          "The median SUVbw of soft tissue is {value:.2f}"),
    # The bladder fills 0.5 % of a trunk; the most in the Soft-tissue-Sarcoma set is 0.85 %.
    Limit("clipped_fraction", "much-uptake-clipped", (0.0, 0.02), (0.0, 0.5),
          "{value:.1%} of the body has an SUVbw above 20"),
)  # fmt: skip


_REMEDY: Mapping[Severity, str] = {
    "warning": "Look at it on the contact sheet",
    "error": "Look at it on the contact sheet; mend the pair, or leave it out",
}


def judge(quality: Mapping[str, float]) -> tuple[Finding, ...]:
    """Return a finding for each measurement outside its limits: ``warning``, or ``error``."""
    findings = []
    for limit in LIMITS:
        value = quality.get(limit.name)
        if value is None or _within(value, limit.good):
            continue
        severity: Severity = "warning" if _within(value, limit.bearable) else "error"
        low, high = limit.good if severity == "warning" else limit.bearable
        text = f"{limit.words.format(value=value)}; expected is {_range(low, high)}"
        findings.append(Finding(limit.code, severity, text, _REMEDY[severity]))
    return tuple(findings)


def told_of(case: Case) -> tuple[Finding, ...]:
    """Return everything that is told of a case: of its reading, then of its quality."""
    return (*case.reading, *judge(case.quality))


def is_doubtful(findings: Iterable[Finding]) -> bool:
    """Whether one of the findings is more than a remark."""
    return any(finding.severity != "info" for finding in findings)


def _within(value: float, ends: Range) -> bool:
    return ends[0] <= value <= ends[1]


def _range(low: float, high: float) -> str:
    return f"at least {low:g}" if high in (1.0, inf) else f"{low:g} to {high:g}"
