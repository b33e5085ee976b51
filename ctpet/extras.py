"""Say which extra is missing, where a command needs one that is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from ctpet.errors import CtpetError


@contextmanager
def needs_extra(name: Literal["train"]) -> Iterator[None]:
    """Turn a missing package into one line that names the extra to install.

    Args:
        name: of the extra that has it.

    Raises:
        CtpetError: a package outside of ctpet that the body imports is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "ctpet":
            raise
        raise CtpetError(
            f"This needs {error.name}, which is not installed. Install ctpet with its {name} "
            f"extra: pip install 'ctpet[{name}]'."
        ) from error
