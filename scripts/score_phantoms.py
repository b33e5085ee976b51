"""Score models on digital patients, between trivial predictions and the floor.

    python scripts/score_phantoms.py --count 20 --model phantom-unet
    python scripts/score_phantoms.py --count 20 --first 400 --domain wide --model phantom-unet

The CT is one of a scanner, table and all; PET and floors are rendered at 4 mm in what it shows.
Errors are against the noisy PET, inside the body, in SUV; mean over patients with a 95 % bootstrap
interval over patients.
`expected` is what the floor promises by its draws, `found` what it makes on the one PET of each
patient. Lookups see the CT alone: tissue-lookup was fitted on patients, the other on the other
phantoms scored here. `above the floor` is (MAE − floor) / (tissue-lookup − floor), floor found.
Lesions are those that CT shows, of 1 mL and more, in which the PET reaches SUV 2.5; a share of them
is predicted at half their SUVmax or more.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.infer.backend import Execution
from ctpet.infer.model import Model, load_model
from ctpet.infer.shipped import find_model
from ctpet.infer.synthesize import synthesize
from ctpet.phantom.ct import render_ct
from ctpet.phantom.domain import Domain
from ctpet.phantom.floor import Floor, floor_of
from ctpet.phantom.label_maps import dominant
from ctpet.phantom.labels import FIRST_LESION
from ctpet.phantom.patients import draw_patient
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.score import FLOOR_MEAN, FLOOR_MEDIAN, Score, compare
from ctpet.phantom.seen import see
from ctpet.phantom.uptake import draw_uptake, pet_of
from ctpet.prepare.phantoms import scan_geometry
from ctpet.volume import Volume, covering_grid, resample

SPACING_MM = 4.0
AIR_HU = -1000.0
BIN_HU = 25.0
BINS = 104
RESAMPLES = 4000
BASELINE = "tissue-lookup"
LESION_VOXELS = round(1000 / SPACING_MM**3)
LESION_SUV = 2.5


@dataclass(frozen=True, eq=False)
class Patient:
    """What is kept of one phantom: values in its body, scores, and SUVmax of its lesions.

    Attributes:
        hu_bin: of the CT, in the body.
        suv: of the PET, in the body.
        floor: of the anatomy.
        scores: of constants, models and floors.
        lesions: SUVmax (lesions,) measured, and as each model predicts it.
    """

    hu_bin: NDArray[np.uint8]
    suv: NDArray[np.float32]
    floor: Floor
    scores: tuple[Score, ...]
    lesions: dict[str, NDArray[np.float64]]


def make(seed: int, domain: Domain, models: Sequence[Model]) -> Patient:
    anatomy = draw_patient(seed, domain)
    ct = render_ct(anatomy, scan_geometry(anatomy), seed=anatomy.seed)
    grid = covering_grid(ct.geometry, (SPACING_MM,) * 3)
    rendering = render_fractions(anatomy, grid)
    seen = see(anatomy, rendering)
    pet = pet_of(seen, draw_uptake(anatomy, anatomy.seed), seed=anatomy.seed)
    floor = floor_of(seen, seed=anatomy.seed)
    found = {
        model.contract.name: resample(
            synthesize(ct, model, execution=Execution(engine="onnxruntime")).pet, grid, fill=0.0
        )
        for model in models
    }
    hu = resample(ct, grid, fill=AIR_HU).array[seen.body]
    return Patient(
        np.clip((hu + 1000) / BIN_HU, 0, BINS - 1).astype(np.uint8),
        pet.array[seen.body],
        floor,
        compare(pet, seen.body, floor, found),
        suv_max(dominant(rendering), {"measured": pet} | found),
    )


def suv_max(
    labels: NDArray[np.integer], volumes: Mapping[str, Volume]
) -> dict[str, NDArray[np.float64]]:
    """Return SUVmax by lesion of each volume, of lesions that are large and hot enough to count."""
    found = [
        [float(volume.array[labels == label].max()) for volume in volumes.values()]
        for label in np.unique(labels[labels >= FIRST_LESION])
        if np.count_nonzero(labels == label) >= LESION_VOXELS
    ]
    table = np.array(found).reshape(-1, len(volumes))
    return dict(zip(volumes, table[table[:, 0] >= LESION_SUV].T, strict=True))


def fitted_lookup(patients: Sequence[Patient], left_out: int) -> Score:
    """Score the median SUV of each HU bin, fitted on the other phantoms."""
    others = [p for n, p in enumerate(patients) if n != left_out]
    bins = np.concatenate([p.hu_bin for p in others])
    suv = np.concatenate([p.suv for p in others])
    groups = np.split(
        suv[np.argsort(bins, kind="stable")], np.cumsum(np.bincount(bins, minlength=BINS))[:-1]
    )
    table = np.array([np.median(group) if group.size else 0.0 for group in groups])
    error = table[patients[left_out].hu_bin] - patients[left_out].suv
    rmse = float(np.sqrt(np.square(error).mean()))
    return Score("lookup (other phantoms)", float(np.abs(error).mean()), rmse, float(error.mean()))


def report(patients: Sequence[Patient], seeds: Sequence[int]) -> None:
    rows: dict[str, list[tuple[float, float]]] = {}
    for n, patient in enumerate(patients):
        fitted = (fitted_lookup(patients, n),) if len(patients) > 1 else ()
        for each in (*patient.scores[:-2], *fitted, *patient.scores[-2:]):
            name = f"{each.name} (found)" if each.name in (FLOOR_MEAN, FLOOR_MEDIAN) else each.name
            rows.setdefault(name, []).append((each.mae, each.rmse))
        floor = patient.floor
        rows.setdefault(FLOOR_MEAN + " (expected)", []).append((floor.mae_of_mean, floor.rmse))
        rows.setdefault(FLOOR_MEDIAN + " (expected)", []).append((floor.mae, floor.rmse_of_median))
    floors = np.array(rows[FLOOR_MEDIAN + " (found)"])[:, 0]
    above = np.array(rows[BASELINE])[:, 0] - floors
    print(f"{len(patients)} digital patients, seeds {seeds[0]} to {seeds[-1]}\n")
    print("| prediction | MAE [95 %] | RMSE [95 %] | above the floor [95 %] |\n|---|---|---|---|")
    for name, values in rows.items():
        table = np.array(values)
        ratio = _ratio(table[:, 0] - floors, above)
        cells = [_with_interval(table[:, 0]), _with_interval(table[:, 1]), ratio]
        print(f"| {name} | {' | '.join(cells)} |")
    report_lesions(patients)


def report_lesions(patients: Sequence[Patient]) -> None:
    names = list(patients[0].lesions)
    table = {name: np.concatenate([p.lesions[name] for p in patients]) for name in names}
    measured = table.pop("measured")
    if not measured.size:
        return
    print(f"\n{measured.size} lesions, SUVmax {np.median(measured):.1f} in the middle\n")
    print("| model | at half their SUVmax or more | SUVmax predicted / measured |\n|---|---|---|")
    for name, predicted in table.items():
        ratio = predicted / measured
        print(f"| {name} | {np.mean(ratio >= 0.5):.0%} | {np.median(ratio):.2f} |")


def _with_interval(values: NDArray[np.float64]) -> str:
    low, high = np.percentile(values[_resampled(values.size)].mean(axis=1), [2.5, 97.5])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def _ratio(above: NDArray[np.float64], baseline: NDArray[np.float64]) -> str:
    draws = _resampled(above.size)
    ratios = above[draws].mean(axis=1) / baseline[draws].mean(axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return f"{above.mean() / baseline.mean():.2f} [{low:.2f}, {high:.2f}]"


def _resampled(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(count, size=(RESAMPLES, count))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="seed of the first phantom")
    parser.add_argument("--domain", choices=("plain", "wide"), default="plain")
    parser.add_argument("--model", action="append", default=[], help="file or shipped name")
    args = parser.parse_args()
    models = [load_model(find_model(name)) for name in (BASELINE, *args.model)]
    seeds = range(args.first, args.first + args.count)
    patients = []
    for seed in seeds:
        started = time.perf_counter()
        patients.append(make(seed, args.domain, models))
        print(f"seed {seed}: {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)
    report(patients, seeds)


if __name__ == "__main__":
    main()
