"""The demonstration: a digital patient whose PET is known, and how near a model comes."""

import json
from dataclasses import dataclass
from pathlib import Path

from ctpet.dicom.discover import discover
from ctpet.dicom.read_ct import read_ct
from ctpet.dicom.read_pet import read_pet
from ctpet.infer.model import load_model
from ctpet.job.run import STAGE_SHARES as JOB_SHARES
from ctpet.job.run import JobRequest, JobResult, run_job
from ctpet.job.staging import staged
from ctpet.phantom.score import Score, compare
from ctpet.phantom.study import NEEDED_BYTES, STAGES, PhantomStudy, Size, write_phantom
from ctpet.progress import Progress, silent
from ctpet.render.comparison import render_comparison
from ctpet.volume import resample

_PHANTOM_PART = 0.85
STAGE_SHARES = {
    **{f"phantom: {name}": share * _PHANTOM_PART for name, share in STAGES.items()},
    **{name: share * (1 - _PHANTOM_PART) for name, share in JOB_SHARES.items()},
}
"""The stages that the demonstration reports, with the usual part of its time that each takes."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demonstration left.

    Attributes:
        out: the folder that was made.
        model: name of the model that was used.
        kind: of the model.
        scores: of the model beside the trivial predictions and the floor.
    """

    out: Path
    model: str
    kind: str
    scores: tuple[Score, ...]

    def to_json(self) -> dict[str, object]:
        """Return the result as a JSON object."""
        return {
            "what": "a digital patient, no person",
            "model": self.model,
            "kind": self.kind,
            "unit": "SUVbw, inside the body",
            "scores": [item.to_json() for item in self.scores],
        }


def run_demo(
    out: Path,
    *,
    seed: int,
    model: Path,
    size: Size = "clinical",
    progress: Progress = silent,
) -> DemoResult:
    """Make a digital patient as DICOM, synthesize its PET, and compare with the PET it has.

    Writes `phantom/` (CT, PET, labels, floors), `result/` (as `ctpet synthesize` does),
    `comparison.png` and `demo.json`; all or nothing.

    Args:
        out: the folder to make; it must not exist, or be empty.
        seed: which patient.
        model: the model file.
        size: of the patient's CT and PET; ``small`` is for tests.
        progress: told the stages of :data:`STAGE_SHARES`.

    Raises:
        InputRefused: if the folder cannot be made.
        ModelInvalid: if the model does not keep its contract.
    """
    contract = load_model(model).contract
    with staged(out, needed_bytes=NEEDED_BYTES) as folder:
        study = write_phantom(
            folder / "phantom",
            seed=seed,
            format="dicom",
            size=size,
            progress=lambda stage, part: progress(f"phantom: {stage}", part),
        )
        request = JobRequest(ct=study.ct, out=folder / "result", model=model)
        result = run_job(request, progress=progress)
        scores = _compare(study, result, folder, contract.name)
        demo = DemoResult(out, contract.name, contract.kind, scores)
        text = json.dumps(demo.to_json(), indent=2, ensure_ascii=False)
        (folder / "demo.json").write_text(text + "\n", encoding="utf-8")
    return demo


def _compare(study: PhantomStudy, result: JobResult, folder: Path, name: str) -> tuple[Score, ...]:
    """Score the series that was written, as its reader gets it, and draw the comparison."""
    volumes = study.volumes
    written = read_pet(discover(result.out / "pet").series[0]).volume
    ct = read_ct(discover(study.ct).series[0]).volume
    render_comparison(
        ct,
        volumes.pet,
        resample(written, volumes.pet.geometry, fill=0.0),
        title=f"a digital patient, no person · {name}",
        path=folder / "comparison.png",
    )
    return compare(volumes.pet, volumes.body, volumes.floor, {name: written})
