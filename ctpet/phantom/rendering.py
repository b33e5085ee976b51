"""An anatomy on a grid: how much of each voxel belongs to what, and the label map."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.phantom.anatomy import Anatomy, Structure
from ctpet.phantom.coverage import Grid, Region, cover, grid_of, region_of
from ctpet.phantom.labels import LABELS
from ctpet.phantom.shapes import Floats
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
        return (
            sum(float(a.sum(dtype=np.float64)) for a in arrays)
            * self.geometry.voxel_volume_ml
        )


def render_fractions(anatomy: Anatomy, geometry: Geometry) -> Rendering:
    """Render a patient onto a grid of any resolution and orientation.

    Structures are painted one over the other; a voxel on a surface is shared by what lies on
    both sides.

    Args:
        anatomy: the patient.
        geometry: what to render onto.

    Returns:
        The fraction of each label in each voxel.
    """
    left = np.ones(geometry.shape, dtype=np.float32)
    found: dict[int, list[Fraction]] = {}
    for label, piece in reversed(list(paint(anatomy, geometry))):
        view = left[piece.region]
        np.multiply(piece.array, view, out=piece.array)
        view -= piece.array
        found.setdefault(label, []).append(piece)
    everywhere = (
        slice(0, left.shape[0]),
        slice(0, left.shape[1]),
        slice(0, left.shape[2]),
    )
    found.setdefault(LABELS["background"], []).append(Fraction(everywhere, left))
    return Rendering(
        geometry, {label: _merged(parts) for label, parts in sorted(found.items())}
    )


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


def paint(anatomy: Anatomy, geometry: Geometry) -> Iterator[tuple[int, Fraction]]:
    """Yield what to paint over a grid of air, in this order: a label, and what of each voxel.

    Nothing of the patient leaves the body: each layer covers at most what lies within the skin.
    """
    yield from covers(anatomy.table, grid_of(geometry, RIGID))
    grid = grid_of(geometry, anatomy.frame)
    body: Fraction | None = None
    for structure in anatomy.structures:
        for label, piece in covers(structure, grid):
            if structure is anatomy.structures[0]:
                body = piece
            elif body is not None:
                piece = _cropped(piece, body.region)
                inner = _within(piece.region, body.region)
                np.minimum(piece.array, body.array[inner], out=piece.array)
            if piece.array.size:
                yield label, piece


def covers(structure: Structure, grid: Grid) -> Iterator[tuple[int, Fraction]]:
    """Yield a structure's layers from the outermost inwards, each as what it covers.

    A layer covers what the layers within it cover too: paint them in this order.
    """
    insets = [inset for _, inset in structure.layers]
    pieces = [(region_of(shape, grid), shape) for shape in structure.parts]
    seen = [(region, shape) for region, shape in pieces if region is not None]
    if not seen:
        return
    box = _union([region for region, _ in seen])
    whole: list[Floats] | None = None
    for region, shape in seen:
        arrays = cover(shape, insets, grid, region)
        if len(seen) == 1:
            whole = arrays
            break
        if whole is None:
            whole = [
                np.zeros([s.stop - s.start for s in box], np.float32) for _ in insets
            ]
        inner = _within(region, box)
        for total, array in zip(whole, arrays, strict=True):
            np.maximum(total[inner], array, out=total[inner])
    assert whole is not None
    for (label, _), array in zip(structure.layers, whole, strict=True):
        yield label, Fraction(box, array)


def _merged(parts: list[Fraction]) -> Fraction:
    """Return several boxes of one label as one."""
    if len(parts) == 1:
        return parts[0]
    box = _union([part.region for part in parts])
    total = np.zeros([s.stop - s.start for s in box], dtype=np.float32)
    for part in parts:
        total[_within(part.region, box)] += part.array
    return Fraction(box, total)


def _cropped(piece: Fraction, box: Region) -> Fraction:
    """Return the part of a box that lies within another."""
    k, j, i = (
        slice(max(r.start, b.start), max(min(r.stop, b.stop), r.start, b.start))
        for r, b in zip(piece.region, box, strict=True)
    )
    region = (k, j, i)
    return Fraction(region, piece.array[_within(region, piece.region)])


def _union(regions: list[Region]) -> Region:
    k, j, i = (
        slice(min(r[a].start for r in regions), max(r[a].stop for r in regions))
        for a in range(3)
    )
    return k, j, i


def _within(region: Region, box: Region) -> Region:
    k, j, i = (
        slice(r.start - b.start, r.stop - b.start)
        for r, b in zip(region, box, strict=True)
    )
    return k, j, i
