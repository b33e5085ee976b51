"""Metal in or on the body, whose streaks spoil HU around it."""

from ctpet.findings import Finding
from ctpet.infer.rules.sample import HIGHEST_HU, CtSample

METAL_HU = 3000
"""Cortical bone and enamel end below; metal saturates a 12-bit scanner at 3071."""

LEAST_METAL_ML = 0.5


def metal(sample: CtSample) -> Finding | None:
    """Tell of metal with its volume."""
    volume_ml = sample.count(METAL_HU, HIGHEST_HU + 1) * sample.voxel_ml
    if volume_ml < LEAST_METAL_ML:
        return None
    return Finding(
        "metal",
        "warning",
        f"About {volume_ml:.1f} mL is above {METAL_HU} HU, as metal is; its streaks spoil the CT "
        "and so the PET around it",
        "Use a reconstruction with metal artefact reduction if there is one",
    )
