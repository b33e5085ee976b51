"""What a job leaves: the PET as DICOM or NIfTI, and the picture."""

from dataclasses import dataclass
from pathlib import Path

from ctpet import __version__
from ctpet.dicom.provenance import Provenance
from ctpet.dicom.write_pet import write_pet
from ctpet.findings import Finding
from ctpet.infer.backend import BackendInfo
from ctpet.infer.model import Model
from ctpet.infer.synthesize import Synthesis
from ctpet.job.source import CtSource
from ctpet.job.usage import Stages
from ctpet.nifti import write_nifti
from ctpet.progress import Progress
from ctpet.render import SUV_WINDOW, render_preview

LEAST_SUV_SHOWN = 4.0
"""Black in the preview is at least this SUV: below, ordinary muscle would look avid."""

NIFTI_DESCRIPTION = "SYNTHETIC FDG-PET SUVbw NOT FOR DIAGNOSIS"


@dataclass(frozen=True, eq=False)
class Prediction:
    """A CT, the model, and the PET it predicted."""

    source: CtSource
    model: Model
    synthesis: Synthesis


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        files: paths relative to the output folder, with forward slashes.
        series_instance_uid: of the new series; empty without one.
        findings: what of the CT's header could not be copied as it was.
    """

    files: tuple[str, ...]
    series_instance_uid: str
    findings: tuple[Finding, ...]


def write_outputs(
    prediction: Prediction,
    folder: Path,
    stages: Stages,
    progress: Progress,
    *,
    nifti: bool,
) -> Written:
    """Write `pet/*.dcm` for a DICOM CT, `pet.nii.gz` if asked or without DICOM, `preview.png`."""
    series = prediction.source.series
    paths: list[Path] = []
    series_uid = ""
    findings: tuple[Finding, ...] = ()
    if series is not None:
        with stages.measure("write") as stage:
            writing = write_pet(
                prediction.synthesis.pet,
                source=series,
                provenance=provenance_of(prediction.model, prediction.synthesis.backend),
                out=folder / "pet",
                progress=progress,
            )
            stage.bytes = sum(path.stat().st_size for path in writing.paths)
        paths += writing.paths
        series_uid, findings = writing.series_instance_uid, writing.findings
    if nifti or series is None:
        progress("nifti", 0.0)
        with stages.measure("nifti") as stage:
            path = folder / "pet.nii.gz"
            write_nifti(prediction.synthesis.pet, path, descrip=NIFTI_DESCRIPTION)
            stage.bytes = path.stat().st_size
        progress("nifti", 1.0)
        paths.append(path)
    paths.append(_write_preview(prediction, folder, stages, progress))
    files = tuple(path.relative_to(folder).as_posix() for path in paths)
    return Written(files, series_uid, findings)


def provenance_of(model: Model, backend: BackendInfo) -> Provenance:
    """Return what made the pixels, for UIDs and headers."""
    contract = model.contract
    return Provenance(
        ctpet_version=__version__,
        model_name=contract.name,
        model_version=contract.model_version,
        model_digest=model.digest,
        tracer=contract.tracer,
        radionuclide=contract.radionuclide,
        device=backend.device,
        provider=backend.provider,
        precision=backend.precision,
        options=(("engine_version", backend.version),),
    )


def _write_preview(
    prediction: Prediction, folder: Path, stages: Stages, progress: Progress
) -> Path:
    path = folder / "preview.png"
    contract = prediction.model.contract
    title = (
        f"{contract.name} {contract.model_version} ({contract.kind} model) · ctpet {__version__}"
    )
    with stages.measure("preview") as stage:
        progress("preview", 0.0)
        render_preview(
            prediction.source.volume,
            prediction.synthesis.pet,
            title=title,
            path=path,
            suv_window=(0.0, max(LEAST_SUV_SHOWN, min(SUV_WINDOW[1], contract.suv_range[1]))),
        )
        stage.bytes = path.stat().st_size
        progress("preview", 1.0)
    return path
