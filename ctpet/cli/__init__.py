"""The `ctpet` command: parse, call :mod:`ctpet.api`, map errors to exit codes.

Only this package is imported at the top of its modules, so that `ctpet --help` answers at once.
"""

import io
import signal
import sys
from typing import Annotated

import typer

from ctpet.cli import hospital, lab, plan, review, serve
from ctpet.cli.own_text import divert_libraries
from ctpet.cli.usage import Commands

app = typer.Typer(
    name="ctpet",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Synthetic FDG-PET in SUV from a CT study. [bold]SYNTHETIC – NOT FOR DIAGNOSIS.[/bold]",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failure, 2 usage, 3 input refused, 130 stopped.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from ctpet import __version__

        typer.echo(f"ctpet {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Hold what comes before the command's name."""


# The order is that of --help.
app.command(epilog="Example: ctpet synthesize study/ -o result/")(hospital.synthesize)
app.command(epilog="Example: ctpet scan study/")(hospital.scan)
app.command(epilog="Example: ctpet suv pet/ -o suv.nii.gz")(hospital.suv)
app.command(epilog="Example: ctpet info tissue-lookup")(hospital.info)
app.command(epilog="Example: ctpet demo -o demo/")(hospital.demo)
app.add_typer(serve.app, name="serve")
app.command(epilog="Example: ctpet prepare raw/ cases/ --workers 8")(lab.prepare)
app.command(epilog="Example: ctpet plan cases/ -o experiment/mine.yaml")(plan.plan)
app.command(epilog="Example: ctpet export runs/phantom/checkpoints/last.ckpt -o phantom.onnx")(
    lab.export
)
app.command(epilog="Example: ctpet runs runs/")(lab.runs)
app.command(
    epilog="Example: ctpet crossval experiment=sts data.dataset=cases/ -o crossval/",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(lab.crossval)
app.command(epilog="Example: ctpet phantom phantoms/ --seed 1 --count 3")(lab.phantom)
app.command(
    epilog="Example: ctpet train experiment=phantom data.dataset=cases/ optimizer.lr=1e-3",
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],  # it lists the choices too
    },
)(lab.train)
app.command(epilog="Example: ctpet evaluate predicted/ measured/ --ct ct/ -o report/")(
    review.evaluate
)
app.command(epilog="Example: ctpet compare report-a/ report-b/ -o compare.html")(review.compare)
app.command(epilog="Example: ctpet doctor")(hospital.doctor)


def main() -> None:
    """Run the command line; the entry point of the `ctpet` script.

    Being told to end (SIGTERM, or SIGHUP when the terminal closes) is treated as Ctrl-C is, so
    that nothing half-written stays; what the parent had ignored (nohup) stays ignored. What the
    terminal's character set lacks (names in a Windows code page) is shown as a question mark. What
    libraries write is shown by `train` and `crossval` alone, and with `--debug`.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if sys.argv[1:2] not in (["train"], ["crossval"]) and "--debug" not in sys.argv:
        divert_libraries()
    app()
