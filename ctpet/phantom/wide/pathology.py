"""What goes wrong beside lesions: fluid in chest and belly, calcium, metal."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy import Body
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import (
    Ellipsoid,
    HalfSpace,
    Intersection,
    Outside,
    Shape,
    Tube,
    Wavy,
    draw_waves,
)
from ctpet.phantom.structure import Structure

EFFUSION_SHARE, ASCITES_SHARE = 0.15, 0.08
METAL_SHARE = 0.2
_CALCIUM_FROM_YEARS = 50


def with_pathology(body: Body, rng: np.random.Generator) -> list[Structure]:
    """Return the structures of a patient with fluid, calcium and metal put between them."""
    out: list[Structure] = []
    wet = {label: rng.random() < EFFUSION_SHARE for label in ("lung_left", "lung_right")}
    ascites = rng.random() < ASCITES_SHARE
    lungs: dict[int, Shape] = {}
    for structure in body.structures:
        out.append(structure)
        label = structure.layers[0][0]
        if label in (LABELS["lung_left"], LABELS["lung_right"]):
            lungs[label] = structure.parts[0]
        if label == LABELS["lung_vessels"]:
            out += [_effusion(lungs[LABELS[n]], rng) for n, is_wet in wet.items() if is_wet]
        if ascites and body.walls.cavity in structure.parts:
            out.append(_ascites(body, rng))
    return [*out, *_calcium(body, rng), *_metal(body, rng)]


def _effusion(lung: Shape, rng: np.random.Generator) -> Structure:
    """Return fluid that has sunk to the back of a lung's room, lowest at the base."""
    level = float(rng.uniform(5, 70))
    tilt = float(rng.uniform(0.1, 0.5))
    surface = HalfSpace((0.0, level, 330.0), (0.0, -1.0, tilt))
    room = Intersection((lung, surface), 8.0)
    return Structure(((LABELS["effusion"], 0.0),), (Wavy(room, 1.5, draw_waves(rng, 4, 40, 90)),))


def _ascites(body: Body, rng: np.random.Generator) -> Structure:
    """Return fluid around the organs of the belly, in front of the spine, around a mesentery."""
    top = float(rng.uniform(150, 330))
    mesentery = Ellipsoid((0.0, -20.0, 150.0), (75.0, 45.0, 80.0))
    room = Intersection(
        (
            body.walls.cavity,
            Outside(body.diaphragm),
            HalfSpace((0.0, 30.0, 0.0), (0.0, 1.0, 0.0)),
            HalfSpace((0.0, 0.0, top), (0.0, 0.0, 1.0)),
            Outside(Wavy(mesentery, 10.0, draw_waves(rng, 5, 30, 80))),
        ),
        6.0,
    )
    return Structure(((LABELS["ascites"], 0.0),), (room,))


def _calcium(body: Body, rng: np.random.Generator) -> list[Structure]:
    """Return calcium in the wall of the aorta and the vessels that leave it, more with age."""
    burden = max(0.0, (body.traits.age_years - _CALCIUM_FROM_YEARS) / 35) * rng.gamma(1.0, 1.0)
    count = int(np.clip(rng.poisson(14 * burden), 0, 40))
    aorta = [s for s in body.structures if s.layers[0][0] == LABELS["aorta"]]
    if not count or not aorta:
        return []
    tubes = [part for s in aorta for part in s.parts if isinstance(part, Tube)]
    points = np.concatenate([t.points for t in tubes])
    radii = np.concatenate([t.radii for t in tubes])
    parts = []
    for n in rng.integers(len(points), size=count):
        angle = rng.uniform(0, 2 * np.pi)
        at = points[n] + radii[n] * np.array([np.cos(angle), np.sin(angle), rng.normal(0, 0.4)])
        size = rng.uniform(1.2, 3.5, 3) * (1, 1, 1.6)
        parts.append(_ellipsoid(at, size))
    return [Structure(((LABELS["calcification"], 0.0),), tuple(parts))]


def _metal(body: Body, rng: np.random.Generator) -> list[Structure]:
    """Return an implant: a hip, fillings, rods along the spine, or a pacemaker."""
    if rng.random() >= METAL_SHARE:
        return []
    makers = (_hip, _fillings, _rods, _pacemaker)
    parts = makers[int(rng.integers(len(makers)))](body, rng)
    return [Structure(((LABELS["metal"], 0.0),), tuple(parts))]


def _hip(body: Body, rng: np.random.Generator) -> Sequence[Shape]:
    """Return a prosthesis in place of a thigh bone's head and shaft."""
    heads = [
        part
        for s in body.structures
        if s.layers[0][0] == LABELS["cartilage"] and len(s.parts) == 2
        for part in s.parts
        if isinstance(part, Ellipsoid)
    ]
    if not heads:
        return _rods(body, rng)
    x, y, z = heads[int(rng.integers(len(heads)))].centre
    side = float(np.sign(x))
    neck = np.array([[x, y, z], [x + side * 32, y + 8, z - 26], [x + side * 30, y + 8, z - 110]])
    return [Ellipsoid((x, y, z), (15.0, 15.0, 15.0)), Tube(neck, np.array([7.0, 7.0, 5.0]))]


def _fillings(_: Body, rng: np.random.Generator) -> Sequence[Shape]:
    """Return a few teeth with metal, along the jaw's arch."""
    angles = rng.uniform(-1.2, 1.2, int(rng.integers(2, 7)))
    return [
        _ellipsoid(
            np.array([24 * np.sin(a), -42 - 24 * np.cos(a), 662 + 8 * rng.random()]),
            np.array([3.0, 3.0, 3.5]),
        )
        for a in angles
    ]


def _rods(body: Body, rng: np.random.Generator) -> Sequence[Shape]:
    """Return two rods behind the spine and the screws that hold them."""
    low = float(rng.uniform(90, 300))
    heights = np.linspace(low, low + float(rng.uniform(60, 120)), 4)
    middle = np.array([[*body.spine.at(z), z] for z in heights])
    parts: list[Shape] = []
    for side in (-18.0, 18.0):
        rod = middle + np.array([side, 34.0, 0.0])
        screw = np.array([-0.5 * side, -38.0, 0.0])
        parts.append(Tube(rod, np.full(4, 3.0)))
        parts += [Tube(np.stack([at, at + screw]), np.array([3.0, 2.2])) for at in rod]
    return parts


def _pacemaker(_: Body, rng: np.random.Generator) -> Sequence[Shape]:
    """Return a pacemaker's can under the skin of the left chest, and its lead."""
    can = Ellipsoid((88.0, -88.0 + 6 * float(rng.random()), 462.0), (24.0, 4.5, 21.0), power=3.0)
    lead = [(70, -80, 470), (40, -45, 500), (-10, -30, 480), (-22, -30, 430), (5, -55, 380)]
    return [can, Tube(np.array(lead, dtype=np.float64), np.full(5, 1.3))]


def _ellipsoid(at: NDArray[np.float64], size: NDArray[np.float64]) -> Ellipsoid:
    x, y, z = (float(v) for v in at)
    a, b, c = (float(v) for v in size)
    return Ellipsoid((x, y, z), (a, b, c))
