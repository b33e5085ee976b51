"""How numbers are written: three significant digits, a true minus sign, alike in any language."""

import math
from typing import Literal

from ctpet.evaluate.statistics import Interval

Sign = Literal["-", "+"]
"""Whether only negative numbers get a sign, or positive ones too, as differences do."""

NONE = "–"
DIGITS = 3
MOST_DECIMALS = 4
SUV_UNIT = "g/mL"
LEAST_P = 0.001

_SPACE = "\N{NARROW NO-BREAK SPACE}"


def number(value: float, sign: Sign = "-") -> str:
    """Return a number with three digits, at most four decimals, and all of its whole digits."""
    return _written(value, _decimals(value), sign)


def suv(value: float, sign: Sign = "-") -> str:
    """Return an SUV with its unit."""
    written = number(value, sign)
    return written if written == NONE else f"{written}{_SPACE}{SUV_UNIT}"


def count(value: float) -> str:
    """Return a whole number."""
    return _written(value, 0, "-")


def percent(share: float, sign: Sign = "-") -> str:
    """Return a share of 1 in per cent, to a tenth below 100 %."""
    written = _written(100 * share, 1 if abs(share) < 1 else 0, sign)
    return written if written == NONE else f"{written}{_SPACE}%"


def p_value(p: float) -> str:
    """Return ``= 0.012`` or ``< 0.001``, to stand after a p; empty where no test was made."""
    if math.isnan(p):
        return ""
    return f"< {LEAST_P}" if p < LEAST_P else f"= {p:.3f}"


def mean_of(found: Interval, sign: Sign = "-") -> str:
    """Return the mean of an interval, with as many decimals as its ends have."""
    return _written(found.mean, _shared_decimals(found), sign)


def ends_of(found: Interval, sign: Sign = "-") -> str:
    """Return ``[low; high]``; empty where there are too few patients for an interval."""
    if math.isnan(found.low) or math.isnan(found.high):
        return ""
    decimals = _shared_decimals(found)
    low, high = (_written(end, decimals, sign) for end in (found.low, found.high))
    return f"[{low}; {high}]"


def with_patients(found: Interval, unit: str = "") -> str:
    """Return the mean of an interval with its unit and of how many patients it is."""
    written = _SPACE.join(filter(None, (number(found.mean), unit)))
    return f"{written} (n{_SPACE}{found.patients})"


def range_of(low: float, high: float, sign: Sign = "-") -> str:
    """Return ``low to high`` as a range without words."""
    return ends_of(Interval(math.nan, low, high, 0), sign)


def beside(value: float, ends: tuple[float, float], sign: Sign = "-") -> str:
    """Return a number with as many decimals as the ends of a range around it have."""
    return mean_of(Interval(value, *ends, 0), sign)


def _shared_decimals(found: Interval) -> int:
    """Return the decimals that the mean needs, or the ends where the mean is small beside them."""
    ends = [abs(end) for end in (found.low, found.high) if math.isfinite(end)]
    widest = max(ends, default=0.0)
    if math.isnan(found.mean) or abs(found.mean) < widest / 2:
        return _decimals(widest)
    return _decimals(found.mean)


def _decimals(value: float) -> int:
    if not math.isfinite(value) or value == 0:
        return 0
    exponent = int(f"{abs(value):.{DIGITS - 1}e}".partition("e")[2])
    return min(max(DIGITS - 1 - exponent, 0), MOST_DECIMALS)


def _written(value: float, decimals: int, sign: Sign) -> str:
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = round(value, decimals) + 0.0
    if not rounded and decimals == MOST_DECIMALS:
        return "0"
    shown = f"{rounded:{sign if rounded else '-'},.{decimals}f}"
    return shown.replace("-", "−").replace(",", _SPACE)
