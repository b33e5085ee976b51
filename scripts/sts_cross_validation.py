"""Cross-validate trained networks on the Soft-tissue-Sarcoma boxes, beside every baseline.

    ctpet prepare DATA build/sts --salt 8f1d0c6a5be2479d
    ctpet train --multirun experiment=sts data.fold=0,1,2,3,4
    python scripts/sts_teach.py DATA build/sts build/sts-taught
    ctpet train --multirun experiment=sts_trees data.fold=0,1,2,3,4
    python scripts/sts_cross_validation.py DATA build/sts runs/sts-fold{} runs/sts-trees-fold{}

The folds are the dataset's. Every baseline is fitted on the boxes of the other folds. A network
sees the CT of a box alone, brought onto the model's grid, through the window engine that ships;
where several runs are named, their networks are averaged, and each is scored alone as well. Errors
are inside the body (HU > −300) on the PET's own grid, mean over a patient's boxes, then over
patients. What `--out` names is the model card's table.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from score_baselines import PREDICTORS, through
from sts_boxes import Box, all_boxes
from sts_scores import COLUMNS, Predictor, Rows, interval, line, nan_mean, score_patient
from sts_trees import boosted_trees

from ctpet.contract import hash_patient
from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model
from ctpet.infer.synthesize import to_model_grid
from ctpet.learn.export.trained import read_average
from ctpet.learn.run_folder import LAST_CHECKPOINT
from ctpet.learn.torch_backend import TorchBackend, predict_array
from ctpet.prepare.dataset import read_dataset
from ctpet.prepare.splits import read_splits
from ctpet.volume import Volume, resample

TREES, NETWORK = "boosted trees, 15 features", "network"
TREES_AT_4_MM = "the same trees on the model's 4 mm grid"
CONTROL = "control: HU bin × face distance"
Fit = Callable[[Sequence[Box]], Predictor]


def network(checkpoints: Sequence[Path]) -> Predictor:
    trained = read_average(checkpoints)
    contract = trained.contract
    backend = TorchBackend(trained.network, torch.device("cpu"))

    def predict(box: Box) -> NDArray[np.float32]:
        ct = to_model_grid(box.ct, contract)
        suv = predict_array(ct.array, backend, contract)
        return resample(Volume(suv, ct.geometry, "SUVBW"), box.pet.geometry, fill=0.0).array

    return predict


def at_model_grid(predict: Predictor, checkpoint: Path) -> Predictor:
    """Return what a predictor says of a box that it sees on a model's grid, as the model does."""
    contract = read_average([checkpoint]).contract

    def through_grid(box: Box) -> NDArray[np.float32]:
        ct = to_model_grid(box.ct, contract)
        empty = Volume(np.zeros_like(ct.array), ct.geometry, "SUVBW")
        suv = np.clip(predict(Box(box.patient, ct, ct, empty)), 0, None)
        return resample(Volume(suv, ct.geometry, "SUVBW"), box.pet.geometry, fill=0.0).array

    return through_grid


def fold_numbers(groups: Sequence[Sequence[Box]], dataset: Path) -> list[int]:
    """Return the fold of each group's patient in the prepared dataset."""
    salt, folds = read_dataset(dataset).salt, read_splits(dataset).folds
    where = {patient: number for number, fold in enumerate(folds) for patient in fold}
    return [where[hash_patient(group[0].patient, salt)] for group in groups]


def score(
    groups: Sequence[Sequence[Box]],
    folds: Sequence[int],
    runs: Sequence[str],
    models: Sequence[str],
) -> dict[str, Rows]:
    """Return the columns of each patient for each predictor, (patients, columns)."""
    fits: Mapping[str, Fit] = {**PREDICTORS, TREES: boosted_trees}
    rows: dict[str, Rows] = {}
    for fold in sorted(set(folds)):
        train = [b for g, f in zip(groups, folds, strict=True) if f != fold for b in g]
        paths = [Path(run.format(fold)) / LAST_CHECKPOINT for run in runs]
        predictors = {name: fit(train) for name, fit in fits.items()}
        predictors[TREES_AT_4_MM] = at_model_grid(predictors[TREES], paths[0])
        if len(runs) > 1:
            alone = zip(runs, paths, strict=True)
            predictors |= {Path(run.format("K")).name: network([path]) for run, path in alone}
        predictors[NETWORK] = network(paths)
        predictors |= {
            f"{name} (saw none of them)": through(load_model(find_model(name))) for name in models
        }
        for name, predict in predictors.items():
            found = rows.setdefault(name, np.full((len(groups), len(COLUMNS)), np.nan))
            for number, group in enumerate(groups):
                if folds[number] == fold:
                    found[number] = score_patient(group, predict)
        print(f"fold {fold}: {nan_mean(rows[TREES])[:3]} {nan_mean(rows[NETWORK])[:3]}", flush=True)
    return rows


def report(rows: Mapping[str, Rows], folds: Sequence[int]) -> str:
    patients = len(folds)
    lines = [
        f"{patients} patients in {len(set(folds))} folds; mean over patients, "
        "95 % bootstrap interval over patients.",
        "",
        f"| prediction | {COLUMNS[0]} [95 %] | {' | '.join(COLUMNS[1:])} |",
        "|---|---|---|---|---|---|",
        *(f"| {name} | {line(found)} |" for name, found in rows.items()),
        "",
        "Paired difference, network − other, per patient where both are defined:",
        "",
        f"| other | {' | '.join(COLUMNS[:3])} |",
        "|---|---|---|---|",
        *(
            f"| {other} | {_paired(rows[NETWORK], rows[other])} |"
            for other in (TREES, TREES_AT_4_MM, CONTROL)
        ),
    ]
    return "\n".join(lines)


def _paired(ours: Rows, theirs: Rows) -> str:
    cells = []
    for column in range(3):
        difference = ours[:, column] - theirs[:, column]
        there = difference[np.isfinite(difference)]
        low, high = interval(there)
        better = int((there < 0).sum())
        cells.append(
            f"{there.mean():+.3f} [{low:+.3f}, {high:+.3f}], better in {better} of {there.size}"
            if there.size
            else "–"
        )
    return " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("runs", nargs="+", help="run folders, {} for the fold's number")
    parser.add_argument(
        "--model", action="append", default=[], help="shipped model that was not fitted on STS"
    )
    parser.add_argument("--out", type=Path, help="also write the tables here, as Markdown")
    args = parser.parse_args()
    groups = list(all_boxes(args.data))
    folds = fold_numbers(groups, args.dataset)
    text = report(score(groups, folds, args.runs, args.model), folds)
    print(text)
    if args.out:
        args.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
