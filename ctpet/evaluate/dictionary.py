"""What each metric is: unit, range and definition, for whoever reads the numbers without us."""

from dataclasses import dataclass, replace
from functools import cache

from ctpet.evaluate.agreement import RANGE_SUV
from ctpet.evaluate.lesions import HOT_SUV, LEAST_ML, NEAR_MM
from ctpet.evaluate.regions import PERCIST


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric.

    Attributes:
        unit: empty for a number without one.
        least: lower end of what it can be; empty: none.
        most: upper end, likewise.
        definition: in one sentence.
    """

    unit: str
    least: str
    most: str
    definition: str


_SUV = "g/mL"

_METRICS = {
    "mae": Entry(_SUV, "0", "", "mean of |predicted - measured| over the voxels, SUVbw"),
    "rmse": Entry(_SUV, "0", "", "root of the mean of (predicted - measured) squared, SUVbw"),
    "bias": Entry(_SUV, "", "", "mean of predicted - measured over the voxels, SUVbw"),
    "nmae": Entry("", "0", "", "sum of |predicted - measured| / sum of |measured|"),
    "psnr_db": Entry("dB", "", "", f"10 log10(R^2 / MSE) with R = {RANGE_SUV:g} g/mL"),
    "pearson": Entry("", "-1", "1", "correlation coefficient over the voxels"),
    "concordance": Entry("", "-1", "1", "concordance correlation coefficient (Lin 1989)"),
    "ssim": Entry("", "-1", "1", f"mean structural similarity in 3D, range {RANGE_SUV:g} g/mL"),
    "ms_ssim": Entry("", "-1", "1", "multi-scale structural similarity, three scales"),
    "coverage": Entry("", "0", "1", "share of the voxels whose measured SUV is in their interval"),
    "width": Entry(_SUV, "0", "", "mean of upper - lower bound over the voxels, SUVbw"),
    "gradient_ratio": Entry("", "0", "", "mean gradient, predicted / measured; below 1 is blurred"),
    "power_ratio": Entry(
        "", "0", "", "power at 5 to 12 mm, predicted / measured; below 1: blurred"
    ),
    "seam_ratio": Entry("", "0", "", "jump across a plane, predicted / measured; above 2: a seam?"),
    "hot_dice": Entry("", "0", "1", f"Dice of the voxels with SUV >= {HOT_SUV:g} of both PETs"),
    "dice": Entry("", "0", "1", "Dice of the predicted and the reference lesions"),
    "measured_dice": Entry("", "0", "1", "the same Dice for the measured PET: what can be reached"),
    "predicted_ml": Entry("mL", "0", "", f"predicted SUV >= {HOT_SUV:g} in the body"),
    "measured_ml": Entry("mL", "0", "", f"measured SUV >= {HOT_SUV:g} in the body"),
    "fabricated_ml": Entry("mL", "0", "", f"of predicted_ml, {NEAR_MM:g} mm from all measured"),
    "omitted_ml": Entry("mL", "0", "", f"of measured_ml, {NEAR_MM:g} mm from all predicted"),
    "spurious_ml": Entry("mL", "0", "", "predicted lesions that overlap none of the reference"),
    "missed_ml": Entry("mL", "0", "", "lesions that overlap no predicted lesion"),
    "autopet_dice": Entry("", "0", "1", f"Dice of predicted SUV >= {HOT_SUV:g}, as autoPET"),
    "autopet_false_positive_ml": Entry("mL", "0", "", f"of SUV >= {HOT_SUV:g}, as autoPET"),
    "autopet_false_negative_ml": Entry("mL", "0", "", f"of SUV >= {HOT_SUV:g}, as autoPET"),
    "measured_autopet_false_positive_ml": Entry("mL", "0", "", "the same of the measured PET"),
    "false_positive_ml": Entry("mL", "0", "", "predicted components that overlap no lesion"),
    "false_negative_ml": Entry("mL", "0", "", "lesions that overlap no predicted lesion"),
    "lesions": Entry("", "0", "", "lesions of the reference"),
    "found": Entry("", "0", "", "of these, with a voxel in common with a candidate"),
    "sensitivity": Entry("", "0", "1", "found / lesions"),
    "candidates": Entry("", "0", "", "parts of the segmenter's mask on this PET"),
    "true_candidates": Entry("", "0", "", "of these, with a voxel in common with a lesion"),
    "ppv": Entry("", "0", "1", "true_candidates / candidates"),
    "false_positives": Entry("", "0", "", "candidates without a voxel in a lesion"),
    "segmentation_dice": Entry("", "0", "1", "Dice of the whole mask and all lesions"),
    "candidate_suv_max": Entry(_SUV, "", "", "SUVmax of the candidate on its own PET"),
    "overlapped_lesions": Entry("", "0", "", "lesions with a voxel in common with the candidate"),
    "on_measured": Entry("", "0", "1", "1: shares a voxel with a candidate of the measured PET"),
    "predicted_found": Entry("", "0", "1", "1: a candidate of the predicted PET overlaps it"),
    "measured_found": Entry("", "0", "1", "1: a candidate of the measured PET overlaps it"),
    "predicted_candidate_suv_max": Entry(_SUV, "", "", "of the hottest candidate that overlaps it"),
    "measured_candidate_suv_max": Entry(_SUV, "", "", "of the hottest candidate that overlaps it"),
    "volume_ml": Entry("mL", "0", "", "volume of the region"),
}

_FIGURES = {
    "suv_mean": Entry(_SUV, "", "", "SUVmean over the region"),
    "suv_max": Entry(_SUV, "", "", "SUV of the hottest voxel of the region"),
    "suv_peak_local": Entry(_SUV, "", "", "mean SUV of 1 mL around the hottest voxel"),
    "suv_peak_global": Entry(_SUV, "", "", "highest mean SUV of 1 mL around a voxel of the region"),
}

_PETS = {
    "measured": "on the measured PET",
    "predicted": "on the predicted PET",
    "error": "predicted - measured",
    "relative_error": "(predicted - measured) / measured",
}

_FOCUS = f"components with SUV >= {HOT_SUV:g} of {LEAST_ML:g} mL or more"
_SORTS = {
    "predicted": f"foci of the predicted PET: {_FOCUS}",
    "measured": f"foci of the measured PET: {_FOCUS}",
    "fabricated": f"predicted foci without a hot measured voxel within {NEAR_MM:g} mm",
    "omitted": f"measured foci without a hot predicted voxel within {NEAR_MM:g} mm",
    "lesions": "lesions of the reference",
    "detected": "lesions of the reference that the predicted lesions overlap",
    "measured_detected": "lesions of the reference that are hot on the measured PET",
    "detected_by_both": "lesions of the reference in detected and measured_detected",
}

_NOT_DESCRIBED = Entry("", "", "", "")


@cache
def entry_of(metric: str) -> Entry:
    """Return what a metric of ``measurements.csv`` is; an empty entry for one not described."""
    if metric in _METRICS:
        return _METRICS[metric]
    for pet in sorted(_PETS, key=len, reverse=True):
        if metric.endswith(f"_{pet}"):
            return _of_pet(_figure(metric.removesuffix(f"_{pet}")), pet)
    for unit, suffix in (("mL", "_volume_ml"), ("", "_count")):
        sort = metric.removesuffix(suffix)
        if sort != metric and sort in _SORTS:
            what = "volume of the" if unit else "number of"
            return Entry(unit, "0", "", f"{what} {_SORTS[sort]}")
    return _NOT_DESCRIBED


def _figure(name: str) -> Entry:
    kind, _, threshold = name.partition("_")
    if kind not in ("mtv", "tlg"):
        return _FIGURES.get(name, _NOT_DESCRIBED)
    at = f"SUV >= {threshold}"
    if threshold == PERCIST:
        at = "SUV >= 1.5 mean + 2 SD of the PET's own liver"
    elif threshold.endswith("%"):
        at = f"SUV >= {threshold} of the maximum"
    if kind == "mtv":
        return Entry("mL", "0", "", f"volume of the voxels of the region with {at}")
    return Entry("g", "", "", f"SUVmean x volume of the voxels of the region with {at}")


def _of_pet(figure: Entry, pet: str) -> Entry:
    if not figure.definition:
        return figure
    told = replace(figure, definition=f"{figure.definition}, {_PETS[pet]}")
    if pet == "error":
        return replace(told, least="")
    return replace(told, unit="", least="") if pet == "relative_error" else told
