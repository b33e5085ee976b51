"""Which digital patients there are: the plain ones, and a domain that is wider than reality."""

from collections.abc import Collection
from typing import Literal

from ctpet.errors import InputRefused

Domain = Literal["plain", "wide"]

WIDE_VERSION = 1
"""Counted up when the same seed would give another wide patient. Plain ones never change."""

_WIDE_STREAM = 1 << 40


class NoSuchPatient(InputRefused, ValueError):
    """No digital patient has this seed."""


def stream_of(seed: int, domain: Domain) -> int:
    """Return the number all randomness of a patient starts from.

    Wide patients share none with plain ones, so that no model that learned from the one domain
    has seen an anatomy of the other.

    Raises:
        NoSuchPatient: the seed is negative, or so large that the domains would meet.
    """
    if not 0 <= seed < _WIDE_STREAM:
        raise NoSuchPatient(
            "no-such-patient",
            f"No digital patient has the seed {seed}",
            remedy="Give one from 0, and below 2^40",
        )
    return seed + (_WIDE_STREAM if domain == "wide" else 0)


def phantom_name(seed: int, domain: Domain) -> str:
    """Return what a digital patient is called, such as ``phantom-wide-0007``."""
    return f"phantom-{seed:04d}" if domain == "plain" else f"phantom-wide-{seed:04d}"


def phantom_patient_id(seed: int, domain: Domain = "plain") -> str:
    """Return the identifier under which a digital patient is hashed."""
    return f"ctpet phantom {seed}" if domain == "plain" else f"ctpet phantom-wide {seed}"


def kind_of(domain: Domain) -> str:
    """Return how a data set names digital patients as its source, with their version."""
    return "phantom" if domain == "plain" else f"phantom-wide/{WIDE_VERSION}"


def are_digital(kinds: Collection[str]) -> bool:
    """Tell whether there are kinds of source, all of them digital patients of any version."""
    return bool(kinds) and all(is_digital(kind) for kind in kinds)


def is_digital(kind: str) -> bool:
    """Tell whether a kind of source is digital patients, of any domain and version."""
    return kind == "phantom" or kind.startswith("phantom-wide/")
