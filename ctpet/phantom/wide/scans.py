"""How wide patients are scanned: kernels and doses of several scanners, and what is not seen."""

import numpy as np

from ctpet.phantom.scan import Kernel, Scan

WHOLE_MM = (-118.0, 852.0)
SPANS: tuple[tuple[tuple[float, float], float], ...] = (
    (WHOLE_MM, 0.35),
    ((-118.0, 660.0), 0.3),
    ((215.0, 660.0), 0.15),
    ((-118.0, 380.0), 0.12),
    ((150.0, 580.0), 0.08),
)
"""From where to where in the drawing's mm, and how often: vertex to thigh, skull base to thigh,
chest, belly and pelvis, trunk alone."""

NARROW_SHARE = 0.12
BREATH_SHARE, BREATH_SD_MM = 0.6, 7.0


def draw_scan(rng: np.random.Generator) -> Scan:
    """Draw an examination.

    Noise from that of a diagnostic CT on thick slices to that of attenuation correction
    (a tenth of the dose has three times the noise); kernels from smooth to sharp.
    """
    sharp = float(rng.uniform())
    kernel = Kernel(
        rise_per_mm=0.05 + 0.15 * sharp,
        fall_per_mm=0.16 + 0.4 * sharp,
        fwhm_mm=2.6 - 1.8 * sharp,
        along_k=float(rng.uniform(0, 0.6)),
    )
    noise = float(np.exp(rng.uniform(np.log(4), np.log(32)))) * (0.7 + 0.6 * sharp)
    spans, shares = zip(*SPANS, strict=True)
    low, high = spans[int(rng.choice(len(spans), p=shares))]
    ends = rng.uniform(-25, 25, 2)
    span = (max(low + ends[0], WHOLE_MM[0]), min(high + ends[1], WHOLE_MM[1]))
    narrow = rng.random() < NARROW_SHARE
    breathes = rng.random() < BREATH_SHARE
    return Scan(
        kernel,
        noise,
        (float(span[0]), float(span[1])),
        field_mm=float(rng.uniform(380, 500)) if narrow else None,
        metal_streak_hu=float(rng.uniform(100, 500)),
        breath_mm=float(rng.normal(0, BREATH_SD_MM)) if breathes else 0.0,
    )
