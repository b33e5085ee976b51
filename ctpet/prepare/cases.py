"""Cases on disk: one pair of CT and PET a folder, as memory-mapped arrays and a small JSON file.

A prepared folder holds ``dataset.json``, ``splits.json`` and ``cases/<case_id>/`` with

- ``ct.npy``: int16, HU;
- ``pet.npy``: float32, SUVbw in g/mL;
- ``region.npy``: uint8, 0 where no PET was measured, 1 outside the body, 2 in the body;
- ``typical.npy`` (phantoms): float32, the PET without chance, see :mod:`ctpet.prepare.phantoms`;
- ``labels.npy`` and ``lesions.npy``, where the source has them: uint16;
- ``case.json``: identifiers, grid, quality control and findings.

All arrays of a case have the same shape (k, j, i) and lie on one LPS-aligned grid. Nothing in a
case names a patient, an identifier or a date: a patient is a salted hash.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.errors import CtpetError
from ctpet.findings import Finding
from ctpet.volume import Geometry
from ctpet.volume.geometry import Shape3

CASE_FORMAT = 2
CASE_FILE, DATASET_FILE, CASES_FOLDER = "case.json", "dataset.json", "cases"

ArrayName = Literal["ct", "pet", "typical", "region", "labels", "lesions"]
DTYPES: dict[ArrayName, type[np.generic]] = {
    "ct": np.int16,
    "pet": np.float32,
    "typical": np.float32,
    "region": np.uint8,
    "labels": np.uint16,
    "lesions": np.uint16,
}
UNMEASURED, AIR, BODY = 0, 1, 2


class CaseInvalid(CtpetError):
    """A prepared case or dataset cannot be read back."""


@dataclass(frozen=True, slots=True)
class Case:
    """One prepared pair.

    Attributes:
        folder: where its arrays are.
        case_id: unique in the dataset; tells nothing about the patient.
        patient_hash: :func:`ctpet.contract.hash_patient` with the dataset's salt.
        shape: (k, j, i).
        affine: (k, j, i, 1) → LPS mm, rows of a 4×4 matrix.
        slice_spacing_mm: distance between the slices of the CT it was made from.
        quality: what quality control measured, by name.
        findings: codes of what was seen or changed on the way.
        reading: of these, what was seen and changed while reading, in full.
        label_names: of the numbers in ``labels``, where the source names organs that are known.
        digests: SHA-256, hex, of the values of each array; :func:`write_case` fills them in.
    """

    folder: Path
    case_id: str
    patient_hash: str
    shape: Shape3
    affine: tuple[tuple[float, ...], ...]
    slice_spacing_mm: float
    quality: dict[str, float] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    reading: tuple[Finding, ...] = ()
    label_names: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def geometry(self) -> Geometry:
        """The grid of all its arrays."""
        return Geometry(self.shape, np.array(self.affine), None)

    def has(self, name: ArrayName) -> bool:
        """Tell whether the case has an optional array."""
        return (self.folder / f"{name}.npy").exists()

    def array(self, name: ArrayName) -> NDArray[Any]:
        """Open an array as a read-only memory map, (k, j, i).

        Raises:
            CaseInvalid: it is absent, damaged, or of another shape or type than promised.
        """
        path = self.folder / f"{name}.npy"
        try:
            array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise CaseInvalid(
                f"Case {self.case_id} has no readable {path.name}: {error}. Prepare it again."
            ) from error
        if array.shape != tuple(self.shape) or array.dtype != DTYPES[name]:
            raise CaseInvalid(
                f"{path.name} of case {self.case_id} is {array.dtype}{array.shape}, not "
                f"{np.dtype(DTYPES[name])}{tuple(self.shape)}. Prepare it again."
            )
        return array


def write_case(case: Case, arrays: dict[ArrayName, NDArray[Any]]) -> Case:
    """Write a case into its folder, ``case.json`` last: a folder without it is no case.

    Returns:
        The case with the digests of its arrays.

    Raises:
        ValueError: an array has another shape than the case, or ct, pet or region is missing.
        OSError: the folder cannot be written.
    """
    if missing := {"ct", "pet", "region"} - arrays.keys():
        raise ValueError(f"a case needs {sorted(missing)}")
    case.folder.mkdir(parents=True, exist_ok=True)
    digests: dict[str, str] = {}
    for name, array in arrays.items():
        if array.shape != tuple(case.shape):
            raise ValueError(f"{name} is {array.shape}, not {case.shape}")
        stored = np.ascontiguousarray(array, DTYPES[name])
        np.save(case.folder / f"{name}.npy", stored)
        digests[name] = hashlib.sha256(stored.data).hexdigest()
    whole = replace(case, digests=digests)
    all_told = asdict(whole)
    told = {each.name: all_told[each.name] for each in fields(Case) if each.name != "folder"}
    text = json.dumps({"format": CASE_FORMAT, **told}, indent=1, allow_nan=False)
    (case.folder / CASE_FILE).write_text(text + "\n", "utf-8")
    return whole


def read_case(folder: Path) -> Case:
    """Read a case back; its arrays stay on disk.

    Raises:
        CaseInvalid: there is none, or it is of another format.
    """
    path = folder / CASE_FILE
    try:
        told = json.loads(path.read_text("utf-8"))
        check_format(told.pop("format"), CASE_FORMAT)
        for name in ("shape", "findings"):
            told[name] = tuple(told[name])
        told["reading"] = tuple(Finding(**one) for one in told.get("reading", ()))
        told["affine"] = tuple(tuple(row) for row in told["affine"])
        return Case(folder=folder, **told)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CaseInvalid(f"{path} is no case: {error}. Prepare it again.") from error


def check_format(version: object, wanted: int) -> None:
    """Check the version that a file says it has.

    Raises:
        ValueError: it is another.
    """
    if version != wanted:
        raise ValueError(f"its format is {version}, not {wanted}")


def list_cases(dataset: Path) -> tuple[Case, ...]:
    """Return the whole cases of a prepared folder, by case_id.

    Raises:
        CaseInvalid: there is none, or one cannot be read.
    """
    folders = sorted(p.parent for p in (dataset / CASES_FOLDER).glob(f"*/{CASE_FILE}"))
    if not folders:
        raise CaseInvalid(f"{dataset} holds no prepared cases. Make them with `ctpet prepare`.")
    return tuple(read_case(folder) for folder in folders)
