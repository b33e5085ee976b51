"""Pairs in nnU-Net's raw format: ``imagesTr/CASE_0000.nii.gz`` and a ``dataset.json``."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.prepare.found import Found
from ctpet.prepare.nifti_pair import NiftiPair
from ctpet.prepare.pairing import Refusal
from ctpet.prepare.patients import told_of_patients
from ctpet.prepare.spelling import other_tracer, patient_of_case, stem_of
from ctpet.prepare.structures import is_lesion_name

DATASET_JSON = "dataset.json"
_IMAGES = re.compile(r"images(Tr|Ts|Val)", re.IGNORECASE)
_FOLDERS = re.compile(r"(images|labels)(Tr|Ts|Val)", re.IGNORECASE)
_CASE = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})")
_AUTOPET = re.compile(r"(petct|fdg|psma)_", re.IGNORECASE)
_EXAMPLE = '{"channel_names": {"0": "CT", "1": "PET"}, "labels": {"background": 0, "tumor": 1}}'


def nnunet_roots(files: Iterable[Path]) -> set[Path]:
    """Return the folders that hold ``imagesTr`` or its kin with NIfTI files."""
    return {path.parent.parent for path in files if _IMAGES.fullmatch(path.parent.name)}


def is_of_nnunet(root: Path, path: Path) -> bool:
    """Tell whether a file is one of the data set's in a folder."""
    return root == path.parent.parent and bool(_FOLDERS.fullmatch(path.parent.name))


def nnunet_pairs(root: Path, files: Iterable[Path], name: str) -> Found:
    """Return the cases of a data set whose channels are named, one of them CT and one PET.

    Channels are named in ``channel_names`` of its dataset.json, or in the older ``modality``.
    Cases of ``imagesTs`` are left: who made the data set keeps them for testing.

    Args:
        root: folder of the data set.
        files: NIfTI below it.
        name: shown, of the data set.
    """
    cases: dict[str, dict[int, Path]] = defaultdict(dict)
    marks: dict[str, Path] = {}
    left = 0
    for path in sorted(files):
        told, folder = _CASE.fullmatch(stem_of(path)), path.parent.name.lower()
        if told and folder == "imagestr":
            cases[told["case"]][int(told["channel"])] = path
        elif folder == "labelstr":
            marks[stem_of(path)] = path
        left += folder in ("imagests", "imagesval")
    try:
        described = _described(root)
        ct, pet = _channels(described, cases)
        numbers = _structures(described)
    except InputRefused as refusal:
        return Found(refusals=(Refusal(name, refusal.code, str(refusal)),), kinds=_KIND)
    made = [
        _pair(f"{name}/{case}", images, (ct, pet), marks.get(case), numbers)
        for case, images in sorted(cases.items())
    ]
    pairs = tuple(one for one in made if isinstance(one, NiftiPair))
    notes = told_of_patients([PurePath(one.name) for one in pairs], [one.patient for one in pairs])
    if left:
        message = f"{left} files of imagesTs in {name} were left: they are kept for testing"
        remedy = "Name them in a table (--table) if they are to be learned from"
        notes += (Finding("test-set-left", "info", message, remedy),)
    refusals = tuple(one for one in made if isinstance(one, Refusal))
    return Found(pairs, refusals, notes, _KIND)


_KIND = frozenset({"nnunet"})


def _described(root: Path) -> Mapping[str, Any]:
    """Read dataset.json.

    Raises:
        InputRefused: ``dataset-json-unreadable``.
    """
    try:
        described: Mapping[str, Any] = dict(
            json.loads((root / DATASET_JSON).read_text("utf-8-sig"))
        )
    except (OSError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputRefused(
            "dataset-json-unreadable",
            f"imagesTr has no readable {DATASET_JSON} beside it ({reason}), so nobody can say "
            "which channel is CT and which PET",
            remedy=f"Write one, such as {_EXAMPLE}",
        ) from error
    return described


def _channels(described: Mapping[str, Any], cases: Iterable[str]) -> tuple[int, int]:
    """Return the numbers of the channels that are CT and PET.

    Raises:
        InputRefused: ``channels-unknown``; ``tracer-not-fdg``; ``pet-not-suv``.
    """
    told = described.get("channel_names") or described.get("modality") or {}
    pairs = enumerate(told) if isinstance(told, list) else _items(told)
    names = {int(number): str(name) for number, name in pairs if str(number).isdigit()}
    cts = [number for number, name in names.items() if _words(name) & _CT and not _is_pet(name)]
    pets = [number for number, name in names.items() if _is_pet(name) and not _words(name) & _CT]
    if sorted(cts) == [0, 1] == sorted(names) and all(map(_AUTOPET.match, cases)):
        return 0, 1  # both are called CT in conversions of autoPET, to be scaled alike
    if len(cts) != 1 or len(pets) != 1:
        seen = ", ".join(f"{number}: {name}" for number, name in sorted(names.items())) or "none"
        raise InputRefused(
            "channels-unknown",
            f"The channels that {DATASET_JSON} names ({seen}) are not one CT and one PET",
            remedy=f"Name them there, such as {_EXAMPLE}",
        )
    pet = names[pets[0]]
    if re.search(r"bq", pet, re.IGNORECASE):
        raise InputRefused(
            "pet-not-suv", f"The PET's channel is {pet}, no SUV", remedy="Convert it to SUVbw"
        )
    if tracer := other_tracer([pet]):
        raise InputRefused(
            "tracer-not-fdg", f"The PET's channel says that the tracer is {tracer}", remedy=""
        )
    return cts[0], pets[0]


_CT = frozenset({"ct", "hu", "ctres", "ctac", "cect", "ldct"})
_PET = frozenset({"pet", "pt", "suv", "suvbw", "fdg", "petsuv", "suvpet"})


def _is_pet(name: str) -> bool:
    return bool(_words(name) & _PET)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.split(r"[^a-z]+", name.lower()))


def _items(told: object) -> Iterable[tuple[Any, Any]]:
    return told.items() if isinstance(told, dict) else ()


def _structures(described: Mapping[str, Any]) -> tuple[frozenset[int], frozenset[int]]:
    """Return the numbers of lesions and of other structures in the label maps.

    Raises:
        InputRefused: ``labels-unknown``.
    """
    lesions: set[int] = set()
    others: set[int] = set()
    try:
        for one, other in _items(described.get("labels")):
            name, numbers = (other, one) if str(one).isdigit() else (one, other)
            told = numbers if isinstance(numbers, list) else [numbers]
            mine = {int(number) for number in told} - {0}
            if str(name).lower() not in ("background", "ignore"):
                (lesions if is_lesion_name(str(name)) else others).update(mine)
    except (TypeError, ValueError) as error:
        raise InputRefused(
            "labels-unknown",
            f"The labels that {DATASET_JSON} names cannot be read ({error})",
            remedy=f"Name them, such as {_EXAMPLE}",
        ) from error
    return frozenset(lesions), frozenset(others - lesions)


def _pair(
    name: str,
    images: Mapping[int, Path],
    channels: tuple[int, int],
    marks: Path | None,
    numbers: tuple[frozenset[int], frozenset[int]],
) -> NiftiPair | Refusal:
    case = PurePath(name).name
    if tracer := other_tracer([case]):
        return Refusal(name, "tracer-not-fdg", f"Its name says that the tracer is {tracer}")
    for channel, code, what in zip(channels, ("no-ct", "no-pet"), ("CT", "PET"), strict=True):
        if channel not in images:
            return Refusal(name, code, f"There is no {case}_{channel:04d}, which is the {what}")
    ct, pet = (images[channel] for channel in channels)
    lesions, others = numbers
    return NiftiPair(
        name,
        patient_of_case(case) or case,
        ct,
        pet,
        lesions=marks if lesions else None,
        labels=marks if others else None,
        lesion_numbers=lesions if lesions and others else None,
    )
