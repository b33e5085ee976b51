"""What there is under a source: pairs, what is none and why, and what was left."""

from dataclasses import dataclass

from ctpet.findings import Finding
from ctpet.prepare.making import Source
from ctpet.prepare.pairing import Refusal


@dataclass(frozen=True, slots=True)
class Found:
    """What looking at a source gives.

    Attributes:
        sources: pairs of CT and PET.
        refusals: what should be one and is none.
        notes: about the source as a whole; they may name files, are shown and never stored.
        kinds: layouts that were met.
    """

    sources: tuple[Source, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[Finding, ...] = ()
    kinds: frozenset[str] = frozenset()

    def __add__(self, other: "Found") -> "Found":
        """Return what both hold."""
        return Found(
            self.sources + other.sources,
            self.refusals + other.refusals,
            self.notes + other.notes,
            self.kinds | other.kinds,
        )
