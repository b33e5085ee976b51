"""An anatomy on a grid: how much of each voxel belongs to what, and the label map."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy import Anatomy
from ctpet.phantom.coverage import Grid, Region, cover, grid_of, regions_of
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import Floats
from ctpet.phantom.structure import Structure
from ctpet.phantom.table import RIGID
from ctpet.volume import Geometry


@dataclass(frozen=True, eq=False)
class Fraction:
    """How much of each voxel of a box one label takes.

    Attributes:
        region: the box, slices along (k, j, i) of the geometry; outside it the fraction is 0.
        array: float32 in [0, 1], of the box's size.
    """

    region: Region
    array: Floats


@dataclass(frozen=True, eq=False)
class Rendering:
    """What a patient is made of on a grid; the fractions of all labels sum to 1 everywhere.

    Attributes:
        geometry: where the voxels lie.
        fractions: label number to where it is; labels that the grid does not see are absent.
            ``background`` (0) is air around the patient.
    """

    geometry: Geometry
    fractions: Mapping[int, Fraction]

    def full(self, *labels: int) -> Floats:
        """Return the summed fraction of some labels on the whole grid, float32 (k, j, i)."""
        total = np.zeros(self.geometry.shape, dtype=np.float32)
        for label in labels:
            if label in self.fractions:
                total[self.fractions[label].region] += self.fractions[label].array
        return total

    def volume_ml(self, *labels: int) -> float:
        """Return how many millilitres of the grid some labels take together."""
        arrays = (self.fractions[n].array for n in labels if n in self.fractions)
        return sum(float(a.sum(dtype=np.float64)) for a in arrays) * self.geometry.voxel_volume_ml


@dataclass(frozen=True, eq=False)
class Coat:
    """What one structure paints.

    Attributes:
        region: the box that it may reach.
        shares: label and how much of each voxel it takes, from the outermost layer inwards.
        total: the sum of the shares.
    """

    region: Region
    shares: tuple[tuple[int, Floats], ...]
    total: Floats


def render_fractions(anatomy: Anatomy, geometry: Geometry) -> Rendering:
    """Render a patient onto a grid of any resolution and orientation.

    Structures are painted one over the other within the body's inside; a voxel on a surface is
    shared by what lies on both sides.

    Args:
        anatomy: the patient.
        geometry: what to render onto.

    Returns:
        The fraction of each label in each voxel.
    """
    found: dict[int, list[Fraction]] = {}
    grid = grid_of(geometry, anatomy.frame)
    outside = np.ones(geometry.shape, dtype=np.float32)
    body = coat(anatomy.structures[0], grid)
    if body is not None:
        inside = body.shares[-1][1].copy()
        for structure in reversed(anatomy.structures[1:]):
            _take(coat(structure, grid), inside, body.region, found)
        shares = (*body.shares[:-1], (body.shares[-1][0], inside))
        for label, share in shares:
            found.setdefault(label, []).append(Fraction(body.region, share))
        outside[body.region] -= body.total
    everywhere = _everywhere(geometry)
    rigid = grid_of(geometry, RIGID)
    for structure in (anatomy.table, *anatomy.supports):
        _take(coat(structure, rigid), outside, everywhere, found)
    found.setdefault(LABELS["background"], []).append(Fraction(everywhere, outside))
    return Rendering(geometry, {label: _merged(parts) for label, parts in sorted(found.items())})


def _take(paint: Coat | None, left: Floats, box: Region, found: dict[int, list[Fraction]]) -> None:
    """Give a coat its shares of what is left in a box, and leave the rest."""
    if paint is None or (common := _common(paint.region, box)) is None:
        return
    view, inner = left[_within(common, box)], _within(common, paint.region)
    for label, share in paint.shares:
        taken = share[inner] * view
        found.setdefault(label, []).append(Fraction(common, taken))
    view *= 1 - paint.total[inner]


def render_labels(anatomy: Anatomy, geometry: Geometry) -> NDArray[np.uint8]:
    """Return the label that has most of each voxel, uint8 (k, j, i); see ``labels.LABELS``."""
    rendering = render_fractions(anatomy, geometry)
    best = np.zeros(geometry.shape, dtype=np.float32)
    out = np.zeros(geometry.shape, dtype=np.uint8)
    for label, part in rendering.fractions.items():
        more = part.array > best[part.region]
        out[part.region][more] = label
        best[part.region][more] = part.array[more]
    return out


def render_values(
    anatomy: Anatomy, geometry: Geometry, values: Mapping[int, float]
) -> NDArray[np.float32]:
    """Return the mean of what lies in each voxel, float32 (k, j, i).

    It is the sum of the fractions of `render_fractions` times their values, without keeping them.

    Args:
        anatomy: the patient.
        geometry: what to render onto.
        values: of each label.
    """
    grid = grid_of(geometry, anatomy.frame)
    out = np.full(geometry.shape, values[LABELS["background"]], dtype=np.float32)
    rigid = grid_of(geometry, RIGID)
    for structure in (*reversed(anatomy.supports), anatomy.table):
        _paint(coat(structure, rigid), values, out)
    body = coat(anatomy.structures[0], grid)
    if body is None:
        return out
    inside = np.full(geometry.shape, values[body.shares[-1][0]], dtype=np.float32)
    for structure in anatomy.structures[1:]:
        _paint(coat(structure, grid), values, inside)
    view = out[body.region]
    view *= 1 - body.total
    for label, share in body.shares[:-1]:
        view += share * np.float32(values[label])
    view += body.shares[-1][1] * inside[body.region]
    return out


def _paint(paint: Coat | None, values: Mapping[int, float], image: Floats) -> None:
    """Put a coat over an image."""
    if paint is None:
        return
    view = image[paint.region]
    if len(paint.shares) == 1:
        view += paint.total * (np.float32(values[paint.shares[0][0]]) - view)
        return
    view *= 1 - paint.total
    for label, share in paint.shares:
        view += share * np.float32(values[label])


def coat(structure: Structure, grid: Grid) -> Coat | None:
    """Return what a structure covers of each voxel; None if the grid does not see it."""
    insets = [inset for _, inset in structure.layers]
    pieces = zip(regions_of(structure.boxes, grid), structure.parts, strict=True)
    seen = [(region, shape) for region, shape in pieces if region is not None]
    if not seen:
        return None
    box = _union([region for region, _ in seen])
    if len(seen) == 1:
        whole = cover(seen[0][1], insets, grid, box)
    else:
        size = [s.stop - s.start for s in box]
        whole = [np.zeros(size, np.float32) for _ in insets]
        for region, shape in seen:
            inner = _within(region, box)
            for total, array in zip(whole, cover(shape, insets, grid, region), strict=True):
                np.maximum(total[inner], array, out=total[inner])
    labels = [label for label, _ in structure.layers]
    parts = [a - b for a, b in pairwise(whole)] + [whole[-1]]
    return Coat(box, tuple(zip(labels, parts, strict=True)), whole[0])


def _merged(parts: list[Fraction]) -> Fraction:
    """Return several boxes of one label as one."""
    if len(parts) == 1:
        return parts[0]
    box = _union([part.region for part in parts])
    total = np.zeros([s.stop - s.start for s in box], dtype=np.float32)
    for part in parts:
        total[_within(part.region, box)] += part.array
    return Fraction(box, total)


def _common(a: Region, b: Region) -> Region | None:
    """Return the box that two boxes share; None: they share none."""
    k, j, i = (slice(max(p.start, q.start), min(p.stop, q.stop)) for p, q in zip(a, b, strict=True))
    return (k, j, i) if all(s.start < s.stop for s in (k, j, i)) else None


def _everywhere(geometry: Geometry) -> Region:
    k, j, i = (slice(0, n) for n in geometry.shape)
    return k, j, i


def _union(regions: list[Region]) -> Region:
    k, j, i = (
        slice(min(r[a].start for r in regions), max(r[a].stop for r in regions)) for a in range(3)
    )
    return k, j, i


def _within(region: Region, box: Region) -> Region:
    k, j, i = (slice(r.start - b.start, r.stop - b.start) for r, b in zip(region, box, strict=True))
    return k, j, i
