"""What was typed wrongly, told in one line as every other failure is."""

import re
import sys
from collections.abc import Sequence
from typing import Any, cast

import typer
from typer.core import TyperGroup, TyperOption

from ctpet.cli.shared import EXIT_USAGE, complain, trace

_UsageError: type[Exception] = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""Of all mistakes in what was typed; typer gives it no name of its own."""

_EMPTY_VALUE = re.compile(r"(--[\w-]+)=\s*")


class Commands(TyperGroup):
    """The commands; a mistake in what was typed ends with exit code 2 and one line."""

    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:  # type: ignore[override]
        """Run what was typed; the options are those of the class above."""
        typed = list(sys.argv[1:] if args is None else args)
        try:
            _refuse_empty(typed)
            code = super().main(typed, **{**options, "standalone_mode": False})
        except _UsageError as error:
            _tell(error, typed)
            code = EXIT_USAGE
        sys.exit(code or 0)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, and refuse options that are given twice though only one counts."""
        name, command, rest = super().resolve_command(ctx, args)
        for one in command.params if command else ():
            if isinstance(one, TyperOption) and not one.is_flag and not one.multiple:
                _refuse_twice(one.opts, rest)
        return name, command, rest


def _refuse_twice(names: Sequence[str], typed: Sequence[str]) -> None:
    given = [one for one in typed if one.partition("=")[0] in names]
    if len(given) > 1:
        raise _UsageError(f"{' and '.join(given)} are one option. Give it once")


def _refuse_empty(typed: Sequence[str]) -> None:
    """Refuse what a variable without content left on the command line: no command means it.

    Raises:
        UsageError: naming the option.
    """
    for before, one in zip(["", *typed], typed, strict=False):
        told = _EMPTY_VALUE.fullmatch(one)
        if told or not one.strip():
            name = told[1] if told else before
            what = f"the value of {name}" if name.startswith("-") else "an argument"
            raise _UsageError(f"{what} is empty. Give one, or leave it out")


def _tell(error: Any, typed: Sequence[str]) -> None:
    """Say what is wrong with what was typed, and where the right form is shown."""
    told = error.format_message().rstrip(".")
    if not told:  # nothing was typed, and the help has been shown
        return
    trace(debug="--debug" in typed)
    command = error.ctx.command_path if error.ctx else "ctpet"
    complain("usage", f"{told}. See {command} --help.", "")
