"""Digital patients as a source: ``phantom:FIRST-LAST``."""

import re
from dataclasses import dataclass

from ctpet.errors import InputRefused

PREFIX = "phantom:"
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class PhantomSeed:
    """One digital patient, by the seed of everything in it."""

    seed: int

    @property
    def name(self) -> str:
        """What is shown."""
        return f"phantom {self.seed}"


def phantom_seeds(source: str) -> list[PhantomSeed]:
    """Read ``phantom:FIRST-LAST`` (both included) or ``phantom:SEED``.

    Raises:
        InputRefused: ``phantom-range``.
    """
    found = _RANGE.fullmatch(source.removeprefix(PREFIX))
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        raise InputRefused(
            "phantom-range",
            f"{source} names no digital patients",
            remedy="Give phantom:FIRST-LAST, such as phantom:1-20",
        )
    return [PhantomSeed(seed) for seed in range(first, last + 1)]
