"""Which CT belongs to which PET: one study, one frame of reference, one patient."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ctpet.prepare.dicom_series import SeriesSeen
from ctpet.prepare.person import contradict

_SAME_COVER = 0.05
"""CTs that cover the PET alike up to this part of it are told apart by their length."""


@dataclass(frozen=True, slots=True)
class Match:
    """A CT and a PET that belong together."""

    ct: SeriesSeen
    pet: SeriesSeen
    patient: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A source that was not taken, and why.

    Attributes:
        name: what a person knows it by; shown, never stored.
        code: stable kebab-case name of the reason.
        message: one sentence, free of patient data.
        match: CT and PET that were there and are no pair, to be looked at; None: one is absent.
    """

    name: str
    code: str
    message: str
    match: Match | None = None


def match(series: Iterable[SeriesSeen]) -> tuple[list[Match], list[Refusal]]:
    """Pair the series of many studies.

    Of several CTs in the PET's frame of reference the one that covers most of the PET is taken,
    among equals the one with most images, then the first by its UID. Of several PETs, those that
    are not to be learned from (not corrected for attenuation, projections, …) are left out; if
    there is still more than one, none is taken, because nobody can say which is meant.
    """
    studies: dict[tuple[Path | None, str], list[SeriesSeen]] = {}
    for one in series:
        studies.setdefault((one.archive, one.study_uid), []).append(one)
    matches, refusals = [], []
    for _, study in sorted(studies.items(), key=lambda item: (str(item[0][0] or ""), item[0][1])):
        found = _match_study(study)
        if isinstance(found, Match):
            matches.append(found)
        else:
            refusals.append(replace(found, match=_largest(study)))
    good, shared = _apart(matches)
    return good, refusals + shared


def _largest(study: Sequence[SeriesSeen]) -> Match | None:
    """Return the CT and the PET with most images of a study, if both are there."""
    by_size = sorted(study, key=lambda one: (-len(one.files), one.series_uid))
    first = {one.modality: one for one in reversed(by_size)}
    return Match(first["CT"], first["PT"], "") if first.keys() >= {"CT", "PT"} else None


def name_of(series: SeriesSeen) -> str:
    """Return the archive of a series, else the folder of its files."""
    if series.archive is not None:
        return str(series.archive)
    first = series.files[0]
    return str(first.path if first.member else first.path.parent)


def _match_study(study: Sequence[SeriesSeen]) -> Match | Refusal:
    name = name_of(min(study, key=lambda one: (one.modality != "PT", one.series_uid)))
    cts = [one for one in study if one.modality == "CT" and not one.unfit]
    pets = [one for one in study if one.modality == "PT" and not one.unfit]
    if not (cts and pets):
        return _lacking(name, study, has_ct=bool(cts))
    people = {person for one in study for person in one.persons}
    ids = {person.key for person in people}
    if len(ids) > 1 or contradict(people):
        return Refusal(name, "several-patients", "CT and PET of one study name different patients")
    if ids == {""}:
        return Refusal(
            name,
            "patient-unknown",
            "The headers have no PatientID; patients cannot be kept apart",
        )
    if len(pets) > 1:
        return Refusal(
            name,
            "several-pets",
            f"{len(pets)} PET series could be meant; leave one of them in the study",
        )
    return _with_ct(name, cts, pets[0], patient=ids.pop())


def _with_ct(
    name: str, cts: Sequence[SeriesSeen], pet: SeriesSeen, *, patient: str
) -> Match | Refusal:
    same = [ct for ct in cts if len(pet.frame_uids) == 1 and ct.frame_uids == pet.frame_uids]
    if not same:
        return Refusal(
            name,
            "frame-of-reference-differs",
            "No CT of the study has the PET's frame of reference, so they are not registered",
        )
    most_mm = max(ct.covered_by_mm(pet) for ct in same)
    slack_mm = _SAME_COVER * max(pet.length_mm, 1.0)
    alike = [ct for ct in same if ct.covered_by_mm(pet) >= most_mm - slack_mm]
    ct = min(alike, key=lambda one: (-len(one.files), one.series_uid))
    return Match(ct, pet, patient)


def _lacking(name: str, study: Sequence[SeriesSeen], *, has_ct: bool) -> Refusal:
    """Return why there is no pair: what is unfit says so, what is absent is named."""
    missing = "PT" if has_ct else "CT"
    unfit = sorted({one.unfit for one in study if one.modality == missing and one.unfit})
    if unfit:
        return Refusal(
            name, unfit[0], f"The {missing} is not to be learned from: {', '.join(unfit)}"
        )
    if has_ct:
        return Refusal(name, "no-pet", "There is a CT and no PET of the same study")
    return Refusal(name, "no-ct", "There is a PET and no CT of the same study")


def _apart(matches: Sequence[Match]) -> tuple[list[Match], list[Refusal]]:
    """Refuse examinations that share an identifier and name different people."""
    by_patient: dict[str, list[Match]] = {}
    for one in matches:
        by_patient.setdefault(one.patient, []).append(one)
    shared = {
        patient
        for patient, several in by_patient.items()
        if contradict(p for one in several for p in one.ct.persons | one.pet.persons)
    }
    good = [one for one in matches if one.patient not in shared]
    return good, [
        Refusal(
            name_of(one.ct),
            "patient-id-shared",
            "Its PatientID is also that of a patient with another name, birth date or sex",
            one,
        )
        for one in matches
        if one.patient in shared
    ]
