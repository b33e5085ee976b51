"""DICOM Segmentation (PS3.3 A.51, C.8.20): segments as voxels, wherever their frames lie."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.utils import pixel_array

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

_WHAT = "Segment"
_SAME_MM = 0.01
_OFF_LATTICE = 0.1
"""Of a step; a plane farther from the lattice lies between its planes."""
_MOST_PLANES = 10_000
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Planes:
    """The one orientation and spacing of all frames, and where each lies along the normal.

    Attributes:
        row: unit vector along which columns count, LPS.
        column: unit vector along which rows count.
        spacing_mm: between rows, and between columns.
        origins_mm: (frames, 3) LPS, centre of each frame's first pixel.
        step_mm: between planes.
    """

    row: NDArray[np.float64]
    column: NDArray[np.float64]
    spacing_mm: tuple[float, float]
    origins_mm: NDArray[np.float64]
    step_mm: float

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector along which planes count."""
        return np.cross(self.row, self.column)

    def index(self, frame: int) -> int:
        """Return the plane of a frame, from the first one."""
        along = self.origins_mm @ self.normal
        return round(float((along[frame] - along.min()) / self.step_mm))

    def geometry(self, first: tuple[int, int, int], shape: tuple[int, int, int]) -> Geometry:
        """Return the grid that begins at a plane, row and column."""
        affine = np.eye(4)
        affine[:3, 0] = self.normal * self.step_mm
        affine[:3, 1] = self.column * self.spacing_mm[0]
        affine[:3, 2] = self.row * self.spacing_mm[1]
        lowest = int(np.argmin(self.origins_mm @ self.normal))
        affine[:3, 3] = self.origins_mm[lowest] + affine[:3, :3] @ np.asarray(first)
        return Geometry(shape, affine)


def read_segmentation(ds: Dataset) -> Structures:
    """Read every segment of a segmentation.

    Segments may overlap, lie in any orientation, and have frames for some of the planes only; the
    planes without are outside. A fractional segment is what is at least half in it.

    Args:
        ds: with pixel data.

    Raises:
        StructureUnreadable: nothing in it can be placed.
    """
    segments = {int(one.SegmentNumber): one for one in ds.get("SegmentSequence") or ()}
    if not segments:
        raise StructureUnreadable("it names no segment")
    planes = _planes(ds)
    masks = _masks(ds, planes, frozenset(segments))
    findings = list(_fractional(ds))
    found = []
    for number, segment in segments.items():
        if not masks.get(number):
            findings.append(empty(_WHAT, number))
            continue
        meanings, codes = coded(
            segment, "SegmentedPropertyCategoryCodeSequence", "SegmentedPropertyTypeCodeSequence"
        )
        found.append(
            Structure(
                name=" ".join(texts(segment, "SegmentLabel")),
                meanings=tuple(meanings),
                codes=frozenset(codes),
                frame_uid=str(ds.get("FrameOfReferenceUID") or ""),
                marked=_map(masks[number], planes),
            )
        )
    strangers = set(masks) - set(segments)
    findings += [unread(_WHAT, number, "the file does not name it") for number in strangers]
    return Structures(tuple(found), tuple(findings))


def _planes(ds: Dataset) -> _Planes:
    """Return where the frames lie.

    Raises:
        StructureUnreadable: no position, several orientations or spacings, uneven planes.
    """
    frames = list(ds.get("PerFrameFunctionalGroupsSequence") or ())
    shared = next(iter(ds.get("SharedFunctionalGroupsSequence") or ()), Dataset())
    if len(frames) != int(ds.get("NumberOfFrames") or 1):
        raise StructureUnreadable("not every frame says where it lies")
    try:
        orientations = [
            _group(one, shared, "PlaneOrientationSequence").ImageOrientationPatient
            for one in frames
        ]
        measures = [_group(one, shared, "PixelMeasuresSequence") for one in frames]
        spacings = [measure.PixelSpacing for measure in measures]
        origins = [
            _group(one, shared, "PlanePositionSequence").ImagePositionPatient for one in frames
        ]
        axes = np.array(orientations, dtype=np.float64)
        spacing = np.array(spacings, dtype=np.float64)
        origins_mm = np.array(origins, dtype=np.float64)
    except (AttributeError, TypeError, ValueError) as error:
        raise StructureUnreadable("a frame does not say where it lies") from error
    if np.ptp(axes, axis=0).max() > 1e-3 or np.ptp(spacing, axis=0).max() > 1e-3:
        raise StructureUnreadable("its frames differ in orientation or pixel spacing")
    row, column = axes[0, :3], axes[0, 3:]
    if abs(np.linalg.norm(row) - 1) + abs(np.linalg.norm(column) - 1) + abs(row @ column) > 1e-2:
        raise StructureUnreadable("its orientation is no pair of unit vectors")
    stated = [float(v) for word in ("SpacingBetweenSlices", "SliceThickness")
              if (v := measures[0].get(word))]  # fmt: skip
    step = _step_mm(origins_mm @ np.cross(row, column), stated)
    return _Planes(row, column, (spacing[0, 0], spacing[0, 1]), origins_mm, step)


def _group(frame: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """Return a functional group, of the frame or of all.

    Raises:
        AttributeError: there is none.
    """
    for groups in (frame, shared):
        if groups.get(keyword):
            group: Dataset = groups[keyword][0]
            return group
    raise AttributeError(keyword)


def _step_mm(along_mm: NDArray[np.float64], stated: list[float]) -> float:
    """Return the distance between planes: as stated if the frames lie so, else the smallest gap.

    Raises:
        StructureUnreadable: the planes are not evenly spaced.
    """
    places = np.unique(np.round(along_mm / _SAME_MM).astype(np.int64)) * _SAME_MM
    gaps = np.diff(places)
    fit = [step for step in (*stated, *gaps[:1], *[min(gaps, default=0)]) if step > _SAME_MM]
    for step in fit:
        steps = (places - places[0]) / step
        if np.abs(steps - np.round(steps)).max() <= _OFF_LATTICE and steps.max() < _MOST_PLANES:
            # what was stated is rounded: the planes themselves say it better
            count = round(float(steps.max()))
            return float((places[-1] - places[0]) / count) if count else float(step)
    raise StructureUnreadable("its planes are not evenly spaced, or say no thickness")


def _masks(ds: Dataset, planes: _Planes, numbers: frozenset[int]) -> Mapping[int, dict[int, Mask]]:
    """Return the pixels of each segment by plane; planes without any are left out.

    Raises:
        StructureUnreadable: the pixels cannot be decoded, or a frame is of no segment.
    """
    kind = str(ds.get("SegmentationType") or "BINARY").upper()
    half = max(1.0, float(ds.get("MaximumFractionalValue") or 255)) / 2
    masks: dict[int, dict[int, Mask]] = defaultdict(dict)
    for frame, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
        try:
            values = pixel_array(ds, index=frame)
        except Exception as error:
            reason = f"its pixels cannot be decoded ({type(error).__name__})"
            raise StructureUnreadable(reason) from error
        at = planes.index(frame)
        if kind == "LABELMAP":
            parts = {int(n): values == n for n in np.unique(values) if int(n) in numbers and n}
        else:
            parts = {
                _segment_of(groups, ds): values >= half if kind == "FRACTIONAL" else values > 0
            }
        for number, mask in parts.items():
            if mask.any():
                before = masks[number].get(at)
                masks[number][at] = mask if before is None else before | mask
    return masks


def _segment_of(groups: Dataset, ds: Dataset) -> int:
    shared = next(iter(ds.get("SharedFunctionalGroupsSequence") or ()), Dataset())
    try:
        identified = _group(groups, shared, "SegmentIdentificationSequence")
        return int(identified.ReferencedSegmentNumber)
    except (AttributeError, TypeError, ValueError) as error:
        raise StructureUnreadable("a frame does not say of which segment it is") from error


def _map(by_plane: Mapping[int, Mask], planes: _Planes) -> LabelMap:
    """Put a segment's planes together, no larger than what it marks."""
    some = np.logical_or.reduce(list(by_plane.values()))
    rows, columns = np.nonzero(some.any(axis=1))[0], np.nonzero(some.any(axis=0))[0]
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    first, last = min(by_plane), max(by_plane)
    array = np.zeros((last - first + 1, *some[window].shape), np.uint16)
    for plane, mask in by_plane.items():
        array[plane - first] = mask[window]
    begin = (first, int(rows[0]), int(columns[0]))
    return LabelMap(array, planes.geometry(begin, array.shape))


def _fractional(ds: Dataset) -> tuple[Finding, ...]:
    if str(ds.get("SegmentationType") or "").upper() != "FRACTIONAL":
        return ()
    message = "A segmentation is fractional; voxels that are at least half in a segment are in it"
    return (Finding("segmentation-fractional", "info", message),)
