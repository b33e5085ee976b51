"""A digital patient: drawn at random, rendered onto any grid, with a CT that looks like one."""

from ctpet.phantom.anatomy import Anatomy, draw_anatomy
from ctpet.phantom.anatomy_lesions import Lesion
from ctpet.phantom.ct import clinical_geometry, render_ct
from ctpet.phantom.labels import FIRST_LESION, LABELS, NAMES, label_of
from ctpet.phantom.rendering import Fraction, Rendering, render_fractions, render_labels

__all__ = [
    "FIRST_LESION",
    "LABELS",
    "NAMES",
    "Anatomy",
    "Fraction",
    "Lesion",
    "Rendering",
    "clinical_geometry",
    "draw_anatomy",
    "label_of",
    "render_ct",
    "render_fractions",
    "render_labels",
]
