"""Bounds of a cross-validation: each patient's are calibrated on all others.

Nobody is held out of all folds to calibrate on. The other patients, each predicted by the network
that did not see him, stand for those (cross-conformal prediction: Vovk, Annals of Mathematics and
Artificial Intelligence 74, 2015). So a patient's own measured PET has no part in his bounds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ctpet.contract import IntervalPromise
from ctpet.errors import CtpetError
from ctpet.evaluate.bounds import ENDINGS
from ctpet.learn.calibrated import factor_at
from ctpet.learn.conformal import calibrate, count_scores, needed_patients
from ctpet.learn.export.calibration import COVERAGE
from ctpet.nifti import SYNTHETIC_PET, read_nifti, write_nifti
from ctpet.prepare.cases import BODY, Case
from ctpet.volume import Volume

Floats = NDArray[np.float32]
Pieces = Sequence[tuple[Path, Case]]
"""Each piece with the folder of its fold's predictions."""

PREDICTED, AS_LEARNED = "predicted", "bounds"


def write_as_learned(piece: Case, bounds: Sequence[Floats], out: Path) -> None:
    """Write the bounds of a piece as its network gives them, SUVbw, (k, j, i) each."""
    for ending, suv in zip(ENDINGS, bounds, strict=True):
        _write(suv, piece, out / AS_LEARNED / f"{piece.case_id}{ending}.nii.gz")


def calibrate_pieces(pieces: Pieces, suv_max: float) -> str:
    """Write bounds beside each prediction whose network gives some; say how they were calibrated.

    Args:
        pieces: of all folds.
        suv_max: of the networks.

    Returns:
        A sentence; empty where networks give no bounds.
    """
    bounded = [(out, piece) for out, piece in pieces if _paths(out, piece)[1].exists()]
    if not bounded:
        return ""
    counts: dict[str, NDArray[np.int64]] = {}
    for out, piece in bounded:
        own = _counts(out, piece, suv_max**0.5)
        counts[piece.patient_hash] = counts.get(piece.patient_hash, 0) + own
    promises, told = _calibrated(counts)
    for out, piece in bounded:
        _write_bounds(out, piece, promises.get(piece.patient_hash), suv_max)
    return told


def _calibrated(counts: Mapping[str, NDArray[np.int64]]) -> tuple[dict[str, IntervalPromise], str]:
    """Return the factors of each patient, and how they came about; none where it cannot be done."""
    least = needed_patients(COVERAGE) + 1
    if len(counts) < least:
        why = f"to calibrate them takes {least} patients, and there are {len(counts)}"
        return {}, f"The bounds are as the networks give them: {why}."
    try:
        found = {patient: _without(patient, counts) for patient in counts}
    except CtpetError as error:
        return {}, f"The bounds are as the networks give them. {error}"
    return found, f"Each patient's bounds are calibrated on the other {len(counts) - 1} patients."


def _without(patient: str, counts: Mapping[str, NDArray[np.int64]]) -> IntervalPromise:
    others = [each for name, each in counts.items() if name != patient]
    return calibrate(others, COVERAGE, "the other patients of the cross-validation")


def _counts(out: Path, piece: Case, code_max: float) -> NDArray[np.int64]:
    body = np.asarray(piece.array("region")) == BODY
    median, low, high = (_code(path)[body] for path in _paths(out, piece))
    measured = np.sqrt(np.asarray(piece.array("pet"))[body].clip(min=0.0))
    return count_scores(median, low, high, measured, code_max=code_max)


def _write_bounds(out: Path, piece: Case, promise: IntervalPromise | None, suv_max: float) -> None:
    median, *bounds = (_code(path) for path in _paths(out, piece))
    factor: Floats | float = 1.0
    if promise is not None:
        factor = factor_at(torch.from_numpy(median), promise).numpy()
    for ending, code in zip(ENDINGS, bounds, strict=True):
        moved = (median + factor * (code - median)).clip(0.0, suv_max**0.5)
        path = out / PREDICTED / f"{piece.case_id}{ending}.nii.gz"
        _write(np.square(moved, dtype=np.float32), piece, path)


def _paths(out: Path, piece: Case) -> tuple[Path, Path, Path]:
    low, high = (out / AS_LEARNED / f"{piece.case_id}{ending}.nii.gz" for ending in ENDINGS)
    return out / PREDICTED / f"{piece.case_id}.nii.gz", low, high


def _code(path: Path) -> Floats:
    code: Floats = np.sqrt(read_nifti(path, "SUVBW").array)
    return code


def _write(suv: Floats, piece: Case, path: Path) -> None:
    write_nifti(Volume(suv, piece.geometry, "SUVBW"), path, descrip=SYNTHETIC_PET)
