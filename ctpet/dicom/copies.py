"""Stacks of one series that hold the same images: sent twice, under other UIDs and numbers."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from ctpet.dicom.ct_units import other_quantity
from ctpet.dicom.files import UNREADABLE, FileOpener
from ctpet.dicom.grouping import Instance, in_order
from ctpet.dicom.passes import SAME_POSITION_MM
from ctpet.dicom.pixels import decode
from ctpet.dicom.series import DicomFile
from ctpet.dicom.warned import collected_warnings
from ctpet.errors import InputRefused

Stack = list[Instance]

_ACQUIRED = (
    "AcquisitionNumber",
    "AcquisitionDate",
    "AcquisitionTime",
    "AcquisitionDateTime",
    "FrameReferenceTime",
    "TemporalPositionIdentifier",
    "TriggerTime",
)


def merge_copies(stacks: Sequence[Stack]) -> list[Stack]:
    """Put stacks together whose every image is in another: they are copies, no second pass.

    A copy may say otherwise when it was made, how it is numbered and what it is called, but not
    when and as which acquisition it was acquired. Pixels are read only where a stack lies plane
    by plane where another of its series does, and up to the first that differs.
    """
    merged: list[Stack] = []
    with FileOpener() as opener:
        digests = _Digests(opener)
        for stack in sorted(stacks, key=len, reverse=True):
            for number, other in enumerate(merged):
                if _repeats(stack, other, digests):
                    merged[number] = in_order([*other, *stack])
                    break
            else:
                merged.append(stack)
    places = {id(instance): number for number, stack in enumerate(stacks) for instance in stack}
    return sorted(merged, key=lambda stack: min(places[id(one)] for one in stack))


class _Digests:
    """Digests of pixels and rescale, each file read once."""

    def __init__(self, opener: FileOpener) -> None:
        self._opener = opener
        self._known: dict[DicomFile, str] = {}

    def of(self, instance: Instance) -> str:
        """Return the digest of a single-frame instance; one of its own where it is unreadable."""
        if instance.file not in self._known:
            self._known[instance.file] = self._read(instance)
        return self._known[instance.file]

    def _read(self, instance: Instance) -> str:
        try:
            with collected_warnings(), self._opener.open(instance.file) as stream:
                (plane,) = decode(stream, [0])
        except (InputRefused, *UNREADABLE):
            return str(instance.file)
        rescale = (instance.frame.slope, instance.frame.intercept, plane.values.dtype.str)
        return sha256(plane.values.tobytes() + repr(rescale).encode()).hexdigest()


def _repeats(stack: Stack, other: Stack, digests: _Digests) -> bool:
    pairs = _pairs(stack, other)
    middle_first = sorted(range(len(pairs)), key=lambda n: abs(n - len(pairs) // 2))
    return bool(pairs) and all(
        digests.of(pairs[number][0]) == digests.of(pairs[number][1]) for number in middle_first
    )


def _pairs(stack: Stack, other: Stack) -> list[tuple[Instance, Instance]]:
    """Match each image with the one of the other stack at its place; empty if one has none."""
    if _kind(stack[0]) != _kind(other[0]):
        return []
    pairs, near = [], 0
    for one in stack:
        while near < len(other) - 1 and _apart_mm(one, other[near]) > SAME_POSITION_MM:
            near += 1
        same_place = _apart_mm(one, other[near]) <= SAME_POSITION_MM
        if not same_place or _acquired(one) != _acquired(other[near]):
            return []
        pairs.append((one, other[near]))
    return pairs


def _acquired(instance: Instance) -> tuple[str, ...]:
    return tuple(str(instance.header.get(keyword) or "") for keyword in _ACQUIRED)


def _kind(instance: Instance) -> tuple[str, ...]:
    keywords = (
        "StudyInstanceUID", "SeriesInstanceUID", "Modality", "Rows", "Columns", "ConvolutionKernel",
    )  # fmt: skip
    told = tuple(str(instance.header.get(keyword) or "") for keyword in keywords)
    return (*told, other_quantity(instance.header))


def _apart_mm(one: Instance, other: Instance) -> float:
    first, second = one.frame.position_mm, other.frame.position_mm
    if first is None or second is None or len(one.frames) > 1 or len(other.frames) > 1:
        return float("inf")
    return float(np.abs(np.subtract(first, second)).max())
