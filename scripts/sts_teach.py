"""Put what boosted trees predict beside the measured PET of prepared sarcoma cases.

    python scripts/sts_teach.py DATA build/sts build/sts-taught
    python scripts/sts_teach.py DATA build/sts build/sts-boxes --boxes 40

Makes one dataset a fold, OUT/foldN, whose trees never saw that fold's patients, and OUT/foldNone,
whose trees saw all. Each case gains ``typical.npy``: the PET that the trees predict, so that a
network can be taught what they say and be averaged with another. With ``--boxes`` each case becomes
that many random boxes of 96 mm, of which the trees see nothing outside, as in the box protocol.
"""

import argparse
import shutil
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sts_boxes import BOX_MM, SEED, Box, all_boxes
from sts_cross_validation import fold_numbers
from sts_trees import boosted_trees

from ctpet.prepare.cases import (
    CASES_FOLDER,
    UNMEASURED,
    ArrayName,
    Case,
    list_cases,
    write_case,
)
from ctpet.volume import Volume

Arrays = dict[ArrayName, NDArray[Any]]


def teach(dataset: Path, out: Path, train: Sequence[Box], boxes: int | None) -> None:
    """Copy a dataset and add what trees that are fitted on some boxes say."""
    shutil.copytree(dataset, out, ignore=shutil.ignore_patterns(CASES_FOLDER))
    predict = boosted_trees(train)
    for case in list_cases(dataset):
        names = [name for name in ("ct", "pet", "region", "lesions") if case.has(name)]
        arrays = {name: np.array(case.array(name)) for name in names}
        pieces = [(case, arrays)] if boxes is None else cut(case, arrays, boxes)
        for piece, own in pieces:
            ct = Volume(own["ct"].astype(np.float32), piece.geometry, "HU")
            said = predict(Box("", ct, ct, Volume(own["pet"], piece.geometry, "SUVBW")))
            said = np.where(own["region"] == UNMEASURED, 0, np.clip(said, 0, None))
            folder = out / CASES_FOLDER / piece.case_id
            write_case(replace(piece, folder=folder, digests={}), {**own, "typical": said})


def cut(case: Case, arrays: Arrays, boxes: int) -> Iterator[tuple[Case, Arrays]]:
    """Yield random boxes of a case as cases, the same ones every time."""
    rng = np.random.default_rng([SEED, zlib.crc32(case.case_id.encode())])
    size = np.minimum(np.round(BOX_MM / np.array(case.geometry.spacing_mm)).astype(int), case.shape)
    for number in range(boxes):
        first = rng.integers(np.array(case.shape) - size + 1)
        box = tuple(slice(a, a + n) for a, n in zip(first, size, strict=True))
        affine = case.geometry.affine.copy()
        affine[:3, 3] = case.geometry.index_to_lps(first)
        k, j, i = (int(n) for n in size)
        piece = replace(
            case,
            case_id=f"{case.case_id}-box{number:02d}",
            shape=(k, j, i),
            affine=tuple(tuple(float(v) for v in row) for row in affine),
        )
        yield piece, {name: np.ascontiguousarray(array[box]) for name, array in arrays.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--boxes", type=int, help="of 96 mm a case, in place of whole cases")
    args = parser.parse_args()
    groups = list(all_boxes(args.data))
    folds = fold_numbers(groups, args.dataset)
    for left_out in (*sorted(set(folds)), None):
        train = [b for g, f in zip(groups, folds, strict=True) if f != left_out for b in g]
        folder = args.out / f"fold{left_out}"
        teach(args.dataset, folder, train, args.boxes)
        print(f"{folder}: {len(list_cases(folder))} cases")


if __name__ == "__main__":
    main()
