"""Sort instances into stacks: what belongs to one regular set of planes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ctpet.dicom.ct_units import other_quantity
from ctpet.dicom.frames import Frame, instance_frames
from ctpet.dicom.series import DicomFile

ORIENTATION_TOLERANCE = 1e-3
SPACING_TOLERANCE_MM = 1e-3
SAME_POSITION_MM = 0.02


@dataclass(frozen=True, eq=False)
class Instance:
    """One file, its header, and its first frame."""

    file: DicomFile
    header: Dataset
    frame: Frame

    @classmethod
    def of(cls, file: DicomFile, header: Dataset) -> "Instance":
        """Make one from a header."""
        return cls(file, header, next(instance_frames(header)))

    @property
    def sop_instance_uid(self) -> str:
        """(0008,0018), empty when absent."""
        return str(self.header.get("SOPInstanceUID") or "")


def into_stacks(instances: Iterable[Instance]) -> list[list[Instance]]:
    """Group instances that share a stack.

    The key is study, series, modality, SOP class, rows, columns, kernel and unit, then orientation
    (to 1e-3) and pixel spacing (to 1e-3 mm), then AcquisitionNumber where that alone separates
    planes at one place. A plane without orientation stays with its series, to be refused by name.

    Returns:
        Each group in order along the slice normal; groups in the order of their first member.
    """
    by_key: dict[tuple[str, ...], list[Instance]] = {}
    for instance in sorted(instances, key=lambda one: one.sop_instance_uid):
        by_key.setdefault(_key(instance.header), []).append(instance)
    stacks = []
    for _, same in sorted(by_key.items()):
        for group in _by_plane(same):
            stacks += _by_acquisition(group)
    return [_along_normal(stack) for stack in stacks]


def _key(header: Dataset) -> tuple[str, ...]:
    keywords = (
        "StudyInstanceUID", "SeriesInstanceUID", "Modality", "SOPClassUID", "Rows", "Columns",
        "ConvolutionKernel",
    )  # fmt: skip
    quantity = other_quantity(header) if header.get("Modality") == "CT" else ""
    return (*(str(header.get(keyword) or "") for keyword in keywords), quantity)


def _by_plane(instances: Sequence[Instance]) -> list[list[Instance]]:
    groups: list[tuple[NDArray[np.float64], list[Instance]]] = []
    unplaced: list[Instance] = []
    tolerance = np.array([ORIENTATION_TOLERANCE] * 6 + [SPACING_TOLERANCE_MM] * 2)
    for instance in instances:
        frame = instance.frame
        if frame.orientation is None or frame.spacing_mm is None:
            unplaced.append(instance)
            continue
        plane = np.array((*frame.orientation, *frame.spacing_mm))
        for representative, members in groups:
            if (np.abs(plane - representative) <= tolerance).all():
                members.append(instance)
                break
        else:
            groups.append((plane, [instance]))
    stacks = [members for _, members in groups] or [[]]
    stacks[0] += unplaced
    return stacks


def _by_acquisition(instances: list[Instance]) -> list[list[Instance]]:
    parts: dict[str, list[Instance]] = {}
    for instance in instances:
        parts.setdefault(instance.frame.acquisition, []).append(instance)
    if len(parts) < 2 or not _overlap(instances):
        return [instances]
    if any(_overlap(part) for part in parts.values()):
        return [instances]
    return [part for _, part in sorted(parts.items(), key=lambda item: _numeric(item[0]))]


def _overlap(instances: Sequence[Instance]) -> bool:
    """Whether two different instances (by SOP Instance UID) lie at the same place."""
    unique = {one.sop_instance_uid: one for one in instances}.values()
    places = sorted(along_normal_mm(one.frame) for one in unique if one.frame.position_mm)
    return any(b - a <= SAME_POSITION_MM for a, b in pairwise(places))


def along_normal_mm(frame: Frame) -> float:
    """ImagePositionPatient along the slice normal (row × column); 0 where unknown."""
    if frame.position_mm is None or frame.orientation is None:
        return 0.0
    normal = np.cross(frame.orientation[:3], frame.orientation[3:])
    return float(np.dot(frame.position_mm, normal))


def _along_normal(instances: list[Instance]) -> list[Instance]:
    return sorted(
        instances,
        key=lambda one: (
            round(along_normal_mm(one.frame), 3),
            one.sop_instance_uid,
            str(one.file.path),
            one.file.member or "",
        ),
    )


def _numeric(text: str) -> tuple[int, str]:
    return (int(text), text) if text.lstrip("-").isdigit() else (0, text)
