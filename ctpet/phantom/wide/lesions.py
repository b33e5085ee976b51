"""The lesions of a wide patient: many more than chance would give, of a few classes each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy import Body
from ctpet.phantom.anatomy_lesions import Lesion, owner
from ctpet.phantom.labels import FIRST_LESION, LABELS, NAMES
from ctpet.phantom.priors import TissuePrior
from ctpet.phantom.structure import Structure
from ctpet.phantom.wide.lesion_classes import CLASSES, LesionClass
from ctpet.phantom.wide.lesion_shapes import REACH, draw_core, draw_form

Floats = NDArray[np.float64]

NONE_SHARE = 0.08
"""Of patients without any lesion."""

MOST = 60
NECROSIS_FROM_MM = 12.0
"""Radius above which the core of a lesion may be dead."""

NATURAL_MEAN = 1.5
"""Lesions that CT shows in a patient sent for FDG-PET/CT, of all these classes; from memory."""

_COUNT_SHAPE, _COUNT_MEAN = 1.5, 14.0
_FOCUS = 0.4
"""Shape of the gamma law by which the classes' weights vary: small gives few classes a patient."""

_CANDIDATES, _FITTING = 90, 8


@dataclass(frozen=True, eq=False)
class Drawn:
    """The lesions of one patient.

    Attributes:
        structures: to paint over the anatomy.
        lesions: what they are; label n is ``FIRST_LESION`` + n.
        enhances: by label, HU that portal venous contrast agent adds.
        priors: by ``lesion_<n>``, how uptake is distributed.
    """

    structures: tuple[Structure, ...]
    lesions: tuple[Lesion, ...]
    enhances: Mapping[int, float]
    priors: Mapping[str, TissuePrior]


@dataclass(frozen=True, slots=True)
class Planned:
    """A lesion that has no place yet."""

    name: str
    radius_mm: float

    @property
    def cls(self) -> LesionClass:
        """Its class."""
        return CLASSES[self.name]

    @property
    def spared(self) -> list[int]:
        """Labels that it does not reach into: bones, unless it grows in them."""
        return _SPARED if "bone_marrow" in self.cls.hosts else [*_SPARED, *_BONES]


def plan_lesions(rng: np.random.Generator) -> list[Planned]:
    """Draw how many lesions of which class and size a patient has, largest first."""
    if rng.random() < NONE_SHARE:
        return []
    mean = 1 + rng.gamma(_COUNT_SHAPE, (_COUNT_MEAN - 1) / _COUNT_SHAPE)
    count = int(np.clip(rng.poisson(mean), 1, MOST))
    weights = np.array([c.weight for c in CLASSES.values()])
    weights *= rng.gamma(_FOCUS, 1 / _FOCUS, weights.size)
    names = rng.choice(list(CLASSES), count, p=weights / weights.sum())
    planned = []
    for name in names:
        low, high = CLASSES[str(name)].radius_mm
        planned.append(Planned(str(name), float(low * (high / low) ** rng.uniform())))
    return sorted(planned, key=lambda each: -each.radius_mm)


def draw_wide_lesions(
    body: Body, structures: Sequence[Structure], rng: np.random.Generator
) -> Drawn:
    """Draw the lesions of a patient; what finds no place is left out.

    Args:
        body: whose frame maps the drawing to LPS.
        structures: what is painted before them.
        rng: the randomness.
    """
    planned = plan_lesions(rng)
    painted: list[Structure] = []
    lesions: list[Lesion] = []
    enhances: dict[int, float] = {}
    priors: dict[str, TissuePrior] = {}
    for each, (centre, host) in _placed(planned, structures, rng):
        number = len(lesions)
        label = FIRST_LESION + number
        parts = draw_form(each.cls.forms[rng.integers(len(each.cls.forms))], centre,
                          each.radius_mm, rng)  # fmt: skip
        painted.append(Structure(((label, 0.0),), parts))
        if each.radius_mm > NECROSIS_FROM_MM and rng.random() < each.cls.necrotic:
            core = draw_core(parts, centre, each.radius_mm, rng)
            painted.append(Structure(((LABELS["necrosis"], 0.0),), core))
        place = _triple(body.frame.to_lps(centre))
        size = _triple(each.radius_mm * np.asarray(body.frame.scale))
        hu = float(rng.uniform(*each.cls.hu))
        lesions.append(Lesion(place, size, host, label, each.name, hu))
        enhances[label] = float(rng.uniform(*each.cls.enhances))
        priors[f"lesion_{number}"] = each.cls.prior(2 * each.radius_mm * body.frame.size)
    return Drawn(
        tuple(painted), tuple(lesions), MappingProxyType(enhances), MappingProxyType(priors)
    )


def _placed(
    planned: Sequence[Planned], structures: Sequence[Structure], rng: np.random.Generator
) -> list[tuple[Planned, tuple[Floats, str]]]:
    """Return those lesions that find a place, with centre and host."""
    if not planned:
        return []
    centres = [rng.uniform(p.cls.low, p.cls.high, (_CANDIDATES, 3)) for p in planned]
    owners = np.split(owner(structures, np.concatenate(centres)), len(planned))
    few: list[Floats] = []
    held: list[NDArray[np.int64]] = []
    for p, points, labels in zip(planned, centres, owners, strict=True):
        fit = np.flatnonzero(np.isin(labels, [LABELS[h] for h in p.cls.hosts]))[:_FITTING]
        few.append(points[fit])
        held.append(labels[fit])
    shells = [
        (points[:, None] + 1.1 * p.radius_mm * _AROUND).reshape(-1, 3)
        for p, points in zip(planned, few, strict=True)
    ]
    ends = np.cumsum([len(s) for s in shells])
    around = np.split(owner(structures, np.concatenate(shells)), ends[:-1]) if ends[-1] else []
    out: list[tuple[Planned, tuple[Floats, str]]] = []
    for p, points, labels, near in zip(planned, few, held, around, strict=False):
        at = _first(p, points, near.reshape(len(points), len(_AROUND)), out)
        if at is not None:
            out.append((p, (points[at], NAMES[int(labels[at])])))
    return out


def _first(
    p: Planned,
    points: Floats,
    around: NDArray[np.int64],
    taken: Sequence[tuple[Planned, tuple[Floats, str]]],
) -> int | None:
    """Return the first place with room that is free; None: there is none."""
    if not len(points):
        return None
    room = np.isin(around, [LABELS[h] for h in p.cls.hosts]).mean(axis=1)
    spared = np.isin(around, p.spared).any(axis=1)
    for n in np.flatnonzero((room >= p.cls.inside) & ~spared):
        away = (
            np.linalg.norm(points[n] - centre) > 0.75 * REACH * (other.radius_mm + p.radius_mm)
            for other, (centre, _) in taken
        )
        if all(away):
            return int(n)
    return None


_SPARED = [LABELS[name] for name in ("background", "heart_blood", "aorta", "spinal_cord", "skin")]
"""No lesion reaches into these."""

_BONES = [LABELS[name] for name in ("ribs", "sternum", "spine", "pelvis", "femora", "humeri")]


def _sphere(count: int) -> Floats:
    """Return points spread evenly over the unit sphere (golden spiral), ``(count, 3)``."""
    n = np.arange(count) + 0.5
    z = 1 - 2 * n / count
    angle = np.pi * (1 + np.sqrt(5)) * n
    flat = np.sqrt(1 - z**2)
    return np.column_stack([flat * np.cos(angle), flat * np.sin(angle), z])


_AROUND = _sphere(20)


def _triple(values: Floats) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z
