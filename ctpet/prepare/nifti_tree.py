"""The NIfTI files under a source: recognised by layout, and what is left of them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from ctpet.prepare.bids import bids_pairs, bids_roots, is_of_bids
from ctpet.prepare.folders import folder_pairs
from ctpet.prepare.found import Found
from ctpet.prepare.nnunet import is_of_nnunet, nnunet_pairs, nnunet_roots
from ctpet.prepare.pairing import Refusal

EXAMPLES = (
    "Recognised are PATIENT/ct.nii.gz with PATIENT/pet.nii.gz (SUVbw), autoPET's "
    "PATIENT/STUDY/CT.nii.gz with SUV.nii.gz, nnU-Net's imagesTr/CASE_0000.nii.gz with a "
    "dataset.json that names CT and PET, BIDS' sub-1/pet/sub-1_pet.nii.gz, and DICOM; for others "
    "write a table: --table PAIRS.csv with the columns patient,ct,pet"
)

Roots = Callable[[Iterable[Path]], set[Path]]
IsOf = Callable[[Path, Path], bool]
Pairs = Callable[[Path, Collection[Path], str], Found]


def nifti_pairs(root: Path, files: Iterable[Path]) -> tuple[Found, list[Path]]:
    """Return the pairs among NIfTI files, whatever layouts they are in.

    Returns:
        What was found, and the files that no layout takes.
    """
    rest = list(files)
    found = Found()
    for roots, is_of, pairs in _LAYOUTS:
        for place in sorted(roots(rest)):
            mine = [path for path in rest if is_of(place, path)]
            taken = set(mine)
            rest = [path for path in rest if path not in taken]
            found += pairs(place, mine, shown(place, root))
    plain, unsaid = folder_pairs(rest, root)
    return found + plain, unsaid


_LAYOUTS: tuple[tuple[Roots, IsOf, Pairs], ...] = (
    (nnunet_roots, is_of_nnunet, nnunet_pairs),
    (bids_roots, is_of_bids, bids_pairs),
)


def unrecognised(files: Iterable[Path], root: Path) -> list[Refusal]:
    """Name folders of files that no layout takes, with what was seen there."""
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in files:
        by_folder[path.parent].append(path)
    refusals = []
    for folder, inside in sorted(by_folder.items()):
        names = ", ".join(sorted(path.name for path in inside)[:3])
        more = f" and {len(inside) - 3} more" if len(inside) > 3 else ""
        message = f"What {names}{more} hold cannot be told by their names. {EXAMPLES}"
        refusals.append(Refusal(shown(folder, root), "not-recognised", message))
    return refusals


def shown(place: Path, root: Path) -> str:
    """Return a folder as it is shown: below the source, or by its own name."""
    if place != root and place.is_relative_to(root):
        return str(place.relative_to(root))
    return place.resolve().name
