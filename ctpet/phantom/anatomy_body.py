"""The outline: skin, fat and muscle of trunk, head, legs and arms, and the cavity inside."""

from dataclasses import dataclass

import numpy as np

from ctpet.phantom.labels import LABELS
from ctpet.phantom.loft import Loft, loft
from ctpet.phantom.shapes import (
    Ellipsoid,
    Grown,
    Shape,
    Tube,
    Union,
    Wavy,
    draw_waves,
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
    (420, 170, -108, 104, 12),
    (465, 178, -90, 103, 20),
    (495, 170, -68, 98, 25),
    (520, 138, -52, 92, 25),
    (540, 98, -42, 84, 22),
    (560, 70, -40, 74, 16),
    (585, 58, -44, 66, 10),
    (620, 56, -50, 68, 8),
    (660, 58, -55, 72, 5),
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
    (-75, 30, -28, 50, 15),
    (-50, 48, -50, 62, 15),
    (0, 64, -66, 76, 15),
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
        arms_up: centre lines of the arms, shoulder to hand, left side ``(n, 4)`` with radii.
    """

    skin: Shape
    muscle: Shape
    cage: Loft
    cavity: Shape
    arms: np.ndarray
    fat: Loft


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
            np.interp(z, (0, 150, 350, 480), (hips, 0.96 if women else 1.0, shoulders, shoulders))
        )
        wide *= factor
        push = t.belly * _belly(z)
        wide += 0.35 * push
        front -= push
        side_mm, front_mm, back_mm = (
            SKIN_MM + t.subcutaneous * float(np.interp(z, fat[:, 0], fat[:, n])) for n in (1, 2, 3)
        )
        muscle_rows.append((z, wide, front, back, widest))
        skin_rows.append((z, wide + side_mm, front - front_mm, back + back_mm, widest))
    for z, wide, front, back, widest in _CAGE:
        push = t.belly * _belly(z)
        factor = float(np.interp(z, (0, 150, 350, 480), (1.04, 1.0, 0.93, 0.93))) if women else 1.0
        cage_rows.append((z, wide * factor + 0.35 * push, front - push, back, widest))
    cage = loft(cage_rows, square=0.25)
    torso, hull = loft(muscle_rows, square=0.55), loft(skin_rows, square=0.45)
    arms = _arm(t)
    fat_limb = SKIN_MM + 0.75 * t.subcutaneous
    muscle = _assemble(torso, 0.0, arms, t)
    skin = _assemble(hull, fat_limb, arms, t)
    return Walls(
        skin=Wavy(skin, 1.5, waves),
        muscle=Wavy(muscle, 1.5, waves),
        cage=cage,
        cavity=Grown(cage, -6.0),
        arms=arms,
        fat=hull,
    )


def _arm(t: Traits) -> np.ndarray:
    """Return the left arm's centre line and muscle radius from shoulder to fingers."""
    narrow = 0.92 if t.sex == "F" else 1.0
    thick = 0.88 if t.sex == "F" else 1.0
    if t.arms == "up":
        line = [
            (150, 42, 470, 44),
            (172, 30, 525, 46),
            (185, 15, 600, 42),
            (196, 5, 700, 38),
            (192, -5, 775, 36),
            (150, -25, 850, 34),
            (95, -35, 905, 26),
            (45, -40, 935, 20),
            (10, -40, 950, 14),
        ]
    else:
        line = [
            (160, 32, 486, 42),
            (186, 34, 440, 46),
            (206, 38, 360, 42),
            (222, 42, 250, 38),
            (230, 38, 190, 36),
            (232, 15, 110, 35),
            (226, -10, 0, 25),
            (218, -15, -50, 24),
            (210, -15, -130, 16),
        ]
    path = spline(line, 17)
    path[:, 0] *= narrow
    path[:, 3] *= thick
    if t.arms == "down":
        path[:, 0] += 0.9 * t.subcutaneous * np.linspace(0, 1, 17) + np.linspace(0, 0.3, 17) * max(
            t.belly, 0
        )
    return path


def _assemble(trunk: Loft, fat: float, arms: np.ndarray, t: Traits) -> Shape:
    """Join trunk, head, legs and arms into one surface, ``fat`` mm thicker on the limbs."""
    leg_size = 1.0 if t.sex == "M" else 1.02
    legs: list[Shape] = []
    limbs: list[Shape] = []
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
        limbs.append(Tube(arm[:, :3], arm[:, 3] + 0.7 * fat))
    head = _head(min(0.35 * fat, 6.0))
    core: Shape = Union((trunk, *head), 26.0)
    lower: Shape = Union((core, Union(tuple(legs), 4.0)), 22.0)
    return Union((lower, *limbs), 22.0)


def _head(fat: float) -> tuple[Shape, ...]:
    """Return the head's soft outline: skull cap, face, nose, jaw."""
    return (
        Union(
            (
                Ellipsoid((0, -8, 752), (73 + fat, 93 + fat, 84 + fat), power=2.3),
                Ellipsoid((0, -50, 672), (60 + fat, 52 + fat, 72 + fat), power=2.5),
                Tube(np.array([(0, -100, 712.0), (0, -113, 684)]), np.array([7.0, 11])),
                Ellipsoid((0, -78, 612), (34 + fat, 24 + fat, 20 + fat)),
            ),
            14.0,
        ),
    )


def breasts(t: Traits, walls: Walls, rng: np.random.Generator) -> list[Shape]:
    """Return a woman's breasts, lying on the chest wall and sagging to the sides when supine."""
    if t.sex == "M":
        return []
    size = float(np.clip(rng.normal(1.0, 0.15), 0.7, 1.3)) * (0.8 + 0.025 * t.subcutaneous)
    return [
        Ellipsoid((side * 92, -100, 365), (62 * size, 44 * size, 58 * size), power=2.2)
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
                (b.centre[0], b.centre[1] - 6, b.centre[2]), tuple(r * density for r in b.radii)
            ),
            9.0,
            gland_waves,
        )
        for b in chest
    )
    if glands:
        out.append(Structure(((number["breast"], 0.0),), glands))
    septa = draw_waves(rng, 4, 45, 90)
    out.append(Structure(((number["muscle"], 0.0),), (Wavy(walls.muscle, 1.2, septa),)))
    out.append(Structure(((number["fat"], 0.0),), (walls.cavity,)))
    return out
