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
class OutputRecord:
    """The PET that was written. ``files`` are names relative to the output folder."""

    series_instance_uid: str
    files: tuple[str, ...]
    grid: GridRecord
    suv_min: float
    suv_max: float


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All of `run.json`."""

    notice: str
    versions: dict[str, str]
    model: dict[str, Any]
    execution: dict[str, Any]
    input: InputRecord
    output: OutputRecord
    findings: tuple[Finding, ...]
    stages: tuple[Stage, ...]
    peak_memory_bytes: int
    schema: str = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return asdict(self)


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
        output=_output(synthesis.pet, written),
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


def _output(pet: Volume, written: Written) -> OutputRecord:
    return OutputRecord(
        series_instance_uid=written.series_instance_uid,
        files=(*written.files, "run.json"),
        grid=_grid(pet),
        suv_min=float(np.min(pet.array)),
        suv_max=float(np.max(pet.array)),
    )


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
