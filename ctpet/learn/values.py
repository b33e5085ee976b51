"""Values of settings: what is of the right kind and yet cannot be meant, and how that is said."""

from collections.abc import Collection
from math import isfinite, isinf
from typing import Any

from omegaconf import ListConfig, OmegaConf

from ctpet.errors import CtpetError


class NotMeant(CtpetError, ValueError):
    """A setting has a value that nobody can mean. The message begins with the setting's name."""

    def __init__(self, key: str, value: object, must_be: str) -> None:
        """Take what it is, and in words what it must be."""
        super().__init__(f"{key} is {shown(value)}, and must be {must_be}.")


def shown(value: object) -> str:
    """Return a value as it is typed."""
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    plain: dict[Any, str] = {None: "null", True: "true", False: "false", "": "empty"}
    if value is None or isinstance(value, bool | str):
        return plain.get(value, str(value))
    return str(value)


def is_number(value: object) -> bool:
    """Tell a number from what YAML may give in its place, true and false among it."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_list(value: object) -> bool:
    """Tell a list, of a configuration or of Python."""
    return isinstance(value, list | tuple | ListConfig)


def refuse_no_count(key: str, value: object, *, least: int) -> None:
    """Refuse what is no whole number, or too small a one.

    Raises:
        NotMeant: naming the key.
    """
    if not is_number(value) or not isinstance(value, int) or value < least:
        raise NotMeant(key, value, f"a whole number from {least} up")


def refuse_no_number(
    key: str,
    value: object,
    *,
    least: float = float("-inf"),
    above: float = float("-inf"),
    most: float = float("inf"),
    below: float = float("inf"),
) -> None:
    """Refuse what is no finite number, or lies outside its limits.

    Args:
        key: that it is the value of.
        value: as it was given.
        least: limit that it may be.
        above: limit that it must be above.
        most: limit that it may be.
        below: limit that it must be below.

    Raises:
        NotMeant: naming the key.
    """
    number = value if isinstance(value, int | float) and is_number(value) else float("nan")
    if isfinite(number) and least <= number <= most and above < number < below:
        return
    limits = (("from", least), ("above", above), ("to", most), ("below", below))
    told = [f"{word} {limit:g}" for word, limit in limits if not isinf(limit)]
    raise NotMeant(key, value, " ".join(["a number", *told]))


def refuse_no_choice(key: str, value: object, choices: Collection[str]) -> None:
    """Refuse what is none of some words.

    Raises:
        NotMeant: naming the key and the choices.
    """
    if not isinstance(value, str) or value not in choices:
        raise NotMeant(key, value, " or ".join(choices))


def refuse_no_text(key: str, value: object) -> None:
    """Refuse what is no text with content.

    Raises:
        NotMeant: naming the key.
    """
    if not isinstance(value, str) or not value.strip():
        raise NotMeant(key, value, "a text with content")
