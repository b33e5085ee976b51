"""The outline: skin, fat and muscle of trunk, head, legs and arms, and the cavity inside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.labels import LABELS
from ctpet.phantom.loft import Loft, loft
from ctpet.phantom.shapes import (
    Ellipsoid,
    Floats,
    Grown,
    HalfSpace,
    Intersection,
    Outside,
    Points,
    Shape,
    Tube,
    Union,
    Wavy,
    draw_waves,
    ripple,
    spline,
)
from ctpet.phantom.structure import Structure
from ctpet.phantom.traits import Traits

SKIN_MM = 2.0
"""Thickness of the skin (ICRP 89: 1.3 mm epidermis and dermis, more on the back; rounded up)."""

# z, half width, front y, back y, y of the widest place; a lean man of 1760 mm, his muscle's outline
_MUSCLE = (
    (-110, 158, -66, 84, 10),
    (-60, 166, -74, 98, 15),
    (0, 164, -84, 104, 15),
    (50, 153, -92, 98, 15),
    (100, 141, -98, 84, 5),
    (150, 136, -100, 80, 0),
    (220, 140, -104, 84, 0),
    (300, 149, -112, 93, 0),
    (360, 160, -116, 99, 5),
    (420, 160, -108, 104, 12),
    (465, 162, -90, 102, 20),
    (495, 158, -68, 96, 25),
    (518, 138, -52, 92, 25),
    (538, 108, -42, 86, 24),
    (558, 74, -40, 76, 18),
    (580, 55, -44, 62, 8),
    (615, 53, -48, 58, 5),
    (650, 52, -48, 58, 5),
    (690, 44, -40, 52, 5),
)
# fat: z, thickness at the side, front, back, in mm per unit of subcutaneous
_FAT = (
    (-110, 1.0, 0.9, 1.0),
    (-60, 1.2, 1.0, 1.5),
    (0, 1.3, 1.2, 1.7),
    (60, 1.25, 1.4, 1.3),
    (120, 1.2, 1.4, 1.0),
    (220, 0.9, 1.1, 0.8),
    (300, 0.6, 0.8, 0.7),
    (400, 0.55, 0.6, 0.7),
    (480, 0.5, 0.4, 0.7),
    (540, 0.35, 0.3, 0.6),
    (600, 0.3, 0.3, 0.3),
    (660, 0.2, 0.2, 0.2),
)
# the ribs' middle surface and, below them, the abdominal wall's inside
_CAGE = (
    (-62, 16, 0, 56, 30),
    (-48, 34, -36, 66, 22),
    (-25, 52, -58, 74, 15),
    (0, 66, -70, 78, 15),
    (40, 92, -74, 72, 10),
    (80, 112, -78, 64, 5),
    (130, 122, -82, 64, 0),
    (190, 128, -86, 74, 0),
    (250, 134, -95, 84, 0),
    (310, 137, -101, 91, 2),
    (370, 132, -98, 93, 5),
    (420, 122, -84, 91, 10),
    (460, 106, -64, 87, 16),
    (490, 84, -44, 82, 22),
    (515, 58, -22, 74, 26),
    (532, 34, -4, 62, 28),
    (540, 18, 8, 52, 28),
)


@dataclass(frozen=True, eq=False)
class Walls:
    """The surfaces that organs are fitted to, in the drawing's mm.

    Attributes:
        skin: the body's outside, trunk, head, legs and arms.
        muscle: the same without fat.
        cage: the middle of the ribs; below them the inside of the abdominal wall.
        cavity: what holds the organs.
        arms: centre line of the left arm, shoulder to hand, with its muscle's radii ``(n, 4)``.
        back_y: where the back lies flat on the table.
    """

    skin: Shape
    muscle: Shape
    cage: Loft
    cavity: Shape
    arms: np.ndarray
    back_y: float


def _belly(z: float) -> float:
    """Return how much of the belly's growth a height takes, 0 to 1."""
    return float(np.exp(-(((z - 150) / 105) ** 2)))


def draw_walls(t: Traits, rng: np.random.Generator) -> Walls:
    """Draw the body's surfaces."""
    women = t.sex == "F"
    hips, shoulders = (1.06, 0.91) if women else (1.0, 1.0)
    waves = draw_waves(rng, 5, 120, 300)
    muscle_rows, skin_rows, cage_rows = [], [], []
    fat = np.asarray(_FAT)
    for z, wide, front, back, widest in _MUSCLE:
        factor = float(
            np.interp(
                z,
                (0, 150, 350, 480),
                (hips, 0.96 if women else 1.0, shoulders, shoulders),
            )
        )
        wide *= factor
        push = t.belly * _belly(z)
        wide += 0.35 * push
        front -= push
        side_mm, front_mm, back_mm = (
            SKIN_MM + t.subcutaneous * float(np.interp(z, fat[:, 0], fat[:, n]))
            for n in (1, 2, 3)
        )
        muscle_rows.append((z, wide, front, back, widest))
        skin_rows.append((z, wide + side_mm, front - front_mm, back + back_mm, widest))
    for z, wide, front, back, widest in _CAGE:
        push = t.belly * _belly(z)
        factor = (
            float(np.interp(z, (0, 150, 350, 480), (1.04, 1.0, 0.93, 0.93)))
            if women
            else 1.0
        )
        cage_rows.append((z, wide * factor + 0.35 * push, front - push, back, widest))
    cage = loft(cage_rows, square=0.25)
    torso, hull = loft(muscle_rows, square=0.55), loft(skin_rows, square=0.45)
    arms = _arm(t)
    fat_limb = SKIN_MM + 0.75 * t.subcutaneous
    muscle = _assemble(torso, 0.0, arms, t)
    skin = _assemble(hull, fat_limb, arms, t)
    back = float(np.max([row[3] for row in skin_rows])) - 7.0
    flat, firm = (
        HalfSpace((0, back, 0), (0, 1, 0)),
        HalfSpace((0, back - 8.0, 0), (0, 1, 0)),
    )
    cleft = Ellipsoid((0, back + 6, -40), (3.0, 52, 75))
    return Walls(
        skin=Wavy(Intersection((skin, flat, Outside(cleft)), 12.0), 1.5, waves),
        muscle=Wavy(
            Intersection((muscle, firm, Outside(cleft, 9.0)), 12.0), 1.5, waves
        ),
        cage=cage,
        cavity=Grown(cage, -6.0),
        arms=arms,
        back_y=back,
    )


def _arm(t: Traits) -> np.ndarray:
    """Return the left arm's centre line and muscle radius from shoulder to fingers."""
    narrow = 0.92 if t.sex == "F" else 1.0
    thick = 0.88 if t.sex == "F" else 1.0
    if t.arms == "up":
        line = [
            (148, 42, 476, 40),
            (168, 30, 528, 42),
            (182, 15, 600, 39),
            (194, 5, 700, 36),
            (190, -5, 775, 34),
            (150, -25, 850, 33),
            (95, -35, 905, 25),
            (45, -40, 935, 19),
            (10, -40, 950, 13),
        ]
    else:
        line = [
            (154, 32, 478, 41),
            (183, 34, 440, 43),
            (204, 38, 360, 40),
            (222, 42, 250, 35),
            (230, 38, 190, 34),
            (232, 15, 110, 34),
            (226, -10, 0, 25),
            (218, -15, -50, 23),
            (210, -15, -130, 15),
        ]
    path = spline(line, 17)
    path[:, 0] *= narrow
    path[:, 3] *= thick
    if t.arms == "down":
        path[:, 0] += 0.9 * t.subcutaneous * np.linspace(0, 1, 17) + np.linspace(
            0, 0.3, 17
        ) * max(t.belly, 0)
    return path


def _assemble(trunk: Loft, fat: float, arms: np.ndarray, t: Traits) -> Shape:
    """Join trunk, head, legs and arms into one surface, ``fat`` mm thicker on the limbs."""
    leg_size = 1.0 if t.sex == "M" else 1.02
    legs: list[Shape] = []
    limbs: list[Shape] = []
    free: list[Shape] = []
    for side in (-1, 1):
        line = [
            (88, 12, 10, 84),
            (95, 12, -70, 84),
            (98, 10, -180, 78),
            (92, 12, -300, 66),
            (86, 14, -430, 52),
        ]
        path = spline(line, 9)
        extra = fat * 1.15
        path[:, 0] = side * (path[:, 0] + 0.85 * extra)
        legs.append(Tube(path[:, :3], path[:, 3] * leg_size + extra))
        arm = arms.copy()
        arm[:, 0] *= side
        limbs.append(Tube(arm[:8, :3], arm[:8, 3] + 0.7 * fat))
        free.append(Tube(arm[7:, :3], arm[7:, 3] + 0.7 * fat))
    head = _head(min(0.35 * fat, 6.0))
    core: Shape = Union((trunk, *head), 26.0)
    lower: Shape = Union((core, Union(tuple(legs), 4.0)), 22.0)
    return Union((Union((lower, *limbs), 22.0), *free))


def _head(fat: float) -> tuple[Shape, ...]:
    """Return the head's soft outline: skull cap, face, nose, jaw."""
    return (
        Union(
            (
                Ellipsoid((0, -8, 752), (73 + fat, 93 + fat, 84 + fat), power=2.3),
                Ellipsoid((0, -50, 672), (60 + fat, 52 + fat, 72 + fat), power=2.5),
                Tube(np.array([(0, -100, 712.0), (0, -113, 684)]), np.array([7.0, 11])),
                Ellipsoid((0, -66, 620), (42 + fat, 36 + fat, 20 + fat)),
            ),
            14.0,
        ),
    )


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
            pads.append(
                Ellipsoid((s * at[0], at[1], at[2]), (size[0], size[1], size[2]))
            )
    return tuple(pads)


def breasts(t: Traits, walls: Walls, rng: np.random.Generator) -> list[Shape]:
    """Return a woman's breasts, lying on the chest wall and sagging to the sides when supine."""
    if t.sex == "M":
        return []
    size = float(np.clip(rng.normal(1.0, 0.15), 0.7, 1.3)) * (
        0.8 + 0.025 * t.subcutaneous
    )
    return [
        Ellipsoid((side * 84, -104, 366), (66 * size, 46 * size, 60 * size))
        for side in (-1, 1)
    ]


def outline(t: Traits, walls: Walls, rng: np.random.Generator) -> list[Structure]:
    """Return skin, fat, breast glands, muscle and the fat of the cavity."""
    number = LABELS
    chest = breasts(t, walls, rng)
    skin: Shape = Union((walls.skin, *chest), 18.0) if chest else walls.skin
    gland_waves = draw_waves(rng, 6, 14, 40)
    out = [Structure(((number["skin"], 0.0), (number["fat"], SKIN_MM)), (skin,))]
    density = float(rng.uniform(0.35, 0.75))
    glands = tuple(
        Wavy(
            Ellipsoid(
                (b.centre[0], b.centre[1] - 10, b.centre[2]),
                tuple(r * density for r in b.radii),
            ),
            6.0,
            gland_waves,
        )
        for b in chest
    )
    if glands:
        out.append(Structure(((number["breast"], 0.0),), glands))
    out.append(Structure(((number["muscle"], 0.0),), (walls.muscle,)))
    waves = draw_waves(rng, 4, 60, 110)
    waves[:, 2] *= 0.3
    out.append(
        Structure(
            ((number["fat"], 0.0),),
            (
                Fascia(
                    Intersection((walls.muscle, HalfSpace((0, 0, 560), (0, 0, 1)))),
                    waves,
                    0.9,
                ),
            ),
        )
    )
    out.append(Structure(((number["fat"], 0.0),), (*_pads(t), walls.cavity)))
    return out


@dataclass(frozen=True, eq=False)
class Fascia:
    """Thin wavy sheets of fat between muscles.

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
        d = np.abs(ripple(p, self.waves)) * np.float32(1 / steep) - np.float32(
            self.half_mm
        )
        near = d < 6
        inside = self.within.distance(Points(*(axis[near] for axis in p)))
        d[near] = np.maximum(d[near], inside + np.float32(2.0))
        return np.asarray(d)

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        return self.within.bounds()
