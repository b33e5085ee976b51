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
    "liver metastasis": _Kind(
        ("liver",), (-125, -80, 190), (60, 70, 335), (6, 24), (30, 48)
    ),
    "mediastinal node": _Kind(
        ("fat",), (-35, -50, 395), (40, 45, 480), (5, 11), (30, 50)
    ),
    "axillary node": _Kind(
        ("fat",), (-150, -25, 425), (150, 40, 490), (5, 11), (30, 50)
    ),
    "abdominal node": _Kind(("fat",), (-60, -50, 90), (60, 40, 240), (5, 12), (30, 50)),
    "groin node": _Kind(("fat",), (-100, -75, -75), (100, -30, -5), (5, 11), (30, 50)),
    "bone metastasis": _Kind(
        ("bone_marrow",), (-95, -20, -30), (95, 110, 530), (4.5, 11), (20, 900)
    ),
    "soft tissue mass": _Kind(
        ("muscle",), (-150, -90, -200), (150, 100, 120), (9, 34), (25, 50)
    ),
    "adrenal mass": _Kind(("fat",), (-55, 5, 235), (55, 60, 290), (6, 13), (10, 40)),
}
"""Radii (mm) from below to well above the 10 mm short axis of RECIST 1.1 (Eisenhauer 2009)."""

_TRIES = 60
_KEEPS_OFF_MM = 1.5


def owner(structures: Sequence[Structure], points: Floats) -> NDArray[np.int64]:
    """Return the label that is painted last at each point of the drawing, ``(n, 3)`` to ``(n,)``."""
    p = Points(*(points[:, n].astype(np.float32) for n in range(3)))
    labels = np.zeros(len(points), dtype=np.int64)
    low, high = points.min(axis=0), points.max(axis=0)
    for structure in structures:
        depth = np.full(len(points), np.inf, dtype=np.float32)
        for shape in structure.parts:
            box = shape.bounds()
            if (box[0] <= high).all() and (box[1] >= low).all():
                np.minimum(depth, shape.distance(p), out=depth)
        for label, inset in structure.layers:
            labels[depth < -inset] = label
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
    painted, lesions = [], []
    taken: list[Floats] = []
    for _ in range(
        int(rng.choice(8, p=(0.15, 0.15, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05)))
    ):
        name = str(rng.choice(list(_KINDS)))
        kind = _KINDS[name]
        low, high = kind.radius
        base = low * (high / low) ** rng.uniform()
        radii = base * rng.uniform(0.85, 1.15, 3)
        found = _place(structures, kind, radii, taken, rng)
        if found is None:
            continue
        at, host = found
        taken.append(np.array([*at, radii.max()]))
        label = FIRST_LESION + len(lesions)
        waves = draw_waves(rng, 5, 1.2 * base, 3 * base)
        shape = Wavy(
            Ellipsoid(tuple(at.tolist()), tuple(radii.tolist())), 0.10 * base, waves
        )
        painted.append(Structure(((label, 0.0),), (shape,)))
        lesions.append(
            Lesion(
                tuple(frame.to_lps(at).tolist()),
                tuple((radii * frame.scale).tolist()),
                host,
                label,
                name,
                _hu(name, kind, rng),
            )
        )
    return painted, lesions


def _hu(name: str, kind: _Kind, rng: np.random.Generator) -> float:
    """Return a lesion's mean; bone metastases are lytic or sclerotic."""
    if name == "bone metastasis":
        return float(
            rng.normal(60, 15) if rng.random() < 0.6 else rng.uniform(550, kind.hu[1])
        )
    return float(rng.uniform(*kind.hu))


def _place(
    structures: Sequence[Structure],
    kind: _Kind,
    radii: Floats,
    taken: Sequence[Floats],
    rng: np.random.Generator,
) -> tuple[Floats, str] | None:
    """Return a centre whose surroundings all are the host, and the host; None: none was found."""
    hosts = [LABELS[name] for name in kind.hosts]
    centres = rng.uniform(kind.low, kind.high, (_TRIES * 10, 3))
    labels = owner(structures, centres)
    ball = rng.normal(size=(40, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    rim = np.concatenate([ball * (1.12 * radii + _KEEPS_OFF_MM), 0.5 * ball * radii])
    for centre, label in list(zip(centres, labels, strict=True)):
        if label not in hosts:
            continue
        if any(
            np.linalg.norm(centre - o[:3]) < 1.3 * (o[3] + radii.max()) for o in taken
        ):
            continue
        if (owner(structures, centre + rim) == label).all():
            return centre, NAMES[int(label)]
    return None
