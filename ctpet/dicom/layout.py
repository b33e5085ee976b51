"""Lay the planes of a series out in space: order, duplicates, gaps, and the resulting grid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctpet.dicom.frames import Frame, Numbers, frames_of, length_mm
from ctpet.dicom.gaps import find_gaps
from ctpet.dicom.grouping import SPACING_TOLERANCE_MM, along_normal_mm
from ctpet.dicom.line import fit_line, require_same_place, require_straight, shift_limit_mm
from ctpet.dicom.orientation import (
    jitter_findings,
    require_one_orientation,
    with_mean_orientation,
)
from ctpet.dicom.passes import SAME_POSITION_MM
from ctpet.dicom.precision import rounding_mm
from ctpet.dicom.series import SeriesInfo
from ctpet.dicom.spacing_findings import spacing_findings
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.volume import Geometry
from ctpet.volume.volume import MAX_VOXELS

TILT_NOTED_DEGREES = 0.1
_COPY_AGAIN = "Send the series again from the scanner or archive"


@dataclass(frozen=True, eq=False)
class Layout:
    """Where each plane of a series goes in a regular volume.

    Attributes:
        geometry: the regular grid; k grows along the slice normal (row × column).
        slots: the distinct places in order along the normal; in each, the frame to use first,
            then its duplicates.
        index: for each slot its k in the grid, rising; fractional where the spacing varies,
            with a step of 2 where one slice is missing.
        varies: whether slices must be interpolated because the spacing varies.
        findings: what was seen and how it is dealt with.
    """

    geometry: Geometry
    slots: tuple[tuple[Frame, ...], ...]
    index: NDArray[np.float64]
    varies: bool
    findings: tuple[Finding, ...]

    @property
    def rows_of_slots(self) -> list[int]:
        """Where each slot is decoded to: its k in the grid, or its number where spacing varies."""
        if self.varies:
            return list(range(len(self.slots)))
        return [int(k) for k in self.index]


def lay_out(series: SeriesInfo) -> Layout:
    """Order a series by ImagePositionPatient along the normal and fit a regular grid to it.

    Neither InstanceNumber nor SliceLocation nor PatientPosition is looked at (PS3.3 C.7.6.2.1.1:
    position and orientation alone say where a plane lies). SpacingBetweenSlices and
    SliceThickness are heard where positions leave it open: one plane, or too few decimals.

    Raises:
        InputRefused: ``position-missing``, ``orientation-missing``, ``spacing-missing``,
            ``orientation-invalid``, ``spacing-invalid``, ``orientation-mixed``,
            ``spacing-mixed``, ``matrix-mixed``, ``frame-of-reference-mixed``,
            ``slices-shifted``, ``missing-slices``, ``slice-spacing-unknown``, ``volume-too-large``.
    """
    frames, jitter_degrees = with_mean_orientation(frames_of(series))
    _require_all(frames)
    require_one_orientation(jitter_degrees)
    spacing = _common(frames, lambda frame: frame.spacing_mm, SPACING_TOLERANCE_MM, "spacing")
    axes = _axes(np.array(frames[0].orientation))
    rows, columns = _matrix(series)
    slots = _slots(series, frames)
    positions = np.array([slot[0].position_mm for slot in slots])
    along = (positions - positions[0]) @ axes[0]
    rounding = rounding_mm(frame.decimals for frame in frames)
    require_same_place(slots, shift_limit_mm(rounding))
    require_straight(positions, along, shift_limit_mm(rounding))
    gaps = find_gaps(along, float(np.abs(axes[0]) @ rounding))
    told = _told_spacings(series, frames[0])
    first, step = (
        fit_line(positions, gaps, axes[0], told)
        if len(slots) > 1
        else (positions[0], _lone_step(told, axes[0]))
    )
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = axes[2] * spacing[0]
    affine[:3, 2] = axes[1] * spacing[1]
    affine[:3, 3] = first
    frame_of_reference, findings = _frame_of_reference(series)
    findings += spacing_findings(gaps, along, float(np.linalg.norm(step)))
    findings += _tilt_findings(step, axes[0])
    findings += jitter_findings(jitter_degrees)
    _require_size(gaps.count, rows, columns)
    return Layout(
        geometry=Geometry((gaps.count, rows, columns), affine, frame_of_reference),
        slots=slots,
        index=gaps.index,
        varies=gaps.varies,
        findings=tuple(findings),
    )


def _require_all(frames: Sequence[Frame]) -> None:
    required: tuple[tuple[str, str, Callable[[Frame], Numbers | None]], ...] = (
        ("position", "ImagePositionPatient (0020,0032)", lambda frame: frame.position_mm),
        ("orientation", "ImageOrientationPatient (0020,0037)", lambda frame: frame.orientation),
        ("spacing", "PixelSpacing (0028,0030)", lambda frame: frame.spacing_mm),
    )
    for name, attribute, value in required:
        count = sum(value(frame) is None for frame in frames)
        if count:
            raise InputRefused(
                f"{name}-missing",
                f"{count} of {len(frames)} images have no usable {attribute}, so where they lie "
                "is unknown",
                remedy=_COPY_AGAIN,
            )
    if any(min(frame.spacing_mm or (0,)) <= 0 for frame in frames):
        raise InputRefused(
            "spacing-invalid", "PixelSpacing (0028,0030) is not positive", remedy=_COPY_AGAIN
        )


def _common(
    frames: Sequence[Frame],
    value: Callable[[Frame], Numbers | None],
    tolerance: float,
    name: str,
) -> NDArray[np.float64]:
    values = np.array([value(frame) for frame in frames], dtype=np.float64)
    spread = float(np.ptp(values, axis=0).max())
    if spread > 2 * tolerance:
        raise InputRefused(
            f"{name}-mixed",
            f"The images of this series differ in {name} by {spread:.4g}; the limit is "
            f"{2 * tolerance:g}",
            remedy="Give one reconstruction; `ctpet scan` lists them apart",
        )
    return np.asarray(values[0])


def _axes(orientation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors: the normal, along a row, along a column; ``(3, 3)``, one a row."""
    row, column = orientation[:3], orientation[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(length - 1) for length in lengths) > 0.01 or abs(row @ column) > 0.01:
        raise InputRefused(
            "orientation-invalid",
            "ImageOrientationPatient (0020,0037) is not two perpendicular unit vectors: lengths "
            f"{lengths[0]:.3f} and {lengths[1]:.3f}, cosine {row @ column:.3f}; the limit is 0.01",
            remedy=_COPY_AGAIN,
        )
    row = row / lengths[0]
    column = column - (column @ row) * row
    column = column / np.linalg.norm(column)
    return np.array([np.cross(row, column), row, column])


def _matrix(series: SeriesInfo) -> tuple[int, int]:
    sizes = {(int(header.Rows), int(header.Columns)) for header in series.headers}
    if len(sizes) > 1:
        raise InputRefused(
            "matrix-mixed",
            "The images differ in rows × columns: "
            + ", ".join(f"{rows}×{columns}" for rows, columns in sorted(sizes)),
            remedy="Give one reconstruction; `ctpet scan` lists them apart",
        )
    return sizes.pop()


def _slots(series: SeriesInfo, frames: Sequence[Frame]) -> tuple[tuple[Frame, ...], ...]:
    """Group the frames by place along the normal; sorted, and independent of the input order."""
    uids = [str(header.get("SOPInstanceUID") or "") for header in series.headers]
    ordered = sorted(frames, key=lambda f: (along_normal_mm(f), uids[f.instance], f.number))
    slots: list[list[Frame]] = []
    for frame in ordered:
        if slots and along_normal_mm(frame) - along_normal_mm(slots[-1][0]) <= SAME_POSITION_MM:
            slots[-1].append(frame)
        else:
            slots.append([frame])
    for slot in slots:
        slot.sort(key=lambda f: (uids[f.instance], f.number))
    return tuple(tuple(slot) for slot in slots)


def _require_size(slices: int, rows: int, columns: int) -> None:
    if slices * rows * columns > MAX_VOXELS:
        raise InputRefused(
            "volume-too-large",
            f"The volume would have {slices}×{rows}×{columns} voxels; the limit is {MAX_VOXELS}",
            remedy="Reconstruct the series with a coarser matrix or fewer slices",
        )


def _told_spacings(series: SeriesInfo, frame: Frame) -> list[float]:
    told = (length_mm(series.first.get("SpacingBetweenSlices")), frame.thickness_mm)
    return [one for one in told if one is not None]


def _lone_step(told_mm: Sequence[float], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    if told_mm:
        return normal * told_mm[0]
    raise InputRefused(
        "slice-spacing-unknown",
        "The series has one slice and neither SpacingBetweenSlices (0018,0088) nor SliceThickness "
        "(0018,0050)",
        remedy="Give a series of at least two slices",
    )


def _frame_of_reference(series: SeriesInfo) -> tuple[str | None, list[Finding]]:
    told = [header.get("FrameOfReferenceUID") for header in series.headers]
    uids = {str(uid) for uid in told if isinstance(uid, str) and uid}
    if len(uids) > 1:
        raise InputRefused(
            "frame-of-reference-mixed",
            f"The images name {len(uids)} frames of reference (0020,0052); the limit is 1",
            remedy="Give a series that was acquired in one go",
        )
    if uids:
        return uids.pop(), []
    return None, [
        Finding(
            "frame-of-reference-missing",
            "warning",
            "No FrameOfReferenceUID (0020,0052); whether other series share these coordinates "
            "is unknown",
        )
    ]


def _tilt_findings(step: NDArray[np.float64], normal: NDArray[np.float64]) -> list[Finding]:
    cosine = float(np.clip(step @ normal / np.linalg.norm(step), -1, 1))
    degrees = float(np.degrees(np.arccos(cosine)))
    if degrees <= TILT_NOTED_DEGREES:
        return []
    return [
        Finding(
            "gantry-tilt",
            "info",
            f"The stack leans by {degrees:.1f}° from the slice normal (tilted gantry); the "
            "geometry keeps the shear",
        )
    ]
