"""Score the baselines on the Soft-tissue-Sarcoma boxes, leaving out the patient that is scored.

    python scripts/score_baselines.py DATA

DATA is the folder with STS_NNN.tar.xz. The lookup runs as the hospital runs it: exported to ONNX,
through the shipped engine on the model's grid, from CT inside the box alone; its PET is then
brought onto the measured PET's grid. Errors are inside the body (HU > −300) in SUV, mean over a
patient's boxes, then over patients; the interval is a bootstrap over patients.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sts_boxes import Box, all_boxes
from sts_scores import Predictor, Rows, line, score_patient
from tissue_lookup import (
    BIN_HU,
    PET_FWHM_MM,
    SPACING_MM,
    build_graph,
    contract_for,
    fit_table,
    gaussian_kernel,
)

from ctpet.infer.backend import Execution
from ctpet.infer.embed import write_contract
from ctpet.infer.model import Model
from ctpet.infer.synthesize import synthesize
from ctpet.volume import resample

FACE_BIN_MM = 6.0


def nothing(_: Sequence[Box]) -> Predictor:
    return lambda box: np.zeros_like(box.pet.array)


def body_mean(train: Sequence[Box]) -> Predictor:
    value = np.float32(np.mean(_body_suv(train)))
    return lambda box: np.full_like(box.pet.array, value)


def body_median(train: Sequence[Box]) -> Predictor:
    value = np.float32(np.median(_body_suv(train)))
    return lambda box: np.full_like(box.pet.array, value)


def hu_bins(train: Sequence[Box]) -> Predictor:
    return _binned_median(train, lambda box: (_hu_bin(box),))


def hu_bins_and_face_distance(train: Sequence[Box]) -> Predictor:
    return _binned_median(train, lambda box: (_hu_bin(box), _face_bin(box)))


def tissue_lookup(train: Sequence[Box]) -> Predictor:
    table, kernel = fit_table(train), gaussian_kernel(PET_FWHM_MM, SPACING_MM)
    groups = [list(group) for _, group in groupby(train, key=lambda box: box.patient)]
    contract = contract_for(table, kernel, groups)
    with tempfile.TemporaryDirectory() as scratch:
        model = write_contract(build_graph(table, kernel), contract, Path(scratch) / "lookup.onnx")

    return through(model)


def through(model: Model) -> Predictor:
    """Return what a model file predicts of a box, on the PET's grid, as the hospital runs it."""

    def predict(box: Box) -> NDArray[np.float32]:
        pet = synthesize(box.ct, model, execution=Execution(engine="onnxruntime")).pet
        return resample(pet, box.pet.geometry, fill=0.0).array

    return predict


PREDICTORS: Mapping[str, Callable[[Sequence[Box]], Predictor]] = {
    "nothing": nothing,
    "body mean": body_mean,
    "body median": body_median,
    "median of each 25 HU bin": hu_bins,
    "control: HU bin × face distance": hu_bins_and_face_distance,
    "tissue-lookup (shipped graph)": tissue_lookup,
}


def score(groups: Sequence[Sequence[Box]]) -> None:
    """Print the table."""
    print(f"{len(groups)} patients, {sum(map(len, groups))} boxes")
    print("| prediction | MAE [95 %] | MAE, measured > 2.5 | MAE, predicted > 2.5 | bias | r |")
    print("|---|---|---|---|---|---|")
    for name, fit in PREDICTORS.items():
        rows = [_score_left_out(fit, groups, left_out) for left_out in range(len(groups))]
        print(f"| {name} | {line(np.array(rows))} |")


def _score_left_out(
    fit: Callable[[Sequence[Box]], Predictor], groups: Sequence[Sequence[Box]], left_out: int
) -> Rows:
    train = [box for n, group in enumerate(groups) if n != left_out for box in group]
    return score_patient(groups[left_out], fit(train))


def _binned_median(
    train: Sequence[Box], keys: Callable[[Box], tuple[NDArray[np.int64], ...]]
) -> Predictor:
    def flat(box: Box) -> NDArray[np.int64]:
        first, *rest = keys(box)
        return first * 100 + rest[0] if rest else first

    code = np.concatenate([flat(box)[box.body] for box in train])
    suv = np.concatenate([box.pet.array[box.body] for box in train])
    order = np.argsort(code, kind="stable")
    codes, first = np.unique(code[order], return_index=True)
    medians = np.array([np.median(part) for part in np.split(suv[order], first[1:])])

    def predict(box: Box) -> NDArray[np.float32]:
        nearest = np.clip(np.searchsorted(codes, flat(box)), 0, codes.size - 1)
        return medians[nearest].astype(np.float32)

    return predict


def _hu_bin(box: Box) -> NDArray[np.int64]:
    return np.clip(np.floor((box.ct_on_pet.array + 1000) / BIN_HU), 0, 99).astype(np.int64)


def _face_bin(box: Box) -> NDArray[np.int64]:
    """Distance from a voxel to the nearest face of the box, in bins."""
    distances = [
        (np.minimum(np.arange(n), np.arange(n)[::-1]) + 0.5) * mm
        for n, mm in zip(box.pet.array.shape, box.pet.geometry.spacing_mm, strict=True)
    ]
    nearest = np.minimum.reduce(np.meshgrid(*distances, indexing="ij"))
    return (nearest / FACE_BIN_MM).astype(np.int64)


def _body_suv(boxes: Sequence[Box]) -> NDArray[np.float32]:
    return np.concatenate([box.pet.array[box.body] for box in boxes])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    score(list(all_boxes(parser.parse_args().data)))


if __name__ == "__main__":
    main()
