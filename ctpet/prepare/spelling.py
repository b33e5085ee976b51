"""What names of files and folders say: CT or PET, lesions or organs, which study, which tracer."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

Role = Literal["ct", "pet", "lesions", "labels"]

_SPELLINGS: dict[str, tuple[Role, int]] = {
    "ct": ("ct", 0),
    "cthu": ("ct", 0),
    "ctac": ("ct", 1),
    "ldct": ("ct", 1),
    "lowdosect": ("ct", 1),
    "ctres": ("ct", 2),
    "suv": ("pet", 0),
    "suvbw": ("pet", 0),
    "petsuv": ("pet", 0),
    "suvpet": ("pet", 0),
    "petsuvbw": ("pet", 0),
    "pet": ("pet", 1),
    "fdgpet": ("pet", 1),
    "petfdg": ("pet", 1),
    "fdg": ("pet", 1),
    "pt": ("pet", 1),
    "lesions": ("lesions", 0),
    "lesion": ("lesions", 0),
    "seg": ("lesions", 1),
    "ttb": ("lesions", 1),
    "gtv": ("lesions", 1),
    "gtvt": ("lesions", 1),
    "tumour": ("lesions", 1),
    "tumours": ("lesions", 1),
    "tumor": ("lesions", 1),
    "tumors": ("lesions", 1),
    "tumouronpetgrid": ("lesions", 1),
    "mask": ("lesions", 2),
    "masks": ("lesions", 2),
    "labels": ("labels", 0),
    "label": ("labels", 0),
    "organs": ("labels", 1),
    "organ": ("labels", 1),
    "totseg": ("labels", 1),
    "totalsegmentator": ("labels", 1),
}
"""Names without case and marks between letters, what they stand for, and which comes first."""

_AHEAD = ("ct", "pet", "pt", "suv")
"""Names that may stand before whose it is, as in ``ct_patient7``."""

_OF_IMAGE = frozenset(name for name, (role, _) in _SPELLINGS.items() if role in ("ct", "pet"))
"""What a label map lies on, as in ``pet_mask``, is nobody's name."""

_DAY, _MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
_DATE = rf"(?:(?:19|20)\d\d[-_.]?{_MONTH}[-_.]?{_DAY}|\d\d[-_.]\d\d[-_.](?:19|20)\d\d)(?!\d)"

_STUDY = re.compile(
    rf"{_DATE}.*|"
    r"(ses|session|study|visit|scan|exam|examination|timepoint|time|day|week|month|baseline|"
    r"follow-?up|fu|pre|post|initial|interim|restaging|staging|run|acq)([-_ ]?\d+)?|"
    r"(tp?[-_]?\d{1,2}|first|second|third|last|fdg|psma|petct|pet-ct)",
    re.IGNORECASE,
)
"""How folders of one examination of a patient are called: a date, or a word for a visit."""

_COLLECTION = re.compile(
    r"(train|training|val|validation|test|testing|data|dataset|images|nifti|raw|cohort|fold)"
    r"([-_ ]?\d+)?",
    re.IGNORECASE,
)

_VISIT = (
    r"(?:(?:ses|session|study|visit|scan|exam|tp|timepoint|day|week|fu|t)[-_]?\d+|"
    r"baseline|follow-?up\d*|pre|post|interim|restaging)"
)
_CASE_OF_PATIENT = re.compile(rf"(?P<patient>.+?)[_-](?:{_DATE}.*|{_VISIT})", re.IGNORECASE)
_AUTOPET_CASE = re.compile(r"(?P<patient>(?:petct|fdg|psma)_[0-9a-z]+)_.+", re.IGNORECASE)

_TRACERS = {
    "psma": "PSMA",
    "fapi": "FAPI",
    "choline": "choline",
    "fch": "choline",
    "dopa": "DOPA",
    "fdopa": "DOPA",
    "flt": "FLT",
    "fet": "FET",
    "fes": "FES",
    "fmiso": "FMISO",
    "naf": "NaF",
    "pib": "PiB",
    "methionine": "methionine",
    "fluciclovine": "fluciclovine",
    "florbetapir": "florbetapir",
    "flutemetamol": "flutemetamol",
    "dotatate": "DOTATATE",
    "dotatoc": "DOTATOC",
    "dotanoc": "DOTANOC",
    "dota": "DOTA",
}
_SUFFIXES = (".nii.gz", ".nii")


def stem_of(path: Path) -> str:
    """Return a NIfTI file's name without its suffix."""
    for suffix in _SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.name


def role_of(name: str) -> tuple[Role, int, str] | None:
    """Read what a file or folder is called by.

    Args:
        name: without suffix, such as ``CTres``, ``SUV`` or ``patient-7_ct``.

    Returns:
        What it is, its place among names for the same thing (0 first), and the rest of the name,
        which tells whose it is; None if the name says nothing.
    """
    whole = _SPELLINGS.get(_squeezed(name))
    if whole:
        return *whole, ""
    first, last = re.match(r"[0-9A-Za-z]*", name), re.search(r"[0-9A-Za-z]*$", name)
    ends = ((last, _SPELLINGS), (first, {key: _SPELLINGS[key] for key in _AHEAD}))
    for end, spellings in ends:
        found = spellings.get(end[0].lower()) if end else None
        if end and found:
            owner = (name[: end.start()] + name[end.end() :]).strip("_-. ")
            return *found, "" if _squeezed(owner) in _OF_IMAGE else owner
    numbered = re.fullmatch(r"(totseg|seg|labels?|lesions?)[_-]?\d+", name, re.IGNORECASE)
    return (*_SPELLINGS[numbered[1].lower()], "") if numbered else None


def is_study(name: str) -> bool:
    """Tell whether a folder is called as one examination of a patient among others."""
    return _STUDY.fullmatch(name) is not None


def is_collection(name: str) -> bool:
    """Tell whether a folder is called as a part of a data set is, such as ``train``."""
    return _COLLECTION.fullmatch(name) is not None


def patient_of_case(case: str) -> str | None:
    """Return whose a case is by its name: what stands before a date or a visit.

    Returns:
        ``fdg_0a1b`` of ``fdg_0a1b_2014-03-23``, ``p7`` of ``p7_visit2``; None where the name does
        not part patient and examination.
    """
    found = _AUTOPET_CASE.fullmatch(case) or _CASE_OF_PATIENT.fullmatch(case)
    return found["patient"] if found else None


def other_tracer(parts: Iterable[str]) -> str | None:
    """Return a tracer other than FDG that names say; the last name that says one decides."""
    for part in reversed(list(parts)):
        words = [word for word in re.split(r"[^a-z]+", part.lower()) if word]
        if "fdg" in words:
            return None
        told = [_TRACERS[word] for word in words if word in _TRACERS]
        if told:
            return told[0]
    return None


def _squeezed(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.lower())
