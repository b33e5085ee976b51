"""The outline: skin, fat and muscle of trunk, head, legs and arms, and the cavity inside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.loft import Loft, loft
from ctpet.phantom.shapes import (
    Ellipsoid,
    Grown,
    HalfSpace,
    Intersection,
    Outside,
    Shape,
    Tube,
    Union,
    Wavy,
    draw_waves,
    spline,
)
from ctpet.phantom.traits import Traits

Row = tuple[float, float, float, float, float]

SKIN_MM = 2.0
"""Thickness of the skin (ICRP 89: 1.3 mm epidermis and dermis, more on the back; rounded up)."""

# z, half width, front y, back y, y of the widest place; a lean man of 1760 mm, his muscle's outline
_MUSCLE: tuple[Row, ...] = (
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
_CAGE: tuple[Row, ...] = (
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
        chest: the cage as it would be without visceral fat; the solid organs keep to it.
        cavity: what holds the organs.
        arms: centre line of the left arm, shoulder to hand, with its muscle's radii ``(n, 4)``.
        back_y: where the back lies flat on the table.
    """

    skin: Shape
    muscle: Shape
    cage: Loft
    chest: Loft
    cavity: Shape
    arms: NDArray[np.float64]
    back_y: float


def _belly(z: float) -> float:
    """Return how much of the belly's growth a height takes, 0 to 1."""
    return float(np.exp(-(((z - 150) / 105) ** 2)))


def draw_walls(t: Traits, rng: np.random.Generator) -> Walls:
    """Draw the body's surfaces."""
    waves = draw_waves(rng, 5, 120, 300)
    muscle_rows = _muscle_rows(t)
    skin_rows = _skin_rows(t, muscle_rows)
    torso, hull = loft(muscle_rows, square=0.55), loft(skin_rows, square=0.45)
    arms = _arm(t)
    muscle = _assemble(torso, 0.0, arms, t)
    skin = _assemble(hull, SKIN_MM + 0.75 * t.subcutaneous, arms, t)
    back = max(row[3] for row in skin_rows) - 7.0
    flat, firm = HalfSpace((0, back, 0), (0, 1, 0)), HalfSpace((0, back - 8, 0), (0, 1, 0))
    cleft = Ellipsoid((0, back + 6, -40), (3.0, 52, 75))
    cage = loft(_cage_rows(t, t.belly), square=0.25)
    return Walls(
        skin=Wavy(Intersection((skin, flat, Outside(cleft)), 12.0), 1.5, waves),
        muscle=Wavy(Intersection((muscle, firm, Outside(cleft, 9.0)), 12.0), 1.5, waves),
        cage=cage,
        chest=loft(_cage_rows(t, 0.0), square=0.25),
        cavity=Grown(cage, -6.0),
        arms=arms,
        back_y=back,
    )


def _muscle_rows(t: Traits) -> list[Row]:
    """Return the trunk's sections without fat: a woman's hips are wider, her shoulders narrower."""
    factors = (1.06, 0.96, 0.91, 0.91) if t.sex == "F" else (1.0, 1.0, 1.0, 1.0)
    rows: list[Row] = []
    for z, wide, front, back, widest in _MUSCLE:
        factor = float(np.interp(z, (0, 150, 350, 480), factors))
        push = t.belly * _belly(z)
        rows.append((float(z), wide * factor + 0.35 * push, front - push, back, widest))
    return rows


def _skin_rows(t: Traits, muscle: Sequence[Row]) -> list[Row]:
    """Return the trunk's sections with fat and skin."""
    fat = np.asarray(_FAT)
    rows: list[Row] = []
    for z, wide, front, back, widest in muscle:
        sides, ahead, behind = (
            SKIN_MM + t.subcutaneous * float(np.interp(z, fat[:, 0], fat[:, n])) for n in (1, 2, 3)
        )
        rows.append((z, wide + sides, front - ahead, back + behind, widest))
    return rows


def _cage_rows(t: Traits, belly: float) -> list[Row]:
    """Return the sections of ribs and abdominal wall, pushed out by visceral fat."""
    factors = (1.04, 1.0, 0.93, 0.93) if t.sex == "F" else (1.0, 1.0, 1.0, 1.0)
    rows: list[Row] = []
    for z, wide, front, back, widest in _CAGE:
        factor = float(np.interp(z, (0, 150, 350, 480), factors))
        push = belly * _belly(z)
        rows.append((float(z), wide * factor + 0.35 * push, front - push, back, widest))
    return rows


def _arm(t: Traits) -> NDArray[np.float64]:
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
        hip = max(row[1] for row in _muscle_rows(t)[:4]) + 2.2 * t.subcutaneous + 34
        path[:, 0] += np.linspace(0, 1, 17) ** 0.8 * max(0.0, hip - path[-4, 0])
    return path


def _assemble(trunk: Loft, fat: float, arms: NDArray[np.float64], t: Traits) -> Shape:
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
        limbs.append(Tube(arm[:5, :3], arm[:5, 3] + 0.7 * fat))
        free.append(Tube(arm[4:, :3], arm[4:, 3] + 0.7 * fat))
    head = _head(min(0.35 * fat, 6.0), t.organ("brain"))
    core: Shape = Union((trunk, *head), 26.0)
    lower: Shape = Union((core, Union(tuple(legs), 4.0)), 22.0)
    return Union((Union((lower, *limbs), 16.0), *free))


def _head(fat: float, b: float) -> tuple[Shape, ...]:
    """Return the head's soft outline: skull cap, face, nose, jaw."""
    return (
        Union(
            (
                Ellipsoid((0, -8, 752), (73 * b + fat, 92 * b + fat, 83 * b + fat), power=2.3),
                Ellipsoid((0, -50, 672), (60 + fat, 52 + fat, 72 + fat), power=2.5),
                Tube(np.array([(0, -100, 712.0), (0, -113, 684)]), np.array([7.0, 11])),
                Ellipsoid((0, -66, 620), (42 + fat, 36 + fat, 20 + fat)),
            ),
            14.0,
        ),
    )
