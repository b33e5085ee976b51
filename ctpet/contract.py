"""What a model file promises: the grid it wants, what it returns and what it is for.

The contract is the one truth shared by training, export, evaluation and serving. It is written
into the ONNX file's own metadata under :data:`METADATA_KEY` and read back by everyone.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from ctpet.errors import ModelInvalid

T = TypeVar("T")

METADATA_KEY = "ctpet.contract"
CONTRACT_VERSION = 1
LEAST_SPACING_MM = 1e-3
LONGEST_LO = 64
"""Characters of a DICOM LO attribute, PS3.5 table 6.2-1."""

ModelKind = Literal["baseline", "regression", "appearance"]
"""``baseline``: a trivial predictor; ``regression``: quantitative; ``appearance``: a GAN."""

Radionuclide = Literal["F-18"]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a model was fitted on.

    Attributes:
        description: one sentence naming the data, for people.
        attribution: who must be credited, with the data's identifier; empty for own data.
        licence: SPDX name or the data's own.
        salt: random hex that goes into every hash, so that hashes cannot be looked up.
        patient_hashes: :func:`hash_patient` of each patient, sorted.

    Raises:
        ValueError: at construction, if a text is not text or the hashes are not sorted and unique.
    """

    description: str
    attribution: str
    licence: str
    salt: str
    patient_hashes: tuple[str, ...]

    def __post_init__(self) -> None:
        _text("description", self.description, least=1)
        for name in ("attribution", "licence", "salt"):
            _text(name, getattr(self, name))
        hashes = tuple(_text("patient_hashes", value, least=1) for value in self.patient_hashes)
        if list(hashes) != sorted(set(hashes)):
            raise ValueError("patient_hashes must be sorted and unique")
        _keep(self, "patient_hashes", hashes)


@dataclass(frozen=True, slots=True)
class ModelContract:
    """The promise of one model file.

    The graph has one input ``ct_hu`` and one output ``pet_suvbw``, both float32 of shape
    (N, 1, K, J, I) with K, J, I free; K grows to superior, J to posterior, I to the patient's
    left. It takes HU and returns SUVbw: clipping, scaling and decoding are nodes of the graph.

    Attributes:
        name: short name, such as ``tissue-lookup``; like the version and the tracer at most 64
            printable characters, since they are written into DICOM headers.
        model_version: the model's own version, such as ``1.0.0``.
        kind: what kind of predictor this is.
        tracer: such as ``FDG``.
        radionuclide: of the tracer; those whose DICOM code and half-life ctpet knows.
        spacing_mm: grid along (k, j, i).
        size_multiple: K, J, I must be multiples of these.
        halo_voxels: how far along (k, j, i) the input reaches into an output voxel; None: each
            voxel depends on the whole, so that the model runs on whole volumes only.
        hu_range: what the graph clips its input to.
        suv_range: what the output can be.
        slice_spacing_seen_mm: finest and coarsest slice spacing of the CTs it was made on.
        extent_seen_mm: shortest and longest piece along the patient that it saw at once, to learn
            from or to be validated on.
        working_bytes_per_voxel: peak memory that one pass adds, divided by its input voxels.
        intended_use: one or two sentences.
        limitations: what the model cannot do, in plain words.
        trained_on: each data set that it was fitted on; one or several.
        ancestors: what the weights that it started from were fitted on, and theirs; none where it
            started from chance.
        contract_version: version of this schema.

    Raises:
        ValueError: at construction, if a value cannot be meant.
        TypeError: at construction, if ``trained_on`` or ``ancestors`` holds something else.
    """

    name: str
    model_version: str
    kind: ModelKind
    tracer: str
    radionuclide: Radionuclide
    spacing_mm: tuple[float, float, float]
    size_multiple: tuple[int, int, int]
    halo_voxels: tuple[int, int, int] | None
    hu_range: tuple[float, float]
    suv_range: tuple[float, float]
    slice_spacing_seen_mm: tuple[float, float]
    extent_seen_mm: tuple[float, float]
    working_bytes_per_voxel: int
    intended_use: str
    limitations: str
    trained_on: tuple[TrainingData, ...]
    ancestors: tuple[TrainingData, ...] = ()
    contract_version: int = CONTRACT_VERSION

    def __post_init__(self) -> None:
        if self.contract_version != CONTRACT_VERSION:
            raise ValueError(f"contract_version must be {CONTRACT_VERSION}")
        if self.kind not in get_args(ModelKind):
            raise ValueError(f"kind must be one of {get_args(ModelKind)}, not {self.kind!r}")
        _training_data("trained_on", self.trained_on, least=1)
        _training_data("ancestors", self.ancestors)
        if self.radionuclide not in get_args(Radionuclide):
            raise ValueError(
                f"radionuclide must be one of {get_args(Radionuclide)}, not {self.radionuclide!r}"
            )
        for name in ("name", "model_version", "tracer"):
            _keep(self, name, _dicom_text(name, getattr(self, name)))
        _keep(self, "intended_use", _text("intended_use", self.intended_use, least=1))
        _keep(self, "limitations", _text("limitations", self.limitations))
        spacing = _numbers("spacing_mm", self.spacing_mm, 3)
        if min(spacing) < LEAST_SPACING_MM:
            raise ValueError(f"spacing_mm must be at least {LEAST_SPACING_MM}, not {spacing}")
        _keep(self, "spacing_mm", spacing)
        _keep(self, "size_multiple", _counts("size_multiple", self.size_multiple, least=1))
        if self.halo_voxels is not None:
            _keep(self, "halo_voxels", _counts("halo_voxels", self.halo_voxels, least=0))
        for name in ("hu_range", "suv_range"):
            low, high = _numbers(name, getattr(self, name), 2)
            if not low < high:
                raise ValueError(f"{name} must grow, not {(low, high)}")
            _keep(self, name, (low, high))
        for name in ("slice_spacing_seen_mm", "extent_seen_mm"):
            _keep(self, name, _lengths(name, getattr(self, name)))
        _whole("working_bytes_per_voxel", self.working_bytes_per_voxel, least=1)

    @property
    def ever_seen(self) -> tuple[TrainingData, ...]:
        """What the weights have ever been fitted on."""
        return (*self.trained_on, *self.ancestors)

    @property
    def learned_from(self) -> str:
        """The data that it was fitted on, in words."""
        return "; ".join(data.description for data in self.trained_on)

    @property
    def patients(self) -> int:
        """How many patients it was fitted on; one of two data sets counts once if salts allow."""
        return len({(data.salt, each) for data in self.trained_on for each in data.patient_hashes})

    def to_plain(self) -> dict[str, Any]:
        """Return the fields as JSON knows them; one data set is an object, several are a list."""
        data = asdict(self)
        sets = list(data["trained_on"])
        return {**data, "trained_on": sets[0] if len(sets) == 1 else sets}

    def to_json(self) -> str:
        """Return the contract as one line of JSON with sorted keys.

        Ancestors stand there only if there are any, so that older versions of ctpet read the rest;
        several data sets they refuse.
        """
        data = self.to_plain()
        if not self.ancestors:
            del data["ancestors"]
        return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False)


def contract_from_json(text: str) -> ModelContract:
    """Read a contract back; the inverse of :meth:`ModelContract.to_json`.

    Raises:
        ModelInvalid: if it is not JSON, of another contract version, has missing or unknown keys,
            or values that cannot be meant.
    """
    try:
        data = _object("it", json.loads(text))
        _check_version(data.get("contract_version"))
        told = data.get("trained_on")
        trained_on = _each("trained_on", told if isinstance(told, list) else [told])
        ancestors = _each("ancestors", data.get("ancestors", []))
        return _build(ModelContract, {**data, "trained_on": trained_on, "ancestors": ancestors})
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelInvalid(
            f"The model's contract cannot be read: {error}. Export the model again."
        ) from error


def hash_patient(patient_id: str, salt: str) -> str:
    """Return the salted SHA-256 of a patient's identifier, as hex.

    The hash lets a reviewer who holds the patient list see an overlap with the training data; it
    does not give the list away, except to who can guess identifiers.
    """
    return hashlib.sha256(f"{salt}:{patient_id.strip()}".encode()).hexdigest()


def _dicom_text(name: str, value: object) -> str:
    """Return a text that fits a DICOM LO attribute (PS3.5 table 6.2-1).

    Raises:
        ValueError: if it does not.
    """
    text = _text(name, value, least=1)
    if len(text) > LONGEST_LO or not text.isprintable() or "\\" in text:
        raise ValueError(f"{name} must be at most {LONGEST_LO} printable characters, not {text!r}")
    return text


def _check_version(version: object) -> None:
    """Refuse a contract of another version.

    Raises:
        ModelInvalid: saying which one it is.
    """
    if version is True or version != CONTRACT_VERSION:
        raise ModelInvalid(
            f"The model's contract has version {version}; this ctpet reads version "
            f"{CONTRACT_VERSION}. Export the model again or install the ctpet it was made with."
        )


def _object(name: str, data: object) -> Mapping[str, object]:
    if not isinstance(data, dict):
        raise TypeError(f"{name} must be a JSON object")
    return data


def _each(name: str, data: object) -> tuple[TrainingData, ...]:
    if not isinstance(data, list):
        raise TypeError(f"{name} must be a JSON list")
    return tuple(_build(TrainingData, _object(name, one)) for one in data)


def _build(kind: type[T], data: Mapping[str, object]) -> T:
    """Construct a dataclass from JSON values; exactly its fields, with tuples for lists."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(data) - names):
        raise ValueError(f"unknown keys {unknown}")
    if missing := sorted(names - set(data)):
        raise ValueError(f"missing keys {missing}")
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in data.items()}
    return kind(**values)


def _keep(owner: object, name: str, value: object) -> None:
    """Set a field of a frozen dataclass to its checked value while it is constructed."""
    object.__setattr__(owner, name, value)


def _training_data(name: str, values: object, *, least: int = 0) -> None:
    if not isinstance(values, tuple) or not all(isinstance(one, TrainingData) for one in values):
        raise TypeError(f"{name} must be a tuple of TrainingData")
    if len(values) < least:
        raise ValueError(f"{name} must name what the model was fitted on")


def _text(name: str, value: object, *, least: int = 0) -> str:
    if not isinstance(value, str) or len(value.strip()) < least:
        raise ValueError(f"{name} must be {'a text' if least == 0 else 'a text with content'}")
    return value


def _numbers(name: str, values: object, count: int) -> tuple[float, ...]:
    """Return finite floats; integers are taken as floats, so that equal contracts read alike."""
    if not isinstance(values, tuple) or len(values) != count:
        raise ValueError(f"{name} must be {count} numbers, not {values!r}")
    for value in values:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not abs(value) <= sys.float_info.max:
            raise ValueError(f"{name} must be {count} finite numbers, not {values!r}")
    return tuple(float(value) for value in values)


def _lengths(name: str, values: object) -> tuple[float, float]:
    """Return a shortest and a longest length in mm, which may be the same."""
    low, high = _numbers(name, values, 2)
    if not LEAST_SPACING_MM <= low <= high:
        raise ValueError(f"{name} must be positive and not fall, not {(low, high)}")
    return low, high


def _counts(name: str, values: object, *, least: int) -> tuple[int, ...]:
    if not isinstance(values, tuple) or len(values) != 3:
        raise ValueError(f"{name} must be three whole numbers, not {values!r}")
    return tuple(_whole(name, value, least=least) for value in values)


def _whole(name: str, value: object, *, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be whole and at least {least}, not {value!r}")
    return value
