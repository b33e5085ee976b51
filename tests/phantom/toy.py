"""A patient of some blocks on a small grid, for tests of uptake and floor."""

import numpy as np

from ctpet.phantom.anatomy import draw_anatomy
from ctpet.phantom.labels import FIRST_LESION, LABELS
from ctpet.phantom.rendering import Fraction, Rendering
from ctpet.phantom.seen import Seen, see
from ctpet.volume import Geometry

SHAPE = (9, 12, 14)


def toy_geometry(shape=SHAPE, spacing=4.0) -> Geometry:
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = spacing
    affine[3, 3] = 1
    return Geometry(shape, affine)


def toy_rendering(geometry=None) -> Rendering:
    """Liver in fat, with a visible lesion, a bladder and a marrow block; no background."""
    geometry = geometry or toy_geometry()
    labels = np.full(geometry.shape, LABELS["fat"])
    labels[2:8, 2:9, 2:9] = LABELS["liver"]
    labels[4:6, 4:6, 4:6] = FIRST_LESION
    labels[:3, 9:, :5] = LABELS["bladder"]
    labels[5:, 8:, 10:] = LABELS["bone_marrow"]
    everywhere = tuple(slice(0, n) for n in geometry.shape)
    fractions = {
        int(label): Fraction(everywhere, (labels == label).astype(np.float32))
        for label in np.unique(labels)
    }
    return Rendering(geometry, fractions)


def toy_seen(geometry=None) -> Seen:
    return see(draw_anatomy(3), toy_rendering(geometry))
