"""Keys of a configuration that count something."""

from ctpet.errors import CtpetError


def refuse_no_count(key: str, value: object, *, least: int) -> None:
    """Refuse what is no whole number, or too small a one.

    Raises:
        CtpetError: naming the key.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise CtpetError(f"{key} is {value}, and must be a whole number from {least} up.")
