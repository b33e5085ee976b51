"""Everything that is measured of one case."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctpet.contract import TrainingData
from ctpet.errors import CtpetError
from ctpet.evaluate.agreement import agreement
from ctpet.evaluate.baselines import TIERS, in_lesions
from ctpet.evaluate.detection import SegmentedPet, candidate_values, detect, found_values
from ctpet.evaluate.files import CaseFiles, Refused
from ctpet.evaluate.intervals import interval_by_label, interval_by_uptake, interval_errors
from ctpet.evaluate.label_names import LIVER, MOST_LABELS
from ctpet.evaluate.lesions import foci, lesion_agreement, lesion_names, lesion_numbers
from ctpet.evaluate.overlap import in_training
from ctpet.evaluate.reading import CaseVolumes, read_case
from ctpet.evaluate.regions import Uptake, percist_threshold, uptake_of
from ctpet.evaluate.repeats import Fingerprint, fingerprint
from ctpet.evaluate.seams import seam_ratio
from ctpet.evaluate.sharpness import sharpness
from ctpet.evaluate.ssim import mean_ms_ssim, mean_ssim, similarity
from ctpet.evaluate.tally import HU_KEYS, Tally, TallyErrors, hu_keys, tallies
from ctpet.evaluate.tiers import BODY, FIELD, IN_LESIONS, dome_slab, tier_masks
from ctpet.findings import Finding
from ctpet.volume import LabelMap, Volume, nearest, resample

Kind = Literal[
    "tier",
    "texture",
    "interval",
    "organ",
    "lesion",
    "lesions",
    "foci",
    "detection",
    "candidate",
]
Values = dict[str, float]
Tallies = Mapping[str, Mapping[str, Tally]]
"""By PET, then by key."""


@dataclass(frozen=True, slots=True)
class Region:
    """What was measured of one part of a case.

    Attributes:
        kind: what sort of part.
        name: of the part, such as ``body`` or ``liver``.
        values: by name of the metric, in its unit; NaN where it is not defined.
    """

    kind: Kind
    name: str
    values: Values


@dataclass(frozen=True, slots=True)
class CaseScore:
    """The scores of one case.

    Attributes:
        name: of the case, as the user named it.
        patient: hash that is the same wherever the patient is evaluated; see :func:`patient_key`.
        reference_sha256: of the measured PET's values and place.
        in_training: whether the model saw the patient; None where that is not known.
        regions: what was measured.
        findings: what was seen or changed while reading.
    """

    name: str
    patient: str
    reference_sha256: str
    in_training: bool | None
    regions: tuple[Region, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Scored:
    """A case's scores, with the tallies of both PETs inside the body.

    Attributes:
        score: the numbers.
        tallies: of the PETs, by ``measured`` and ``predicted``, then by ``body``, and ``hu`` and
            ``organ`` where there is a CT or a label map; the same in lesions, if they are known.
        reference: by which its measured PET is known again.
        beside: errors of what other means predict, by name, then tier.
    """

    score: CaseScore
    tallies: Tallies
    reference: Fingerprint = frozenset()
    beside: Mapping[str, Mapping[str, TallyErrors]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoreTask:
    """What a worker needs to score a case.

    Attributes:
        case: which files.
        label_names: of the numbers in label maps.
        resample_prediction: whether predictions on other grids are resampled.
        trained_on: by the model and its ancestors, to tell whether it saw the patient; None: not
            known.
    """

    case: CaseFiles
    label_names: Mapping[int, str]
    resample_prediction: bool
    trained_on: tuple[TrainingData, ...] | None


def patient_key(identifier: str) -> str:
    """Return a hash by which reports recognise a patient; whoever knows the identifier can too."""
    return hashlib.sha256(f"ctpet evaluation:{identifier.strip()}".encode()).hexdigest()[:16]


def score_case(task: ScoreTask) -> Scored | Refused:
    """Score a case, or say why not; a refusal does not stop the others."""
    name = task.case.name
    try:
        volumes = read_case(task.case, resample_prediction=task.resample_prediction)
    except CtpetError as refusal:
        return Refused(name, getattr(refusal, "code", type(refusal).__name__), str(refusal))
    except OSError as error:
        return Refused(name, "file-unreadable", error.strerror or str(error))
    identifiers = volumes.patient_ids or (task.case.patient,)
    known = None
    if task.trained_on is not None:
        known = in_training({*identifiers, task.case.patient}, task.trained_on)
    score = CaseScore(
        name=name,
        patient=patient_key(identifiers[0]),
        reference_sha256=volumes.reference_sha256,
        in_training=known,
        regions=tuple(measure(volumes, task.label_names)),
        findings=volumes.findings,
    )
    pets = {"measured": volumes.measured, "predicted": volumes.predicted}
    return Scored(
        score,
        {name: _tallies(volumes, pet, task.label_names) for name, pet in pets.items()},
        fingerprint(volumes.measured),
        {name: _errors(volumes, predicted) for name, predicted in volumes.beside.items()},
    )


def measure(volumes: CaseVolumes, label_names: Mapping[int, str]) -> list[Region]:
    """Return every metric of a case."""
    liver = _liver(volumes, label_names)
    dome = None if liver is None else dome_slab(liver, volumes.geometry.spacing_mm[0])
    spacing_mm, thresholds = volumes.geometry.spacing_mm, _percist(volumes, liver)
    regions = [*_tiers(volumes, dome), Region("texture", BODY, _texture(volumes)), _foci(volumes)]
    regions += _by_uptake(volumes)
    if volumes.labels is not None:
        organs = _one_number_a_name(np.where(volumes.known, volumes.labels, 0), label_names)
        regions += _uptake(volumes, organs, "organ", label_names, thresholds)
    if volumes.lesions is not None:
        measured = np.where(volumes.known, volumes.measured, np.float32(0))
        found = lesion_agreement(volumes.predicted, measured, volumes.lesions, spacing_mm)
        regions.append(Region("lesions", "all", _flat(asdict(found))))
        numbers, _ = lesion_numbers(volumes.lesions)
        names = lesion_names(volumes.lesions, numbers)
        regions += _detected(volumes, _uptake(volumes, numbers, "lesion", names, thresholds))
    return regions


def _errors(volumes: CaseVolumes, predicted: NDArray[np.float32]) -> dict[str, TallyErrors]:
    """Return the errors of a prediction in the tiers that baselines are scored in."""
    lesions = None if volumes.lesions is None else volumes.lesions > 0
    masks = tier_masks(predicted, volumes.measured, volumes.body, volumes.known, lesions=lesions)
    found = {
        name: agreement(predicted, volumes.measured, mask)
        for name, mask in masks.items()
        if name in (*TIERS, IN_LESIONS)
    }
    return {
        name: TallyErrors(one.mae, one.rmse, one.bias, one.concordance)
        for name, one in found.items()
    }


def _liver(volumes: CaseVolumes, label_names: Mapping[int, str]) -> NDArray[np.bool_] | None:
    numbers = [number for number, name in label_names.items() if name == LIVER]
    if volumes.labels is None or not numbers:
        return None
    liver: NDArray[np.bool_] = np.isin(volumes.labels, numbers)
    return liver if liver.any() else None


def _tiers(volumes: CaseVolumes, dome: NDArray[np.bool_] | None) -> list[Region]:
    pets = volumes.predicted, volumes.measured
    maps = similarity(*pets, volumes.known)
    regions = []
    lesions = None if volumes.lesions is None else volumes.lesions > 0
    masks = tier_masks(*pets, volumes.body, volumes.known, dome=dome, lesions=lesions)
    for name, mask in masks.items():
        values = {key: float(value) for key, value in asdict(agreement(*pets, mask)).items()}
        values["ssim"] = mean_ssim(maps, None if name == FIELD else mask)
        if name in (FIELD, BODY):
            values["ms_ssim"] = mean_ms_ssim(maps, None if name == FIELD else mask)
        if volumes.bounds is not None:
            values |= asdict(interval_errors(volumes.bounds, volumes.measured, mask))
        regions.append(Region("tier", name, values))
    return regions


def _by_uptake(volumes: CaseVolumes) -> list[Region]:
    if volumes.bounds is None:
        return []
    found = interval_by_uptake(
        volumes.predicted, volumes.bounds, volumes.measured, volumes.body & volumes.known
    )
    return [Region("interval", name, asdict(one)) for name, one in found.items()]


def _texture(volumes: CaseVolumes) -> Values:
    pets, spacing_mm = (volumes.predicted, volumes.measured), volumes.geometry.spacing_mm
    ratios = sharpness(*pets, volumes.body, volumes.known, spacing_mm)
    return {**asdict(ratios), "seam_ratio": seam_ratio(*_where_windows_met(volumes))}


def _where_windows_met(
    volumes: CaseVolumes,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Return both PETs and the body on the grid of the prediction as it came.

    Resampled, a prediction is calm where new voxels fall between old ones and rough where they
    fall on them, at every few planes: that looks like seams and is none.
    """
    own = volumes.unresampled
    if own is None:
        return volumes.predicted, volumes.measured, volumes.body
    measured = resample(
        Volume(volumes.measured, volumes.geometry, "SUVBW"), own.geometry, fill=0.0
    ).array
    body = nearest(LabelMap(volumes.body.astype(np.uint16), volumes.geometry), own.geometry) > 0
    return own.array, measured, body


def _detected(volumes: CaseVolumes, lesions: list[Region]) -> list[Region]:
    """Return lesions with whether a segmenter found them, its counts and its candidates."""
    if volumes.lesions is None or not volumes.segmented:
        return lesions
    pets: dict[SegmentedPet, NDArray[np.float32]] = {
        "predicted": volumes.predicted,
        "measured": volumes.measured,
    }
    found = detect(volumes.segmented, pets, volumes.lesions, volumes.geometry.spacing_mm)
    return [
        *(
            replace(one, values=one.values | found_values(found, number))
            for number, one in enumerate(lesions)
        ),
        *(Region("detection", pet, one.counts()) for pet, one in found.items()),
        *(
            Region("candidate", f"{pet} {number}", values)
            for pet, one in found.items()
            for number, values in enumerate(candidate_values(one), start=1)
        ),
    ]


def _percist(
    volumes: CaseVolumes, liver: NDArray[np.bool_] | None
) -> tuple[float | None, float | None]:
    """Return the threshold that each PET's own liver sets, predicted and measured."""
    if liver is None:
        return None, None
    spacing_mm = volumes.geometry.spacing_mm
    predicted, measured = (
        percist_threshold(pet, liver & volumes.known, spacing_mm)
        for pet in (volumes.predicted, volumes.measured)
    )
    return predicted, measured


def _foci(volumes: CaseVolumes) -> Region:
    spacing_mm = volumes.geometry.spacing_mm
    found = foci(volumes.predicted, volumes.measured, volumes.body, spacing_mm)
    return Region("foci", BODY, _flat(asdict(found)))


def _one_number_a_name(labels: NDArray[np.uint16], names: Mapping[int, str]) -> NDArray[np.uint16]:
    """Give labels of one name, such as the two kidneys, the number of the first of them."""
    first: dict[str, int] = {}
    merged = labels.copy()
    for number, name in names.items():
        if first.setdefault(name, number) != number:
            merged[labels == number] = first[name]
    return merged


def _uptake(
    volumes: CaseVolumes,
    labels: NDArray[np.integer],
    kind: Kind,
    names: Mapping[int, str],
    percist_suv: tuple[float | None, float | None],
) -> list[Region]:
    """Return a region for each label, those named if any are: its uptake on both PETs."""
    spacing_mm = volumes.geometry.spacing_mm
    predicted, measured = (
        uptake_of(pet, labels, spacing_mm, threshold, volumes.known)
        for pet, threshold in zip((volumes.predicted, volumes.measured), percist_suv, strict=True)
    )
    inside = {}
    if volumes.bounds is not None:
        there = np.where(volumes.known, labels, 0)
        inside = interval_by_label(volumes.bounds, volumes.measured, there)
    return [
        Region(
            kind,
            names.get(label, f"{kind} {label}"),
            _compared(predicted[label], real) | (asdict(inside[label]) if label in inside else {}),
        )
        for label, real in measured.items()
        if label in names or not names
    ]


def _compared(predicted: Uptake, measured: Uptake) -> Values:
    """Return each figure of both PETs, and the error of the prediction, also as part of it."""
    values: Values = {"voxels": measured.voxels, "volume_ml": measured.volume_ml}
    synthetic, real = _figures(predicted), _figures(measured)
    for name, value in real.items():
        error = synthetic[name] - value
        values |= {
            f"{name}_measured": value,
            f"{name}_predicted": synthetic[name],
            f"{name}_error": error,
            f"{name}_relative_error": error / value if value else math.nan,
        }
    return values


def _figures(uptake: Uptake) -> Values:
    return {
        "suv_mean": uptake.suv_mean,
        "suv_max": uptake.suv_max,
        "suv_peak_local": uptake.suv_peak_local,
        "suv_peak_global": uptake.suv_peak_global,
        **{f"mtv_{name}": value for name, value in uptake.mtv_ml.items()},
        **{f"tlg_{name}": value for name, value in uptake.tlg_g.items()},
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> Values:
    """Write nested numbers with names joined by a space, such as ``omitted count 1–5``."""
    flat: Values = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name} ")
        else:
            flat[f"{prefix}{name}"] = float(value)
    return flat


def _tallies(
    volumes: CaseVolumes, pet: NDArray[np.float32], label_names: Mapping[int, str]
) -> dict[str, Tally]:
    """Count a PET inside the body, and again inside the lesions where they are known."""
    found = _counted(volumes, pet, label_names, volumes.body)
    if volumes.lesions is not None:
        inside = _counted(volumes, pet, label_names, volumes.body & (volumes.lesions > 0))
        found |= {in_lesions(key): one for key, one in inside.items()}
    return found


def _counted(
    volumes: CaseVolumes,
    pet: NDArray[np.float32],
    label_names: Mapping[int, str],
    mask: NDArray[np.bool_],
) -> dict[str, Tally]:
    """Count a PET in a mask, by nothing, by HU and by organ; what has no name is none."""
    suv = pet[mask]
    keys: dict[str, tuple[NDArray[np.integer], int]] = {"body": (np.zeros(suv.size, np.int64), 1)}
    if volumes.ct is not None:
        keys["hu"] = hu_keys(volumes.ct[mask]), HU_KEYS
    if volumes.labels is not None:
        labels = volumes.labels[mask]
        known = np.isin(labels, list(label_names)) if label_names else labels < MOST_LABELS
        keys["organ"] = np.where(known, labels, 0), MOST_LABELS
    return tallies(keys, suv)
