"""What a model file promises: the grid it wants, what it returns and what it is for.

The contract is the one truth shared by training, export, evaluation and serving. It is written
into the ONNX file's own metadata under :data:`METADATA_KEY` and read back by everyone.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from ctpet.errors import ModelInvalid

T = TypeVar("T")

METADATA_KEY = "ctpet.contract"
CONTRACT_VERSION = 1

ModelKind = Literal["baseline", "regression", "appearance"]
"""``baseline``: a trivial predictor; ``regression``: quantitative; ``appearance``: a GAN."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a model was fitted on.

    Attributes:
        description: one sentence naming the data, for people.
        attribution: who must be credited, with the data's identifier; empty for own data.
        licence: SPDX name or the data's own.
        salt: random hex that goes into every hash, so that hashes cannot be looked up.
        patient_hashes: :func:`hash_patient` of each patient, sorted.
    """

    description: str
    attribution: str
    licence: str
    salt: str
    patient_hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelContract:
    """The promise of one model file.

    The graph has one input ``ct_hu`` and one output ``pet_suvbw``, both float32 of shape
    (N, 1, K, J, I) with K, J, I free; K grows to superior, J to posterior, I to the patient's
    left. It takes HU and returns SUVbw: clipping, scaling and decoding are nodes of the graph.

    Attributes:
        name: short name, such as ``tissue-lookup``.
        model_version: the model's own version, such as ``1.0.0``.
        kind: what kind of predictor this is.
        tracer: such as ``FDG``.
        radionuclide: such as ``F-18``.
        spacing_mm: grid along (k, j, i).
        size_multiple: K, J, I must be multiples of these.
        halo_voxels: how far along (k, j, i) the input reaches into an output voxel.
        hu_range: what the graph clips its input to.
        suv_range: what the output can be.
        working_bytes_per_voxel: peak memory of one pass divided by its input voxels.
        intended_use: one or two sentences.
        limitations: what the model cannot do, in plain words.
        trained_on: what it was fitted on.
        contract_version: version of this schema.

    Raises:
        ValueError: at construction, if a value cannot be meant.
    """

    name: str
    model_version: str
    kind: ModelKind
    tracer: str
    radionuclide: str
    spacing_mm: tuple[float, float, float]
    size_multiple: tuple[int, int, int]
    halo_voxels: tuple[int, int, int]
    hu_range: tuple[float, float]
    suv_range: tuple[float, float]
    working_bytes_per_voxel: int
    intended_use: str
    limitations: str
    trained_on: TrainingData
    contract_version: int = CONTRACT_VERSION

    def __post_init__(self) -> None:
        if self.kind not in get_args(ModelKind):
            raise ValueError(f"kind must be one of {get_args(ModelKind)}, not {self.kind!r}")
        for name, least in (("spacing_mm", 1e-3), ("size_multiple", 1), ("halo_voxels", 0)):
            values = getattr(self, name)
            if len(values) != 3 or min(values) < least:
                raise ValueError(f"{name} must be three numbers of at least {least}, not {values}")
        for name in ("hu_range", "suv_range"):
            low, high = getattr(self, name)
            if not low < high:
                raise ValueError(f"{name} must grow, not {(low, high)}")
        if self.working_bytes_per_voxel < 1:
            raise ValueError("working_bytes_per_voxel must be positive")

    def to_json(self) -> str:
        """Return the contract as one line of JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)


def contract_from_json(text: str) -> ModelContract:
    """Read a contract back; the inverse of :meth:`ModelContract.to_json`.

    Raises:
        ModelInvalid: if it is not JSON, of another contract version, has missing or unknown keys,
            or values that cannot be meant.
    """
    try:
        data = json.loads(text)
        version = data.get("contract_version")
        if version != CONTRACT_VERSION:
            raise ModelInvalid(
                f"The model's contract has version {version}; this ctpet reads version "
                f"{CONTRACT_VERSION}. Export the model again or install the ctpet it was made with."
            )
        training = _build(TrainingData, data.pop("trained_on"))
        return _build(ModelContract, {**data, "trained_on": training})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelInvalid(
            f"The model's contract cannot be read: {error}. Export the model again."
        ) from error


def _build(kind: type[T], data: Mapping[str, Any]) -> T:
    """Construct a dataclass from JSON values, with tuples for lists and no unknown keys."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(data) - names):
        raise ValueError(f"unknown keys {unknown}")
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in data.items()}
    return kind(**values)


def hash_patient(patient_id: str, salt: str) -> str:
    """Return the salted SHA-256 of a patient's identifier, as hex.

    The hash lets a reviewer who holds the patient list see an overlap with the training data; it
    does not give the list away, except to who can guess identifiers.
    """
    return hashlib.sha256(f"{salt}:{patient_id.strip()}".encode()).hexdigest()
