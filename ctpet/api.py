"""The commands as Python functions, with the same names; each imports only what it needs.

Example::

    from ctpet import api

    result = api.synthesize("study/", "result/")
    print(result.record.output.suv_max)
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ctpet.infer.backend import Execution
from ctpet.progress import Progress, silent

if TYPE_CHECKING:
    from ctpet.dicom.scan_report import ScanReport
    from ctpet.dicom.suv_report import SuvReport
    from ctpet.doctor import DoctorReport
    from ctpet.evaluate.compare import Comparison
    from ctpet.evaluate.margin import Margin
    from ctpet.evaluate.run import EvaluateRequest, Evaluation
    from ctpet.job.demo import DemoResult
    from ctpet.job.run import JobResult
    from ctpet.learn.crossval.run import Crossval, CrossvalRequest
    from ctpet.learn.export.run import Exported, ExportRequest
    from ctpet.learn.plan.machine import Device
    from ctpet.learn.plan.run import Planned
    from ctpet.learn.runs import Run
    from ctpet.prepare.run import PrepareRequest, PrepareResult

Also = Literal["nifti", "interval"]

__all__ = [
    "Execution",
    "compare",
    "crossval",
    "demo",
    "doctor",
    "evaluate",
    "export",
    "info",
    "phantom",
    "plan",
    "prepare",
    "runs",
    "scan",
    "suv",
    "synthesize",
    "train",
]


def synthesize(
    ct: str | Path,
    out: str | Path,
    *,
    model: str | Path | None = None,
    series_instance_uid: str | None = None,
    execution: Execution | None = None,
    also: Collection[Also] = (),
    progress: Progress = silent,
) -> "JobResult":
    """Make a synthetic FDG-PET series in SUVbw from a CT, with preview and record.

    Args:
        ct: a DICOM folder, zip archive or file, or a NIfTI file.
        out: the folder to make; it must not exist, or be empty.
        model: a model file or a shipped model's name; None: the default model.
        series_instance_uid: which CT, if there are several.
        execution: device, precision and threads; None: all automatic.
        also: what to write besides: `nifti`: `pet.nii.gz`; `interval`: the lower and the upper
            bound of the PET, as the PET is written.
        progress: told how far the work is.

    Raises:
        InputRefused: if the CT cannot be trusted, ``out`` cannot be made, or an interval is asked
            of a model that has none.
        ModelInvalid: if the model does not keep its contract.
        BackendUnavailable: if the device or precision that was asked for is not here.
    """
    from ctpet.claims import refuse_inside
    from ctpet.infer.shipped import find_model
    from ctpet.job.run import JobRequest, run_job

    if unknown := set(also) - set(get_args(Also)):
        raise ValueError(f"also knows {get_args(Also)}, not {sorted(unknown)}")
    refuse_inside(Path(out), Path(ct))
    request = JobRequest(
        ct=Path(ct),
        out=Path(out),
        model=find_model(model),
        series_instance_uid=series_instance_uid,
        execution=execution or Execution(),
        nifti="nifti" in also,
        interval="interval" in also,
    )
    return run_job(request, progress=progress)


def scan(folder: str | Path, *, progress: Progress = silent) -> "ScanReport":
    """List the series under a folder, a zip archive or a file, with what is wrong with each.

    Raises:
        InputRefused: if there is no such path, a file or archive that cannot be read, or NIfTI.
    """
    from ctpet.dicom.scan_report import scan_report

    return scan_report(Path(folder), progress=progress)


def suv(
    pet: str | Path, *, out: str | Path | None = None, series_instance_uid: str | None = None
) -> "SuvReport":
    """Show how a measured PET becomes SUVbw.

    Args:
        pet: a DICOM folder, zip archive or single slice.
        out: write the volume in SUVbw as NIfTI here.
        series_instance_uid: which PET, if there are several.

    Returns:
        The report; a PET that is refused gives one with ``factor`` None and the reason among its
        findings, and nothing is written.

    Raises:
        InputRefused: if ``out`` exists, is no NIfTI name, or cannot be written.
    """
    from ctpet.dicom.suv_report import suv_report, with_reading

    if out is None:
        return suv_report(Path(pet), series_uid=series_instance_uid)
    from ctpet.claims import refuse_inside
    from ctpet.dicom.read_pet import read_pet
    from ctpet.job.staging import staged_file
    from ctpet.nifti import SYNTHETIC_PET, write_nifti

    refuse_inside(Path(out), Path(pet))
    with staged_file(Path(out), suffixes=(".nii", ".nii.gz")) as path:
        report = suv_report(Path(pet), series_uid=series_instance_uid)
        if report.series is None or report.refused:
            return report
        reading = read_pet(report.series)
        synthetic = any(finding.code == "synthetic-pet" for finding in report.findings)
        descrip = SYNTHETIC_PET if synthetic else "PET SUVbw"
        write_nifti(reading.volume, path, descrip=descrip)
    return with_reading(report, reading.findings)


def info(model: str | Path | None = None) -> dict[str, Any]:
    """Describe a model file, or a shipped model by name: its contract, digest and size.

    Raises:
        ModelInvalid: if there is no such model, or it does not keep its contract.
    """
    from ctpet.infer.model import describe, load_model
    from ctpet.infer.shipped import find_model

    return describe(load_model(find_model(model)))


def doctor(folder: str | Path = ".") -> "DoctorReport":
    """Say what will run a model on this machine, with what, why, and what is absent.

    Args:
        folder: where to look for what killed runs left, and in the folders directly inside it.
    """
    from ctpet.doctor import examine

    return examine(Path(folder))


def train(*overrides: str) -> dict[str, float]:
    """Train a network as the Hydra configuration and the overrides say.

    Args:
        overrides: such as ``experiment=phantom`` or ``optimizer.lr=1e-3``.

    Returns:
        The metrics of the last epoch, by name.

    Raises:
        CtpetError: the packages of ctpet[train] are not installed, or the training cannot start
            or go on.
    """
    from ctpet.extras import needs_extra

    with needs_extra("train"):
        from ctpet.learn.command import train_with
    return train_with(overrides)


def runs(folder: str | Path = "runs") -> "tuple[Run, ...]":
    """List the trainings in a folder: how far they came, and how well they did.

    Raises:
        InputRefused: there is no such folder.
    """
    from ctpet.extras import needs_extra

    with needs_extra("train"):
        from ctpet.learn.runs import list_runs
    return list_runs(Path(folder))


def plan(
    cases: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    device: "Device" = "auto",
    memory_gib: float | None = None,
) -> "Planned":
    """Propose a training from what the cases and the memory are.

    Args:
        cases: folder made by :func:`prepare`; several are learned from together.
        out: experiment file to make, ``…/experiment/NAME.yaml``; None: none is made.
        device: that trains; ``auto``: a GPU where there is one.
        memory_gib: of another machine, or of its GPU; None: of this one, now.

    Raises:
        InputRefused: cases differ in spacing, or ``out`` exists, is no experiment's name or cannot
            be written.
        CtpetError: the cases cannot be learned from, there is no such device, or nothing fits.
    """
    from ctpet.extras import needs_extra
    from ctpet.job.staging import staged_file

    with needs_extra("train"):
        from ctpet.learn.plan.experiment_file import refuse_no_experiment
        from ctpet.learn.plan.run import run_plan

    given = [cases] if isinstance(cases, str | Path) else cases
    folders = [Path(folder) for folder in given]
    if out is None:
        return run_plan(folders, None, device=device, memory_gib=memory_gib)
    path = Path(out)
    refuse_no_experiment(path)
    with staged_file(path, suffixes=(".yaml",)) as file:
        planned = run_plan(folders, path, device=device, memory_gib=memory_gib)
        file.write_text(planned.text, "utf-8")
    return planned


def crossval(
    request: "CrossvalRequest",
    *,
    language: Literal["en", "vi"] = "en",
    progress: Progress = silent,
) -> "Crossval":
    """Train each fold, predict each patient once by who has not seen him, and report.

    Writes ``foldN/`` (runs), ``predictions/``, ``report/`` and ``crossval.json`` into the
    request's folder. What an earlier call has trained and predicted is kept.

    Args:
        request: what to cross-validate.
        language: in which the report opens; it holds both.
        progress: told how far the work is.

    Raises:
        CtpetError: the packages of ctpet[train] are not installed, the folder holds another
            cross-validation, or a training cannot start or go on.
    """
    from ctpet.extras import needs_extra

    with needs_extra("train"):
        from ctpet.learn.crossval.run import REPORT_FOLDER, Crossval, predict_all
    predicted = predict_all(request, progress=progress)
    report = request.out / REPORT_FOLDER
    evaluation = evaluate(predicted.request, report, language=language, progress=progress)
    return Crossval(predicted, evaluation)


def demo(
    out: str | Path,
    *,
    seed: int = 1,
    model: str | Path | None = None,
    progress: Progress = silent,
) -> "DemoResult":
    """Make a digital patient, synthesize its PET, and compare with the PET it has.

    Args:
        out: the folder to make; it must not exist, or be empty.
        seed: which patient.
        model: a model file or a shipped model's name; None: the default model.
        progress: told how far the work is.

    Raises:
        InputRefused: if ``out`` cannot be made.
        ModelInvalid: if the model does not keep its contract.
    """
    from ctpet.infer.shipped import find_model
    from ctpet.job.demo import run_demo

    return run_demo(Path(out), seed=seed, model=find_model(model), progress=progress)


def phantom(
    out: str | Path,
    *,
    seed: int,
    format: Literal["dicom", "nifti"] = "dicom",  # noqa: A002
    domain: Literal["plain", "wide"] = "plain",
    progress: Progress = silent,
) -> Path:
    """Make one digital patient and return its folder, `OUT/phantom-SEED`.

    Args:
        out: where the patient's folder is made; others may lie there.
        seed: of everything that is drawn; the same seed gives the same bytes.
        format: of CT and PET; labels, lesions and floors are NIfTI.
        domain: ``plain``, or ``wide``: wider than reality, and many lesions.
        progress: told how far the work is.

    Raises:
        InputRefused: if the patient's folder cannot be made.
    """
    from ctpet.job.staging import staged
    from ctpet.phantom.domain import phantom_name
    from ctpet.phantom.study import NEEDED_BYTES, write_phantom

    folder = Path(out) / phantom_name(seed, domain)
    with staged(folder, needed_bytes=NEEDED_BYTES) as scratch:
        write_phantom(scratch, seed=seed, format=format, domain=domain, progress=progress)
    return folder


def prepare(request: "PrepareRequest", *, progress: Progress = silent) -> "PrepareResult":
    """Prepare PET/CT examinations, or digital patients, as cases to learn from.

    Example::

        from ctpet.prepare.run import PrepareRequest

        result = api.prepare(PrepareRequest("raw/", Path("cases/"), workers=8))

    With several workers the calling script needs ``if __name__ == "__main__":``, as for any
    process pool.

    Args:
        request: source, output folder, grid, folds, workers.
        progress: told how far the work is.

    Raises:
        InputRefused: if the source as a whole cannot be read, or ``out`` cannot be made; single
            examinations that cannot be trusted are outcomes of the result.
    """
    from ctpet.claims import refuse_inside
    from ctpet.prepare.run import run_prepare

    refuse_inside(request.out, Path(request.source))
    return run_prepare(request, progress=progress)


def export(request: "ExportRequest", out: str | Path, *, progress: Progress = silent) -> "Exported":
    """Make a model file of a trained network, if it gives the network's numbers.

    Beside ``MODEL.onnx`` go ``MODEL.safetensors`` (the weights, to train on from),
    ``MODEL.yaml`` (the configuration) and ``MODEL.md`` (the card). None of them appears unless all
    of them are whole. Needs ctpet's train extra.

    Args:
        request: what to export; see :class:`ctpet.learn.export.run.ExportRequest`.
        out: the model file to make; its name becomes the model's.
        progress: told how far the work is.

    Raises:
        InputRefused: if one of the four files exists or cannot be written.
        CtpetError: if the checkpoint, the dataset or the evaluation cannot be read, bounds cannot
            be calibrated, the file differs from its network, or windows change its output.
    """
    from contextlib import ExitStack

    from ctpet.job.staging import staged_file
    from ctpet.learn.export.run import ExportFiles, run_export

    model = Path(out)
    with ExitStack() as stack:  # they appear in reverse order: the model file last
        files = [stack.enter_context(staged_file(model, suffixes=(".onnx",)))]
        for suffix in (".safetensors", ".yaml", ".md"):
            beside = model.with_suffix(suffix)
            files.append(stack.enter_context(staged_file(beside, suffixes=(suffix,))))
        return run_export(request, model.stem, ExportFiles(*files), progress=progress)


def evaluate(
    request: "EvaluateRequest",
    out: str | Path,
    *,
    language: Literal["en", "vi"] = "en",
    progress: Progress = silent,
) -> "Evaluation":
    """Score synthetic PETs against measured ones.

    Writes ``report.html``, ``summary.json``, ``cases.csv``, ``measurements.csv`` with its
    dictionary, and ``checklist.csv`` into a new folder, all or nothing.

    Example::

        from ctpet.evaluate.files import Sources
        from ctpet.evaluate.run import EvaluateRequest

        request = EvaluateRequest(Sources(Path("predicted/"), Path("measured/")), workers=2)
        result = api.evaluate(request, "report/")

    With several workers the calling script needs ``if __name__ == "__main__":``, as for any
    process pool.

    Args:
        request: what to evaluate.
        out: the folder to make; it must not exist, or be empty.
        language: in which the report opens; it holds both.
        progress: told how far the work is.

    Raises:
        InputRefused: if no case can be scored, or ``out`` cannot be made; single cases that
            cannot be trusted are in the result's ``refused``.
        ModelInvalid: if the model cannot be read.
    """
    from ctpet.claims import refuse_inside
    from ctpet.evaluate import outputs
    from ctpet.evaluate.long_table import write_measurements
    from ctpet.evaluate.pictures import draw_pictures
    from ctpet.evaluate.report.checklist import write_checklist
    from ctpet.evaluate.report.page import write_report
    from ctpet.evaluate.run import evaluate as score
    from ctpet.job.staging import staged

    if request.sources is not None:
        refuse_inside(Path(out), *request.sources.by_role().values())
    with staged(Path(out), needed_bytes=outputs.NEEDED_BYTES) as folder:
        evaluation = score(request, progress=progress)
        outputs.write_cases(evaluation, folder / outputs.CASES_FILE)
        outputs.write_summary(evaluation, folder / outputs.SUMMARY_FILE)
        tables = outputs.MEASUREMENTS_FILE, outputs.DICTIONARY_FILE
        write_measurements(evaluation, *(folder / name for name in tables))
        write_checklist(evaluation, folder / outputs.CHECKLIST_FILE)
        pictures = draw_pictures(evaluation, progress=progress)
        write_report(evaluation, pictures, folder / outputs.REPORT_FILE, language=language)
    progress("report", 1.0)
    return evaluation


def compare(
    reports: Sequence[str | Path],
    out: str | Path,
    *,
    margin: "Margin | None" = None,
    language: Literal["en", "vi"] = "en",
) -> "Comparison":
    """Put the models of several reports side by side, as one HTML file.

    Args:
        reports: folders that :func:`evaluate` made, on the same patients and references.
        out: the file to make.
        margin: difference of MAE in the body that matters; None: the one that the reports state.
        language: in which the page opens; it holds both.

    Raises:
        InputRefused: if the reports are not about the same patients, references and settings, or
            ``out`` exists or cannot be written.
    """
    from ctpet.evaluate.compare import compare as side_by_side
    from ctpet.evaluate.report.comparison_page import write_comparison
    from ctpet.job.staging import staged_file

    with staged_file(Path(out), suffixes=(".html",)) as path:
        comparison = side_by_side([Path(path) for path in reports], margin=margin)
        write_comparison(comparison, path, language=language)
    return comparison
