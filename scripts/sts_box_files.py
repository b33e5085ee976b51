"""Write Soft-tissue-Sarcoma boxes and cross-validated predictions, for `ctpet evaluate`.

    python scripts/sts_box_files.py DATA build/sts OUT 'runs/sts-fold{}' 'runs/sts-trees-fold{}' \
        --model phantom-unet
    ctpet evaluate --table OUT/network.csv --title "sts-unet, cross-validated" -o report/

Each patient's boxes were predicted by networks that did not see the patient. OUT holds one table
for the networks' average, `network.csv`, and one for each model named.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from score_baselines import through
from sts_boxes import Box, all_boxes
from sts_cross_validation import fold_numbers, network
from sts_scores import Predictor

from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model
from ctpet.learn.run_folder import LAST_CHECKPOINT
from ctpet.nifti import write_nifti
from ctpet.volume import Volume

NETWORK = "network"


def write_references(groups: Sequence[Sequence[Box]], out: Path) -> None:
    for name in ("measured", "ct"):
        (out / name).mkdir(parents=True, exist_ok=True)
    for box, name in named(groups):
        write_nifti(box.pet, out / "measured" / name)
        write_nifti(box.ct_on_pet, out / "ct" / name)


def write_predictions(group: Sequence[Box], predict: Predictor, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for box, name in named([group]):
        pet = Volume(predict(box), box.pet.geometry, "SUVBW")
        write_nifti(pet, folder / name, descrip="SYNTHETIC PET SUVbw NOT FOR DIAGNOSIS")


def write_table(groups: Sequence[Sequence[Box]], predictor: str, out: Path) -> None:
    with (out / f"{predictor}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", "case", "predicted", "reference", "ct"])
        for box, name in named(groups):
            case = name.removesuffix(".nii.gz")
            places = [f"{folder}/{name}" for folder in (predictor, "measured", "ct")]
            writer.writerow([box.patient, case, *places])


def named(groups: Sequence[Sequence[Box]]) -> list[tuple[Box, str]]:
    return [
        (box, f"{box.patient}-box{number}.nii.gz")
        for group in groups
        for number, box in enumerate(group)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("runs", nargs="+", help="run folders, {} for the fold's number")
    parser.add_argument("--model", action="append", default=[], help="shipped name")
    args = parser.parse_args()
    groups = list(all_boxes(args.data))
    folds = fold_numbers(groups, args.dataset)
    write_references(groups, args.out)
    for fold in sorted(set(folds)):
        average = network([Path(run.format(fold)) / LAST_CHECKPOINT for run in args.runs])
        for group, of_group in zip(groups, folds, strict=True):
            if of_group == fold:
                write_predictions(group, average, args.out / NETWORK)
    for name in args.model:
        predict = through(load_model(find_model(name)))
        for group in groups:
            write_predictions(group, predict, args.out / name)
    for predictor in (NETWORK, *args.model):
        write_table(groups, predictor, args.out)


if __name__ == "__main__":
    main()
