"""Skull and face, brain, eyes, and the air of nose and throat."""

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    Ellipsoid,
    HalfSpace,
    Intersection,
    Outside,
    Shape,
    Triple,
    Tube,
    Union,
    Wavy,
    draw_waves,
    spline,
)
from ctpet.phantom.structure import Structure
from ctpet.phantom.traits import Traits

_CRANIUM = (0.0, -6.0, 753.0)


def _tilted(degrees: float) -> NDArray[np.float64]:
    """Return axes turned about x."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([(1, 0, 0), (0, c, s), (0, -s, c)])


def _grown(radii: Triple, by: float) -> Triple:
    a, b, c = radii
    return a + by, b + by, c + by


def head(t: Traits, rng: np.random.Generator) -> list[Structure]:
    """Return the head's bones, brain, eyes and air spaces."""
    n = LABELS
    b = t.organ("brain")
    inner = (65 * b, 84 * b, 72 * b)
    vault = Ellipsoid(_CRANIUM, _grown(inner, 6.5), power=2.3)
    dura = Ellipsoid(_CRANIUM, inner, power=2.3)
    floor = HalfSpace((0, -10, 704), (0, 0.30, -1))
    pit = Ellipsoid((0, 34, 704), (50, 40, 34))
    inside = Union((Intersection((dura, floor), 12.0), pit), 8.0)
    shell = Union(
        (
            Intersection((vault, HalfSpace((0, -10, 697), (0, 0.30, -1))), 10.0),
            Ellipsoid((0, 34, 703), (55, 45, 40)),
        ),
        8.0,
    )
    waves = draw_waves(rng, 8, 9, 20)
    cortex = Wavy(
        Union(
            (
                Intersection(
                    (
                        Ellipsoid(_CRANIUM, _grown(inner, -3.0), power=2.3),
                        HalfSpace((0, -10, 708), (0, 0.30, -1)),
                    ),
                    12.0,
                ),
            )
        ),
        3.0,
        waves,
    )
    halves = Intersection((cortex, Outside(Ellipsoid((0, -5, 790), (1.6, 110, 62)))), 1.0)
    white = Wavy(
        Intersection(
            (
                Union((Ellipsoid((0, -6, 752), (50 * b, 68 * b, 50 * b)),)),
                HalfSpace((0, -10, 718), (0, 0.30, -1)),
            ),
            10.0,
        ),
        7.0,
        draw_waves(rng, 7, 14, 30),
    )
    nuclei = tuple(Ellipsoid((s * 20, -8, 748), (9, 20, 13)) for s in (-1, 1))
    horns: list[Shape] = []
    for s in (-1, 1):
        path = spline(
            [
                (s * 8, -48, 754, 4),
                (s * 9, -15, 764, 5.5),
                (s * 16, 20, 762, 6.5),
                (s * 24, 34, 746, 6),
            ],
            7,
        )
        horns.append(Tube(path[:, :3], path[:, 3]))
    return [
        Structure(((n["skull"], 0.0), (n["bone_marrow"], 2.4)), _face()),
        Structure(((n["skull"], 0.0),), (shell,)),
        Structure(((n["csf"], 0.0),), (inside,)),
        Structure(
            ((n["brain"], 0.0),),
            (
                halves,
                Wavy(Ellipsoid((0, 34, 704), (46, 35, 28)), 1.2, waves),
            ),
        ),
        Structure(
            ((n["brain_white"], 0.0),),
            (
                white,
                Tube(
                    np.array([(0, 6, 722.0), (0, 10, 690), (0, 16, 664)]),
                    np.array([15.0, 13, 7]),
                ),
            ),
        ),
        Structure(((n["brain"], 0.0),), nuclei),
        Structure(((n["csf"], 0.0),), (*horns, Ellipsoid((0, -4, 744), (2.5, 16, 9)))),
        Structure(
            ((n["fat"], 0.0),),
            tuple(Ellipsoid((s * 30, -68, 708), (17, 24, 16)) for s in (-1, 1)),
        ),
        Structure(
            ((n["eyes"], 0.0),),
            tuple(Ellipsoid((s * 31, -82, 708), (12, 12, 12)) for s in (-1, 1)),
        ),
        *_air(rng),
    ]


def _face() -> tuple[Shape, ...]:
    """Return upper jaw, cheeks, skull base, mastoids, lower jaw and teeth."""
    parts: list[Shape] = [
        Ellipsoid((0, -64, 682), (42, 28, 36), power=2.6),
        Ellipsoid((0, -20, 694), (46, 40, 14), _tilted(-16), power=2.6),
        Ellipsoid((0, 30, 668), (34, 26, 8), _tilted(20)),
    ]
    for s in (-1, 1):
        arch = spline(
            [
                (s * 42, -76, 688, 7),
                (s * 58, -62, 690, 5),
                (s * 64, -30, 694, 4),
                (s * 62, -8, 696, 5),
            ],
            7,
        )
        parts.append(Tube(arch[:, :3], arch[:, 3]))
        parts.append(Ellipsoid((s * 54, 12, 682), (13, 19, 24)))
        jaw = spline(
            [
                (s * 52, -12, 688, 6),
                (s * 50, -16, 655, 7),
                (s * 46, -26, 628, 8),
                (s * 34, -62, 616, 8),
                (s * 16, -88, 612, 8.5),
                (0, -95, 612, 9),
            ],
            13,
        )
        parts.append(Tube(jaw[:, :3], jaw[:, 3], (1.25, 1.25, 0.75)))
        for level, lean in ((638, 0.0), (650, 2.0)):
            row = spline(
                [
                    (s * 29, -48 - lean, level, 4.5),
                    (s * 24, -72 - lean, level, 4.5),
                    (0, -92 - lean, level, 4),
                ],
                7,
            )
            parts.append(Tube(row[:, :3], row[:, 3], (1, 1, 0.75)))
    return tuple(parts)


def _air(rng: np.random.Generator) -> list[Structure]:
    """Return nose, sinuses, mastoid cells, throat and voice box."""
    n = LABELS
    size = float(rng.uniform(0.85, 1.15))
    throat = spline(
        [
            (0, -32, 690, 9),
            (0, -22, 665, 8),
            (0, -20, 640, 8),
            (0, -26, 610, 7),
            (0, -30, 590, 6.5),
            (0, -26, 575, 7),
        ],
        11,
    )
    shapes: list[Shape] = [Tube(throat[:, :3], throat[:, 3], (0.75, 1.15, 1))]
    for s in (-1, 1):
        shapes += [
            Ellipsoid((s * 7, -68, 680), (3.5, 32, 20)),
            Ellipsoid((s * 28, -64, 678), (12 * size, 16 * size, 15 * size), power=2.6),
            Ellipsoid((s * 10, -94, 732), (10 * size, 4 * size, 9 * size)),
            Ellipsoid((s * 8, -52, 708), (5, 20, 9), power=2.6),
            Wavy(
                Ellipsoid((s * 54, 14, 684), (7, 11, 14)),
                3.0,
                draw_waves(rng, 5, 6, 12),
            ),
            Tube(np.array([(s * 62, 0, 694.0), (s * 78, 4, 694)]), np.array([3.5, 3.5])),
        ]
    shapes.append(Ellipsoid((0, -24, 704), (13 * size, 11 * size, 9 * size)))
    turbinates = tuple(Ellipsoid((s * 10, -68, 676), (3, 22, 6)) for s in (-1, 1))
    tongue = Ellipsoid((0, -58, 638), (24, 34, 20))
    cartilage = (
        Tube(
            np.array(
                [
                    (-16, -26, 582.0),
                    (-9, -40, 584),
                    (0, -46, 586),
                    (9, -40, 584),
                    (16, -26, 582),
                ]
            ),
            np.array([3.0, 3, 3.5, 3, 3]),
            (1, 1, 0.35),
        ),
    )
    thyroid = tuple(Ellipsoid((s * 19, -24, 562), (8, 9, 22)) for s in (-1, 1))
    return [
        Structure(((n["muscle"], 0.0),), (tongue,)),
        Structure(((n["cartilage"], 0.0),), cartilage),
        Structure(((n["thyroid"], 0.0),), thyroid),
        Structure(((n["airways"], 0.0),), tuple(shapes)),
        Structure(((n["muscle"], 0.0),), turbinates),
    ]
