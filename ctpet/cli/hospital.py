"""The commands of the hospital: from a CT to a synthetic PET, and what stands in its way."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ctpet.cli.shared import (
    EXIT_FAILURE,
    Debug,
    Json,
    Quiet,
    Series,
    complain,
    end_refused,
    explained,
    print_json,
    say,
)


class Precision(StrEnum):
    """Choices of `--precision`."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


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
    interval: Annotated[
        bool, typer.Option("--interval", help="Also write the lower and the upper bound.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a synthetic FDG-PET series in SUVbw from a CT.

    Writes OUT/pet/*.dcm, OUT/preview.png and OUT/run.json; from a NIfTI CT, pet.nii.gz instead of
    the series. With --interval, pet_low and pet_high go beside the PET. Nothing appears under OUT
    until all of it is whole.
    """
    from ctpet import api
    from ctpet.console import reporting
    from ctpet.job.run import STAGE_SHARES
    from ctpet.texts import synthesis_text

    try:
        execution = api.Execution(device=device, precision=precision.value, threads=threads)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    besides: dict[api.Also, bool] = {"nifti": nifti, "interval": interval}
    with reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress:
        result = api.synthesize(
            ct,
            out,
            model=model,
            series_instance_uid=series,
            execution=execution,
            also=[name for name, wanted in besides.items() if wanted],
            progress=progress,
        )
    if as_json:
        print_json(result.record.to_json())
    elif not quiet:
        say(synthesis_text(result))


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
        print_json(report.to_json())
    else:
        from ctpet.texts import scan_text

        say(scan_text(report))


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
        print_json(report.to_json())
    elif not report.refused:
        say(report.text())
        if out is not None:
            say(f"wrote   {out}")
    if report.refused:
        refusal = next(f for f in report.findings if f.severity == "error")
        if as_json:
            end_refused([(pet.name, refusal.message)])
        raise InputRefused(refusal.code, refusal.message, remedy=refusal.remedy)


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
        print_json(report)
    else:
        from ctpet.texts import model_text

        say(model_text(report))


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
        print_json(result.to_json())
    elif not quiet:
        say(demo_text(result))


@explained
def doctor(
    folder: Annotated[
        Path, typer.Argument(help="Where to look for what killed runs left.")
    ] = Path(),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what will run a model here, with what and why, what is absent, and what was left."""
    from ctpet import api
    from ctpet.texts import doctor_text

    report = api.doctor(folder)
    if as_json:
        print_json(report.to_json())
    else:
        say(doctor_text(report))
    if not report.healthy:
        broken = next(check for check in report.checks if check.status == "broken")
        complain("broken", f"{broken.name}: {broken.detail}. {broken.remedy}", "")
        raise typer.Exit(EXIT_FAILURE)
