"""Whose an examination is, where only folders and file names tell."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath

from ctpet.findings import Finding
from ctpet.prepare.spelling import is_collection, is_study, patient_of_case


def patients_of(places: Sequence[PurePath], root_name: str) -> list[str]:
    """Return the patient of each examination by where it lies below the source.

    Names of visits (dates, ``ses-1``, ``baseline``) are no patients, and neither are those of
    collections (``train``). Of what is left the last name is the patient, unless folders hold
    folders: then the outer one is, as in autoPET's ``PATIENT/STUDY``, if there are several of it.

    Args:
        places: paths below the source, one an examination; the last name may be the beginning of
            file names.
        root_name: of the source itself; the patient where nothing else can be.

    Returns:
        Names, parallel to ``places``.
    """
    names = [_without_visits(place) for place in places]
    outer: dict[str, set[str]] = defaultdict(set)
    inner: dict[str, set[str]] = defaultdict(set)
    for parts in {parts for parts in names if len(parts) > 1}:
        outer[parts[-2]].add(parts[-1])
        inner[parts[-1]].add(parts[-2])
    several = len(outer) > 1
    lone = len(places) == 1
    visits_alone = not any(names)
    chosen = []
    for place, parts in zip(places, names, strict=True):
        if not parts:
            chosen.append(place.name if visits_alone and not lone and place.name else root_name)
        elif len(parts) == 1:
            chosen.append(parts[0])
        else:
            nested = (several or lone) and not is_collection(parts[-2])
            chosen.append(parts[-2] if nested else parts[-1])
    return [patient_of_case(name) or name for name in chosen]


def told_of_patients(places: Sequence[PurePath], patients: Sequence[str]) -> tuple[Finding, ...]:
    """Say how patients were told apart where one must look: folds keep a patient together."""
    doubtful = [
        (place, patient)
        for place, patient in zip(places, patients, strict=True)
        if len(place.parts) > 1 or patient != place.name
    ]
    if not doubtful:
        return ()
    place, patient = doubtful[0]
    message = (
        f"{len(places)} examinations are taken for {len(set(patients))} patients by their names: "
        f"{place} is of the patient {patient}"
    )
    remedy = "If that is wrong, name patients in a table (--table), since folds are of patients"
    return (Finding("patients-by-name", "info", message, remedy),)


def _without_visits(place: PurePath) -> tuple[str, ...]:
    parts = list(place.parts)
    while parts and is_study(parts[-1]):
        parts.pop()
    return tuple(parts)
