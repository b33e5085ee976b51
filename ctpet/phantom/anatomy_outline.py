"""What the body's outline holds: skin, fat, breasts, muscle with the fat between muscles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy_body import SKIN_MM, Walls
from ctpet.phantom.bones import Sheet
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    Ellipsoid,
    Floats,
    HalfSpace,
    Intersection,
    Points,
    Shape,
    Union,
    Wavy,
    draw_waves,
    ripple,
)
from ctpet.phantom.structure import Structure
from ctpet.phantom.traits import Traits

_NECK_Z = 560.0
_NECK = (HalfSpace((0, 0, 650), (0, 0, 1)), HalfSpace((0, 0, 556), (0, 0, -1)))
_CHEST_WALL = (HalfSpace((0, 0, 505), (0, 0, 1)), HalfSpace((0, 0, 70), (0, 0, -1)))


def outline(t: Traits, walls: Walls, rng: np.random.Generator) -> list[Structure]:
    """Return skin, fat, breast glands, muscle and the fat of the cavity."""
    skin, fat, muscle = LABELS["skin"], LABELS["fat"], LABELS["muscle"]
    chest = _breasts(t, rng) if t.sex == "F" else ()
    density = float(rng.uniform(0.35, 0.75))
    hull: Shape = Union((walls.skin, *chest), 18.0) if chest else walls.skin
    lumps, folds = draw_waves(rng, 6, 14, 40), draw_waves(rng, 4, 60, 110)
    folds[:, 2] *= 0.3
    below_neck = HalfSpace((0, 0, _NECK_Z), (0, 0, 1))
    trunk = Fascia(Intersection((walls.muscle, below_neck)), folds, 0.9)
    neck = Fascia(Intersection((walls.muscle, *_NECK)), draw_waves(rng, 5, 22, 48), 0.6)
    wall = Intersection((Sheet(walls.cage, 10.0, 0.6), *_CHEST_WALL))
    glands = tuple(Wavy(_gland(breast, density), 6.0, lumps) for breast in chest)
    return [
        Structure(((skin, 0.0), (fat, SKIN_MM)), (hull,)),
        *([Structure(((LABELS["breast"], 0.0),), glands)] if glands else []),
        Structure(((muscle, 0.0),), (walls.muscle,)),
        Structure(((fat, 0.0),), (trunk, neck, wall)),
        Structure(((fat, 0.0),), (*_pads(t), walls.cavity)),
    ]


def _breasts(t: Traits, rng: np.random.Generator) -> tuple[Ellipsoid, ...]:
    """Return a woman's breasts on the chest wall, flattened as she lies."""
    size = float(np.clip(rng.normal(1.0, 0.15), 0.7, 1.3)) * (0.68 + 0.016 * t.subcutaneous)
    radii = (66 * size, 46 * size, 60 * size)
    return Ellipsoid((-84, -104, 366), radii), Ellipsoid((84, -104, 366), radii)


def _gland(breast: Ellipsoid, density: float) -> Ellipsoid:
    """Return the gland in a breast's fat."""
    x, y, z = breast.centre
    a, b, c = breast.radii
    return Ellipsoid((x, y - 10, z), (a * density, b * density, c * density))


def _pads(t: Traits) -> tuple[Shape, ...]:
    """Return the fat of armpits, groins and buttocks, which the muscles leave free."""
    grown = 0.85 + 0.012 * t.subcutaneous
    pads = []
    for s in (-1, 1):
        for at, radii in (
            ((132, 4, 452), (17, 26, 34)),
            ((70, -60, -28), (20, 17, 44)),
            ((34, 66, -44), (17, 22, 24)),
            ((40, -14, 552), (14, 12, 26)),
        ):
            size = [float(v * grown) for v in radii]
            pads.append(Ellipsoid((s * at[0], at[1], at[2]), (size[0], size[1], size[2])))
    return tuple(pads)


@dataclass(frozen=True, eq=False)
class Fascia:
    """Thin wavy sheets of fat between muscles.

    They mirror each other left and right, as muscles do.

    Attributes:
        within: the muscle they part.
        waves: of the field whose zero crossings they follow, ``(n, 4)``.
        half_mm: half their thickness.
    """

    within: Shape
    waves: NDArray[np.float64]
    half_mm: float

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        steep = np.sqrt((self.waves[:, :3] ** 2).sum() / 2) / len(self.waves)
        d = np.abs(ripple(Points(np.abs(p.x), p.y, p.z), self.waves)) * np.float32(
            1 / steep
        ) - np.float32(self.half_mm)
        near = d < 6
        inside = self.within.distance(Points(*(axis[near] for axis in p)))
        d[near] = np.maximum(d[near], inside + np.float32(2.0))
        return np.asarray(d)

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        return self.within.bounds()
