"""A CT on the model's grid that the network has not learnt from, to try the export on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import ModelContract, hash_patient
from ctpet.errors import CtpetError
from ctpet.phantom.anatomy import draw_anatomy
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.domain import phantom_patient_id
from ctpet.prepare.cases import DATASET_FILE, list_cases
from ctpet.prepare.dataset import read_dataset
from ctpet.volume import covering_grid

FIRST_SEED = 3000
"""Of the digital patient that stands in where no dataset is at hand."""

LONG_ENOUGH = 192
"""Slices of a case that can be cut into windows with any halo that is tried."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A CT that was not trained on.

    Attributes:
        name: of the case.
        ct_hu: (k, j, i), on a grid of the model's spacing.
    """

    name: str
    ct_hu: NDArray[np.float32]


def held_out(contract: ModelContract, dataset: Path | None, configured: Sequence[Path]) -> HeldOut:
    """Return a case of a dataset whose patient is not among those trained on.

    It is the smallest one that is long enough to be cut, else the largest. Where no configured
    dataset is here, or none holds such a patient, a digital patient is drawn.

    Args:
        contract: names who was trained on.
        dataset: prepared folder that must be used; None: the configured ones that are here.
        configured: what the training used.

    Raises:
        CaseInvalid: ``dataset`` cannot be read.
        CtpetError: all patients of ``dataset`` were trained on, or its grid is another.
    """
    here = [folder for folder in configured if (folder / DATASET_FILE).is_file()]
    folders = here if dataset is None else [dataset]
    for folder in folders:
        read_dataset(folder)
    seen = {each for data in contract.ever_seen for each in data.patient_hashes}
    listed = [case for folder in folders for case in list_cases(folder)]
    cases = [case for case in listed if case.patient_hash not in seen]
    if cases:
        cases.sort(key=lambda case: (np.prod(case.shape), case.case_id))
        long = [case for case in cases if case.shape[0] >= LONG_ENOUGH]
        case = long[0] if long else cases[-1]
        if not np.allclose(case.geometry.spacing_mm, contract.spacing_mm, rtol=1e-3):
            raise CtpetError(
                f"{case.folder.parents[1]} lies on a grid of {case.geometry.spacing_mm} mm and the "
                f"model on one of {contract.spacing_mm} mm. Name a dataset on the model's grid."
            )
        return HeldOut(case.case_id, np.asarray(case.array("ct"), np.float32))
    if dataset is not None:
        raise CtpetError(
            f"The model was trained on every patient of {dataset}. Name a dataset with others, "
            "or leave --dataset out: a digital patient is drawn then."
        )
    return _digital_patient(contract)


def _digital_patient(contract: ModelContract) -> HeldOut:
    seed = FIRST_SEED
    while any(
        hash_patient(phantom_patient_id(seed), data.salt) in data.patient_hashes
        for data in contract.ever_seen
    ):
        seed += 1
    anatomy = draw_anatomy(seed)
    grid = covering_grid(clinical_geometry(anatomy), contract.spacing_mm)
    return HeldOut(f"digital patient {seed}", render_ct(anatomy, grid, seed=seed).array)
