"""What each network, and the trees beside it, predict of the patients that they did not see."""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import OmegaConf

from ctpet.errors import CtpetError
from ctpet.evaluate.table import BESIDE
from ctpet.infer.window import PADDING_HU
from ctpet.learn.crossval.folds import Fold
from ctpet.learn.crossval.intervals import (
    AS_LEARNED,
    PREDICTED,
    calibrate_pieces,
    write_as_learned,
)
from ctpet.learn.data import Judged
from ctpet.learn.export.trained import Trained, read_trained
from ctpet.learn.together import OpenDataSet
from ctpet.learn.torch_backend import TorchBackend, predict_array
from ctpet.learn.trees import BoostedTrees
from ctpet.nifti import SYNTHETIC_PET, write_nifti
from ctpet.prepare.boxes import BoxCase, box_cases
from ctpet.prepare.cases import BODY, UNMEASURED, Case
from ctpet.progress import Progress
from ctpet.volume import Volume

TREES = "boosted trees"
BESIDE_TREES, MEASURED, CT = "trees", "measured", "ct"
BODY_OF_BOX, LESIONS = "body", "lesions"
STAMP_FILE, TABLE_FILE = "made-of.json", "cases.csv"


def predict_folds(folds: Sequence[Fold], out: Path, progress: Progress) -> None:
    """Predict the patients of each fold; what is there already, of the same training, is kept.

    Args:
        folds: trained to their end.
        out: each fold gets ``foldN`` inside, whole or not at all.
        progress: told of the stage ``predict``.

    Raises:
        CtpetError: a network has seen a patient whom it is to predict; or it, or a case, cannot
            be read.
    """
    for number, fold in enumerate(folds):
        progress("predict", number / len(folds))
        _predict(fold, out / f"fold{fold.number}")
    progress("predict", 1.0)


def write_bounds(folds: Sequence[Fold], out: Path) -> str:
    """Write the bounds of all predictions that have some, and say how they were calibrated."""
    pieces = [(out / f"fold{fold.number}", piece) for fold in folds for _, piece in _pieces(fold)]
    return calibrate_pieces(pieces, float(folds[0].config.network.suv_max))


def write_table(folds: Sequence[Fold], out: Path) -> Path:
    """Write the table of all predictions, for :mod:`ctpet.evaluate`; return its path."""
    columns = ["patient", "case", "predicted", "reference", "ct", "body", "lesions", BESIDE + TREES]
    path = out / TABLE_FILE
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for fold in folds:
            for _, piece in _pieces(fold):
                places = [
                    f"fold{fold.number}/{folder}/{_file(piece)}"
                    for folder in (PREDICTED, MEASURED, CT, BODY_OF_BOX, LESIONS, BESIDE_TREES)
                ]
                there = [place if (out / place).exists() else "" for place in places]
                writer.writerow([piece.patient_hash, piece.case_id, *there])
    return path


def _predict(fold: Fold, out: Path) -> None:
    stamp = _stamp(fold)
    if (out / STAMP_FILE).exists() and (out / STAMP_FILE).read_text("utf-8") == stamp:
        return
    beside = out.with_name(f"{out.name}.partial")
    for old in (out, beside):
        shutil.rmtree(old, ignore_errors=True)
    for folder in (PREDICTED, AS_LEARNED, BESIDE_TREES, MEASURED, CT, BODY_OF_BOX, LESIONS):
        (beside / folder).mkdir(parents=True)
    trained = read_trained(fold.checkpoint)
    _refuse_seen(fold, trained)
    backend = TorchBackend(trained.network, torch.device("cpu"))
    trees = {one.settings.name: _trees(one) for one in fold.data.sets if one.held_out}
    for judged, piece in _pieces(fold):
        ct = np.asarray(piece.array("ct"), np.float32)
        predicted, *bounds = predict_array(ct, backend, trained.contract)
        if bounds:
            write_as_learned(piece, bounds, beside)
        _write(piece, beside, predicted, trees[judged.dataset.name].predict(piece))
    (beside / STAMP_FILE).write_text(stamp, "utf-8")
    beside.rename(out)


def _write(
    piece: Case, out: Path, predicted: NDArray[np.float32], by_trees: NDArray[np.float32]
) -> None:
    """Write a piece and what is predicted of it; the CT is air where no PET was measured.

    Of a box its body is written too, which it does not show the outline of.
    """
    file, grid = _file(piece), piece.geometry
    unmeasured = piece.array("region") == UNMEASURED
    hu = np.where(unmeasured, PADDING_HU, piece.array("ct")).astype(np.float32)
    for folder, suv in ((PREDICTED, predicted), (BESIDE_TREES, by_trees)):
        write_nifti(Volume(suv, grid, "SUVBW"), out / folder / file, descrip=SYNTHETIC_PET)
    measured = np.array(piece.array("pet"), np.float32)
    write_nifti(Volume(measured, grid, "SUVBW"), out / MEASURED / file)
    write_nifti(Volume(hu, grid, "HU"), out / CT / file)
    maps = {LESIONS: piece.array("lesions")} if piece.has("lesions") else {}
    if isinstance(piece, BoxCase):
        maps[BODY_OF_BOX] = piece.array("region") == BODY
    for folder, marked in maps.items():
        write_nifti(Volume(np.array(marked, np.float32), grid, "HU"), out / folder / file)


def _trees(one: OpenDataSet) -> BoostedTrees:
    """Fit trees on whom the network of the fold learned from, in pieces as they are judged."""
    rule = one.settings.boxes
    return BoostedTrees(one.training if rule is None else box_cases(one.training, rule))


def _refuse_seen(fold: Fold, trained: Trained) -> None:
    """Refuse to predict a patient whom the weights have seen, in this training or before it.

    Raises:
        CtpetError: naming the fold.
    """
    seen = {one for data in trained.contract.ever_seen for one in data.patient_hashes}
    again = seen & {piece.patient_hash for _, piece in _pieces(fold)}
    if again:
        raise CtpetError(
            f"{fold.checkpoint} has seen {len(again)} of the patients of fold {fold.number}. "
            "Start its weights from others, or from chance."
        )


def _pieces(fold: Fold) -> Iterator[tuple[Judged, Case]]:
    """Yield the pieces that a fold is judged on, with whom they are of."""
    for judged in fold.data.judged:
        for piece in judged.pieces:
            yield judged, piece


def _stamp(fold: Fold) -> str:
    """Return what changes when the predictions would be others."""
    with fold.checkpoint.open("rb") as file:
        weights = hashlib.file_digest(file, "sha256").hexdigest()
    pieces = OmegaConf.to_container(fold.config.data, resolve=True)
    made_of = {"cases": fold.data.fingerprint(), "pieces": pieces, "weights": weights}
    return json.dumps(made_of, sort_keys=True) + "\n"


def _file(piece: Case) -> str:
    return f"{piece.case_id}.nii.gz"
