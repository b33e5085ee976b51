"""The floor, and how far simple predictions are above it, over many phantoms.

    python scripts/phantom_floor.py --count 20

Everything at 4 mm: CT, PET and floors are rendered there directly. Errors are against the noisy
PET, inside the body, in SUV; mean over patients, and the spread between them. `expected` is what
the floor promises by its draws, `found` what it makes on the one PET of each patient. The two
lookups see the CT alone: the shipped one was fitted on patients, the other on the other phantoms.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.infer.backend import Execution
from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model
from ctpet.infer.synthesize import synthesize
from ctpet.phantom.anatomy import draw_anatomy
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.floor import Floor, floor_of
from ctpet.phantom.rendering import render_fractions
from ctpet.phantom.score import FLOOR_MEAN, FLOOR_MEDIAN, Score, compare
from ctpet.phantom.seen import see
from ctpet.phantom.uptake import draw_uptake, pet_of
from ctpet.volume import covering_grid

SPACING_MM = 4.0
BIN_HU = 25.0
BINS = 104


@dataclass(frozen=True, eq=False)
class Patient:
    """What is kept of one phantom: values in its body, and scores."""

    hu_bin: NDArray[np.uint8]
    suv: NDArray[np.float32]
    floor: Floor
    scores: tuple[Score, ...]


def make(seed: int) -> Patient:
    anatomy = draw_anatomy(seed)
    grid = covering_grid(clinical_geometry(anatomy), (SPACING_MM,) * 3)
    seen = see(anatomy, render_fractions(anatomy, grid))
    pet = pet_of(seen, draw_uptake(anatomy, seed), seed=seed)
    floor = floor_of(seen, seed=seed)
    ct = render_ct(anatomy, grid, seed=seed)
    model = load_model(find_model("tissue-lookup"))
    found = synthesize(ct, model, execution=Execution(engine="onnxruntime")).pet
    scores = compare(pet, seen.body, floor, {"tissue-lookup (shipped)": found})
    bins = np.clip((ct.array[seen.body] + 1000) / BIN_HU, 0, BINS - 1).astype(np.uint8)
    return Patient(bins, pet.array[seen.body], floor, scores)


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


def report(patients: Sequence[Patient]) -> None:
    rows: dict[str, list[tuple[float, float]]] = {}
    for n, patient in enumerate(patients):
        fitted = (fitted_lookup(patients, n),) if len(patients) > 1 else ()
        for each in (*patient.scores[:-2], *fitted, *patient.scores[-2:]):
            name = f"{each.name} (found)" if each.name in (FLOOR_MEAN, FLOOR_MEDIAN) else each.name
            rows.setdefault(name, []).append((each.mae, each.rmse))
        floor = patient.floor
        rows.setdefault(FLOOR_MEAN + " (expected)", []).append((floor.mae_of_mean, floor.rmse))
        rows.setdefault(FLOOR_MEDIAN + " (expected)", []).append((floor.mae, floor.rmse_of_median))
    print("| prediction | MAE ± SD | RMSE ± SD |\n|---|---|---|")
    for name, values in rows.items():
        mean, spread = np.mean(values, axis=0), np.std(values, axis=0)
        cells = [f"{m:.3f} ± {d:.3f}" for m, d in zip(mean, spread, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="seed of the first phantom")
    args = parser.parse_args()
    patients = []
    for seed in range(args.first, args.first + args.count):
        started = time.perf_counter()
        patients.append(make(seed))
        print(f"seed {seed}: {time.perf_counter() - started:.1f} s", flush=True)
    report(patients)


if __name__ == "__main__":
    main()
