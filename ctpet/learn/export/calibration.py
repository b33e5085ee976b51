"""Calibrate the bounds of a network on patients whom it has not seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from hydra.utils import instantiate
from numpy.typing import NDArray
from torch import Tensor, nn

from ctpet.contract import IntervalPromise, ModelContract
from ctpet.errors import CtpetError
from ctpet.evaluate.overlap import in_training
from ctpet.learn.conformal import calibrate, count_scores, needed_patients, refuse_no_coverage
from ctpet.learn.data import CaseDataModule
from ctpet.learn.export.trained import Trained
from ctpet.learn.network import SuvNetwork
from ctpet.learn.torch_backend import TorchBackend, predict_array
from ctpet.phantom.domain import are_digital
from ctpet.prepare.cases import BODY, Case, list_cases
from ctpet.prepare.dataset import DatasetInfo, read_dataset
from ctpet.progress import Progress

COVERAGE = 0.9
_ELSEWHERE = "Name prepared patients that it has not seen with --calibrate-on DATASET."


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """How bounds are calibrated.

    Attributes:
        datasets: prepared folders; none: whom the training held out.
        coverage: share of a patient's voxels that is meant to lie between the bounds.

    Raises:
        CtpetError: at construction, if it is no share.
    """

    datasets: tuple[Path, ...] = ()
    coverage: float = COVERAGE

    def __post_init__(self) -> None:
        refuse_no_coverage(self.coverage)


Patients = list[tuple[DatasetInfo, tuple[Case, ...]]]
"""Pieces of each patient, with the data set that they are of."""


def calibrate_bounds(
    trained: Trained, request: CalibrationRequest, progress: Progress
) -> IntervalPromise:
    """Return the factors that make the bounds of a network cover what is asked for.

    Args:
        trained: a network of three outputs.
        request: on whom, and what.
        progress: told of the stage ``calibration``.

    Raises:
        CtpetError: there are too few patients whom it has not seen, their grid is another, or no
            factor is enough.
    """
    patients = unseen_patients(trained, request.datasets)
    on = described([about for about, _ in patients])
    if len(patients) < needed_patients(request.coverage):
        calibrate([np.zeros((0, 0), np.int64)] * len(patients), request.coverage, on)
    backend = TorchBackend(_Codes(trained.network).eval(), torch.device("cpu"))
    code_max = trained.network.suv_max**0.5
    counts = []
    for number, (_, pieces) in enumerate(patients):
        progress("calibration", number / len(patients))
        codes = [_codes(piece, backend, trained.contract) for piece in pieces]
        median, low, high, measured = np.concatenate(codes, axis=1)
        counts.append(count_scores(median, low, high, measured, code_max=code_max))
    progress("calibration", 1.0)
    return calibrate(counts, request.coverage, on)


def unseen_patients(trained: Trained, datasets: Sequence[Path]) -> Patients:
    """Return the patients to calibrate on, without those that the weights have ever seen.

    Raises:
        CtpetError: nobody is left, or a data set cannot be read or lies on another grid.
    """
    listed = _of(datasets) if datasets else _held_out(trained)
    seen = trained.contract.ever_seen
    hashes = {each for data in seen for each in data.patient_hashes}
    left = [
        (about, pieces)
        for about, pieces in listed
        if pieces[0].patient_hash not in hashes
        and not in_training([piece.case_id for piece in pieces], seen)
    ]
    if not left:
        where = "the training held out" if not datasets else "the data sets named hold"
        raise CtpetError(
            "A network is calibrated on patients whom it has not seen, and of those that "
            f"{where} there is none. {_ELSEWHERE}"
        )
    for _, (first, *_) in left:
        if not np.allclose(first.geometry.spacing_mm, trained.contract.spacing_mm, rtol=1e-3):
            raise CtpetError(
                f"{first.case_id} lies on a grid of {first.geometry.spacing_mm} mm and the model "
                f"on one of {trained.contract.spacing_mm} mm. Calibrate on the model's grid."
            )
    return left


def described(sets: Iterable[DatasetInfo]) -> str:
    """Return in words how many patients are of which data set.

    Args:
        sets: of each patient.
    """
    counts: dict[str, int] = {}
    for about in sets:
        digital = "digital patients of ctpet, no persons"
        name = about.description or (digital if are_digital(about.sources) else "undescribed data")
        counts[name.rstrip(".")] = counts.get(name.rstrip("."), 0) + 1
    return "; ".join(
        f"{count} {'patient' if count == 1 else 'patients'} out of {name}"
        for name, count in counts.items()
    )


def training_data(trained: Trained) -> CaseDataModule:
    """Return what a network was trained and validated on, all of it.

    Raises:
        CtpetError: it cannot be read.
    """
    data: CaseDataModule = instantiate(trained.config.data, validation_cases=None)
    data.setup("fit")
    return data


def _held_out(trained: Trained) -> Patients:
    try:
        data = training_data(trained)
    except CtpetError as error:
        raise CtpetError(f"Whom the training held out cannot be read: {error} {_ELSEWHERE}") from (
            error
        )
    abouts = {one.settings.name: one.info for one in data.sets}
    return [(abouts[judged.dataset.name], judged.pieces) for judged in data.judged]


def _of(datasets: Sequence[Path]) -> Patients:
    found: Patients = []
    for folder in dict.fromkeys(datasets):
        about, cases = read_dataset(folder), list_cases(folder)
        for patient in dict.fromkeys(case.patient_hash for case in cases):
            found.append((about, tuple(one for one in cases if one.patient_hash == patient)))
    return found


class _Codes(nn.Module):
    """A network without its decoding, which clips."""

    def __init__(self, network: SuvNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, ct_hu: Tensor) -> Tensor:
        return self.network.code(ct_hu)


def _codes(piece: Case, backend: TorchBackend, contract: ModelContract) -> NDArray[np.float32]:
    """Return codes of median, low, high and the measured SUV, in the body, (4, voxels)."""
    body = np.asarray(piece.array("region")) == BODY
    predicted = predict_array(np.asarray(piece.array("ct"), np.float32), backend, contract)
    measured = np.sqrt(np.asarray(piece.array("pet"))[body].clip(min=0.0))
    codes: NDArray[np.float32] = np.stack([*predicted[:, body], measured])
    return codes
