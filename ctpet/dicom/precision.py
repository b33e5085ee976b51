"""How exactly a header says where a plane lies, by the decimals that it writes."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT = 12
"""Decimals beyond which nobody counts; also of a series that does not show its own."""

_SHORT = 6
_FEW = 5
_UNKNOWN = -1


def decimals_of(values: Iterable[Any]) -> tuple[int, ...]:
    """Count the decimals that each number of a multi-valued DS is written with.

    ``3.270`` has three, ``1.5E+2`` none, and ``3.299999952316`` has one: it is 3.3 in single
    precision. ``3.000000000000`` gives −1: it may be exact, or 3 in single precision.
    """
    return tuple(_decimals(value) for value in values)


def rounding_mm(written: Iterable[tuple[int, ...]]) -> NDArray[np.float64]:
    """Return how far a written position may lie from the true one along x, y and z.

    It is half a unit of the last decimal that any image of the series writes: an image whose
    decimals end in zeros may have lost them, the others show what the writer could do.

    Args:
        written: the decimals of each position; empty where there is none.
    """
    known = [decimals for decimals in written if decimals]
    most = np.max(known, axis=0) if known else np.full(3, _UNKNOWN)
    return np.asarray(0.5 * 10.0 ** -np.where(most == _UNKNOWN, EXACT, most))


def _decimals(value: Any) -> int:
    text = str(getattr(value, "original_string", None) or repr(float(value))).strip()
    try:
        exponent = Decimal(text).as_tuple().exponent
    except InvalidOperation:
        return EXACT
    written = min(max(0, -exponent), EXACT) if isinstance(exponent, int) else EXACT
    return written if written <= _SHORT else _behind_long_text(float(value), written)


def _behind_long_text(value: float, written: int) -> int:
    """Count the decimals of a number before a 32-bit float gave it more; −1 if that is open."""
    for decimals in range(_FEW):
        plain = round(value, decimals)
        if plain == value:
            return _UNKNOWN
        if abs(float(np.float32(plain)) - value) <= 10.0**-written:
            return decimals
    return written
