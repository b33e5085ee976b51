"""What a model file promises: the grid it wants, what it returns and what it is for.

The contract is the one truth shared by training, export, evaluation and serving. It is written
into the ONNX file's own metadata under :data:`METADATA_KEY` and read back by everyone.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from ctpet.checked import (
    LEAST_SPACING_MM,
    counts,
    dicom_text,
    keep,
    lengths,
    numbers,
    one_of,
    text,
    whole,
)
from ctpet.errors import ModelInvalid

T = TypeVar("T")

METADATA_KEY = "ctpet.contract"
CONTRACT_VERSION = 2
"""The newest; a model that promises nothing new is written in version 1, which is read for ever."""

ModelKind = Literal["baseline", "regression", "appearance"]
"""``baseline``: a trivial predictor; ``regression``: quantitative; ``appearance``: a GAN."""

Radionuclide = Literal["F-18"]

Sees = Literal["field-of-view", "patient"]
"""What a model is shown: all that the CT shows, or the patient alone, with air around."""

SINCE_2 = ("sees", "interval", "familiarity")
"""Fields that version 1 does not have."""

UNLIKE_TRAINING = "unlike_training"
"""The output that says how unlike the training a place is; 1 is usual."""


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
        text("description", self.description, least=1)
        for name in ("attribution", "licence", "salt"):
            text(name, getattr(self, name))
        hashes = tuple(text("patient_hashes", value, least=1) for value in self.patient_hashes)
        if list(hashes) != sorted(set(hashes)):
            raise ValueError("patient_hashes must be sorted and unique")
        keep(self, "patient_hashes", hashes)


@dataclass(frozen=True, slots=True)
class IntervalPromise:
    """What the lower and the upper bound of a model were calibrated to.

    Attributes:
        coverage: share of a patient's voxels in the body that lie between them, in the mean over
            patients like those calibrated on.
        calibrated_on: who they were, in words.
        patients: how many they were.
        edges_suv: between the bins of the predicted SUVbw that were calibrated apart, ascending.
        factors: by which the network's own distances from its median were multiplied in each bin.

    Raises:
        ValueError: at construction, if a value cannot be meant.
    """

    coverage: float
    calibrated_on: str
    patients: int
    edges_suv: tuple[float, ...]
    factors: tuple[float, ...]

    def __post_init__(self) -> None:
        (coverage,) = numbers("coverage", (self.coverage,), 1)
        if not 0 < coverage < 1:
            raise ValueError(f"coverage must be between 0 and 1, not {coverage}")
        keep(self, "coverage", coverage)
        keep(self, "calibrated_on", text("calibrated_on", self.calibrated_on, least=1))
        whole("patients", self.patients, least=1)
        edges = numbers("edges_suv", self.edges_suv, len(self.edges_suv))
        if list(edges) != sorted(set(edges)):
            raise ValueError(f"edges_suv must ascend, not {edges}")
        keep(self, "edges_suv", edges)
        factors = numbers("factors", self.factors, len(edges) + 1)
        if min(factors) <= 0:
            raise ValueError(f"factors must be positive, not {factors}")
        keep(self, "factors", factors)

    @property
    def in_words(self) -> str:
        """What may be expected of the bounds, and what not; two sentences."""
        return (
            f"Between the bounds lie {self.coverage:.0%} of a patient's voxels in the body, in the "
            f"mean over patients like those they were calibrated on ({self.calibrated_on}). "
            "Lesions that the CT does not show lie outside of them."
        )


@dataclass(frozen=True, slots=True)
class FamiliarityPromise:
    """How unlike the training CTs usually are, by :mod:`ctpet.infer.unlike`.

    Attributes:
        measured_on: who was measured, none of whom was trained on, in words.
        patients: how many they were.
        median: half of them are less unlike the training than this.
        limit: one in a hundred patients like them is more unlike the training than this.

    Raises:
        ValueError: at construction, if a value cannot be meant.
    """

    measured_on: str
    patients: int
    median: float
    limit: float

    def __post_init__(self) -> None:
        keep(self, "measured_on", text("measured_on", self.measured_on, least=1))
        whole("patients", self.patients, least=1)
        median, limit = lengths("median and limit", (self.median, self.limit))
        keep(self, "median", median)
        keep(self, "limit", limit)

    @property
    def in_words(self) -> str:
        """From where on a CT is told to be unlike the training, as a part of a sentence."""
        return (
            f"one held-out patient in a hundred has more than {self.limit:.3g} and half of them "
            f"{self.median:.3g} or less ({self.patients} patients: {self.measured_on.rstrip('.')})"
        )


@dataclass(frozen=True, slots=True)
class ModelContract:
    """The promise of one model file.

    The graph has one input ``ct_hu`` and the outputs :attr:`outputs`, all float32 of shape
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
        sees: what it is shown of a CT; the patient is cut out by :mod:`ctpet.infer.patient`.
        interval: what its bounds promise; None: it has none.
        familiarity: what is usual of how unlike the training a CT is; None: it does not say.

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
    sees: Sees = "field-of-view"
    interval: IntervalPromise | None = None
    familiarity: FamiliarityPromise | None = None

    def __post_init__(self) -> None:
        for name, choices in (("kind", ModelKind), ("radionuclide", Radionuclide), ("sees", Sees)):
            one_of(name, getattr(self, name), get_args(choices))
        if self.interval is not None and not isinstance(self.interval, IntervalPromise):
            raise TypeError("interval must be an IntervalPromise or None")
        if self.familiarity is not None and not isinstance(self.familiarity, FamiliarityPromise):
            raise TypeError("familiarity must be a FamiliarityPromise or None")
        _training_data("trained_on", self.trained_on, least=1)
        _training_data("ancestors", self.ancestors)
        for name in ("name", "model_version", "tracer"):
            keep(self, name, dicom_text(name, getattr(self, name)))
        keep(self, "intended_use", text("intended_use", self.intended_use, least=1))
        keep(self, "limitations", text("limitations", self.limitations))
        spacing = numbers("spacing_mm", self.spacing_mm, 3)
        if min(spacing) < LEAST_SPACING_MM:
            raise ValueError(f"spacing_mm must be at least {LEAST_SPACING_MM}, not {spacing}")
        keep(self, "spacing_mm", spacing)
        keep(self, "size_multiple", counts("size_multiple", self.size_multiple, least=1))
        if self.halo_voxels is not None:
            keep(self, "halo_voxels", counts("halo_voxels", self.halo_voxels, least=0))
        for name in ("hu_range", "suv_range"):
            low, high = numbers(name, getattr(self, name), 2)
            if not low < high:
                raise ValueError(f"{name} must grow, not {(low, high)}")
            keep(self, name, (low, high))
        for name in ("slice_spacing_seen_mm", "extent_seen_mm"):
            keep(self, name, lengths(name, getattr(self, name)))
        whole("working_bytes_per_voxel", self.working_bytes_per_voxel, least=1)

    @property
    def contract_version(self) -> int:
        """Version of the schema that it is written in, the oldest that can say all of it."""
        says_new = self.sees != "field-of-view" or self.interval or self.familiarity
        return 2 if says_new else 1

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the graph's outputs: the PET, its bounds if any, how unlike the training."""
        if self.contract_version == 1:
            return ("pet_suvbw",)
        return (*self.suv_outputs, *([UNLIKE_TRAINING] if self.familiarity else []))

    @property
    def suv_outputs(self) -> tuple[str, ...]:
        """Names of those outputs that are SUVbw: the PET, then its lower and upper bound if any."""
        if self.contract_version == 1:
            return ("pet_suvbw",)
        return ("suv",) if self.interval is None else ("suv", "suv_low", "suv_high")

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
        data = {**asdict(self), "contract_version": self.contract_version}
        if self.contract_version == 1:
            data = {key: value for key, value in data.items() if key not in SINCE_2}
        sets = list(data["trained_on"])
        return {**data, "trained_on": sets[0] if len(sets) == 1 else sets}

    def to_json(self) -> str:
        """Return the contract as one line of JSON with sorted keys.

        Ancestors and familiarity stand there only if there are any, so that older versions of
        ctpet read the rest; several data sets they refuse.
        """
        data = self.to_plain()
        for name in ("ancestors", "familiarity"):
            if not getattr(self, name):
                data.pop(name, None)
        return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False)


def contract_from_json(said: str) -> ModelContract:
    """Read a contract back; the inverse of :meth:`ModelContract.to_json`.

    Raises:
        ModelInvalid: if it is not JSON, of another contract version, has missing or unknown keys,
            or values that cannot be meant.
    """
    try:
        data = dict(_object("it", json.loads(said)))
        version = _check_version(data.pop("contract_version", None))
        told = data.get("trained_on")
        data["trained_on"] = _each("trained_on", told if isinstance(told, list) else [told])
        data["ancestors"] = _each("ancestors", data.get("ancestors", []))
        if version == 1:
            _refuse_newer(data)
            data |= {"sees": "field-of-view", "interval": None}
        data.setdefault("familiarity", None)
        promises = {"interval": IntervalPromise, "familiarity": FamiliarityPromise}
        for name, kind in promises.items():
            if data.get(name) is not None:
                data[name] = _build(kind, _object(name, data[name]))
        return _build(ModelContract, data)
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


def _refuse_newer(data: Mapping[str, object]) -> None:
    """Refuse what version 1 does not know."""
    if unknown := sorted(set(data) & set(SINCE_2)):
        raise ValueError(f"unknown keys {unknown}")


def _check_version(version: object) -> int:
    """Return a version that is read.

    Raises:
        ModelInvalid: saying which one it is.
    """
    if isinstance(version, bool) or not isinstance(version, int) or version not in (1, 2):
        raise ModelInvalid(
            f"The model's contract has version {version}; this ctpet reads versions 1 to "
            f"{CONTRACT_VERSION}. Export the model again or install the ctpet it was made with."
        )
    return version


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


def _training_data(name: str, values: object, *, least: int = 0) -> None:
    if not isinstance(values, tuple) or not all(isinstance(one, TrainingData) for one in values):
        raise TypeError(f"{name} must be a tuple of TrainingData")
    if len(values) < least:
        raise ValueError(f"{name} must name what the model was fitted on")
