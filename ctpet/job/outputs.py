"""What a job leaves: the PET as DICOM or NIfTI, and the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ctpet import __version__
from ctpet.dicom.bound import Bound, bounds_of
from ctpet.dicom.provenance import Provenance
from ctpet.dicom.write_pet import PetWriting, write_pet
from ctpet.findings import Finding
from ctpet.infer.backend import BackendInfo
from ctpet.infer.model import Model
from ctpet.infer.synthesize import Synthesis
from ctpet.job.source import CtSource
from ctpet.job.usage import Stages
from ctpet.nifti import write_nifti
from ctpet.progress import Progress
from ctpet.render import SUV_WINDOW, render_preview
from ctpet.volume import Volume

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
        series_instance_uids: of the new series: the PET's, and those of its lower and upper bound
            where they were asked for; none without DICOM.
        findings: what of the CT's header could not be copied as it was.
    """

    files: tuple[str, ...]
    series_instance_uids: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class _Shown:
    """A volume that is written, what its files are called after, and which bound it is."""

    name: str
    volume: Volume
    bound: Bound | None = None


def write_outputs(
    prediction: Prediction,
    folder: Path,
    stages: Stages,
    progress: Progress,
    *,
    nifti: bool,
) -> Written:
    """Write `pet/*.dcm` for a DICOM CT, `pet.nii.gz` if asked or without DICOM, `preview.png`.

    Where the synthesis has bounds, `pet_low` and `pet_high` are written as `pet` is.
    """
    shown = _shown(prediction)
    paths: list[Path] = []
    written: list[PetWriting] = []
    series = prediction.source.series
    if series is not None:
        with stages.measure("write") as stage:
            for number, one in enumerate(shown):
                written.append(
                    write_pet(
                        one.volume,
                        source=series,
                        provenance=provenance_of(prediction.model, prediction.synthesis.backend),
                        out=folder / one.name,
                        bound=one.bound,
                        progress=_part(progress, number, len(shown)),
                    )
                )
                paths += written[-1].paths
            stage.bytes = sum(path.stat().st_size for path in paths)
    if nifti or series is None:
        paths += _write_niftis(shown, folder, stages, progress)
    paths.append(_write_preview(prediction, folder, stages, progress))
    files = tuple(path.relative_to(folder).as_posix() for path in paths)
    uids = tuple(one.series_instance_uid for one in written)
    return Written(files, uids, written[0].findings if written else ())


def _shown(prediction: Prediction) -> list[_Shown]:
    pet = _Shown("pet", prediction.synthesis.pet)
    promise, bounds = prediction.model.contract.interval, prediction.synthesis.bounds
    if promise is None or bounds is None:
        return [pet]
    names = ("pet_low", "pet_high")
    of_both = zip(names, bounds, bounds_of(promise.coverage), strict=True)
    return [pet, *(_Shown(name, volume, bound) for name, volume, bound in of_both)]


def _part(progress: Progress, number: int, count: int) -> Progress:
    """Return what is told of one part of several of a stage."""
    return lambda stage, done: progress(stage, (number + done) / count)


def _write_niftis(
    shown: Sequence[_Shown], folder: Path, stages: Stages, progress: Progress
) -> list[Path]:
    progress("nifti", 0.0)
    paths = [folder / f"{one.name}.nii.gz" for one in shown]
    with stages.measure("nifti") as stage:
        for one, path in zip(shown, paths, strict=True):
            write_nifti(one.volume, path, descrip=_description(one.bound))
        stage.bytes = sum(path.stat().st_size for path in paths)
    progress("nifti", 1.0)
    return paths


def _description(bound: Bound | None) -> str:
    if bound is None:
        return NIFTI_DESCRIPTION
    return f"SYNTHETIC FDG-PET SUVbw {bound.in_words} NOT FOR DIAGNOSIS"


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
            width=_width(prediction.synthesis),
            title=title,
            path=path,
            suv_window=(0.0, max(LEAST_SUV_SHOWN, min(SUV_WINDOW[1], contract.suv_range[1]))),
        )
        stage.bytes = path.stat().st_size
        progress("preview", 1.0)
    return path


def _width(synthesis: Synthesis) -> Volume | None:
    """Return upper − lower bound, SUVbw; None without bounds."""
    if synthesis.bounds is None:
        return None
    low, high = synthesis.bounds
    return replace(high, array=high.array - low.array)
