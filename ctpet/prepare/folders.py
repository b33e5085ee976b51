"""Pairs of NIfTI files in folders of patients: ``PATIENT/ct.nii.gz``, autoPET, and their kin."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.prepare.found import Found
from ctpet.prepare.nifti_pair import NiftiPair
from ctpet.prepare.pairing import Refusal
from ctpet.prepare.patients import patients_of, told_of_patients
from ctpet.prepare.spelling import Role, other_tracer, role_of, stem_of
from ctpet.prepare.suv_scale import sidecar, suv_scale

_IMAGES = frozenset({"ct", "pet"})


@dataclass(slots=True)
class _Examination:
    """Files that belong together.

    Attributes:
        folder: they lie in, or their folders do.
        owner: what their names begin with where a folder holds several; else empty.
        files: by what they are; the place among spellings, and the file.
    """

    folder: Path
    owner: str
    files: dict[Role, list[tuple[int, Path]]] = field(default_factory=lambda: defaultdict(list))

    def below(self, root: Path) -> PurePath:
        """Return where it lies below the source."""
        return self.folder.relative_to(root) / self.owner

    def best(self, role: Role) -> list[Path]:
        """Return the files with the first of the spellings that are there."""
        named = self.files.get(role, [])
        first = min((place for place, _ in named), default=0)
        return [path for place, path in named if place == first]


def folder_pairs(files: Iterable[Path], root: Path) -> tuple[Found, list[Path]]:
    """Pair NIfTI files by their names and folders.

    Files say what they are by name (``ct``, ``CTres``, ``SUV``, ``PET``, ``SEG``, ``labels`` …), or
    their folders do (``PATIENT/ct/anything.nii.gz``, ``CT/PATIENT.nii.gz``). What stands before or
    after the word in a name tells examinations of one folder apart (``PATIENT_ct.nii.gz``).

    Args:
        files: NIfTI, below the root.
        root: folder that was given.

    Returns:
        What was found, and the files that are none of it.
    """
    examinations, unsaid = _examinations(files, root)
    whole = [one for one in examinations if one.files.keys() & _IMAGES]
    unsaid += [
        path
        for one in examinations
        if not one.files.keys() & _IMAGES
        for named in one.files.values()
        for _, path in named
    ]
    if not whole:
        return Found(), unsaid
    places = [one.below(root) for one in whole]
    patients = patients_of(places, root.resolve().name)
    made = [_pair(one, who, root) for one, who in zip(whole, patients, strict=True)]
    folders = {one.folder for one in whole}
    return Found(
        sources=tuple(one for one in made if isinstance(one, NiftiPair)),
        refusals=tuple(one for one in made if isinstance(one, Refusal)),
        notes=told_of_patients(places, patients),
        kinds=frozenset({"autopet" if _is_autopet(whole) else "folders"}),
    ), [path for path in unsaid if path.parent not in folders]


def _examinations(files: Iterable[Path], root: Path) -> tuple[list[_Examination], list[Path]]:
    """Put files together, and return those whose names say nothing."""
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in files:
        by_folder[path.parent].append(path)
    found: dict[Path, dict[str, _Examination]] = defaultdict(dict)
    unsaid = []
    for folder, inside in sorted(by_folder.items()):
        of_folder = None if folder == root else _kind_of(folder, inside)
        for path in sorted(inside):
            said, home = role_of(stem_of(path)), folder
            if of_folder:
                said, home = (*of_folder[:2], _owner(path, by_folder)), folder.parent
            if said is None:
                unsaid.append(path)
                continue
            role, place, owner = said
            one = found[home].setdefault(owner, _Examination(home, owner))
            one.files[role].append((place, path))
    return [one for home in found.values() for one in _joined(home, root)], unsaid


def _kind_of(folder: Path, inside: Iterable[Path]) -> tuple[Role, int, str] | None:
    """Return what all files of a folder are if it is called so, as in ``pet/anything.nii.gz``."""
    of_folder = role_of(folder.name)
    said = {named[0] for path in inside if (named := role_of(stem_of(path)))}
    return of_folder if of_folder and not of_folder[2] and said <= {of_folder[0]} else None


def _owner(path: Path, by_folder: dict[Path, list[Path]]) -> str:
    """Return whose a file in a folder of one kind is; empty where no such folder has several."""
    beside = [
        inside
        for folder, inside in by_folder.items()
        if folder.parent == path.parent.parent and role_of(folder.name)
    ]
    if all(len(inside) == 1 for inside in beside):
        return ""
    said = role_of(stem_of(path))
    return (said[2] if said else "") or stem_of(path)


def _joined(by_owner: dict[str, _Examination], root: Path) -> list[_Examination]:
    """Give one owner's examination of a folder the label maps without owner beside it."""
    owners = [owner for owner, one in by_owner.items() if one.files.keys() & _IMAGES]
    if len(owners) != 1:
        return list(by_owner.values())
    whole = by_owner[owners[0]]
    if "" in by_owner and owners[0]:
        for role, named in by_owner.pop("").files.items():
            whole.files[role] += named
    if whole.folder != root:
        whole.owner = ""
    return list(by_owner.values())


def _pair(one: _Examination, patient: str, root: Path) -> NiftiPair | Refusal:
    name = str(one.below(root))
    name = root.name if name == "." else name
    seen = ", ".join(sorted(path.name for named in one.files.values() for _, path in named))
    tracer = other_tracer([root.resolve().name, *one.below(root).parts])
    if tracer:
        return Refusal(name, "tracer-not-fdg", f"Its name says that the tracer is {tracer}")
    best = {role: one.best(role) for role in one.files}
    for role, what, example in (("pet", "PET", "SUV.nii.gz"), ("ct", "CT", "CT.nii.gz")):
        if role not in best:
            message = f"There is no {what}, such as {example}, beside {seen}"
            return Refusal(name, f"no-{role}", message)
    several = next((paths for paths in best.values() if len(paths) > 1), None)
    if several:
        names = " and ".join(path.name for path in several[:3])
        message = f"{names} could be meant; leave one, or name it in a table"
        return Refusal(name, "several-files", message)
    maps = {role: paths[0] for role, paths in best.items()}
    try:
        factor, scaled = _scale(maps["pet"])
    except InputRefused as refusal:
        return Refusal(name, refusal.code, str(refusal))
    return NiftiPair(
        name,
        patient,
        maps["ct"],
        maps["pet"],
        maps.get("lesions"),
        maps.get("labels"),
        suv_factor=factor,
        scaled=scaled,
    )


def _scale(pet: Path) -> tuple[float, Finding | None]:
    """Return SUVbw per value where a side-car names units; without one, values are SUVbw.

    Raises:
        InputRefused: those of :func:`ctpet.prepare.suv_scale.suv_scale`.
    """
    told = sidecar(pet.with_name(f"{stem_of(pet)}.json"))
    return suv_scale(told, tracer="FDG") if told.get("Units") else (1.0, None)


def _is_autopet(whole: Sequence[_Examination]) -> bool:
    """Tell whether most examinations hold an SUV.nii.gz two folders deep, as autoPET's do."""
    names = Counter(stem_of(path) for one in whole for path in one.best("pet"))
    return names["SUV"] * 2 > len(whole)
