"""The image as a witness: it cannot hold more activity than was injected."""

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset

from ctpet.dicom.suv.patient_body import read_weight_kg
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.volume import Volume

TOLD_ABOVE = 1.2
"""Calibration and noise of whole-body scans stay below; one torso of 740 mm holds 0.50."""

LEAST_SUV_MAX = 0.3
"""Blood alone has an SUVbw above 1 once the tracer is there."""

REFUSED_ABOVE = 1.5
"""No calibration is that wrong; the mildest wrong unit (mCi as MBq) is off by 37."""


def judge_activity(suvbw: Volume, headers: Sequence[Dataset]) -> tuple[Finding, ...]:
    """Judge a PET by its highest SUV and by the part of the injected activity that it holds.

    SUVbw is activity concentration × weight / injected activity, so its sum over the volume
    (g/mL × mL) over the weight (g) is that part, whatever the weight is: at most 1.

    Args:
        suvbw: SUVBW, g/mL, (k, j, i).
        headers: of the same series. Without a believable weight nothing is said.

    Raises:
        InputRefused: ``activity-exceeds-dose``.
    """
    highest = float(suvbw.array.max())
    if highest < LEAST_SUV_MAX:
        message = f"The highest SUVbw is {highest:.3g}: the values or the dose have another unit"
        remedy = "Check Units, Rescale Slope and dose; early frames of a dynamic scan are empty."
        return (Finding("uptake-too-low", "warning", message, remedy),)
    try:
        weight_kg, _ = read_weight_kg(headers)
    except InputRefused:
        return ()
    voxel_ml = abs(np.linalg.det(suvbw.geometry.affine[:3, :3])) / 1000.0
    held = float(suvbw.array.sum(dtype=np.float64)) * voxel_ml / (1000.0 * weight_kg)
    message = f"The image holds {held:.3g} times the injected activity"
    remedy = "Check dose, half-life, times and their units, and the Rescale Slope."
    if held > REFUSED_ABOVE:
        raise InputRefused("activity-exceeds-dose", f"{message}; it can hold 1", remedy=remedy)
    if held > TOLD_ABOVE:
        return (Finding("activity-exceeds-dose", "warning", message, remedy),)
    return ()
