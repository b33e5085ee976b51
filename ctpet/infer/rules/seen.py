"""Whether the CT is sampled and as long as what the model was made on."""

import numpy as np

from ctpet.contract import ModelContract
from ctpet.findings import Finding
from ctpet.volume import Volume

FEWEST_SLICES = 8
"""Localizers, biopsy controls and perfusion series have fewer; a body cannot be told in them."""

COARSEST = 2.0
"""Refused from this many times the coarsest spacing seen: more slices invented than measured."""

SPACING_TOLERANCE = 0.01


def slices_error(ct: Volume) -> Finding | None:
    """Return why there are too few slices, or None."""
    fewest = min(ct.array.shape)
    if fewest >= FEWEST_SLICES:
        return None
    k, j, i = ct.array.shape
    return Finding(
        "slices-too-few",
        "error",
        f"The CT has {k}×{j}×{i} voxels (slices, rows, columns), {fewest} along one axis; the "
        f"limit is {FEWEST_SLICES}",
        "Give a whole series",
    )


def spacing_finding(ct: Volume, contract: ModelContract) -> Finding | None:
    """Tell or refuse a slice spacing that the model did not see.

    What is finer than the model's grid is averaged onto it, so both spacings count as at least
    the grid's; the CT's is that of its coarsest axis, however it is stored.
    """
    grid_mm = contract.spacing_mm[0]
    given_mm = max(ct.geometry.spacing_mm)
    low_mm, high_mm = (max(seen, grid_mm) for seen in contract.slice_spacing_seen_mm)
    within = low_mm * (1 - SPACING_TOLERANCE) <= max(given_mm, grid_mm)
    if within and given_mm <= high_mm * (1 + SPACING_TOLERANCE):
        return None
    seen = _range_mm(contract.slice_spacing_seen_mm)
    if given_mm > COARSEST * high_mm:
        return Finding(
            "slice-spacing-too-coarse",
            "error",
            f"The slices lie {given_mm:.4g} mm apart; {contract.name} saw {seen} on a grid of "
            f"{grid_mm:g} mm, and the limit is {COARSEST * high_mm:g} mm",
            "Give the reconstruction with thin slices",
        )
    return Finding(
        "slice-spacing-not-seen",
        "warning",
        f"The slices lie {given_mm:.4g} mm apart; {contract.name} saw {seen} on a grid of "
        f"{grid_mm:g} mm, so small structures may be less certain",
        "Use a reconstruction with that spacing if there is one",
    )


def extent_finding(ct: Volume, contract: ModelContract) -> Finding | None:
    """Tell when the CT is longer or shorter, along the patient, than what the model saw at once."""
    step_mm = np.abs(ct.geometry.affine[2, :3])
    along = ct.geometry.axis_along_body
    extent_mm = float(step_mm[along]) * ct.geometry.shape[along]
    slack_mm = max(ct.geometry.spacing_mm)
    low_mm, high_mm = contract.extent_seen_mm
    if low_mm - slack_mm <= extent_mm <= high_mm + slack_mm:
        return None
    seen = _range_mm(contract.extent_seen_mm)
    return Finding(
        "extent-not-seen",
        "warning",
        f"The CT covers {extent_mm:.0f} mm of the patient's length; {contract.name} saw {seen} at "
        f"once ({contract.learned_from}), so it is outside of what the model was made on",
    )


def _range_mm(limits: tuple[float, float]) -> str:
    low, high = limits
    return f"{low:g} mm" if low == high else f"{low:g} to {high:g} mm"
