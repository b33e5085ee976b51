"""Put what boosted trees predict beside the measured PET of prepared cases.

    python scripts/sts_teach.py build/sts build/sts-taught
    python scripts/sts_teach.py build/sts build/sts-boxes --boxes 40

Makes one data set a fold, OUT/foldN, whose trees never saw that fold's patients, and OUT/foldNone,
whose trees saw all. Each case gains ``typical.npy``: the PET that the trees predict, so that a
network can be taught what they say. With ``--boxes`` each case becomes that many random boxes, of
which the trees see nothing outside.
"""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ctpet.learn.trees import BoostedTrees
from ctpet.prepare.boxes import BoxRule, box_cases
from ctpet.prepare.cases import CASES_FOLDER, UNMEASURED, Case, list_cases, write_case
from ctpet.prepare.splits import read_splits

JUDGED = BoxRule(side_mm=96, per_patient=8, seed=20261122)


def teach(pieces: Sequence[Case], trees: BoostedTrees, out: Path) -> None:
    """Write cases with what trees say of them."""
    for piece in pieces:
        arrays = {
            name: np.array(piece.array(name))
            for name in ("ct", "pet", "region", "lesions")
            if piece.has(name)
        }
        measured = arrays["region"] != UNMEASURED
        arrays["typical"] = np.where(measured, trees.predict(piece), 0)
        write_case(replace(piece, folder=out / CASES_FOLDER / piece.case_id), arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--boxes", type=int, help="of 96 mm a patient, in place of whole cases")
    args = parser.parse_args()
    cases, splits = list_cases(args.dataset), read_splits(args.dataset)
    pieces: Sequence[Case] = cases
    if args.boxes is not None:
        pieces = box_cases(cases, replace(JUDGED, per_patient=args.boxes))
    for left_out in (*range(len(splits.folds)), None):
        learned = cases if left_out is None else splits.train_cases(cases, left_out)
        trees = BoostedTrees(box_cases(learned, JUDGED))
        folder = args.out / f"fold{left_out}"
        shutil.copytree(args.dataset, folder, ignore=shutil.ignore_patterns(CASES_FOLDER))
        teach(pieces, trees, folder)
        print(f"{folder}: {len(pieces)} cases", flush=True)


if __name__ == "__main__":
    main()
