"""Sort instances into stacks: what belongs to one regular set of planes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ctpet.dicom.ct_units import other_quantity
from ctpet.dicom.frames import Frame, instance_frames
from ctpet.dicom.marks import marks_of
from ctpet.dicom.orientation import SAME_DEGREES, degrees_apart, with_mean_orientation
from ctpet.dicom.passes import SAME_POSITION_MM, into_passes
from ctpet.dicom.precision import rounding_mm
from ctpet.dicom.series import DicomFile

SPACING_TOLERANCE_MM = 1e-3
LARGEST_STEP = 1.5
"""Where the kernel changes the next plane lies so many usual gaps away at most."""


@dataclass(frozen=True, eq=False)
class Instance:
    """One file, its header, and those of its frames that are meant."""

    file: DicomFile
    header: Dataset
    frames: tuple[Frame, ...]

    @classmethod
    def of(cls, file: DicomFile, header: Dataset) -> "Instance":
        """Make one from a header."""
        return cls(file, header, tuple(instance_frames(header)))

    @property
    def frame(self) -> Frame:
        """The first of them."""
        return self.frames[0]

    @property
    def sop_instance_uid(self) -> str:
        """(0008,0018), empty when absent."""
        return str(self.header.get("SOPInstanceUID") or "")


def into_stacks(instances: Iterable[Instance]) -> list[list[Instance]]:
    """Group instances that share a stack.

    The key is study, series, modality, SOP class, rows, columns and unit, then orientation (to
    0.5°, see :mod:`ctpet.dicom.orientation`) and pixel spacing (to 1e-3 mm), then kernel unless
    the planes go on where it changes, then acquisitions that lie over each other
    (:func:`ctpet.dicom.passes.into_passes`); frames of one file may go to several stacks. A plane
    without orientation stays with its series, to be refused by name.

    Returns:
        Each group in order along the slice normal; groups in the order of their first member.
    """
    by_key: dict[tuple[str, ...], list[Instance]] = {}
    for instance in sorted(instances, key=lambda one: one.sop_instance_uid):
        by_key.setdefault(_key(instance.header), []).append(instance)
    stacks = []
    for _, same in sorted(by_key.items()):
        for group in _by_plane(same):
            for part in _by_kernel(group):
                stacks += _by_acquisition(part)
    return [in_order(stack) for stack in stacks]


def _key(header: Dataset) -> tuple[str, ...]:
    keywords = (
        "StudyInstanceUID", "SeriesInstanceUID", "Modality", "SOPClassUID", "Rows", "Columns",
    )  # fmt: skip
    quantity = other_quantity(header) if header.get("Modality") == "CT" else ""
    return (*(str(header.get(keyword) or "") for keyword in keywords), quantity)


def _by_plane(instances: Sequence[Instance]) -> list[list[Instance]]:
    groups: list[list[Instance]] = []
    unplaced: list[Instance] = []
    for instance in instances:
        if instance.frame.orientation is None or instance.frame.spacing_mm is None:
            unplaced.append(instance)
            continue
        for members in groups:
            if _same_plane(members[0].frame, instance.frame):
                members.append(instance)
                break
        else:
            groups.append([instance])
    stacks = [_with_mean_orientation(members) for members in groups] or [[]]
    stacks[0] += unplaced
    return stacks


def _same_plane(one: Frame, other: Frame) -> bool:
    if not (one.orientation and other.orientation and one.spacing_mm and other.spacing_mm):
        return False
    apart_mm = np.abs(np.subtract(one.spacing_mm, other.spacing_mm))
    if apart_mm.max() > SPACING_TOLERANCE_MM:
        return False
    return degrees_apart(one.orientation, other.orientation) <= SAME_DEGREES


def _with_mean_orientation(instances: list[Instance]) -> list[Instance]:
    frames, _ = with_mean_orientation([frame for one in instances for frame in one.frames])
    rest = iter(frames)
    return [replace(one, frames=tuple(islice(rest, len(one.frames)))) for one in instances]


def _by_kernel(instances: list[Instance]) -> list[list[Instance]]:
    """Part reconstructions that lie side by side, not one whose kernel changes on the way."""
    parts: dict[str, list[Instance]] = {}
    for instance in instances:
        parts.setdefault(_kernel(instance), []).append(instance)
    if len(parts) < 2 or _continues(instances, len(parts)):
        return [instances]
    return [part for _, part in sorted(parts.items())]


def _continues(instances: Sequence[Instance], kernels: int) -> bool:
    """Whether all planes are one stack in which the kernel changes and may change back once."""
    ordered = in_order(list(instances))
    places = np.array([along_normal_mm(one.frame) for one in ordered])
    changes = [n for n, (a, b) in enumerate(pairwise(ordered)) if _kernel(a) != _kernel(b)]
    gaps = np.diff(places)
    if len(changes) > 2 * (kernels - 1) or gaps.min() <= SAME_POSITION_MM:
        return False
    usual = float(np.median(gaps))
    return all(usual / LARGEST_STEP <= gaps[n] <= usual * LARGEST_STEP for n in changes)


def _kernel(instance: Instance) -> str:
    return str(instance.header.get("ConvolutionKernel") or "")


def _by_acquisition(instances: list[Instance]) -> list[list[Instance]]:
    """Divide planes of one kind into acquisitions; a copy goes where its original does."""
    planes = [(one, frame) for one in instances for frame in one.frames]
    if not all(frame.position_mm and frame.orientation for _, frame in planes):
        return [instances]
    original_of: dict[tuple[str, int], int] = {}
    originals = [
        original_of.setdefault((one.sop_instance_uid or str(number), frame.number), number)
        for number, (one, frame) in enumerate(planes)
    ]
    unique = sorted(set(originals))
    parts = _passes([planes[number] for number in unique])
    if len(parts) == 1:
        return [instances]
    part_of = {unique[plane]: n for n, part in enumerate(parts) for plane in part}
    stacks: list[dict[DicomFile, Instance]] = [{} for _ in parts]
    for (one, frame), original in zip(planes, originals, strict=True):
        stack = stacks[part_of[original]]
        before = stack[one.file].frames if one.file in stack else ()
        stack[one.file] = replace(one, frames=(*before, frame))
    return [list(stack.values()) for stack in stacks]


def _passes(planes: Sequence[tuple[Instance, Frame]]) -> list[NDArray[np.intp]]:
    frames = [frame for _, frame in planes]
    orientation = np.array(frames[0].orientation)
    normal = np.cross(orientation[:3], orientation[3:])
    rounding = rounding_mm(frame.decimals for frame in frames)
    return into_passes(
        np.array([frame.position_mm for frame in frames]) @ normal,
        marks_of([(one.header, frame) for one, frame in planes]),
        float(np.abs(normal) @ rounding),
    )


def along_normal_mm(frame: Frame) -> float:
    """ImagePositionPatient along the slice normal (row × column); 0 where unknown."""
    if frame.position_mm is None or frame.orientation is None:
        return 0.0
    normal = np.cross(frame.orientation[:3], frame.orientation[3:])
    return float(np.dot(frame.position_mm, normal))


def in_order(instances: list[Instance]) -> list[Instance]:
    """Sort instances along the slice normal; by UID and file where they lie at one place."""
    return sorted(
        instances,
        key=lambda one: (
            round(along_normal_mm(one.frame), 3),
            one.sop_instance_uid,
            str(one.file.path),
            one.file.member or "",
        ),
    )
