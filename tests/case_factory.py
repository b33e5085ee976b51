"""Small prepared datasets with known values."""

from pathlib import Path

import numpy as np

from ctpet.prepare.cases import AIR, BODY, UNMEASURED, Case, write_case
from ctpet.prepare.dataset import DatasetInfo, write_dataset
from ctpet.prepare.splits import make_folds, write_splits

SALT = "00ff"


def make_case(folder: Path, number: int, shape=(24, 32, 40)) -> Case:
    """A block of tissue in air whose SUV follows its HU; the first slice was not measured."""
    rng = np.random.default_rng(number)
    ct = np.full(shape, -1000, np.int16)
    body = (slice(2, -2), slice(6, -6), slice(6, -6))
    ct[body] = rng.integers(-100, 200, ct[body].shape)
    pet = np.where(ct > -500, 1.0 + ct / 200.0, 0.0).astype(np.float32)
    region = np.where(ct > -500, BODY, AIR).astype(np.uint8)
    region[0] = UNMEASURED
    case = Case(
        folder=folder / "cases" / f"case-{number:02d}",
        case_id=f"case-{number:02d}",
        patient_hash=f"{number:064x}",
        shape=shape,
        affine=((0, 0, 4, 0), (0, 4, 0, 0), (4, 0, 0, 0), (0, 0, 0, 1)),
        slice_spacing_mm=3.0,
    )
    return write_case(case, {"ct": ct, "pet": pet, "typical": pet, "region": region})


def make_dataset(
    folder: Path, count: int = 4, folds: int = 2, shape=(24, 32, 40), *, first: int = 0, **info
) -> Path:
    """A prepared folder of made cases, each of its own patient, numbered from the first."""
    cases = [make_case(folder, number, shape) for number in range(first, first + count)]
    told = {"salt": SALT, "description": "made cases, no persons", "licence": "Apache-2.0", **info}
    write_dataset(folder, DatasetInfo((4.0, 4.0, 4.0), **told))
    write_splits(folder, make_folds([case.patient_hash for case in cases], folds, 1))
    return folder
