"""A wide patient: the plain anatomy, warped, ill, and scanned in many ways."""

from dataclasses import replace

import numpy as np

from ctpet.phantom.anatomy import Anatomy, draw_body
from ctpet.phantom.domain import stream_of
from ctpet.phantom.frame import Frame
from ctpet.phantom.shapes import draw_waves
from ctpet.phantom.wide.lesions import draw_wide_lesions
from ctpet.phantom.wide.pathology import with_pathology
from ctpet.phantom.wide.phases import draw_phase, draw_wide_hu
from ctpet.phantom.wide.scans import draw_scan
from ctpet.phantom.wide.supports import draw_supports

_BODY, _WARP, _ILL, _LESIONS, _HU, _SCAN = range(0x5750, 0x5756)

WARP_WAVES, WARP_SD_MM = 4, 2.6
WARP_LENGTHS_MM = (180.0, 420.0)


def draw_wide(seed: int) -> Anatomy:
    """Draw a wide patient; the same seed gives the same patient.

    What is drawn (body, warp, pathology, lesions, HU, scan) has a random stream each, so that a
    change to one leaves the others as they are.

    Raises:
        ValueError: the seed is negative.
    """
    stream = stream_of(seed, "wide")
    body_rng, warp, ill, lesions, hu, scan = (
        np.random.default_rng([stream, key]) for key in (_BODY, _WARP, _ILL, _LESIONS, _HU, _SCAN)
    )
    plain = draw_body(body_rng)
    traits = replace(plain.traits, contrast=draw_phase(hu))
    body = replace(plain, traits=traits, frame=warped(plain.frame, warp))
    structures = with_pathology(body, ill)
    drawn = draw_wide_lesions(body, structures, lesions)
    table, supports = draw_supports(body.back_mm, body.frame, scan)
    anatomy = Anatomy(
        stream,
        traits,
        body.frame,
        (*structures, *drawn.structures),
        drawn.lesions,
        table,
        domain="wide",
        supports=supports,
        priors=drawn.priors,
        scan=draw_scan(scan),
    )
    return replace(anatomy, hu=draw_wide_hu(anatomy, drawn.enhances, hu))


def warped(frame: Frame, rng: np.random.Generator) -> Frame:
    """Return a frame with more and stronger slow waves: one displacement of everything.

    Whatever is rendered through it moves together: CT, PET, labels and lesions.
    """
    waves = draw_waves(rng, WARP_WAVES, *WARP_LENGTHS_MM)
    push = np.clip(rng.normal(0, WARP_SD_MM, (WARP_WAVES, 3)), -2 * WARP_SD_MM, 2 * WARP_SD_MM)
    return replace(frame, sway=np.concatenate([frame.sway, np.column_stack([waves, push])]))
