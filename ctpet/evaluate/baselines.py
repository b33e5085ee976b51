"""What a model must beat: predictions that need no network, fitted without the patient scored."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctpet.evaluate.tally import Tally, TallyErrors, errors, means, medians
from ctpet.evaluate.tiers import IN_LESIONS

Predictions = NDArray[np.float64]

NOTHING, BODY_MEAN, BODY_MEDIAN = "nothing", "body mean", "body median"
HU_BINS, ORGAN_MEAN = "HU bins", "organ mean"
BASELINES = (NOTHING, BODY_MEAN, BODY_MEDIAN, HU_BINS, ORGAN_MEAN)

TIERS: Mapping[str, Mapping[str, float]] = {
    "body": {},
    "measured > 0.5": {"above": 0.5},
    "measured > 2.5": {"above": 2.5},
    "predicted > 2.5": {"predicted_above": 2.5},
}
"""Where the errors of a baseline are taken, all inside the body; in lesions too, if known."""


def in_lesions(key: str) -> str:
    """Return the name of the tally of a key that counts lesions alone."""
    return f"{key} {IN_LESIONS}"


def baseline_errors(
    own: Mapping[str, Tally], others: Mapping[str, Tally]
) -> dict[str, dict[str, TallyErrors]]:
    """Return the errors of every baseline on a patient, by baseline and tier.

    Body mean and median, the median of each 25 HU bin, and the mean of each organ are those of the
    voxels of all *other* patients. A key that no other patient has gets their body median (HU) or
    mean (organs).

    Args:
        own: tallies of the case inside the body, by ``hu`` and ``organ`` where there are such, and
            those of its lesions; see :func:`in_lesions`.
        others: the same of all other patients together; all 0 where there are none.

    Returns:
        ``nothing`` always; the others where there is something to fit them on.
    """
    found = {NOTHING: _by_tier(own, "body", np.zeros(1))}
    if not others["body"].count.any():
        return found
    mean, median = means(others["body"]), medians(others["body"])
    found[BODY_MEAN] = _by_tier(own, "body", mean)
    found[BODY_MEDIAN] = _by_tier(own, "body", median)
    if "hu" in own:
        found[HU_BINS] = _by_tier(own, "hu", _known(medians(others["hu"]), median))
    if "organ" in own:
        found[ORGAN_MEAN] = _by_tier(own, "organ", _known(means(others["organ"]), mean))
    return found


def _known(predicted: Predictions, otherwise: Predictions) -> Predictions:
    return np.where(np.isfinite(predicted), predicted, otherwise)


def _by_tier(own: Mapping[str, Tally], key: str, predicted: Predictions) -> dict[str, TallyErrors]:
    found = {name: errors(own[key], predicted, **limits) for name, limits in TIERS.items()}
    if in_lesions(key) in own:
        found[IN_LESIONS] = errors(own[in_lesions(key)], predicted)
    return found
