"""Digital patients as a source: ``phantom:FIRST-LAST``, ``phantom-wide:FIRST-LAST``."""

import re
from dataclasses import dataclass

from ctpet.errors import InputRefused
from ctpet.phantom.domain import Domain, stream_of

MOST_PHANTOMS = 100_000
"""In one data set; at some seconds each, these take days."""

_PREFIXES: dict[str, Domain] = {"phantom:": "plain", "phantom-wide:": "wide"}
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class PhantomSeed:
    """One digital patient, by the seed of everything in it."""

    seed: int
    domain: Domain = "plain"

    @property
    def name(self) -> str:
        """What is shown."""
        return f"phantom {self.seed}" if self.domain == "plain" else f"wide phantom {self.seed}"


def is_phantoms(source: str) -> bool:
    """Tell whether a source is digital patients."""
    return source.startswith(tuple(_PREFIXES))


def phantom_seeds(source: str) -> list[PhantomSeed]:
    """Read ``phantom:FIRST-LAST`` (both included) or ``phantom:SEED``, of either domain.

    Raises:
        InputRefused: ``phantom-range``; ``no-such-patient``.
    """
    prefix = next(each for each in _PREFIXES if source.startswith(each))
    found = _RANGE.fullmatch(source.removeprefix(prefix))
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    stream_of(last, _PREFIXES[prefix])
    if not 0 < last - first + 1 <= MOST_PHANTOMS:
        raise InputRefused(
            "phantom-range",
            f"{source} names no digital patients, or more than {MOST_PHANTOMS}",
            remedy=f"Give {prefix}FIRST-LAST, such as {prefix}1-20",
        )
    return [PhantomSeed(seed, _PREFIXES[prefix]) for seed in range(first, last + 1)]
