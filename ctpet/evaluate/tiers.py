"""Where a prediction is scored: the whole field is nearly free, high uptake is not."""

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.voxel import HIGH_SUV

Mask = NDArray[np.bool_]

FIELD, BODY, WITHOUT_DOME = "field", "body", "body without dome"
MEASURED_HIGH, PREDICTED_HIGH = "measured > 2.5", "predicted > 2.5"
IN_LESIONS = "in lesions"
SOME_SUV = 0.5
DOME_MM = 40.0
"""Above and below the top of the liver, where breathing puts CT and PET at different heights; left
out of whole-body errors as by the BIC-MAC challenge."""

TIERS = (FIELD, BODY, "measured > 0.5", MEASURED_HIGH, PREDICTED_HIGH, IN_LESIONS, WITHOUT_DOME)


def tier_masks(
    predicted: NDArray[np.float32],
    measured: NDArray[np.float32],
    body: Mask,
    known: Mask,
    *,
    dome: Mask | None = None,
    lesions: Mask | None = None,
) -> dict[str, Mask]:
    """Return the mask of each tier, (k, j, i); all but the field lie inside the body.

    Scoring only where the measured SUV is high rewards predicting too much, so that tier stands
    beside the one where the *prediction* is high.

    Args:
        predicted: SUVbw, (k, j, i).
        measured: SUVbw.
        body: outline of the patient.
        known: where both are defined.
        dome: slab around the dome of the liver; None where it is not known.
        lesions: of the reference; None where they are not known.
    """
    masks = {
        FIELD: known,
        BODY: body,
        "measured > 0.5": body & (measured > SOME_SUV),
        MEASURED_HIGH: body & (measured > HIGH_SUV),
        PREDICTED_HIGH: body & (predicted > HIGH_SUV),
    }
    if lesions is not None:
        masks[IN_LESIONS] = body & lesions
    if dome is not None:
        masks[WITHOUT_DOME] = body & ~dome
    return masks


def dome_slab(liver: Mask, slice_mm: float) -> Mask | None:
    """Return the axial slab within :data:`DOME_MM` of the top of the liver; None without a liver.

    Args:
        liver: (k, j, i), k to superior.
        slice_mm: spacing along k.
    """
    slices = np.flatnonzero(liver.any(axis=(1, 2)))
    if slices.size == 0:
        return None
    from_top_mm = np.abs(np.arange(liver.shape[0]) - slices[-1]) * slice_mm
    slab: Mask = np.broadcast_to((from_top_mm <= DOME_MM)[:, None, None], liver.shape)
    return slab
