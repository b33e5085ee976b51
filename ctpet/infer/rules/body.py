"""Whether a body lies in the CT, of what size, and whether the field of view cuts it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctpet.findings import Finding
from ctpet.infer.rules.sample import CtSample
from ctpet.infer.rules.scale import BODY_ABOVE_HU
from ctpet.volume.geometry import Spacing3

BODY_MM = 8.0
"""Spacing at which the body is outlined; peeling one voxel removes tables, blankets and tubes."""

LIMB_MM = 4.0
LIMB_PEELS = 2
"""Where that leaves no trunk or thigh, peeled as deep in finer steps: a wrist, an infant's leg."""

TRUNK_SECTION_CM2 = 10.0
"""After peeling: a limb of 52 mm, the calf of a small child."""

LEAST_SECTION_CM2 = 1.0
"""After peeling by 8 mm in steps of 4: a limb of 27 mm, the wrist of a small child."""

LARGEST_SECTION_CM2 = 4000.0
"""The bore of a scanner of 80 cm has 5000 cm²; a waist of 2 m, if round, has 3200."""

CUT_CM = 3.0
CUT_SLICES = 0.1
"""A cut through the body shows as at least so much edge in at least that part of the slices."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Body:
    """The largest connected thing as dense as a body, without what is thinner than a limb.

    Attributes:
        mask: (k, j, i), axis 0 along the body.
        section_cm2: its largest peeled section across axis 0; 0: there is no body.
        spacing_mm: of the mask.
    """

    mask: Mask
    section_cm2: float
    spacing_mm: Spacing3


def outline_body(sample: CtSample) -> Body:
    """Find the body on a grid of about :data:`BODY_MM`, or a limb on one of :data:`LIMB_MM`."""
    body = _outline(sample, BODY_MM, 1)
    if body.section_cm2 >= TRUNK_SECTION_CM2:
        return body
    return _outline(sample, LIMB_MM, LIMB_PEELS)


def _outline(sample: CtSample, grid_mm: float, peels: int) -> Body:
    steps = [max(1, round(grid_mm / mm)) for mm in sample.spacing_mm]
    dense = sample.array[:: steps[0], :: steps[1], :: steps[2]] > BODY_ABOVE_HU
    k, j, i = (mm * step for mm, step in zip(sample.spacing_mm, steps, strict=True))
    in_plane = ndimage.generate_binary_structure(3, 1)
    in_plane[[0, 2]] = False
    peeled = ndimage.binary_erosion(dense, in_plane, peels, border_value=1)
    labels, count = ndimage.label(peeled)
    if count == 0:
        return Body(np.zeros_like(dense), 0.0, (k, j, i))
    core = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    section_cm2 = float(core.sum(axis=(1, 2)).max()) * j * i / 100.0
    return Body(ndimage.binary_dilation(core, in_plane, peels) & dense, section_cm2, (k, j, i))


def body_error(body: Body) -> Finding | None:
    """Return why this is no person, or None."""
    if body.section_cm2 < LEAST_SECTION_CM2:
        return Finding(
            "body-too-small",
            "error",
            f"The largest object, peeled by {LIMB_PEELS * body.spacing_mm[1]:.0f} mm, has a "
            f"section of {body.section_cm2:.1f} cm²; the limit is {LEAST_SECTION_CM2:.0f} cm², a "
            "small child's wrist",
            "Give the CT of a patient, with the body in the field of view",
        )
    if body.section_cm2 > LARGEST_SECTION_CM2:
        return Finding(
            "body-too-large",
            "error",
            f"The body has a section of {body.section_cm2:.0f} cm²; the limit is "
            f"{LARGEST_SECTION_CM2:.0f} cm², more than a scanner's bore holds",
            "Check the pixel spacing and its unit",
        )
    return None


def truncation(body: Body) -> Finding | None:
    """Tell when the sides of the field of view, square or round, cut the body."""
    edge = body.mask & _edge(body.mask)
    across_cm = float(np.sqrt(body.spacing_mm[1] * body.spacing_mm[2])) / 10.0
    length_cm = edge.sum(axis=(1, 2)) * across_cm
    share = float(np.mean(length_cm >= CUT_CM))
    if share < CUT_SLICES:
        return None
    return Finding(
        "truncated",
        "warning",
        f"The field of view cuts the body in {share:.0%} of the slices, along up to "
        f"{length_cm.max():.0f} cm; the PET near the cut is less certain and what lies outside is "
        "missing",
        "Use a reconstruction with a larger field of view if there is one",
    )


def _edge(mask: Mask) -> Mask:
    """The outermost voxels in plane: of the square, or of the inscribed circle if all is in it."""
    _, rows, columns = mask.shape
    j, i = np.ogrid[:rows, :columns]
    radius = np.hypot(j - (rows - 1) / 2, i - (columns - 1) / 2)
    half = rows / 2
    if rows == columns and not mask[:, radius > half + 0.5].any():
        return np.asarray((radius > half - 1)[None])
    return np.asarray(((j == 0) | (j == rows - 1) | (i == 0) | (i == columns - 1))[None])
