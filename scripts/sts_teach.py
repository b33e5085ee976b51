"""Put what boosted trees predict beside the measured PET of prepared sarcoma cases.

    python scripts/sts_teach.py DATA build/sts build/sts-taught

Makes one dataset a fold, OUT/foldN, whose trees never saw that fold's patients, and OUT/foldNone,
whose trees saw all. Each case gains ``typical.npy``: the PET that the trees predict, so that a
network can be taught what they say and be averaged with another.
"""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sts_boxes import Box, all_boxes
from sts_cross_validation import fold_numbers
from sts_trees import boosted_trees

from ctpet.prepare.cases import UNMEASURED, list_cases, write_case
from ctpet.volume import Volume


def teach(dataset: Path, out: Path, train: Sequence[Box]) -> None:
    """Copy a dataset and add what trees that are fitted on some boxes say."""
    shutil.copytree(dataset, out)
    predict = boosted_trees(train)
    for case in list_cases(out):
        ct = Volume(np.asarray(case.array("ct"), np.float32), case.geometry, "HU")
        pet = Volume(np.asarray(case.array("pet")), case.geometry, "SUVBW")
        said = predict(Box("", ct, ct, pet))
        names = [name for name in ("ct", "pet", "region", "lesions") if case.has(name)]
        arrays = {name: np.array(case.array(name)) for name in names}
        said = np.where(case.array("region") == UNMEASURED, 0, np.clip(said, 0, None))
        write_case(replace(case, digests={}), {**arrays, "typical": said})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    groups = list(all_boxes(args.data))
    folds = fold_numbers(groups, args.dataset)
    for left_out in (*sorted(set(folds)), None):
        train = [b for g, f in zip(groups, folds, strict=True) if f != left_out for b in g]
        folder = args.out / f"fold{left_out}"
        teach(args.dataset, folder, train)
        print(f"{folder}: {len(list_cases(folder))} cases")


if __name__ == "__main__":
    main()
