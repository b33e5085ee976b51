"""How long work tells what it has done."""

from typing import Protocol


class Progress(Protocol):
    """Called with the stage's name and how much of it is done, from 0.0 to 1.0."""

    def __call__(self, stage: str, fraction: float, /) -> None:
        """Report progress."""


def silent(stage: str, fraction: float, /) -> None:
    """A progress that nobody watches."""
