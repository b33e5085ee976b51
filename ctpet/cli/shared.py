"""What the commands share: options, exit codes, and how a failure is told."""

import functools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ctpet.cli.own_text import hushed

EXIT_FAILURE, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

Json = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless it fails.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]
Series = Annotated[
    str | None, typer.Option("--series", metavar="UID", help="Series to use, if there are several.")
]


class Language(StrEnum):
    """Choices of `--language`."""

    ENGLISH = "en"
    VIETNAMESE = "vi"


InLanguage = Annotated[Language, typer.Option(help="In which the page opens; it holds both.")]


@contextmanager
def going_on(out: Path, *, as_json: bool) -> Iterator[None]:
    """Say, where work is stopped that leaves whole parts behind, that it can be gone on with."""
    try:
        yield
    except KeyboardInterrupt as stop:
        line = f"Stopped. What {out} holds is whole; the same command goes on from there."
        complain("interrupted", line, "", as_json=as_json)
        raise typer.Exit(EXIT_INTERRUPTED) from stop


def explained(command: Callable[..., None]) -> Callable[..., None]:
    """Turn an exception of a command into one line and its exit code; libraries keep silent.

    With `--debug` they do not, and the traceback stands before the line.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        with nullcontext() if options.get("debug") else hushed():
            run_aloud(*args, **options)

    run_aloud = explained_aloud(command)
    return run


def explained_aloud(command: Callable[..., None]) -> Callable[..., None]:
    """Do as :func:`explained`, but let libraries speak: a training's progress is theirs."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        from ctpet.errors import CtpetError, told_by_system

        try:
            command(*args, **options)
        except KeyboardInterrupt as stop:
            complain("interrupted", "Stopped. Nothing was written.", "", **options)
            raise typer.Exit(EXIT_INTERRUPTED) from stop
        except CtpetError as error:
            trace(**options)
            code = getattr(error, "code", type(error).__name__)
            complain(code, str(error), getattr(error, "remedy", ""), **options)
            raise typer.Exit(error.exit_code) from error
        except (typer.Exit, typer.BadParameter, BrokenPipeError):
            raise
        except SystemExit as end:  # a training has told its line itself
            if end.__cause__ is not None:
                trace(**options)
            raise
        except OSError as error:
            trace(**options)
            line, remedy = told_by_system(error)
            complain("system", f"{line}. {remedy}", remedy, **options)
            raise typer.Exit(EXIT_FAILURE) from error
        except MemoryError as error:
            trace(**options)
            line, remedy = "Memory ran out", "End other programs, or take a machine with more."
            complain("memory", f"{line}. {remedy}", remedy, **options)
            raise typer.Exit(EXIT_FAILURE) from error
        except Exception as error:
            trace(**options)
            what = f"Unexpected {type(error).__name__}: {error}".rstrip(": ")
            remedy = (
                "This is a defect of ctpet: run it again with --debug and report what it prints."
            )
            complain("unexpected", f"{what}. {remedy}", remedy, **options)
            raise typer.Exit(EXIT_FAILURE) from error

    return run


def complain(code: str, line: str, remedy: str, **options: Any) -> None:
    """Tell of a failure in one line, and as JSON where the command reports so.

    Args:
        code: of the failure, for programs.
        line: what happened, with the remedy.
        remedy: alone, for programs; may be empty.
        options: of the command; ``as_json`` counts.
    """
    from ctpet.printable import printable

    one_line = printable(" ".join(line.split()))
    typer.echo(f"ctpet: {one_line}", err=True)
    if options.get("as_json"):
        print_json({"error": {"code": code, "message": one_line, "remedy": remedy}})


def end_refused(refusals: Sequence[tuple[str, str]]) -> None:
    """End with exit code 3, and say how many inputs were refused and why the first one was.

    Args:
        refusals: name and reason of each; if there are none, nothing ends.
    """
    from ctpet.errors import InputRefused

    if not refusals:
        return
    name, reason = refusals[0]
    others = f", and {len(refusals) - 1} more" if len(refusals) > 1 else ""
    complain("refused", f"refused {name}{others}. {reason}", "")
    raise typer.Exit(InputRefused.exit_code)


def say(text: str) -> None:
    """Print a report as text, without what would command the terminal."""
    from ctpet.printable import printable_lines

    typer.echo(printable_lines(text))


def print_json(value: Any) -> None:
    """Print a report, with escapes where the output's character set is not Unicode."""
    from ctpet.printable import escaped_json

    unicode = (sys.stdout.encoding or "").lower() in ("utf-8", "utf8")
    typer.echo(escaped_json(json.dumps(value, indent=2, ensure_ascii=not unicode)))


def trace(**options: Any) -> None:
    """Show the traceback of the failure at hand, where ``debug`` asks for it."""
    if options.get("debug"):
        import traceback

        typer.echo(traceback.format_exc(), err=True)
