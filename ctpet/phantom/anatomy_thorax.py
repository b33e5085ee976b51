"""Lungs under their domes, heart, great vessels, windpipe and gullet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy_body import Walls
from ctpet.phantom.anatomy_spine import Spine
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    EVERYWHERE,
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
    spline,
    tubes,
)
from ctpet.phantom.structure import Structure
from ctpet.phantom.traits import Traits


@dataclass(frozen=True)
class Diaphragm:
    """What lies above the diaphragm: two domes that fall to the ribs, deepest at the back.

    Attributes:
        right_z, left_z, middle_z: heights of the domes and of the saddle between them, mm.
        fall: how far it falls from a dome to the ribs, mm.
    """

    right_z: float
    left_z: float
    middle_z: float
    fall: float

    def height(self, x: Floats, y: Floats) -> Floats:
        """Return its z at x, y."""
        side = np.clip(x * np.float32(1 / 70), -1, 1)
        apart = side * side
        peak = np.where(x < 0, np.float32(self.right_z), np.float32(self.left_z))
        top = np.float32(self.middle_z) + apart * (peak - np.float32(self.middle_z))
        u, v = x * np.float32(1 / 138), (y + 12) * np.float32(1 / 100)
        rho2 = u * u + v * v
        back = np.clip(y * np.float32(1 / 80), np.float32(-0.35), 1)
        fall = np.float32(self.fall) * (1 + np.float32(0.45) * back)
        steep = rho2 * (np.float32(0.3) + np.float32(0.7) * rho2 * rho2)
        return np.asarray(top - fall * steep)

    def distance(self, p: Points, /) -> Floats:
        """See `Shape`."""
        return np.asarray((self.height(p.x, p.y) - p.z) * np.float32(0.6))

    def bounds(self) -> NDArray[np.float64]:
        """See `Shape`."""
        box = EVERYWHERE.copy()
        box[0, 2] = min(self.right_z, self.left_z) - 260
        return box


def draw_diaphragm(rng: np.random.Generator) -> Diaphragm:
    """Draw how deeply the patient breathes in."""
    right = float(rng.normal(338, 9))
    left = right - float(rng.uniform(6, 20))
    return Diaphragm(
        right, left, left - float(rng.uniform(0, 10)), float(rng.uniform(75, 95))
    )


@dataclass(frozen=True, eq=False)
class Heart:
    """The heart's place: all its parts are given relative to this.

    Attributes:
        centre: mm.
        size: linear factor.
    """

    centre: NDArray[np.float64]
    size: float

    def part(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Return a point given in mm from the centre of a heart of normal size."""
        a, b, c = (self.centre + self.size * np.array([x, y, z])).tolist()
        return a, b, c

    def ball(
        self,
        at: tuple[float, float, float],
        radii: tuple[float, float, float],
        *,
        inset: float = 0.0,
    ) -> Ellipsoid:
        """Return an ellipsoid with its first axis along the heart's long axis."""
        long = np.array([0.66, -0.52, -0.54])
        long /= np.linalg.norm(long)
        side = np.cross(long, [0.0, 0.0, 1.0])
        side /= np.linalg.norm(side)
        axes = np.stack([long, side, np.cross(long, side)])
        a, b, c = (self.size * r - inset for r in radii)
        return Ellipsoid(self.part(*at), (a, b, c), axes)


def draw_heart(t: Traits, diaphragm: Diaphragm, rng: np.random.Generator) -> Heart:
    """Draw where the heart lies on the diaphragm."""
    z = diaphragm.middle_z + 46 + rng.normal(0, 3)
    front = -34 + 0.0 * t.belly
    return Heart(np.array([12 + rng.normal(0, 3), front, z]), t.organ("heart"))


def heart_parts(h: Heart) -> tuple[Shape, Shape, list[Shape], Shape]:
    """Return left ventricle, right heart and atria (outsides), their cavities, and the sac."""
    left = h.ball((24, -16, -12), (47, 37, 37))
    right = h.ball((-6, -30, -14), (50, 24, 40))
    atria = Union(
        (
            Ellipsoid(h.part(-38, -2, 6), (24 * h.size, 27 * h.size, 32 * h.size)),
            Ellipsoid(h.part(0, 26, 16), (38 * h.size, 20 * h.size, 26 * h.size)),
        ),
        12.0,
    )
    cavities: list[Shape] = [
        h.ball((22, -15, -11), (46, 37, 37), inset=10.5 * h.size),
        Intersection((Grown(right, -3.5), Outside(left, 1.0)), 6.0),
        Grown(atria, -2.5),
    ]
    sac = Grown(Union((left, right, atria), 22.0), 5.0)
    return left, Union((right, atria), 10.0), cavities, sac


def lungs(
    t: Traits,
    walls: Walls,
    spine: Spine,
    diaphragm: Diaphragm,
    heart: Heart,
    rng: np.random.Generator,
) -> list[Structure]:
    """Return both lungs with their vessels."""
    n = LABELS
    pleura = Grown(walls.cage, -7.0)
    column = spline(
        [
            (*spine.at(z)[:1], spine.at(z)[1] + 4, z, 27)
            for z in (180, 260, 340, 430, 500, 560)
        ],
        14,
    )
    middle = spline(
        [
            (6, -70, 350, 12),
            (2, -60, 400, 16),
            (0, -46, 440, 20),
            (0, -28, 480, 26),
            (0, -8, 520, 28),
            (0, 0, 560, 26),
        ],
        10,
    )
    gullet = spline(
        [
            (8, 25, 300, 24),
            (6, 22, 380, 27),
            (2, 16, 430, 27),
            (0, 14, 500, 24),
            (0, 14, 560, 22),
        ],
        10,
    )
    aorta = aorta_path(spine, heart)
    arch = aorta[::2].copy()
    arch[:, 3] += 3
    mediastinum = Union(
        (
            heart_parts(heart)[3],
            Tube(column[:, :3], column[:, 3], (1, 1.15, 1)),
            Tube(middle[:, :3], middle[:, 3], (1.0, 0.8, 1)),
            Tube(gullet[:, :3], gullet[:, 3], (1, 1, 1)),
            Tube(arch[:, :3], arch[:, 3]),
        ),
        16.0,
    )
    out, vessels = [], []
    for side, label in ((1, n["lung_left"]), (-1, n["lung_right"])):
        half = HalfSpace((side * 4.0, 0, 0), (-side, 0, 0))
        room = Intersection((pleura, diaphragm, half, Outside(mediastinum)), 7.0)
        out.append(
            Structure(((label, 0.0),), (Wavy(room, 1.0, draw_waves(rng, 4, 50, 90)),))
        )
        vessels += _tree(side, diaphragm, rng)
    return [*out, Structure(((n["lung_vessels"], 0.0),), tuple(vessels))]


def _tree(side: int, diaphragm: Diaphragm, rng: np.random.Generator) -> list[Shape]:
    """Return a lung's vessels: branches that fork from the hilum towards the pleura."""
    root = np.array([side * 34.0, 14, 418])
    out: list[Shape] = []
    aims = [
        (70, 20, 515),
        (62, -40, 490),
        (95, 50, 470),
        (100, -30, 440),
        (112, 10, 425),
        (100, 62, 390),
        (92, -62, 385),
        (118, 10, 370),
        (70, 72, 320),
        (105, 45, 310),
        (100, -20, 345),
        (52, 70, 370),
        (60, 62, 450),
    ]
    for aim in aims:
        goal = np.array([side * aim[0], aim[1], aim[2]]) + rng.normal(0, 7, 3)
        span = goal - root
        bow = root + 0.45 * span + rng.normal(0, 6, 3)
        trunk = spline(
            [(*(root + rng.normal(0, 4, 3)), 4.2), (*bow, 3.4), (*goal, 0.9)], 7
        )
        out += tubes(trunk, per=3)
        for at in (1, 2, 3, 4, 5):
            for _ in range(2):
                out += _twigs(trunk[at], span, rng)
    return out


def _twigs(
    stem: NDArray[np.float64], along: NDArray[np.float64], rng: np.random.Generator
) -> list[Shape]:
    """Return a side branch that leaves a stem (position and radius) and forks in two."""
    aside = rng.normal(0, 1, 3)
    aside -= aside @ along / (along @ along) * along
    aside /= np.linalg.norm(aside)
    tip = stem[:3] + 0.16 * along + aside * rng.uniform(14, 28)
    r = 0.6 * stem[3]
    out: list[Shape] = [Tube(np.array([stem[:3], tip]), np.array([r, 0.6 * r]))]
    for _ in range(2):
        end = tip + 0.10 * along + rng.normal(0, 9, 3)
        out.append(Tube(np.array([tip, end]), np.array([0.6 * r, 0.45])))
    return out


def aorta_path(spine: Spine, h: Heart) -> NDArray[np.float64]:
    """Return the aorta's centre line from its valve to where it forks, ``(n, 4)``."""

    def beside(z: float, x: float, ahead: float) -> tuple[float, float]:
        sx, sy = spine.at(z)
        return sx + x, sy - ahead

    start = h.part(0, -6, 20)
    points = [
        (*start, 15.5),
        (start[0] - 12, start[1] - 8, start[2] + 25, 15.5),
        (-8, start[1] - 4, 452, 15),
        (2, -16, 476, 14),
        (14, 12, 480, 13),
        (24, 34, 466, 13),
        (*beside(430, 26, 14), 430, 12.5),
        (*beside(370, 20, 20), 370, 12),
        (*beside(300, 12, 26), 300, 11.5),
        (*beside(250, 7, 29), 250, 11),
        (*beside(180, 7, 28), 180, 9.5),
        (*beside(115, 5, 28), 115, 9),
    ]
    return spline(points, 46)


def mediastinum(t: Traits, spine: Spine, h: Heart) -> list[Structure]:
    """Return heart, great vessels, windpipe with bronchi, and gullet."""
    n = LABELS
    left, right, cavities, _ = heart_parts(h)
    ivc = [
        (-20, spine.at(z)[1] - ahead, z, 10.5)
        for z, ahead in ((115, 28), (200, 30), (260, 36))
    ]
    veins = [
        spline([*ivc, (-26, 6, 310, 12), (*h.part(-36, 4, -18), 12)], 16),
        spline(
            [(*h.part(-38, -4, 26), 10), (-32, -14, 450, 9.5), (-30, -18, 490, 9)], 6
        ),
        spline(
            [
                (-30, -18, 488, 8.5),
                (-42, -18, 512, 7.5),
                (-46, -10, 560, 6.5),
                (-44, 0, 620, 6),
            ],
            8,
        ),
        spline(
            [
                (-28, -20, 484, 8),
                (5, -34, 496, 7.5),
                (40, -20, 514, 7.5),
                (46, -10, 560, 6),
                (44, 0, 620, 5.5),
            ],
            10,
        ),
    ]
    trunk = h.part(12, -26, 34)
    lung_arteries = [
        spline(
            [
                (*h.part(6, -30, 14), 15),
                (*trunk, 14),
                (24, -10, 432, 13.5),
                (44, 14, 428, 10),
                (58, 24, 415, 7),
            ],
            9,
        ),
        spline(
            [
                (24, -10, 430, 13),
                (0, 0, 424, 11.5),
                (-30, 4, 420, 10.5),
                (-52, 14, 412, 7.5),
            ],
            8,
        ),
    ]
    arteries: list[NDArray[np.float64]] = [
        spline(
            [
                (-6, -18, 474, 7),
                (-14, -14, 505, 6),
                (-26, -8, 535, 4),
                (-27, 2, 600, 3.5),
                (-28, 4, 640, 3),
            ],
            8,
        ),
        spline(
            [
                (6, -4, 480, 4.5),
                (12, -4, 505, 4),
                (25, -6, 535, 3.5),
                (27, 2, 600, 3.5),
                (28, 4, 640, 3),
            ],
            8,
        ),
        spline(
            [
                (16, 16, 480, 5),
                (24, 14, 505, 4.5),
                (60, 6, 530, 4),
                (105, 20, 505, 3.5),
            ],
            8,
        ),
        spline([(-16, -12, 508, 4.5), (-60, 4, 528, 4), (-105, 20, 505, 3.5)], 7),
    ]
    fork = spine.at(115)
    for s in (-1, 1):
        for shift, radius in ((0, 5.5), (1, 6.5)):
            arteries.append(
                spline(
                    [
                        (
                            fork[0] + (5 if shift == 0 else -20) + s * 3,
                            fork[1] - 28,
                            116,
                            radius + 1,
                        ),
                        (s * 32, 18 + 6 * shift, 75, radius),
                        (s * 52, -16 + 8 * shift, 30, radius),
                        (s * (68 - 10 * shift), -58 + 6 * shift, -12, radius),
                        (s * (74 - 8 * shift), -50 + 8 * shift, -70, radius - 1),
                        (s * 78, -18, -200, radius - 1.5),
                        (s * 76, 10, -340, radius - 2),
                    ],
                    18,
                )
            )
    windpipe = spline(
        [
            (0, -26, 578, 8),
            (0, -14, 540, 8),
            (0, 0, 500, 8),
            (1, 12, 450, 8.5),
            (2, 15, 436, 9),
        ],
        8,
    )
    bronchi = [
        spline(
            [
                (2, 15, 438, 8.5),
                (-16, 17, 424, 7),
                (-36, 18, 408, 5.5),
                (-52, 24, 380, 3.5),
            ],
            6,
        ),
        spline(
            [
                (2, 15, 438, 8.5),
                (20, 17, 426, 6.5),
                (40, 20, 410, 5.5),
                (54, 30, 384, 3.5),
            ],
            6,
        ),
    ]
    gullet = spline(
        [
            (0, -8, 575, 6),
            (4, 12, 530, 7),
            (4, 26, 480, 7.5),
            (2, 30, 430, 7.5),
            (6, 28, 370, 8),
            (16, 12, 325, 8),
            (34, 8, 312, 9),
        ],
        14,
    )
    walled = [path.copy() for path in (windpipe, *bronchi)]
    for path in walled:
        path[:, 3] += 1.6
    return [
        Structure(((n["oesophagus"], 0.0),), tubes(gullet)),
        Structure(
            ((n["great_vessels"], 0.0),), tuple(s for v in veins for s in tubes(v))
        ),
        Structure(((n["myocardium"], 0.0),), (right,)),
        Structure(((n["myocardium"], 0.0),), (left,)),
        Structure(((n["heart_blood"], 0.0),), tuple(cavities)),
        Structure(
            ((n["great_vessels"], 0.0),),
            tuple(s for v in (*lung_arteries, *arteries) for s in tubes(v)),
        ),
        Structure(((n["aorta"], 0.0),), tubes(aorta_path(spine, h))),
        Structure(
            ((n["cartilage"], 0.0), (n["airways"], 1.6)),
            tuple(s for v in walled for s in tubes(v)),
        ),
    ]
