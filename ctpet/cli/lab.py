"""The commands of the lab: cases, trainings, model files and digital patients."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ctpet.cli.shared import (
    Debug,
    InLanguage,
    Json,
    Language,
    Quiet,
    end_refused,
    explained,
    explained_aloud,
    going_on,
    print_json,
    say,
)


class Layout(StrEnum):
    """Choices of `--layout`."""

    AUTO = "auto"
    DICOM = "dicom"
    NIFTI = "nifti"
    TABLE = "table"


@explained
def prepare(  # noqa: PLR0913  (typer: one parameter an option)
    source: Annotated[
        str, typer.Argument(help="Folder, archive, CSV table, or phantom[-wide]:FIRST-LAST.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the cases, new or begun before.")],
    spacing: Annotated[float, typer.Option(min=1, max=50, help="Of the grid, in mm.")] = 4.0,
    layout: Annotated[Layout, typer.Option(help="Of the source.")] = Layout.AUTO,
    table: Annotated[Path | None, typer.Option(help="CSV: patient, ct, pet, …")] = None,
    folds: Annotated[int, typer.Option(min=2, max=100, help="Of the cross-validation.")] = 5,
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
    tracer: Annotated[str | None, typer.Option(help="Of every PET, such as FDG.")] = None,
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
        about=About(description, attribution, licence, salt, tracer),
    )
    with (
        going_on(out, as_json=as_json),
        reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress,
    ):
        result = api.prepare(request, progress=progress)
    if as_json:
        print_json(result.to_json())
    elif not quiet:
        say(prepare_text(result))
    end_refused([(one.name, one.message) for one in result.refused])


@explained_aloud
def train(context: typer.Context, debug: Debug = False) -> None:
    r"""Train a network. Hydra's overrides and options follow; `--cfg job` shows what they make.

    Writes runs/NAME/ with checkpoints, the resolved config, the data's fingerprint, curves and
    pictures. Needs ctpet\[train].
    """
    if {"--help", "-h"} & set(context.args):
        typer.echo(context.get_help())
        typer.echo(_choices())
        return
    from ctpet.extras import needs_extra

    with needs_extra("train"):
        from ctpet.learn.command import run
    run(context.args)


@explained
def runs(
    folder: Annotated[Path, typer.Argument(help="That holds them, at any depth.")] = Path("runs"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    r"""List trainings: how far they came, their best epoch. Needs ctpet\[train]."""
    from ctpet import api
    from ctpet.texts import runs_text

    found = api.runs(folder)
    if as_json:
        print_json([run.to_json() for run in found])
    else:
        say(runs_text(found))


@explained_aloud
def crossval(  # noqa: PLR0913  (typer: one parameter an option)
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder of runs and report, new or begun before.")
    ],
    folds: Annotated[
        str | None, typer.Option(metavar="N,N", help="Which folds; all by default.")
    ] = None,
    config_dir: Annotated[
        Path | None, typer.Option(help="That holds experiments of your own, as of `ctpet train`.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that score; one a core by default.")
    ] = None,
    language: InLanguage = Language.ENGLISH,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    r"""Train each fold and judge every patient by the network that did not see him.

    Overrides follow as for `ctpet train`. Goes on where it stopped. Writes OUT/report/report.html,
    with boosted trees fitted on the same folds among the baselines. Needs ctpet\[train].
    """
    import os

    from ctpet import api
    from ctpet.console import reporting
    from ctpet.evaluate.outputs import summary_json
    from ctpet.extras import needs_extra
    from ctpet.texts import crossval_text

    with needs_extra("train"):
        from ctpet.learn.crossval.folds import search_path
        from ctpet.learn.crossval.run import STAGE_SHARES, CrossvalRequest

    found = () if config_dir is None else (search_path(config_dir),)
    request = CrossvalRequest(
        overrides=(*found, *context.args),
        out=out,
        folds=None if folds is None else _fold_numbers(folds),
        workers=workers or os.cpu_count() or 1,
    )
    with (
        going_on(out, as_json=as_json),
        reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress,
    ):
        result = api.crossval(request, language=language.value, progress=progress)
    if as_json:
        print_json({**result.predicted.to_json(), "evaluation": summary_json(result.evaluation)})
    elif not quiet:
        say(crossval_text(result, out))
    end_refused([(one.name, one.message) for one in result.evaluation.refused])


def _fold_numbers(told: str) -> tuple[int, ...]:
    if not all(part.strip().isdecimal() for part in told.split(",")):
        raise typer.BadParameter(f"--folds {told}: write numbers from 0, such as 0,1")
    return tuple(int(part) for part in told.split(","))


def _choices() -> str:
    """List the groups of the training's configuration with what may be chosen in each."""
    from ctpet.resources import config_choices

    lines = [f"  {group:<14}{', '.join(names)}" for group, names in config_choices().items()]
    return "\n".join([" Groups and their choices, as in `network=multiscale`:", "", *lines])


class ExportWindows(StrEnum):
    """Choices of `export --windows`."""

    MEASURED = "measured"
    NONE = "none"


class ExportWeights(StrEnum):
    """Choices of `export --weights`."""

    AVERAGED = "averaged"
    CURRENT = "current"


@explained
def export(  # noqa: PLR0913  (typer: one parameter an option)
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
    windows: Annotated[
        ExportWindows,
        typer.Option(help="none: a model for whole volumes only, that need not tile."),
    ] = ExportWindows.MEASURED,
    weights: Annotated[
        ExportWeights | None,
        typer.Option(help="Averaged over the steps, as by default, or of the last step."),
    ] = None,
    calibrate_on: Annotated[
        list[Path] | None,
        typer.Option(help="Prepared patients to calibrate on; by default those held out."),
    ] = None,
    coverage: Annotated[
        float | None, typer.Option(help="Of the bounds, by patient; 0.9 by default.")
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

    if coverage is not None and not 0 < coverage < 1:
        raise typer.BadParameter("--coverage lies between 0 and 1, such as 0.9")
    with needs_extra("train"):
        from ctpet.learn.export.calibration import COVERAGE, CalibrationRequest
        from ctpet.learn.export.run import STAGE_SHARES, ExportRequest

    calibration = None
    if calibrate_on or coverage is not None:
        calibration = CalibrationRequest(tuple(calibrate_on or ()), coverage or COVERAGE)
    request = ExportRequest(
        checkpoints=tuple(checkpoints),
        dataset=dataset,
        evaluation=evaluation,
        windows=windows.value,
        weights=None if weights is None else weights.value,
        calibration=calibration,
    )
    with reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress:
        result = api.export(request, out, progress=progress)
    if as_json:
        print_json(result.to_json())
    elif not quiet:
        say(export_text(result, out))


class PhantomFormat(StrEnum):
    """Choices of `--format`."""

    DICOM = "dicom"
    NIFTI = "nifti"


class PhantomDomain(StrEnum):
    """Choices of `--domain`."""

    PLAIN = "plain"
    WIDE = "wide"


@explained
def phantom(  # noqa: PLR0913
    out: Annotated[Path, typer.Argument(help="Folder; each patient gets a new one inside.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the first patient.")] = 1,
    count: Annotated[int, typer.Option(min=1, help="Patients; each has the next seed.")] = 1,
    format: Annotated[PhantomFormat, typer.Option(help="Of CT and PET.")] = PhantomFormat.DICOM,  # noqa: A002
    domain: Annotated[
        PhantomDomain, typer.Option(help="wide: more than reality has, and many lesions.")
    ] = PhantomDomain.PLAIN,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make digital patients: CT, PET, labels, lesions and the floor of any model's error."""
    from ctpet import api
    from ctpet.console import reporting
    from ctpet.phantom.domain import stream_of
    from ctpet.phantom.study import STAGES

    stream_of(seed + count - 1, domain.value)  # the last one, before the first is made
    folders = []
    for number in range(seed, seed + count):
        with reporting(STAGES, style="quiet" if quiet else "auto") as progress:
            made = api.phantom(
                out, seed=number, format=format.value, domain=domain.value, progress=progress
            )
            folders.append(made)
        if not (quiet or as_json):
            say(str(folders[-1]))
    if as_json:
        print_json({"folders": [str(folder) for folder in folders]})
