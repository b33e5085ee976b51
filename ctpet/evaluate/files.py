"""Which files belong together: a prediction, its reference, and what lies beside them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ctpet.dicom.header import HeaderUnreadable, NotDicom, read_header
from ctpet.dicom.warned import collected_warnings
from ctpet.errors import InputRefused
from ctpet.evaluate.bounds import Bounds, bounds_beside, without_bounds
from ctpet.images import place_and_series
from ctpet.nifti import is_nifti_name
from ctpet.printable import printable
from ctpet.zipped import is_zip, members

Role = Literal[
    "predicted",
    "reference",
    "ct",
    "body",
    "labels",
    "lesions",
    "predicted_lesions",
    "measured_lesions",
]
LABEL_MAPS: frozenset[Role] = frozenset(
    ("body", "labels", "lesions", "predicted_lesions", "measured_lesions")
)

_NAMES: Mapping[Role, tuple[str, ...]] = {
    "predicted": ("pet", "suv", "predicted", "prediction", "synthetic"),
    "reference": ("pet", "suv", "measured", "reference"),
    "ct": ("ct", "ctres"),
    "body": ("body",),
    "labels": ("labels",),
    "lesions": ("lesions", "seg", "tumour_on_pet_grid"),
    "predicted_lesions": ("predicted_lesions", "segmentation", "lesions", "seg"),
    "measured_lesions": ("measured_lesions", "segmentation", "lesions", "seg"),
}
"""Stems of NIfTI files, and names of DICOM folders, that tell what they are; without case."""


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """One prediction and its reference.

    Attributes:
        name: of the case, as the user named it; shown in reports.
        patient: what the user calls the patient; several cases may share one.
        files: a NIfTI file, a DICOM folder or archive for each role; predicted and reference
            always.
        lacking: roles of which a folder was given that holds nothing of this case.
        stated: a table says that these belong together, whatever their frames of reference.
        beside: predictions by other means that the model is to stand beside, by their names.
        bounds: the lower and the upper bound of the prediction; None: it has none.
    """

    name: str
    patient: str
    files: Mapping[Role, Path]
    lacking: tuple[Role, ...] = ()
    stated: bool = False
    beside: Mapping[str, Path] = field(default_factory=dict)
    bounds: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A case that is not scored, and why.

    Attributes:
        name: of the case.
        code: stable kebab-case name of the reason.
        message: what was seen, the limit and the remedy.
    """

    name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the volumes of an evaluation are: files, or folders with an entry for each patient.

    Attributes:
        predicted: synthetic PET.
        reference: measured PET.
        ct: None: without.
        labels: organs as NIfTI label maps.
        lesions: lesions as NIfTI label maps: the reference.
        predicted_lesions: what a segmenter marks on the synthetic PET, likewise.
        measured_lesions: what the same segmenter marks on the measured PET.
    """

    predicted: Path
    reference: Path
    ct: Path | None = None
    labels: Path | None = None
    lesions: Path | None = None
    predicted_lesions: Path | None = None
    measured_lesions: Path | None = None

    def by_role(self) -> dict[Role, Path]:
        """Return what is given."""
        roots: dict[Role, Path | None] = {
            "predicted": self.predicted,
            "reference": self.reference,
            "ct": self.ct,
            "labels": self.labels,
            "lesions": self.lesions,
            "predicted_lesions": self.predicted_lesions,
            "measured_lesions": self.measured_lesions,
        }
        return {role: path for role, path in roots.items() if path is not None}


@dataclass(frozen=True, slots=True)
class _Entries:
    """What a root holds.

    Attributes:
        paths: by the name of the patient.
        single: the root is one volume, whose name says nothing.
    """

    paths: Mapping[str, Path]
    single: bool
    ids: dict[str, str] = field(default_factory=dict)


def find_cases(sources: Sources) -> tuple[list[CaseFiles], list[Refused]]:
    """Match predictions and references by the names of their entries, else by PatientID.

    An entry is a folder, a NIfTI file or a zip archive directly below a root. In a folder the file
    or sub-folder whose name says so is taken (``pet``, ``ct``, ``labels``, …), else its only NIfTI
    file, else its DICOM. A root that is itself one volume matches another such root.

    Returns:
        The cases, in the order of their names, and what is on one side only.

    Raises:
        InputRefused: ``path-missing``; ``names-twice``: two entries of a root have one name;
            ``nothing-to-compare``: no reference has a prediction; ``nothing-of-these``: a root has
            nothing of any case. Where some have a prediction, but none can be taken, the first's
            reason.
    """
    roots = {role: _entries(path, role) for role, path in sources.by_role().items()}
    predicted, reference = roots["predicted"], roots["reference"]
    cases, refused, used = [], [], set()
    for name, path in reference.paths.items():
        other = _partner(name, path, reference, predicted)
        if other is None:
            refused.append(Refused(name, "no-prediction", "There is no prediction for it"))
            continue
        used.add(other)
        found = {role: _partner(name, path, reference, entries) for role, entries in roots.items()}
        found["reference"] = name
        entries: dict[Role, Path] = {
            role: roots[role].paths[key] for role, key in found.items() if key is not None
        }
        lacking = tuple(role for role, key in found.items() if key is None)
        case = case_of(name, name, entries, lacking)
        if isinstance(case, CaseFiles):
            cases.append(case)
        else:
            refused.append(case)
    if refused and used and not cases:
        first = next(one for one in refused if one.code != "no-prediction")
        raise InputRefused(first.code, f"{first.name}: {first.message.rstrip('.')}", remedy="")
    refused += [
        Refused(name, "no-reference", "There is no reference for it")
        for name in predicted.paths
        if name not in used
    ]
    if not cases:
        raise InputRefused(
            "nothing-to-compare",
            f"No patient is in both {sources.predicted.name} ({_few(predicted.paths)}) and "
            f"{sources.reference.name} ({_few(reference.paths)})",
            remedy="Give their folders or files the same names, or a table with --table",
        )
    _refuse_idle(sources, cases)
    return cases, refused


def _refuse_idle(sources: Sources, cases: Sequence[CaseFiles]) -> None:
    """Refuse a root that holds nothing of any case: the report would say that there is nothing.

    Raises:
        InputRefused: ``nothing-of-these``.
    """
    for role, root in sources.by_role().items():
        if all(role in case.lacking for case in cases):
            raise InputRefused(
                "nothing-of-these",
                f"{root} holds the {role.replace('_', ' ')} of none of {len(cases)} patients "
                f"({_few([case.name for case in cases])})",
                remedy="Give the files or folders the same names, or leave that option out",
            )


def case_of(
    name: str, patient: str, entries: Mapping[Role, Path], lacking: tuple[Role, ...] = ()
) -> CaseFiles | Refused:
    """Return the case that some entries, each a file or a folder, make; or why they make none."""
    try:
        files = {role: _volume(entry, role) for role, entry in entries.items()}
        bounds = bounds_beside(files["predicted"])
    except InputRefused as refusal:
        return Refused(name, refusal.code, str(refusal))
    if files["predicted"].resolve() == files["reference"].resolve():
        return Refused(
            name,
            "prediction-is-reference",
            "Prediction and reference are the same file or folder. Give the prediction",
        )
    return CaseFiles(name, patient, files, lacking, bounds=bounds)


def _entries(root: Path, role: Role) -> _Entries:
    """Return what a root holds.

    Raises:
        InputRefused: ``path-missing``, ``names-twice``.
    """
    if not root.exists():
        raise InputRefused(
            "path-missing", f"There is no file or folder at {root}", remedy="Check the path"
        )
    if root.is_file() or _is_one_volume(root, role):
        return _Entries({_stem(root): root}, single=True)
    kept: dict[str, Path] = {}
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or not (path.is_dir() or _is_nifti(path) or is_zip(path)):
            continue
        if kept.setdefault(_stem(path), path) != path:
            raise InputRefused(
                "names-twice",
                f"{root.name} holds two entries called {_stem(path)}",
                remedy="Keep the one that is meant",
            )
    if role == "predicted":
        kept = {name: kept[name] for name in kept if name in without_bounds(kept)}
    return _Entries(kept, single=False)


def _is_one_volume(folder: Path, role: Role) -> bool:
    """Tell whether a folder is one patient's: DICOM files, or something named after its role."""
    return any(
        _stem(path).casefold() in _NAMES[role] or (path.is_file() and _is_dicom(path))
        for path in folder.iterdir()
    )


def _partner(name: str, path: Path, own: _Entries, other: _Entries) -> str | None:
    """Return the name under which another root holds the same patient."""
    if own.single and other.single:
        return next(iter(other.paths))
    if name in other.paths:
        return name
    patient = _patient_id(name, path, own)
    if not patient:
        return None
    same = [key for key, at in other.paths.items() if _patient_id(key, at, other) == patient]
    return same[0] if len(same) == 1 else None


def _patient_id(name: str, path: Path, entries: _Entries) -> str:
    """Return the PatientID of the first DICOM file of an entry; empty if it has none."""
    if name not in entries.ids:
        entries.ids[name] = next(filter(None, map(_read_id, _files(path))), "")
    return entries.ids[name]


def _read_id(path: Path) -> str:
    if not _is_dicom(path):
        return ""
    try:
        with path.open("rb") as file, collected_warnings():
            header, _ = read_header(file)
    except (OSError, NotDicom, HeaderUnreadable):
        return ""
    return str(header.get("PatientID") or "").strip()


def _volume(entry: Path, role: Role) -> Path:
    """Return the file or folder of a role in an entry; of an archive its NIfTI member.

    Raises:
        InputRefused: ``several-files``, ``no-volume``.
    """
    if place_and_series(entry)[1] is not None:
        return entry
    archive = is_zip(entry)
    niftis = [p for p in (members(entry) if archive else _files(entry)) if is_nifti_name(p)]
    if role == "predicted":
        own = without_bounds({_stem(p) for p in niftis})
        niftis = [p for p in niftis if _stem(p) in own]
    if entry.is_file() and not (archive and (niftis or role in LABEL_MAPS)):
        return entry
    named = [p for p in niftis if p.parent == entry or archive]
    if not archive:
        named += [p for p in sorted(entry.iterdir()) if p.is_dir()]
    named = [p for p in named if _stem(p).casefold() in _NAMES[role]]
    for several in (named, niftis):
        if len(several) == 1:
            return several[0]
    if role in LABEL_MAPS or not any(map(_is_dicom, _files(entry))):
        raise InputRefused(
            "several-files" if niftis else "no-volume",
            f"{len(niftis)} NIfTI files in {entry.name} could be its {role}, and none is called "
            f"{' or '.join(_NAMES[role])}",
            remedy="Rename the one that is meant, or give a table with --table",
        )
    return entry


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    yield from (p for p in sorted(path.rglob("*")) if p.is_file() and not p.name.startswith("."))


def _is_nifti(path: Path) -> bool:
    return is_nifti_name(path) and path.is_file()


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() == ".dcm":
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _stem(path: Path) -> str:
    """Return the name of an entry, with question marks for bytes that are no UTF-8."""
    told = path.name or path.absolute().name
    name = printable(told.encode("utf-8", "replace").decode())
    for suffix in (".nii.gz", ".nii", ".zip"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def _few(names: Collection[str]) -> str:
    shown = list(names)[:3]
    return ", ".join(shown) + (", …" if len(names) > 3 else "") if shown else "empty"
