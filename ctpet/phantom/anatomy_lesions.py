"""Lesions that CT shows: where each kind may lie, how large it is, and that it lies there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.frame import Frame
from ctpet.phantom.labels import FIRST_LESION, LABELS, NAMES
from ctpet.phantom.shapes import Ellipsoid, Points, Wavy, draw_waves
from ctpet.phantom.structure import Structure

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lesion:
    """A lesion that CT shows.

    Attributes:
        centre_mm: LPS position in the patient.
        radii_mm: half axes along x, y, z.
        host: name of the structure it lies in.
        label: its own number in label maps.
        kind: key of what it is, such as ``lung nodule``.
        hu: its mean in a CT without contrast agent.
    """

    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    host: str
    label: int
    kind: str
    hu: float


@dataclass(frozen=True)
class _Kind:
    """Where a kind of lesion lies, in the drawing's mm, and how it looks."""

    hosts: tuple[str, ...]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    radius: tuple[float, float]
    hu: tuple[float, float]


_KINDS = {
    "lung nodule": _Kind(
        ("lung_left", "lung_right"), (-130, -90, 260), (130, 90, 510), (4, 17), (20, 50)
    ),
    "liver metastasis": _Kind(("liver",), (-125, -80, 190), (60, 70, 335), (6, 24), (30, 48)),
    "mediastinal node": _Kind(("fat",), (-35, -50, 395), (40, 45, 480), (5, 11), (30, 50)),
    "axillary node": _Kind(("fat",), (-150, -25, 425), (150, 40, 490), (5, 11), (30, 50)),
    "abdominal node": _Kind(("fat",), (-60, -50, 90), (60, 40, 240), (5, 12), (30, 50)),
    "groin node": _Kind(("fat",), (-100, -75, -75), (100, -30, -5), (5, 11), (30, 50)),
    "bone metastasis": _Kind(
        ("bone_marrow",), (-95, -20, -30), (95, 110, 530), (4.5, 11), (20, 900)
    ),
    "soft tissue mass": _Kind(("muscle",), (-150, -90, -200), (150, 100, 120), (9, 34), (25, 50)),
    "adrenal mass": _Kind(("fat",), (-55, 5, 235), (55, 60, 290), (6, 13), (10, 40)),
}  # fmt: skip
"""Radii (mm) from below to well above the 10 mm short axis of RECIST 1.1 (Eisenhauer 2009)."""

_CANDIDATES = 400
_TRIES = 25
_KEEPS_OFF_MM = 1.5


def owner(structures: Sequence[Structure], points: Floats) -> NDArray[np.int64]:
    """Return the label painted last at each point of the drawing, ``(n, 3)`` to ``(n,)``."""
    labels = np.zeros(len(points), dtype=np.int64)
    low, high = points.min(axis=0), points.max(axis=0)
    for structure in structures:
        boxes = structure.boxes
        near = ((boxes[:, 0] <= high) & (boxes[:, 1] >= low)).all(axis=1)
        for n in np.flatnonzero(near):
            held = np.flatnonzero(((points >= boxes[n, 0]) & (points <= boxes[n, 1])).all(axis=1))
            if held.size:
                p = Points(*points[held].astype(np.float32).T)
                depth = structure.parts[n].distance(p)
                for label, inset in structure.layers:
                    labels[held[depth < -inset]] = label
    return labels


def draw_lesions(
    structures: Sequence[Structure], frame: Frame, rng: np.random.Generator
) -> tuple[list[Structure], list[Lesion]]:
    """Draw the lesions of a patient, from none to seven.

    Each lies wholly within its host, apart from the vessels and bone around it, and away from
    the others.

    Args:
        structures: the patient without lesions.
        frame: the patient's.
        rng: where the randomness comes from.
    """
    count = int(rng.choice(8, p=(0.15, 0.15, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05)))
    names = [str(name) for name in rng.choice(list(_KINDS), count)]
    centres = [rng.uniform(_KINDS[n].low, _KINDS[n].high, (_CANDIDATES, 3)) for n in names]
    owners = owner(structures, np.concatenate(centres)) if names else np.zeros(0, np.int64)
    painted: list[Structure] = []
    lesions: list[Lesion] = []
    taken: list[Floats] = []
    for name, points, labels in zip(names, centres, np.split(owners, max(count, 1)), strict=False):
        kind = _KINDS[name]
        low, high = kind.radius
        base = low * (high / low) ** rng.uniform()
        radii = base * rng.uniform(0.85, 1.15, 3)
        fitting = np.flatnonzero(np.isin(labels, [LABELS[host] for host in kind.hosts]))
        at = _place(structures, points[fitting], labels[fitting], radii, taken)
        waves = draw_waves(rng, 5, 1.2 * base, 3 * base)
        hu = _hu(name, kind, rng)
        if at is None:
            continue
        centre = points[fitting[at]]
        taken.append(np.array([*centre, radii.max()]))
        label = FIRST_LESION + len(lesions)
        ball = Ellipsoid(_triple(centre), _triple(radii))
        painted.append(Structure(((label, 0.0),), (Wavy(ball, 0.10 * base, waves),)))
        host = NAMES[int(labels[fitting[at]])]
        place, size = frame.to_lps(centre), radii * frame.scale
        lesions.append(Lesion(_triple(place), _triple(size), host, label, name, hu))
    return painted, lesions


def _triple(values: Floats) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _hu(name: str, kind: _Kind, rng: np.random.Generator) -> float:
    """Return a lesion's mean; bone metastases are lytic or sclerotic."""
    if name == "bone metastasis":
        return float(rng.normal(60, 15) if rng.random() < 0.6 else rng.uniform(550, kind.hu[1]))
    return float(rng.uniform(*kind.hu))


def _place(
    structures: Sequence[Structure],
    centres: Floats,
    labels: NDArray[np.int64],
    radii: Floats,
    taken: Sequence[Floats],
) -> int | None:
    """Return the first centre whose surroundings are all of its own label; None: there is none."""
    shells = [1.12 * radii + _KEEPS_OFF_MM, 0.75 * radii, 0.4 * radii]
    rim = np.concatenate([_SPHERE * size for size in shells])
    gap = [1.3 * (other[3] + radii.max()) for other in taken]
    for first in range(0, len(centres), _TRIES):
        some = centres[first : first + _TRIES]
        around = owner(structures, (some[:, None] + rim).reshape(-1, 3)).reshape(len(some), -1)
        for n in np.flatnonzero((around == labels[first : first + _TRIES, None]).all(axis=1)):
            away = (np.linalg.norm(some[n] - other[:3]) for other in taken)
            if all(a > g for a, g in zip(away, gap, strict=True)):
                return first + int(n)
    return None


def _sphere(count: int) -> Floats:
    """Return points spread evenly over the unit sphere (golden spiral), ``(count, 3)``."""
    n = np.arange(count) + 0.5
    z = 1 - 2 * n / count
    angle = np.pi * (1 + np.sqrt(5)) * n
    flat = np.sqrt(1 - z**2)
    return np.column_stack([flat * np.cos(angle), flat * np.sin(angle), z])


_SPHERE = _sphere(56)
