"""A digital patient of either domain, from its seed."""

from ctpet.phantom.anatomy import Anatomy, draw_anatomy
from ctpet.phantom.domain import Domain, stream_of
from ctpet.phantom.wide import draw_wide


def draw_patient(seed: int, domain: Domain) -> Anatomy:
    """Draw a patient; the same seed and domain give the same patient.

    Raises:
        ValueError: the seed is negative, or 2^40 or more.
    """
    return draw_wide(seed) if domain == "wide" else draw_anatomy(stream_of(seed, domain))
