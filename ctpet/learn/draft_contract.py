"""The contract of a model from its configuration and the data it is trained on."""

from collections.abc import Mapping, Sequence
from typing import Any

from ctpet.contract import ModelContract, TrainingData
from ctpet.learn.network import SuvNetwork
from ctpet.phantom.domain import are_digital
from ctpet.prepare.cases import Case
from ctpet.prepare.dataset import SUVBW, DatasetInfo


def draft_contract(
    promised: Mapping[str, Any],
    network: SuvNetwork,
    learned: Sequence[tuple[DatasetInfo, Sequence[Case]]],
    extent_seen_mm: tuple[float, float],
    seen_before: Sequence[TrainingData] = (),
) -> ModelContract:
    """Join what a configuration promises with what the network and the data are.

    Args:
        promised: the fields of the contract that only people know.
        network: gives the ranges.
        learned: each data set that the model is trained on, with the cases; gives the grid and who
            must be credited.
        extent_seen_mm: shortest and longest piece along the patient in a crop or validated case.
        seen_before: by the weights that it starts from; none where it starts from chance.

    Raises:
        ValueError: a promise cannot be meant, or the data are of another tracer or unit.
        TypeError: a promise is missing, or is none of the contract's.
    """
    slices = [case.slice_spacing_mm for _, cases in learned for case in cases]
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in promised.items()}
    for about, _ in learned:
        _refuse_another_tracer(about, plain.get("tracer"))
    own = tuple(_training_data(about, cases) for about, cases in learned)
    return ModelContract(
        **plain,
        spacing_mm=learned[0][0].spacing_mm,
        hu_range=network.channels.hu_range,
        suv_range=(0.0, network.suv_max),
        slice_spacing_seen_mm=(round(min(slices), 3), round(max(slices), 3)),
        extent_seen_mm=extent_seen_mm,
        trained_on=own,
        sees="patient",
        ancestors=tuple(data for data in dict.fromkeys(seen_before) if data not in own),
    )


def _refuse_another_tracer(about: DatasetInfo, tracer: object) -> None:
    """Refuse data that a model's output does not mean.

    Raises:
        ValueError: saying what they are of.
    """
    if about.units != SUVBW:
        raise ValueError(f"the data are in {about.units}, and a model gives {SUVBW}")
    if about.known_tracer and about.known_tracer != tracer:
        raise ValueError(f"tracer is {tracer}, and the data are of {about.known_tracer}")


def _training_data(about: DatasetInfo, cases: Sequence[Case]) -> TrainingData:
    return TrainingData(
        description=about.description or _undescribed(about),
        attribution=about.attribution,
        licence=about.licence,
        salt=about.salt,
        patient_hashes=tuple(sorted({case.patient_hash for case in cases})),
    )


def _undescribed(about: DatasetInfo) -> str:
    if are_digital(about.sources):
        return "digital patients of ctpet, no persons"
    return "a dataset that nobody has described"
