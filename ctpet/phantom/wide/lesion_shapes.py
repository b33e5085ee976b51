"""Shapes of lesions: round, lobulated, irregular, spiculated, confluent."""

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.shapes import (
    Ellipsoid,
    Grown,
    Intersection,
    Shape,
    Tube,
    Union,
    Wavy,
    draw_waves,
)
from ctpet.phantom.wide.lesion_classes import Form

Floats = NDArray[np.float64]

REACH = 1.5
"""No shape but for its spicules reaches farther than so many radii from its centre."""


def draw_form(
    form: Form, centre: Floats, radius_mm: float, rng: np.random.Generator
) -> tuple[Shape, ...]:
    """Return the parts of a lesion.

    Args:
        form: what it looks like.
        centre: in the drawing's mm.
        radius_mm: of a sphere of about its volume.
        rng: the randomness.
    """
    r = radius_mm
    if form == "round":
        return (_wavy(_ball(centre, r, rng, 0.15), 0.08 * r, r, rng),)
    if form == "irregular":
        return (_wavy(_ball(centre, r, rng, 0.3), 0.45 * r, 0.7 * r, rng),)
    if form == "spiculated":
        core = _wavy(_ball(centre, 0.9 * r, rng, 0.2), 0.2 * r, 0.8 * r, rng)
        return (core, *_spicules(centre, 0.8 * r, rng))
    count = int(rng.integers(3, 7))
    apart = 0.62 * r if form == "lobulated" else 0.85 * r
    places = centre + apart * _directions(count, rng) * rng.uniform(0.5, 1, (count, 1))
    balls = tuple(_ball(at, 0.62 * r, rng, 0.25) for at in places)
    blend = 0.5 * r if form == "lobulated" else 0.1 * r
    return (_wavy(Union(balls, blend), 0.08 * r, r, rng),)


def draw_core(
    parts: tuple[Shape, ...], centre: Floats, radius_mm: float, rng: np.random.Generator
) -> tuple[Shape, ...]:
    """Return what is dead inside a lesion: irregular, off its middle, with a rim left of 2 to 8 mm.

    Args:
        parts: of the lesion.
        centre: of the lesion, in the drawing's mm.
        radius_mm: of the lesion.
        rng: the randomness.
    """
    rim = float(rng.uniform(2, min(8, 0.4 * radius_mm)))
    size = float(rng.uniform(0.45, 0.85)) * radius_mm
    middle = centre + 0.35 * radius_mm * _directions(1, rng)[0] * rng.uniform()
    dead = draw_form("irregular" if rng.random() < 0.6 else "lobulated", middle, size, rng)
    return (Intersection((Union(dead, 1.0), Grown(Union(parts, 1.0), -rim)), 1.0),)


def _ball(centre: Floats, radius: float, rng: np.random.Generator, spread: float) -> Ellipsoid:
    x, y, z = (float(v) for v in centre)
    a, b, c = (float(v) for v in radius * rng.uniform(1 - spread, 1 + spread, 3))
    return Ellipsoid((x, y, z), (a, b, c))


def _wavy(shape: Shape, size: float, length: float, rng: np.random.Generator) -> Wavy:
    return Wavy(shape, size, draw_waves(rng, 5, 1.2 * length, 3 * length))


def _spicules(centre: Floats, start: float, rng: np.random.Generator) -> tuple[Tube, ...]:
    """Return thin strands that leave a lesion in all directions."""
    count = int(rng.integers(8, 15))
    return tuple(
        Tube(np.stack([centre + start * way, centre + (start + reach) * way]), np.array([1.8, 0.5]))
        for way, reach in zip(
            _directions(count, rng), start * rng.uniform(0.4, 0.9, count), strict=True
        )
    )


def _directions(count: int, rng: np.random.Generator) -> Floats:
    """Return unit vectors, ``(count, 3)``."""
    ways = rng.normal(size=(count, 3))
    return np.asarray(ways / np.linalg.norm(ways, axis=1, keepdims=True))
