"""The main job: one CT in, a synthetic PET series with its preview and its record out."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ctpet.contract import ModelContract
from ctpet.errors import InputRefused
from ctpet.infer.backend import Execution
from ctpet.infer.guard import guard_ct
from ctpet.infer.model import Model, load_model
from ctpet.infer.synthesize import Synthesis, synthesize
from ctpet.infer.unlike import unlike_finding
from ctpet.job.outputs import Prediction, write_outputs
from ctpet.job.record import RunRecord, make_record, write_record
from ctpet.job.source import CtSource, read_source
from ctpet.job.staging import staged
from ctpet.job.usage import Stage, Stages
from ctpet.progress import Progress, silent

STAGE_SHARES = {
    "scan": 0.1,
    "read": 0.3,
    "resample": 0.1,
    "compile": 0.05,
    "predict": 0.2,
    "write": 0.1,
    "nifti": 0.0,
    "preview": 0.15,
}
"""The stages a job reports, with the usual part of its time that each takes."""

NEEDED_BYTES = 64 * 2**20
"""Free space asked for before the work begins: a PET of 250 slices at 4 mm and its preview."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What to do.

    Attributes:
        ct: a DICOM folder, zip archive or file, or a NIfTI file.
        out: the folder to make.
        model: the model file.
        series_instance_uid: which CT, if ``ct`` holds several.
        execution: how to run the model.
        nifti: also write the PET as NIfTI; a NIfTI CT always gives NIfTI.
        interval: also write the bounds of the PET, as the PET is written.
    """

    ct: Path
    out: Path
    model: Path
    series_instance_uid: str | None = None
    execution: Execution = field(default_factory=Execution)
    nifti: bool = False
    interval: bool = False


@dataclass(frozen=True, slots=True)
class JobResult:
    """What was done.

    Attributes:
        out: the folder that was made.
        record: what `run.json` holds.
    """

    out: Path
    record: RunRecord


def run_job(request: JobRequest, *, progress: Progress = silent) -> JobResult:
    """Make a synthetic PET from a CT; the output folder appears whole or not at all.

    Raises:
        InputRefused: if the CT cannot be trusted, or the output folder cannot be made;
            ``no-interval``: an interval was asked of a model that has none.
        ModelInvalid: if the model file does not keep its contract.
        BackendUnavailable: if the device or precision that was asked for is not here.
    """
    model = load_model(request.model)
    if request.interval:
        _require_bounds(model.contract)
    stages = Stages([Stage("model", model.load_seconds, len(model.data))])
    needed = NEEDED_BYTES * (3 if request.interval else 1)
    with staged(request.out, needed_bytes=needed) as folder:
        source = read_source(request.ct, request.series_instance_uid, stages, progress)
        source = _guarded(source, model, stages)
        synthesis = synthesize(source.volume, model, execution=request.execution, progress=progress)
        stages.items += _synthesis_stages(synthesis)
        if not request.interval:
            synthesis = replace(synthesis, bounds=None)
        source = _compared(source, model, synthesis)
        prediction = Prediction(source, model, synthesis)
        written = write_outputs(prediction, folder, stages, progress, nifti=request.nifti)
        record = make_record(prediction, written, stages)
        write_record(record, folder / "run.json")
    return JobResult(request.out, record)


def _require_bounds(contract: ModelContract) -> None:
    """Refuse to give an interval of a model that has none.

    Raises:
        InputRefused: ``no-interval``.
    """
    if contract.interval is None:
        raise InputRefused(
            "no-interval",
            f"{contract.name} {contract.model_version} gives one SUV a voxel and no interval",
            remedy="Leave --interval out, or take a model whose `ctpet info` names one",
        )


def _guarded(source: CtSource, model: Model, stages: Stages) -> CtSource:
    """Return the source with what the guard found.

    Raises:
        InputRefused: if the model may not be used on it.
    """
    with stages.measure("guard"):
        findings = guard_ct(source.volume, model.contract)
    return replace(source, findings=(*source.findings, *findings))


def _compared(source: CtSource, model: Model, synthesis: Synthesis) -> CtSource:
    """Return the source with what the model found unlike its training, if it did."""
    finding = unlike_finding(synthesis.unlike, model.contract)
    return replace(source, findings=(*source.findings, finding)) if finding else source


def _synthesis_stages(synthesis: Synthesis) -> list[Stage]:
    seconds, voxels = synthesis.seconds, synthesis.pet.array.nbytes
    return [
        Stage("resample", seconds.resample, voxels),
        Stage("compile", seconds.compile),
        Stage("predict", seconds.run, voxels),
    ]
