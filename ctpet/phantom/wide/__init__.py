"""Digital patients of a domain that is wider than reality: the layer over the plain anatomy."""

from ctpet.phantom.wide.patient import draw_wide

__all__ = ["draw_wide"]
