"""Whether a patient was in a model's training data, told by salted hashes."""

import re
from collections.abc import Iterable

from ctpet.contract import TrainingData, hash_patient
from ctpet.phantom.domain import phantom_patient_id

_PHANTOM = re.compile(r"phantom-(wide-)?0*(\d+)", re.IGNORECASE)


def in_training(identifiers: Iterable[str], seen: Iterable[TrainingData]) -> bool:
    """Tell whether one of a patient's identifiers is among those that a model was fitted on.

    Args:
        identifiers: PatientID, or what the user calls the patient, or the hash that a prepared
            case calls him by. That of a digital patient also stands for the one it is prepared
            under.
        seen: what the model and its ancestors were fitted on.
    """
    names = [each for identifier in identifiers for each in _aliases(identifier)]
    return any(
        bool({name, hash_patient(name, data.salt)} & set(data.patient_hashes))
        for data in seen
        for name in names
    )


def _aliases(identifier: str) -> list[str]:
    digital = _PHANTOM.fullmatch(identifier.strip())
    if digital is None:
        return [identifier]
    return [identifier, phantom_patient_id(int(digital[2]), "wide" if digital[1] else "plain")]
