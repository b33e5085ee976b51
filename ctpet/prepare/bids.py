"""Pairs in BIDS: ``sub-1/ses-1/pet/sub-1_ses-1_pet.nii.gz`` with its side-car, and a CT."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.prepare.found import Found
from ctpet.prepare.nifti_pair import NiftiPair
from ctpet.prepare.pairing import Refusal
from ctpet.prepare.spelling import other_tracer, stem_of
from ctpet.prepare.structures import is_lesion_name, organ_of
from ctpet.prepare.suv_scale import sidecar, suv_scale
from ctpet.rows import read_table

_KIND = frozenset({"bids"})
_SUBJECT = re.compile(r"sub-[0-9A-Za-z]+")
_NAME = re.compile(r"sub-[0-9A-Za-z]+(_[a-z]+-[^_]+)*_(?P<suffix>[0-9A-Za-z]+)")
_UNCORRECTED = re.compile(r"nac|noac|uncorrected", re.IGNORECASE)
_MASKS = ("mask", "dseg")
_POUNDS_KG = 0.45359237


def bids_roots(files: Iterable[Path]) -> set[Path]:
    """Return the folders whose ``sub-…`` hold files that are called as BIDS calls PET or CT."""
    roots = set()
    for path in files:
        subject = _subject_folder(path)
        if subject and _suffix(path) in ("pet", "ct") and "derivatives" not in subject.parts:
            roots.add(subject.parent)
    return roots


def is_of_bids(root: Path, path: Path) -> bool:
    """Tell whether a file is one of the data set's in a folder."""
    below = path.relative_to(root).parts if root in path.parents else ("",)
    named = _NAME.fullmatch(stem_of(path)) is not None
    return named and (bool(_SUBJECT.fullmatch(below[0])) or below[0] == "derivatives")


def bids_pairs(root: Path, files: Iterable[Path], name: str) -> Found:
    """Return the pairs of a data set, one a subject and session.

    Values are SUVbw if the side-car's ``Units`` say so, or can be made so by
    :func:`ctpet.prepare.suv_scale.suv_scale`. Masks and segmentations whose names say lesion or
    organs, derivatives among them, are label maps.

    Args:
        root: folder of the data set.
        files: NIfTI in it.
        name: shown, of the data set.
    """
    visits: dict[tuple[str, str], dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(files):
        entities = _entities(path)
        visits[entities["sub"], entities.get("ses", "")][_suffix(path)].append(path)
    made: list[NiftiPair | Refusal] = []
    left = 0
    for (subject, session), by_suffix in visits.items():
        shown = f"{name}/sub-{subject}" + (f"/ses-{session}" if session else "")
        one = _visit(root, shown, by_suffix)
        made += [one] if one else []
        used = set(one.files()) if isinstance(one, NiftiPair) else set()
        left += sum(path not in used for paths in by_suffix.values() for path in paths)
    notes: tuple[Finding, ...] = ()
    if left:
        message = f"{left} NIfTI files of subjects in {name} were left, as of no pair of CT and PET"
        notes = (Finding("files-left", "info", message),)
    return Found(
        tuple(one for one in made if isinstance(one, NiftiPair)),
        tuple(one for one in made if isinstance(one, Refusal)),
        notes,
        _KIND,
    )


def _visit(
    root: Path, shown: str, by_suffix: Mapping[str, list[Path]]
) -> NiftiPair | Refusal | None:
    raw = {
        kind: [path for path in by_suffix.get(kind, []) if not _is_derived(root, path)]
        for kind in ("pet", "ct")
    }
    pets = [path for path in raw["pet"] if not _UNCORRECTED.search(_entities(path).get("rec", ""))]
    if not (raw["pet"] or raw["ct"]):
        return None
    if not pets:
        message = "There is no PET, such as pet/sub-1_pet.nii.gz, corrected for attenuation"
        return Refusal(shown, "no-pet", message)
    if not raw["ct"]:
        message = "There is no CT, such as ct/sub-1_ct.nii.gz or anat/sub-1_ct.nii.gz"
        return Refusal(shown, "no-ct", message)
    fdg = [path for path in pets if not other_tracer([_entities(path).get("trc", "")])]
    for paths, code in ((fdg or pets, "several-pets"), (raw["ct"], "several-files")):
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths[:3])
            message = f"{names} could be meant; leave one, or name it in a table"
            return Refusal(shown, code, message)
    pet = (fdg or pets)[0]
    entities = _entities(pet)
    try:
        factor, told = suv_scale(
            _described(root, pet),
            weight_kg=_weight_kg(root, entities),
            tracer=entities.get("trc", ""),
        )
    except InputRefused as refusal:
        return Refusal(shown, refusal.code, str(refusal))
    masks = [path for suffix in _MASKS for path in by_suffix.get(suffix, [])]
    return NiftiPair(
        shown,
        f"{root.resolve().name}/sub-{entities['sub']}",
        raw["ct"][0],
        pet,
        lesions=next((path for path in masks if _marks(path) == "lesions"), None),
        labels=next((path for path in masks if _marks(path) == "labels"), None),
        suv_factor=factor,
        scaled=told,
    )


def _is_derived(root: Path, path: Path) -> bool:
    return "derivatives" in path.relative_to(root).parts


def _marks(path: Path) -> str:
    """Return what a mask is of, by its label or description; empty if it does not say."""
    entities = _entities(path)
    words = [entities.get(word, "") for word in ("label", "desc", "seg")]
    if any(map(is_lesion_name, words)):
        return "lesions"
    organs = any(organ_of(word) or re.search("organ|total", word, re.IGNORECASE) for word in words)
    return "labels" if organs and _suffix(path) == "dseg" else ""


def _described(root: Path, pet: Path) -> dict[str, Any]:
    """Return what side-cars say, those nearer to the file last (BIDS' inheritance principle)."""
    mine = _entities(pet).items()
    folders = [root]
    for part in pet.parent.relative_to(root).parts:
        folders.append(folders[-1] / part)
    told: dict[str, Any] = {}
    for folder in folders:
        found = [
            path
            for path in sorted(folder.glob("*pet.json"))
            if _suffix(path) == "pet" and _entities(path).items() <= mine
        ]
        for path in sorted(found, key=lambda path: len(_entities(path))):
            told |= sidecar(path)
    return told


def _weight_kg(root: Path, entities: Mapping[str, str]) -> float | None:
    """Return the body weight in a table of sessions or participants; None if there is none.

    Raises:
        InputRefused: a table cannot be read; ``weight-missing``: its unit is not known.
    """
    subject = f"sub-{entities['sub']}"
    tables = (
        (root / subject / f"{subject}_sessions.tsv", "session_id", f"ses-{entities.get('ses')}"),
        (root / "participants.tsv", "participant_id", subject),
    )
    for table, key, value in tables:
        if not table.is_file():
            continue
        read = read_table(table)
        rows = [cells for _, cells in read.rows if cells.get(key) == value]
        for column in read.columns:
            if re.sub(r"[^a-z]", "", column.lower()) not in ("weight", "weightkg", "bodyweight"):
                continue
            for cells in rows:
                text = cells[column].replace(",", ".")
                if re.fullmatch(r"\d+(\.\d+)?", text):
                    return float(text) * _kg(table, column)
    return None


def _kg(table: Path, column: str) -> float:
    """Return the kilograms of a column's unit, kg where its description names none."""
    about = sidecar(table.with_suffix(".json")).get(column)
    unit = str(about.get("Units") or "kg") if isinstance(about, dict) else "kg"
    plain = unit.strip().lower()
    if plain in ("kg", "kilogram", "kilograms"):
        return 1.0
    if plain in ("lb", "lbs", "pound", "pounds"):
        return _POUNDS_KG
    raise InputRefused(
        "weight-missing",
        f"The weight in {table.name} is in {unit[:16]}, which is not known",
        remedy="Give it in kg",
    )


def _subject_folder(path: Path) -> Path | None:
    return next((folder for folder in path.parents if _SUBJECT.fullmatch(folder.name)), None)


def _suffix(path: Path) -> str:
    return stem_of(path).removesuffix(".json").rpartition("_")[2].lower()


def _entities(path: Path) -> dict[str, str]:
    parts = stem_of(path).removesuffix(".json").split("_")
    return dict(part.split("-", 1) for part in parts if "-" in part)
