"""Findings: what was seen in the input and what was changed because of it."""

from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen in the input.

    Attributes:
        code: stable kebab-case name of the rule, such as ``slice-interpolated``.
        severity: ``info`` (nothing to do), ``warning`` (something was changed or is doubtful) or
            ``error`` (the input is refused for it).
        message: one sentence with the numbers, free of patient data.
        remedy: what the user can do about it; empty where there is nothing to do.
    """

    code: str
    severity: Severity
    message: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the finding as a JSON object."""
        return asdict(self)
