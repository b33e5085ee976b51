"""What a reviewer runs: evaluate, compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctpet.cli.shared import (
    Debug,
    InLanguage,
    Json,
    Language,
    Quiet,
    end_refused,
    explained,
    print_json,
    say,
)

if TYPE_CHECKING:
    from ctpet.evaluate.margin import Margin


MarginOption = Annotated[
    str | None,
    typer.Option(help="Difference of MAE in the body that matters: 0.05 (g/mL) or 10%."),
]


@explained
def evaluate(  # noqa: PLR0913  (typer: one parameter an option)
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for the report.")],
    predicted: Annotated[
        Path | None, typer.Argument(help="Synthetic PET: a file, or a folder of patients.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Argument(help="Measured PET: a file, or a folder of patients.")
    ] = None,
    ct: Annotated[Path | None, typer.Option(help="CT: for the body and the HU baseline.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Organs, as NIfTI label maps.")] = None,
    lesions: Annotated[Path | None, typer.Option(help="Lesions, as NIfTI label maps.")] = None,
    predicted_lesions: Annotated[
        Path | None, typer.Option(help="What a segmenter marks on the synthetic PET, likewise.")
    ] = None,
    measured_lesions: Annotated[
        Path | None, typer.Option(help="What it marks on the measured PET: how well it can do.")
    ] = None,
    label_names: Annotated[
        Path | None, typer.Option(help='JSON of number and name, such as {"5": "liver"}.')
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="CSV instead of folders: patient, predicted, reference, …")
    ] = None,
    covariates: Annotated[
        Path | None, typer.Option(help="CSV of the patients: patient, site, sex, age, …")
    ] = None,
    cut: Annotated[
        list[str] | None, typer.Option(help="Where its numbers are split, such as bmi=25,30.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="That predicted: whom did it learn from?")
    ] = None,
    title: Annotated[str, typer.Option(help="Of the report; the model's name by default.")] = "",
    margin: MarginOption = None,
    resample: Annotated[
        bool, typer.Option("--resample", help="Put predictions onto the references' grids.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core by default.")
    ] = None,
    language: InLanguage = Language.ENGLISH,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score synthetic PETs against measured ones, beside the baselines they must beat.

    Patients are matched by the names of their files or folders, else by PatientID. Writes
    OUT/report.html, summary.json and tables for statistics programs; ends with exit code 3 if a
    case was refused.
    """
    import os

    from ctpet import api
    from ctpet.console import reporting
    from ctpet.evaluate.files import Sources
    from ctpet.evaluate.outputs import summary_json
    from ctpet.evaluate.run import STAGE_SHARES, EvaluateRequest
    from ctpet.infer.shipped import find_model
    from ctpet.texts import evaluation_text

    sources = None
    if table is None and (predicted is None or reference is None):
        raise typer.BadParameter("name the synthetic and the measured PET, or a --table")
    if table is not None and predicted is not None:
        raise typer.BadParameter("name folders or a --table, not both")
    maps = ct, labels, lesions, predicted_lesions, measured_lesions
    if table is not None and any(maps):
        raise typer.BadParameter("a --table names CT, labels and lesions in its own columns")
    if (predicted_lesions or measured_lesions) and not lesions:
        raise typer.BadParameter("a segmenter's masks need --lesions, the reference, beside them")
    if predicted is not None and reference is not None:
        sources = Sources(predicted, reference, *maps)
    if cut and covariates is None:
        raise typer.BadParameter("--cut splits a column of --covariates")
    request = EvaluateRequest(
        sources=sources,
        table=table,
        label_names=label_names,
        model=find_model(model) if model else None,
        title=title,
        resample_prediction=resample,
        workers=workers or os.cpu_count() or 1,
        covariates=covariates,
        cut_points=dict(map(_cut, cut or [])),
        margin=_margin(margin),
    )
    with reporting(STAGE_SHARES, style="quiet" if quiet else "auto") as progress:
        result = api.evaluate(request, out, language=language.value, progress=progress)
    if as_json:
        print_json(summary_json(result))
    elif not quiet:
        say(evaluation_text(result, out))
    end_refused([(one.name, one.message) for one in result.refused])


def _margin(told: str | None) -> "Margin | None":
    from ctpet.evaluate.margin import read_margin

    try:
        return None if told is None else read_margin(told)
    except ValueError:
        raise typer.BadParameter(f"--margin {told}: write 0.05 for g/mL, or 10%") from None


def _cut(told: str) -> tuple[str, tuple[float, ...]]:
    """Return the column and cut points of ``NAME=25,30``."""
    import math

    name, _, points = told.rpartition("=")
    try:
        cuts = tuple(float(point) for point in points.split(","))
    except ValueError:
        cuts = ()
    ascending = cuts and all(map(math.isfinite, cuts)) and list(cuts) == sorted(set(cuts))
    if not name.strip() or not ascending:
        raise typer.BadParameter(f"--cut {told}: write a column and where to split it: bmi=25,30")
    return name.strip(), cuts


@explained
def compare(
    reports: Annotated[list[Path], typer.Argument(help="Folders that `ctpet evaluate` made.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="New file, such as compare.html.")],
    margin: MarginOption = None,
    language: InLanguage = Language.ENGLISH,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Put models side by side on the same patients, with paired tests.

    Refuses reports on other patients or references, and marks in red whom a model learned from.
    """
    from ctpet import api
    from ctpet.texts import comparison_text

    result = api.compare(reports, out, margin=_margin(margin), language=language.value)
    if not quiet:
        say(comparison_text(result, out))
