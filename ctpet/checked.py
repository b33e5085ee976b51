"""Values of a dataclass, checked while it is constructed."""

import sys

LEAST_SPACING_MM = 1e-3
LONGEST_LO = 64
"""Characters of a DICOM LO attribute, PS3.5 table 6.2-1."""


def keep(owner: object, name: str, value: object) -> None:
    """Set a field of a frozen dataclass to its checked value while it is constructed."""
    object.__setattr__(owner, name, value)


def one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuse what is none of some choices.

    Raises:
        ValueError: if it is none of them.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {choices}, not {value!r}")


def dicom_text(name: str, value: object) -> str:
    """Return a text that fits a DICOM LO attribute (PS3.5 table 6.2-1).

    Raises:
        ValueError: if it does not.
    """
    told = text(name, value, least=1)
    if len(told) > LONGEST_LO or not told.isprintable() or "\\" in told:
        raise ValueError(f"{name} must be at most {LONGEST_LO} printable characters, not {told!r}")
    return told


def text(name: str, value: object, *, least: int = 0) -> str:
    """Return a text of at least so many characters that are no space.

    Raises:
        ValueError: if it is none.
    """
    if not isinstance(value, str) or len(value.strip()) < least:
        raise ValueError(f"{name} must be {'a text' if least == 0 else 'a text with content'}")
    return value


def numbers(name: str, values: object, count: int) -> tuple[float, ...]:
    """Return finite floats; integers are taken as floats, so that equal contracts read alike.

    Raises:
        ValueError: if they are none.
    """
    if not isinstance(values, tuple) or len(values) != count:
        raise ValueError(f"{name} must be {count} numbers, not {values!r}")
    for value in values:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not abs(value) <= sys.float_info.max:
            raise ValueError(f"{name} must be {count} finite numbers, not {values!r}")
    return tuple(float(value) for value in values)


def lengths(name: str, values: object) -> tuple[float, float]:
    """Return a shortest and a longest length in mm, which may be the same.

    Raises:
        ValueError: if they are none.
    """
    low, high = numbers(name, values, 2)
    if not LEAST_SPACING_MM <= low <= high:
        raise ValueError(f"{name} must be positive and not fall, not {(low, high)}")
    return low, high


def counts(name: str, values: object, *, least: int) -> tuple[int, ...]:
    """Return three whole numbers, each at least so large.

    Raises:
        ValueError: if they are none.
    """
    if not isinstance(values, tuple) or len(values) != 3:
        raise ValueError(f"{name} must be three whole numbers, not {values!r}")
    return tuple(whole(name, value, least=least) for value in values)


def whole(name: str, value: object, *, least: int) -> int:
    """Return a whole number that is at least so large.

    Raises:
        ValueError: if it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be whole and at least {least}, not {value!r}")
    return value
