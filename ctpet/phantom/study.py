"""One digital patient on disk: CT, PET, labels, lesions, both floors, and what was drawn."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctpet import __version__
from ctpet.nifti import write_nifti
from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.domain import WIDE_VERSION, Domain
from ctpet.phantom.examination import Examination, draw_examination
from ctpet.phantom.floor import Floor, floor_of
from ctpet.phantom.integers import write_integers
from ctpet.phantom.label_maps import dominant, lesion_map
from ctpet.phantom.labels import NAMES
from ctpet.phantom.patients import draw_patient
from ctpet.phantom.rendering import Rendering, render_fractions
from ctpet.phantom.seen import see
from ctpet.phantom.series import write_ct_series, write_pet_series
from ctpet.phantom.uptake import Uptake, draw_uptake, pet_of
from ctpet.progress import Progress, silent
from ctpet.volume import Geometry, Volume, covering_grid

Format = Literal["dicom", "nifti"]
Size = Literal["clinical", "small"]

STAGES = {"anatomy": 0.05, "ct": 0.35, "ct files": 0.15, "pet": 0.1, "floor": 0.25, "files": 0.1}
"""Stages that progress is told of, and their usual share of the whole; CT and PET run at once."""

NEEDED_BYTES = 500_000_000
"""Space that one full-size patient may take; what a caller should find free."""

PET_SHAPE = 168
PET_SPACING_MM = (3.0, 4.07, 4.07)
_SMALL_CT_MM, _SMALL_PET_MM = (5.0, 4.0, 4.0), (8.0, 8.0, 8.0)


@dataclass(frozen=True, eq=False)
class PhantomVolumes:
    """What a prediction is judged with.

    Attributes:
        pet: SUVBW.
        floor: the best predictions and their expected errors.
        body: bool (k, j, i) on the PET grid.
    """

    pet: Volume
    floor: Floor
    body: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PhantomStudy:
    """A patient that was written.

    Attributes:
        folder: where.
        seed: what it was drawn from.
        format: of CT and PET.
        volumes: the PET, the floors and the body, as they were before they were written.
    """

    folder: Path
    seed: int
    format: Format
    volumes: PhantomVolumes

    @property
    def ct(self) -> Path:
        """Folder of the CT series, or the NIfTI file."""
        return self.folder / ("ct" if self.format == "dicom" else "ct.nii.gz")

    @property
    def pet(self) -> Path:
        """Folder of the PET series, or the NIfTI file."""
        return self.folder / ("pet" if self.format == "dicom" else "pet.nii.gz")

    @property
    def labels(self) -> Path:
        """NIfTI on the PET grid; numbers of :data:`ctpet.phantom.labels.LABELS`."""
        return self.folder / "labels.nii.gz"

    @property
    def lesions(self) -> Path:
        """NIfTI on the PET grid; visible lesions from 1, hidden ones from 101."""
        return self.folder / "lesions.nii.gz"

    @property
    def floor_mean(self) -> Path:
        """NIfTI on the PET grid, SUVbw."""
        return self.folder / "floor_mean.nii.gz"

    @property
    def floor_median(self) -> Path:
        """NIfTI on the PET grid, SUVbw."""
        return self.folder / "floor_median.nii.gz"

    @property
    def record(self) -> Path:
        """Seed, version and everything that was drawn, as JSON."""
        return self.folder / "phantom.json"


def write_phantom(
    folder: Path,
    *,
    seed: int,
    format: Format,  # noqa: A002  (the option's name)
    size: Size = "clinical",
    domain: Domain = "plain",
    progress: Progress = silent,
) -> PhantomStudy:
    """Make one patient and write it into a folder; the same arguments give the same bytes.

    As NIfTI: ``ct.nii.gz`` and ``pet.nii.gz``; as DICOM: ``ct/`` and ``pet/``, one study. Beside
    them ``labels.nii.gz``, ``lesions.nii.gz``, ``floor_mean.nii.gz``, ``floor_median.nii.gz`` (on
    the PET grid) and ``phantom.json``.

    Args:
        folder: is made; staging is the caller's.
        seed: of everything.
        format: of the two images.
        size: ``clinical`` is 512×512 by about 300; ``small`` is coarse, for tests.
        domain: ``plain``, or ``wide``: wider than reality.
        progress: told of the stages of :data:`STAGES`, two of them at a time.

    Raises:
        OSError: the folder cannot be written.
        ValueError: the seed is negative, or 2^40 or more.
    """
    anatomy = draw_patient(seed, domain)
    folder.mkdir(parents=True, exist_ok=True)
    told = _locked(progress)
    exam = draw_examination(anatomy.traits, seed, domain)
    ct_grid, pet_grid = grids(anatomy, exam, size)
    with ThreadPoolExecutor(1) as pool:
        ct = pool.submit(_make_ct, anatomy, exam, ct_grid, folder, (format, told))
        uptake = draw_uptake(anatomy, anatomy.seed)
        told("anatomy", 1.0)
        rendering = render_fractions(anatomy, pet_grid)
        seen = see(anatomy, rendering)
        told("pet", 0.6)
        pet = pet_of(seen, uptake, seed=anatomy.seed)
        told("pet", 1.0)
        floor = floor_of(seen, seed=anatomy.seed, progress=told)
        volumes = PhantomVolumes(pet, floor, seen.body)
        study = PhantomStudy(folder, seed, format, volumes)
        _write_pet_side(study, exam, rendering, uptake, told)
        ct.result()
    record = _record(anatomy, exam, uptake, volumes, ct_grid)
    study.record.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return study


def grids(anatomy: Anatomy, exam: Examination, size: Size) -> tuple[Geometry, Geometry]:
    """Return the grids of CT and PET in the study's frame of reference.

    The PET has 168×168 voxels of 4.07 mm and slices of 3 mm, and shares centre and length with
    the CT, as whole-body scanners do.
    """
    view = clinical_geometry(anatomy)
    uid = exam.uid("frame-of-reference")
    view = Geometry(view.shape, view.affine, uid)
    if size == "small":
        return covering_grid(view, _SMALL_CT_MM), covering_grid(view, _SMALL_PET_MM)
    covering = covering_grid(view, PET_SPACING_MM)
    slices, rows, columns = covering.shape
    affine = covering.affine.copy()
    affine[:3, 3] = covering.index_to_lps((0, (rows - PET_SHAPE) / 2, (columns - PET_SHAPE) / 2))
    return view, Geometry((slices, PET_SHAPE, PET_SHAPE), affine, uid)


def _make_ct(
    anatomy: Anatomy,
    exam: Examination,
    geometry: Geometry,
    folder: Path,
    how: tuple[Format, Progress],
) -> None:
    as_format, progress = how
    ct = render_ct(
        anatomy, geometry, seed=anatomy.seed, progress=lambda _, part: progress("ct", part)
    )
    progress("ct", 1.0)
    if as_format == "dicom":
        write_ct_series(ct, exam, folder / "ct", progress=progress)
        return
    hu = np.clip(np.rint(ct.array), -1024, 3071).astype(np.int16)
    write_integers(hu, ct.geometry, folder / "ct.nii.gz", descrip="PHANTOM CT HU")
    progress("ct files", 1.0)


def _write_pet_side(
    study: PhantomStudy,
    exam: Examination,
    rendering: Rendering,
    uptake: Uptake,
    progress: Progress,
) -> None:
    """Write PET, labels, lesions and floors."""
    volumes, geometry = study.volumes, rendering.geometry
    labels = dominant(rendering)
    write_integers(labels, geometry, study.labels, descrip="PHANTOM labels")
    lesions = lesion_map(labels, uptake, geometry)
    write_integers(lesions, geometry, study.lesions, descrip="PHANTOM lesions, hidden from 101")
    progress("files", 0.2)
    work: list[Callable[[], object]] = [
        lambda: write_nifti(
            volumes.floor.mean, study.floor_mean, descrip="PHANTOM E[PET|anatomy] SUVbw"
        ),
        lambda: write_nifti(
            volumes.floor.median, study.floor_median, descrip="PHANTOM median PET|anatomy SUVbw"
        ),
    ]
    if study.format == "dicom":
        work.append(lambda: write_pet_series(volumes.pet, exam, study.pet))
    else:
        work.append(lambda: write_nifti(volumes.pet, study.pet, descrip="PHANTOM PET SUVbw"))
    with ThreadPoolExecutor(2) as pool:
        for job in [pool.submit(each) for each in work]:
            job.result()
    progress("files", 1.0)


def _record(
    anatomy: Anatomy,
    exam: Examination,
    uptake: Uptake,
    volumes: PhantomVolumes,
    ct_grid: Geometry,
) -> dict[str, Any]:
    """Return everything that was drawn, as a JSON object."""
    header = asdict(exam)
    header |= {"injected": exam.injected.isoformat(), "reference": exam.reference.isoformat()}
    floor, pet_grid = volumes.floor, volumes.pet.geometry
    return {
        "what": "PHANTOM: a digital patient of ctpet, no person",
        "ctpet_version": __version__,
        "seed": exam.seed,
        "domain": anatomy.domain,
        **_of_wide(anatomy),
        "traits": asdict(anatomy.traits),
        "examination": header,
        "suvbw": dict(uptake.suv),
        "visible_lesions": [asdict(lesion) for lesion in anatomy.lesions],
        "hidden_lesions": [asdict(lesion) for lesion in uptake.hidden],
        "floor": {
            "given": "the anatomy; a lower bound, over patients, for any model that sees only CT",
            "expected_rmse_of_mean": floor.rmse,
            "expected_mae_of_median": floor.mae,
            "expected_mae_of_mean": floor.mae_of_mean,
            "expected_rmse_of_median": floor.rmse_of_median,
        },
        "grids": {
            name: {"shape_kji": list(grid.shape), "spacing_mm": list(grid.spacing_mm)}
            for name, grid in (("ct", ct_grid), ("pet", pet_grid))
        },
        "labels": {str(number): name for number, name in NAMES.items()},
    }


def _of_wide(anatomy: Anatomy) -> dict[str, Any]:
    """Return what only wide patients have."""
    if anatomy.scan is None:
        return {}
    avid = {name: 1 - prior.modes[0].weight for name, prior in anatomy.priors.items()}
    return {
        "domain_version": WIDE_VERSION,
        "scan": asdict(anatomy.scan),
        "share_avid_of_such_lesions": avid,
    }


def _locked(progress: Progress) -> Progress:
    """Return a progress that two threads may call."""
    lock = Lock()

    def told(stage: str, fraction: float, /) -> None:
        with lock:
            progress(stage, fraction)

    return told
