"""The spine: a curved column of vertebrae and discs, their arches, the cord and the sacrum."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline

from ctpet.phantom.labels import LABELS
from ctpet.phantom.loft import loft
from ctpet.phantom.shapes import Ellipsoid, Shape, Tube, tubes
from ctpet.phantom.structure import Structure

# z and y of the vertebral bodies' centres
_CURVE = (
    (75, 46),
    (100, 34),
    (165, 26),
    (240, 36),
    (330, 52),
    (430, 56),
    (530, 36),
    (580, 16),
    (630, 12),
    (655, 14),
)
# z of the discs below each vertebra, L5 to C2 (17 thoracolumbar, 6 cervical), and the top of C2
DISCS_Z = np.concatenate(
    [
        np.linspace(80, 250, 6)[:-1],
        np.linspace(250, 535, 13)[:-1],
        np.linspace(535, 640, 7),
    ]
)


@dataclass(frozen=True, eq=False)
class Spine:
    """Where the spine runs.

    Attributes:
        curve: y of the bodies' centres over z, mm.
        bend: sideways bend, mm.
    """

    curve: CubicSpline
    bend: float

    def at(self, z: float) -> tuple[float, float]:
        """Return x and y of the bodies' centre at a height."""
        x = self.bend * np.sin((z - 80) / 480 * 2 * np.pi)
        return float(x), float(self.curve(np.clip(z, 60, 660)))


def draw_spine(rng: np.random.Generator) -> Spine:
    """Draw a spine's curvature."""
    rows = np.asarray(_CURVE, dtype=np.float64)
    kyphosis, lordosis = rng.normal(0, 3.0), rng.normal(0, 3.0)
    y = rows[:, 1] + kyphosis * np.exp(-(((rows[:, 0] - 400) / 80) ** 2))
    y -= lordosis * np.exp(-(((rows[:, 0] - 165) / 60) ** 2))
    return Spine(CubicSpline(rows[:, 0], y), float(rng.normal(0, 3.0)))


def _body_size(z: float) -> tuple[float, float]:
    """Return half width and half depth of a vertebral body at a height."""
    at = (80, 165, 250, 400, 535, 640)
    return (
        float(np.interp(z, at, (26, 24, 21.5, 16, 13, 9.5))),
        float(np.interp(z, at, (17.5, 17, 16, 14.5, 10, 8))),
    )


def vertebrae(spine: Spine) -> list[Structure]:
    """Return bodies, discs, arches, processes, cord and sacrum."""
    n = LABELS
    rows, discs = [], []
    for low, high in pairwise(DISCS_Z):
        for part, waist in ((0.0, 1.0), (0.15, 1.02), (0.5, 0.90), (0.85, 1.02)):
            z = low + part * (high - low)
            x, y = spine.at(z)
            wide, deep = (v * waist for v in _body_size(z))
            rows.append((z, wide, y - deep, y + deep * 0.85, y, x))
        thick = 0.5 * (0.24 if low < 245 else 0.17) * (high - low)
        x, y = spine.at(low)
        wide, deep = _body_size(low)
        slope = -(spine.at(low + 5)[1] - spine.at(low - 5)[1]) / 10
        turn = np.array([(1, 0, 0), (0, 1, slope), (0, -slope, 1)], dtype=np.float64)
        turn /= np.linalg.norm(turn, axis=1, keepdims=True)
        discs.append(Ellipsoid((x, y - 0.5, low), (wide + 1, deep + 0.5, thick), turn, power=4.0))
    column = loft(rows, square=0.15)
    arches: list[Shape] = []
    canal = []
    for low, high in pairwise(DISCS_Z):
        arches += _arch(spine, float(low), float(high))
    for z in np.linspace(90, 665, 30):
        x, y = spine.at(z)
        canal.append((x, y + _body_size(z)[1] + 7.5, z, 6.0 if z > 230 else 7.0))
    cord = np.asarray(canal)
    inner = cord.copy()
    inner[:, 3] *= 0.62
    return [
        Structure(((n["spine"], 0.0), (n["bone_marrow"], 2.6)), tuple(arches)),
        Structure(((n["spine"], 0.0), (n["bone_marrow"], 2.0)), (column,)),
        Structure(((n["discs"], 0.0),), tuple(discs)),
        _sacrum(),
        Structure(((n["csf"], 0.0),), tubes(cord)),
        Structure(((n["spinal_cord"], 0.0),), tubes(inner[8:])),
    ]


def _arch(spine: Spine, low: float, high: float) -> list[Shape]:
    """Return pedicles, laminae, spinous and transverse processes of one vertebra."""
    z = (low + high) / 2
    x, y = spine.at(z)
    wide, deep = _body_size(z)
    back = y + deep
    tail = float(np.interp(z, (80, 250, 400, 520, 640), (26, 24, 20, 26, 14)))
    drop = float(np.interp(z, (80, 240, 330, 450, 540), (6, 10, 30, 30, 8)))
    reach = float(np.interp(z, (80, 165, 250, 400, 530, 640), (46, 46, 34, 32, 36, 26)))
    r = float(np.interp(z, (80, 250, 540, 640), (5.5, 4.5, 4.0, 3.0)))
    roof = (x, back + 17, z - 0.3 * drop)
    parts: list[Shape] = [
        Tube(
            np.array([roof, (x, back + 17 + tail, z - drop)]),
            np.array([r, r * 0.9]),
            (1.3, 1, 0.65),
        )
    ]
    for side in (-1, 1):
        corner = (x + side * (0.62 * wide + 3), back + 5, z + 1)
        tip = (x + side * reach, back + (10 if z > 245 else 4), z + 2)
        parts.append(
            Tube(
                np.array([(x + side * 0.6 * wide, back - 3, z + 2), corner, roof]),
                np.array([r, r, r * 0.8]),
                (1, 1, 0.7),
            )
        )
        parts.append(Tube(np.array([corner, tip]), np.array([r, r * 0.75])))
    return parts


def _sacrum() -> Structure:
    """Return sacrum and coccyx: a wide curved wedge."""
    n = LABELS
    rows = [
        (-38, 5, 68, 76, 72),
        (-15, 9, 76, 88, 82),
        (10, 20, 76, 98, 86),
        (35, 34, 66, 98, 82),
        (60, 48, 48, 92, 68),
        (76, 52, 32, 84, 58),
        (84, 40, 30, 76, 52),
    ]
    return Structure(((n["spine"], 0.0), (n["bone_marrow"], 2.0)), (loft(rows, square=0.1),))
