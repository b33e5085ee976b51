"""Pictures of CT and PET as a radiologist reads them: planes, MIP, fusion, SUV colour bar."""

from ctpet.render.panels import (
    CT_WINDOW_HU,
    SUV_WINDOW,
    fuse,
    label_edges,
    show_ct,
    show_fusion,
    show_pet,
    suv_bar,
)
from ctpet.render.planes import Plane, View, body_box, coronal_mip, cut, liveliest
from ctpet.render.preview import render_preview
from ctpet.render.watermark import watermark

__all__ = [
    "CT_WINDOW_HU",
    "SUV_WINDOW",
    "Plane",
    "View",
    "body_box",
    "coronal_mip",
    "cut",
    "fuse",
    "label_edges",
    "liveliest",
    "render_preview",
    "show_ct",
    "show_fusion",
    "show_pet",
    "suv_bar",
    "watermark",
]
