"""The `ctpet` command: parse, call :mod:`ctpet.api`, map errors to exit codes.

Nothing of ctpet is imported at the top, so that `ctpet --help` answers at once.
"""

import functools
import io
import json
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="ctpet",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Synthetic FDG-PET in SUV from a CT study. [bold]SYNTHETIC – NOT FOR DIAGNOSIS.[/bold]",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failure, 2 usage, 3 input refused, 130 stopped.",
)

EXIT_FAILURE, EXIT_INTERRUPTED = 1, 130

Json = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless it fails.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]
Series = Annotated[
    str | None, typer.Option("--series", metavar="UID", help="Series to use, if there are several.")
]


class Precision(StrEnum):
    """Choices of `--precision`."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


def explained(command: Callable[..., None]) -> Callable[..., None]:
    """Turn an exception of a command into one line and its exit code.

    With `--debug` the traceback stands before the line.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        from ctpet.errors import CtpetError

        try:
            command(*args, **options)
        except KeyboardInterrupt as stop:
            _complain("interrupted", "Stopped. Nothing was written.", "", **options)
            raise typer.Exit(EXIT_INTERRUPTED) from stop
        except CtpetError as error:
            _trace(**options)
            code = getattr(error, "code", type(error).__name__)
            _complain(code, str(error), getattr(error, "remedy", ""), **options)
            raise typer.Exit(error.exit_code) from error
        except (typer.Exit, typer.BadParameter, BrokenPipeError):
            raise
        except Exception as error:
            _trace(**options)
            what = f"Unexpected {type(error).__name__}: {error}".rstrip(": ")
            remedy = (
                "This is a defect of ctpet: run it again with --debug and report what it prints."
            )
            _complain("unexpected", f"{what}. {remedy}", remedy, **options)
            raise typer.Exit(EXIT_FAILURE) from error

    return run


def _trace(**options: Any) -> None:
    if options.get("debug"):
        import traceback

        typer.echo(traceback.format_exc(), err=True)


def _complain(code: str, line: str, remedy: str, **options: Any) -> None:
    one_line = " ".join(line.split())
    typer.echo(f"ctpet: {one_line}", err=True)
    if options.get("as_json"):
        _print_json({"error": {"code": code, "message": one_line, "remedy": remedy}})


def _print_json(value: Any) -> None:
    unicode = (sys.stdout.encoding or "").lower() in ("utf-8", "utf8")
    typer.echo(json.dumps(value, indent=2, ensure_ascii=not unicode))


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


@app.command(epilog="Example: ctpet synthesize study/ -o result/")
@explained
def synthesize(  # noqa: PLR0913  (typer: one parameter an option)
    ct: Annotated[Path, typer.Argument(help="DICOM folder, zip archive or NIfTI file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for the result.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Model file, or a shipped model's name.")
    ] = None,
    series: Series = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    precision: Annotated[Precision, typer.Option(help="Arithmetic.")] = Precision.AUTO,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all by default.")] = None,
    nifti: Annotated[bool, typer.Option("--nifti", help="Also write pet.nii.gz.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a synthetic FDG-PET series in SUVbw from a CT.

    Writes OUT/pet/*.dcm, OUT/preview.png and OUT/run.json; from a NIfTI CT, pet.nii.gz instead of
    the series. Nothing appears under OUT until all of it is whole.
    """
    from ctpet import api
    from ctpet.console import reporting
    from ctpet.job.run import STAGE_SHARES
    from ctpet.texts import synthesis_text

    try:
        execution = api.Execution(device=device, precision=precision.value, threads=threads)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress:
        result = api.synthesize(
            ct,
            out,
            model=model,
            series_instance_uid=series,
            execution=execution,
            nifti=nifti,
            progress=progress,
        )
    if as_json:
        _print_json(result.record.to_json())
    elif not quiet:
        typer.echo(synthesis_text(result))


@app.command(epilog="Example: ctpet scan study/")
@explained
def scan(
    folder: Annotated[Path, typer.Argument(help="DICOM folder, zip archive or single file.")],
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the series of a folder, and what is wrong with each."""
    from ctpet import api

    report = api.scan(folder)
    if as_json:
        _print_json(report.to_json())
    else:
        from ctpet.texts import scan_text

        typer.echo(scan_text(report))


@app.command(epilog="Example: ctpet suv pet/ -o suv.nii.gz")
@explained
def suv(
    pet: Annotated[Path, typer.Argument(help="PET as DICOM folder, zip archive or single slice.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the volume in SUVbw as NIfTI.")
    ] = None,
    series: Series = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show how a measured PET becomes SUVbw: factor, rule, candidates and findings."""
    from ctpet import api
    from ctpet.errors import InputRefused

    report = api.suv(pet, out=out, series_instance_uid=series)
    if as_json:
        _print_json(report.to_json())
    elif not report.refused:
        typer.echo(report.text())
        if out is not None:
            typer.echo(f"wrote   {out}")
    if report.refused and as_json:
        raise typer.Exit(InputRefused.exit_code)
    if report.refused:
        refusal = next(f for f in report.findings if f.severity == "error")
        raise InputRefused(refusal.code, refusal.message, remedy=refusal.remedy)


@app.command(epilog="Example: ctpet info tissue-lookup")
@explained
def info(
    model: Annotated[
        str | None, typer.Argument(help="Model file, or a shipped model's name.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what a model promises: grid, tracer, intended use, what it was fitted on."""
    from ctpet import api

    report = api.info(model)
    if as_json:
        _print_json(report)
    else:
        from ctpet.texts import model_text

        typer.echo(model_text(report))


@app.command(epilog="Example: ctpet demo -o demo/")
@explained
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for everything.")],
    seed: Annotated[int, typer.Option(min=0, help="Which digital patient.")] = 1,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Model file, or a shipped model's name.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a digital patient, synthesize its PET, and compare with the PET it has."""
    from ctpet import api
    from ctpet.console import reporting
    from ctpet.job.demo import STAGE_SHARES
    from ctpet.texts import demo_text

    with reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress:
        result = api.demo(out, seed=seed, model=model, progress=progress)
    if as_json:
        _print_json(result.to_json())
    elif not quiet:
        typer.echo(demo_text(result))


class Layout(StrEnum):
    """Choices of `--layout`."""

    AUTO = "auto"
    DICOM = "dicom"
    AUTOPET = "autopet"
    TABLE = "table"


@app.command(epilog="Example: ctpet prepare raw/ cases/ --workers 8")
@explained
def prepare(  # noqa: PLR0913  (typer: one parameter an option)
    source: Annotated[
        str, typer.Argument(help="Folder, archive, CSV table, or phantom:FIRST-LAST.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the cases, new or begun before.")],
    spacing: Annotated[float, typer.Option(min=1, help="Of the grid, in mm.")] = 4.0,
    layout: Annotated[Layout, typer.Option(help="Of the source.")] = Layout.AUTO,
    table: Annotated[Path | None, typer.Option(help="CSV: patient, ct, pet, …")] = None,
    folds: Annotated[int, typer.Option(min=2, help="Of the cross-validation.")] = 5,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core by default.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="One sentence about the data.")] = None,
    attribution: Annotated[str | None, typer.Option(help="Who must be credited.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of the data, such as CC-BY-4.0.")] = None,
    salt: Annotated[
        str | None,
        typer.Option(help="Hex, of the patients' hashes; the same gives the same folds."),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Turn PET/CT examinations into clean, de-identified cases to learn from.

    Goes on where it stopped. Ends with a list of what was taken and what was not; with exit code 3
    if something was refused. See OUT/contact-sheet.html.
    """
    import os

    from ctpet import api
    from ctpet.console import reporting
    from ctpet.errors import InputRefused
    from ctpet.prepare.dataset import About
    from ctpet.prepare.run import STAGE_SHARES, PrepareRequest
    from ctpet.texts import prepare_text

    request = PrepareRequest(
        source=source,
        out=out,
        spacing_mm=(spacing, spacing, spacing),
        layout=layout.value,
        table=table,
        folds=folds,
        workers=workers or os.cpu_count() or 1,
        about=About(description, attribution, licence, salt),
    )
    try:
        with reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress:
            result = api.prepare(request, progress=progress)
    except KeyboardInterrupt as stop:
        line = f"Stopped. What {out} holds is whole; the same command goes on from there."
        _complain("interrupted", line, "", as_json=as_json)
        raise typer.Exit(EXIT_INTERRUPTED) from stop
    if as_json:
        _print_json(result.to_json())
    elif not quiet:
        typer.echo(prepare_text(result))
    if result.refused:
        raise typer.Exit(InputRefused.exit_code)


@app.command(epilog="Example: ctpet export runs/phantom/checkpoints/last.ckpt -o phantom.onnx")
@explained
def export(
    checkpoints: Annotated[
        list[Path],
        typer.Argument(help="runs/NAME/checkpoints/….ckpt; several are averaged."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="New file MODEL.onnx.")],
    dataset: Annotated[
        Path | None, typer.Option(help="Prepared folder to try it on; the training's by default.")
    ] = None,
    evaluation: Annotated[
        Path | None, typer.Option(help="Markdown for the card: error, baselines beside it.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a model file of a trained network, and refuse if it gives other numbers.

    Writes MODEL.onnx, MODEL.safetensors, MODEL.yaml and the card MODEL.md.
    """
    from ctpet import api
    from ctpet.console import reporting
    from ctpet.extras import needs_extra
    from ctpet.texts import export_text

    with needs_extra("train"):
        from ctpet.learn.export.run import STAGE_SHARES

    with reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress:
        result = api.export(
            checkpoints, out, dataset=dataset, evaluation=evaluation, progress=progress
        )
    if as_json:
        _print_json(result.to_json())
    elif not quiet:
        typer.echo(export_text(result, out))


class PhantomFormat(StrEnum):
    """Choices of `--format`."""

    DICOM = "dicom"
    NIFTI = "nifti"


@app.command(epilog="Example: ctpet phantom phantoms/ --seed 1 --count 3")
@explained
def phantom(
    out: Annotated[Path, typer.Argument(help="Folder; each patient gets a new one inside.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the first patient.")] = 1,
    count: Annotated[int, typer.Option(min=1, help="Patients; each has the next seed.")] = 1,
    format: Annotated[PhantomFormat, typer.Option(help="Of CT and PET.")] = PhantomFormat.DICOM,  # noqa: A002
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make digital patients: CT, PET, labels, lesions and the floor of any model's error."""
    from ctpet import api
    from ctpet.console import reporting
    from ctpet.phantom.study import STAGES

    folders = []
    for number in range(seed, seed + count):
        with reporting(STAGES, style="quiet" if quiet else "auto") as progress:
            folders.append(api.phantom(out, seed=number, format=format.value, progress=progress))
        if not (quiet or as_json):
            typer.echo(folders[-1])
    if as_json:
        _print_json({"folders": [str(folder) for folder in folders]})


@app.command(
    epilog="Example: ctpet train experiment=phantom data.dataset=cases/ optimizer.lr=1e-3",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
@explained
def train(context: typer.Context) -> None:
    """Train a network. Hydra's overrides and options follow; `--cfg job` shows what they make.

    Writes runs/NAME/ with checkpoints, the resolved config, the data's fingerprint, curves and
    pictures. Needs ctpet[train].
    """
    from ctpet import api

    api.train(*context.args)


@app.command(epilog="Example: ctpet doctor")
@explained
def doctor(as_json: Json = False, debug: Debug = False) -> None:
    """Show what will run a model here, with what and why, and what is absent."""
    from ctpet import api
    from ctpet.texts import doctor_text

    report = api.doctor()
    if as_json:
        _print_json(report.to_json())
    else:
        typer.echo(doctor_text(report))
    if not report.healthy:
        raise typer.Exit(EXIT_FAILURE)


def main() -> None:
    """Run the command line; the entry point of the `ctpet` script.

    Being told to end (SIGTERM, or SIGHUP when the terminal closes) is treated as Ctrl-C is, so
    that nothing half-written stays. What the terminal's character set lacks (names in a Windows
    code page) is shown as a question mark.
    """
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
