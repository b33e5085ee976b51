"""The schema of `run.json`: what went in, what came out, by what means and at what cost.

It holds UIDs, so that a result can be traced to its source, and no name, identifier, date or
path, since a path may hold a name. `docs/run-record.md` describes each key for readers.
"""

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydicom
import scipy

from ctpet import __version__
from ctpet.findings import Finding
from ctpet.infer.machine import peak_memory_bytes
from ctpet.infer.model import describe
from ctpet.infer.runtime import onnxruntime
from ctpet.job.outputs import Prediction, Written
from ctpet.job.source import CtSource
from ctpet.job.usage import Stage, Stages
from ctpet.volume import Volume

SCHEMA = "ctpet.run/1"
NOTICE = "SYNTHETIC – NOT FOR DIAGNOSIS"
_PACKAGES = (np, scipy, pydicom, onnxruntime)
"""By module: the distribution of one may have another name, such as onnxruntime-gpu."""


@dataclass(frozen=True, slots=True)
class GridRecord:
    """A geometry: shape (k, j, i), spacing in mm, and the affine (k, j, i, 1) to LPS mm."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    affine_lps_mm: list[list[float]]


@dataclass(frozen=True, slots=True)
class InputRecord:
    """The CT that was read. The UIDs are empty for NIfTI."""

    format: Literal["dicom", "nifti"]
    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    sop_instance_uids: tuple[str, ...]
    grid: GridRecord


@dataclass(frozen=True, slots=True)
class IntervalRecord:
    """The bounds that were written beside the PET, and what may be expected of them.

    The UIDs of their series are empty without DICOM.
    """

    coverage: float
    calibrated_on: str
    patients: int
    meaning: str
    lower_series_instance_uid: str
    upper_series_instance_uid: str


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """The PET that was written. ``files`` are names relative to the output folder.

    ``interval`` is None, and no key of `run.json`, where no bounds were asked for.
    """

    series_instance_uid: str
    files: tuple[str, ...]
    grid: GridRecord
    suv_min: float
    suv_max: float
    interval: IntervalRecord | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All of `run.json`."""

    notice: str
    versions: dict[str, str]
    model: dict[str, Any]
    execution: dict[str, Any]
    input: InputRecord
    output: OutputRecord
    unlike_training: dict[str, Any] | None
    findings: tuple[Finding, ...]
    stages: tuple[Stage, ...]
    peak_memory_bytes: int
    schema: str = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        values = asdict(self)
        if self.output.interval is None:
            del values["output"]["interval"]
        return values


def make_record(prediction: Prediction, written: Written, stages: Stages) -> RunRecord:
    """Return the record of a run that is about to end."""
    synthesis = prediction.synthesis
    return RunRecord(
        notice=NOTICE,
        versions=_versions(),
        model=describe(prediction.model),
        execution={
            **synthesis.backend.to_json(),
            "windows": synthesis.plan.count,
            "window_size": synthesis.plan.size,
        },
        input=_input(prediction.source),
        output=_output(prediction, written),
        unlike_training=_unlike_training(prediction),
        findings=(*prediction.source.findings, *written.findings),
        stages=tuple(stages.items),
        peak_memory_bytes=peak_memory_bytes(),
    )


def write_record(record: RunRecord, path: Path) -> None:
    """Write `run.json`, indented, UTF-8."""
    text = json.dumps(record.to_json(), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _input(source: CtSource) -> InputRecord:
    grid = _grid(source.volume)
    if source.series is None:
        return InputRecord("nifti", "", "", "", (), grid)
    header = source.series.first
    return InputRecord(
        format="dicom",
        study_instance_uid=str(header.get("StudyInstanceUID", "")),
        series_instance_uid=source.series.series_instance_uid,
        frame_of_reference_uid=source.volume.geometry.frame_of_reference_uid or "",
        sop_instance_uids=tuple(str(item.SOPInstanceUID) for item in source.series.headers),
        grid=grid,
    )


def _output(prediction: Prediction, written: Written) -> OutputRecord:
    pet = prediction.synthesis.pet
    return OutputRecord(
        series_instance_uid=written.series_instance_uids[0] if written.series_instance_uids else "",
        files=(*written.files, "run.json"),
        grid=_grid(pet),
        suv_min=float(np.min(pet.array)),
        suv_max=float(np.max(pet.array)),
        interval=_interval(prediction, written),
    )


def _interval(prediction: Prediction, written: Written) -> IntervalRecord | None:
    promise = prediction.model.contract.interval
    if promise is None or prediction.synthesis.bounds is None:
        return None
    lower, upper = written.series_instance_uids[1:] or ("", "")
    told = (promise.coverage, promise.calibrated_on, promise.patients, promise.in_words)
    return IntervalRecord(*told, lower, upper)


def _unlike_training(prediction: Prediction) -> dict[str, Any] | None:
    """Return how unlike the training the CT is, beside what is usual; None if nobody says so."""
    unlike, usual = prediction.synthesis.unlike, prediction.model.contract.familiarity
    if unlike is None or usual is None:
        return None
    return {**unlike.to_json(), "median": usual.median, "limit": usual.limit}


def _grid(volume: Volume) -> GridRecord:
    geometry = volume.geometry
    return GridRecord(geometry.shape, geometry.spacing_mm, geometry.affine.tolist())


def _versions() -> dict[str, str]:
    """Return the versions of everything that shapes the result."""
    return {
        "ctpet": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{package.__name__: package.__version__ for package in _PACKAGES},
    }
