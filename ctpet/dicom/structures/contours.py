"""RT Structure Sets (PS3.3 A.19, C.8.8.5 and C.8.8.6): closed contours, filled."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from scipy import ndimage

from ctpet.dicom.structures.polygons import Mask, Polygon, filled
from ctpet.dicom.structures.structure import (
    Structure,
    Structures,
    StructureUnreadable,
    coded,
    empty,
    texts,
    unread,
)
from ctpet.findings import Finding
from ctpet.volume import Geometry, LabelMap

_WHAT = "Region"
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_FLAT_MM = 0.5
"""A contour whose points lie farther from one plane of the image is not drawn in it."""
_OFF_LATTICE = 0.15
"""Of a step between planes; contours farther from a plane lie on no lattice."""
_BRIDGED_PLANES = 2
"""As many planes without contours are filled between contours that overlap."""
_FINE_MM = 1.0
_MOST_PLANES = 10_000


@dataclass(frozen=True, eq=False)
class _Contour:
    points_mm: NDArray[np.float64]
    xor: bool


def read_contours(ds: Dataset, image: Geometry) -> Structures:
    """Fill the closed contours of every region.

    A contour stands for a slab that reaches half way to the neighbouring contours' planes, also
    where these are not slices of the image. Of contours in one plane, one inside another is a
    hole, as is an inner boundary that a narrow channel joins to the outer one (keyhole).

    Args:
        ds: the structure set.
        image: that it was drawn on; its pixels are those that are filled where the contours lie
            in its planes along any axis, else pixels of 1 mm.

    Raises:
        StructureUnreadable: there is no region in it.
    """
    names = {str(one.get("ROINumber")): one for one in ds.get("StructureSetROISequence") or ()}
    about = {
        str(one.get("ReferencedROINumber")): one
        for one in ds.get("RTROIObservationsSequence") or ()
    }
    regions = list(ds.get("ROIContourSequence") or ())
    if not names and not regions:
        raise StructureUnreadable("it names no region")
    found: list[Structure] = []
    findings: list[Finding] = []
    drawn = {str(one.get("ReferencedROINumber")): one for one in regions}
    for order, number in enumerate(dict.fromkeys((*names, *drawn)), start=1):
        try:
            contours, told = _contours(drawn.get(number, Dataset()), order)
            marked, bridged = _marked(contours, image) if contours else (None, 0)
            findings += [*told, *_bridged_finding(order, bridged)]
        except StructureUnreadable as error:
            findings.append(unread(_WHAT, order, error))
            continue
        if marked is None:
            findings += [] if told else [empty(_WHAT, order)]
            continue
        named, observed = names.get(number, Dataset()), about.get(number, Dataset())
        found.append(_structure(ds, named, observed, marked))
    return Structures(tuple(found), tuple(findings))


def _structure(ds: Dataset, named: Dataset, observed: Dataset, marked: LabelMap) -> Structure:
    meanings, codes = coded(
        observed,
        "RTROIIdentificationCodeSequence",
        "SegmentedPropertyCategoryCodeSequence",
        "SegmentedPropertyTypeCodeSequence",
    )
    frame_uid = str(named.get("ReferencedFrameOfReferenceUID") or "")
    return Structure(
        name=" ".join(texts(named, "ROIName")),
        meanings=(*texts(observed, "RTROIInterpretedType"), *meanings),
        codes=frozenset(codes),
        frame_uid=frame_uid or str(ds.get("FrameOfReferenceUID") or ""),
        marked=marked,
    )


def _contours(region: Dataset, order: int) -> tuple[list[_Contour], list[Finding]]:
    """Return the closed contours of a region, each once, and what is said of the others.

    Raises:
        StructureUnreadable: a contour's points are no triplets of finite numbers.
    """
    contours: dict[bytes, _Contour] = {}
    others: dict[str, int] = defaultdict(int)
    for one in region.get("ContourSequence") or ():
        kind = str(one.get("ContourGeometricType") or "CLOSED_PLANAR").upper()
        values = one.get("ContourData")
        flat = np.array(values if values is not None else [], dtype=np.float64).ravel()
        if flat.size % 3 or not np.isfinite(flat).all():
            raise StructureUnreadable("the points of a contour are no triplets of numbers")
        points = flat.reshape(-1, 3)
        if kind not in _CLOSED:
            others[kind[:16]] += 1
        elif len(np.unique(points, axis=0)) < 3:
            others["contour of less than three points"] += 1
        else:
            xor = kind != "CLOSED_PLANAR"
            key = points.tobytes() + (bytes([len(contours) % 256]) if xor else b"")
            contours[key] = _Contour(points, xor)
    told = [
        Finding(
            "contour-not-closed",
            "info" if contours else "warning",
            f"{_WHAT} {order}: {count} × {kind}, which encloses nothing, left out",
        )
        for kind, count in others.items()
    ]
    return list(contours.values()), told


def _bridged_finding(order: int, bridged: int) -> list[Finding]:
    if not bridged:
        return []
    message = (
        f"{_WHAT} {order} has no contour in {bridged} planes between contours that overlap; "
        "they were filled in between"
    )
    return [Finding("contours-interpolated", "info", message)]


def _marked(contours: Sequence[_Contour], image: Geometry) -> tuple[LabelMap | None, int]:
    """Fill contours.

    Returns:
        What is inside, None if no pixel's centre is, and the number of planes that were bridged.

    Raises:
        StructureUnreadable: they lie in no common set of parallel planes.
    """
    grid, axis = _planes_of(contours, image)
    in_plane = [n for n in range(3) if n != axis]
    indices = [grid.lps_to_index(one.points_mm) for one in contours]
    along = np.array([float(index[:, axis].mean()) for index in indices])
    step, planes = _lattice(along)
    low = np.floor(np.min([index.min(axis=0) for index in indices], axis=0)).astype(int)
    high = np.ceil(np.max([index.max(axis=0) for index in indices], axis=0)).astype(int)
    shape = high - low + 1
    shape[axis] = planes.max() + 1
    if shape[axis] > _MOST_PLANES or int(np.prod(shape[in_plane])) > 2**28:
        raise StructureUnreadable("it is larger than any body")
    by_plane: dict[int, list[Polygon]] = defaultdict(list)
    for one, index, plane in zip(contours, indices, planes, strict=True):
        by_plane[int(plane)].append(Polygon(index[:, in_plane] - low[in_plane], one.xor))
    array = np.zeros(shape, np.uint16)
    size = (int(shape[in_plane[0]]), int(shape[in_plane[1]]))
    for plane, polygons in by_plane.items():
        mask: Mask = filled(polygons, size)
        array[tuple(plane if n == axis else slice(None) for n in range(3))] = mask
    if not array.any():
        return None, 0
    bridged = bridge(np.moveaxis(array, axis, 0))
    first = low.astype(np.float64)
    first[axis] = along.min()
    affine = grid.affine.copy()
    affine[:3, 3] = grid.index_to_lps(first)
    affine[:3, axis] *= step
    return LabelMap(array, Geometry(array.shape, affine)), bridged


def _planes_of(contours: Sequence[_Contour], image: Geometry) -> tuple[Geometry, int]:
    """Return a grid, and the axis along which every contour lies at one place.

    Raises:
        StructureUnreadable: there is no such grid.
    """
    for grid in (image, _own_grid(contours)):
        thick = [np.ptp(grid.lps_to_index(one.points_mm), axis=0) for one in contours]
        thickest_mm = np.max(thick, axis=0) * np.asarray(grid.spacing_mm)
        axis = int(np.argmin(thickest_mm))
        if thickest_mm[axis] <= _FLAT_MM:
            return grid, axis
    raise StructureUnreadable("its contours do not lie in parallel planes")


def _own_grid(contours: Sequence[_Contour]) -> Geometry:
    """Return a grid of 1 mm in the plane of the largest contour."""
    largest = max(contours, key=lambda one: float(np.ptp(one.points_mm, axis=0).max()))
    centred = largest.points_mm - largest.points_mm.mean(axis=0)
    _, _, (row, column, normal) = np.linalg.svd(centred, full_matrices=True)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([normal, column, row], axis=1) * _FINE_MM
    affine[:3, 3] = largest.points_mm.mean(axis=0)
    return Geometry((1, 1, 1), affine)


def _lattice(along: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]]:
    """Return the step between contours' planes, in voxels, and the plane of each contour.

    The step is the smallest distance of two planes; planes between which others lie empty stay
    apart. Contours nearer than a tenth of a voxel are in one plane.

    Raises:
        StructureUnreadable: the planes lie on no lattice.
    """
    places = np.unique(np.round(along, 1))
    gaps = np.diff(places)
    step = float(np.median(gaps[gaps <= gaps.min() * 1.25])) if gaps.size else 1.0
    steps = (along - along.min()) / step
    planes = np.round(steps).astype(np.int64)
    if planes.max():
        step = float((along.max() - along.min()) / planes.max())
        planes = np.round((along - along.min()) / step).astype(np.int64)
    if np.abs((along - along.min()) / step - planes).max() > _OFF_LATTICE:
        raise StructureUnreadable("the planes of its contours are not evenly spaced")
    return step, planes


def bridge(array: NDArray[np.uint16]) -> int:
    """Fill planes without contours between planes whose contours overlap, in place.

    The shape between two is where the mean of their signed distances, weighted by nearness, is
    inside (Raya & Udupa, IEEE Trans Med Imaging 1990; 9:32-42).

    Args:
        array: 0 and 1, (planes, rows, columns).

    Returns:
        How many planes were filled.
    """
    there = np.nonzero(array.any(axis=(1, 2)))[0]
    count = 0
    for before, after in pairwise(there.tolist()):
        gap = after - before - 1
        if 0 < gap <= _BRIDGED_PLANES and (array[before] & array[after]).any():
            ends = [_signed_distance(array[plane]) for plane in (before, after)]
            for step in range(1, gap + 1):
                part = step / (gap + 1)
                array[before + step] = (1 - part) * ends[0] + part * ends[1] > 0
            count += gap
    return count


def _signed_distance(plane: NDArray[np.uint16]) -> NDArray[np.float64]:
    padded = np.pad(plane > 0, 1)
    distance = ndimage.distance_transform_edt(padded) - ndimage.distance_transform_edt(~padded)
    return np.asarray(distance[1:-1, 1:-1], dtype=np.float64)
