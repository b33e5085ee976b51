"""Whether two cases have one measured PET, under whatever names, cropped, padded or moved."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Fingerprint = frozenset[int]

LEAST_VALUES = 64
"""Different ones in a plane that is told apart: planes of one tissue each are alike in anyone."""

SHARED_PART = 0.5
"""Of the planes of the PET that has fewer; a crop keeps them, another examination has none."""

_FACTORS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9], np.uint64)
_SAMPLE = 1 << 12


def fingerprint(pet: NDArray[np.float32]) -> Fingerprint:
    """Return a number for each axial plane that has many values, else one for the whole.

    It depends on the values alone and not on their order or on zeros among them, so that neither
    padding, cropping along k, turning nor another origin changes it.

    Args:
        pet: SUVbw, (k, j, i).
    """
    planes = [plane for plane in pet if _tells(plane)]
    return frozenset(_digest(part) for part in (planes or [pet]))


def repeated(
    patients: Mapping[str, str], fingerprints: Mapping[str, Fingerprint]
) -> dict[str, str]:
    """Return the cases whose PET an earlier case of another patient has, and that case.

    Args:
        patients: of each case, by its name.
        fingerprints: of each case, in the order in which the first is kept.
    """
    found: dict[str, str] = {}
    kept: list[str] = []
    for name, own in fingerprints.items():
        twin = next((other for other in kept if _alike(own, fingerprints[other])), None)
        if twin is None or patients[twin] == patients[name]:
            kept.append(name)
        else:
            found[name] = twin
    return found


def _alike(one: Fingerprint, other: Fingerprint) -> bool:
    return len(one & other) >= SHARED_PART * min(len(one), len(other))


def _tells(plane: NDArray[np.float32]) -> bool:
    values = plane[plane != 0]
    return np.unique(values[:: max(1, values.size // _SAMPLE)]).size >= LEAST_VALUES


def _digest(values: NDArray[np.float32]) -> int:
    """Return a sum of numbers into which each value but 0 is mixed."""
    bits = values[values != 0].view(np.uint32).astype(np.uint64)
    for factor in _FACTORS:
        bits *= factor
        bits ^= bits >> np.uint64(31)
    return int(bits.sum(dtype=np.uint64))
