"""The contract of a model from its configuration and the data it is trained on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctpet.contract import ModelContract, TrainingData
from ctpet.learn.network import SuvNetwork
from ctpet.prepare.cases import Case
from ctpet.prepare.dataset import DatasetInfo, read_dataset


def draft_contract(
    promised: Mapping[str, Any],
    network: SuvNetwork,
    dataset: Path,
    cases: Sequence[Case],
    extent_seen_mm: tuple[float, float],
    seen_before: Sequence[TrainingData] = (),
) -> ModelContract:
    """Join what a configuration promises with what the network and the data are.

    Args:
        promised: the fields of the contract that only people know.
        network: gives the ranges.
        dataset: prepared folder; gives the grid and who must be credited.
        cases: that the model is trained on.
        extent_seen_mm: shortest and longest piece along the patient in a crop or validated case.
        seen_before: by the weights that it starts from; none where it starts from chance.

    Raises:
        CaseInvalid: ``dataset.json`` cannot be read.
        ValueError: a promise cannot be meant.
        TypeError: a promise is missing, or is none of the contract's.
    """
    about = read_dataset(dataset)
    slices = [case.slice_spacing_mm for case in cases]
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in promised.items()}
    own = TrainingData(
        description=about.description or _undescribed(about),
        attribution=about.attribution,
        licence=about.licence,
        salt=about.salt,
        patient_hashes=tuple(sorted({case.patient_hash for case in cases})),
    )
    return ModelContract(
        **plain,
        spacing_mm=about.spacing_mm,
        hu_range=network.channels.hu_range,
        suv_range=(0.0, network.suv_max),
        slice_spacing_seen_mm=(round(min(slices), 3), round(max(slices), 3)),
        extent_seen_mm=extent_seen_mm,
        trained_on=(own,),
        ancestors=tuple(data for data in dict.fromkeys(seen_before) if data != own),
    )


def _undescribed(about: DatasetInfo) -> str:
    if about.sources == ("phantom",):
        return "digital patients of ctpet, no persons"
    return "a dataset that nobody has described"
