"""One image plane of a series, whether it is a file of its own or a frame of a multi-frame file."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from typing import Any

from pydicom import Dataset

from ctpet.dicom.header import whole_number
from ctpet.dicom.precision import decimals_of
from ctpet.dicom.series import SeriesInfo

Numbers = tuple[float, ...]

MAX_FRAMES = 20_000
"""A header that names more frames is wrong; the surplus would only exhaust memory."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where one plane lies and how its stored values become quantities.

    What a header does not say, or says in other than numbers, is None, and so is an infinite
    length; nothing is refused here.

    Attributes:
        instance: index into the series' ``files`` and ``headers``.
        number: index of the frame in its file, from 0.
        position_mm: (0020,0032), LPS of the centre of the first voxel; 3 numbers.
        orientation: (0020,0037), LPS direction of a row, then of a column; 6 numbers.
        spacing_mm: (0028,0030), between rows, between columns.
        slope: (0028,1053).
        intercept: (0028,1052).
        thickness_mm: (0018,0050).
        acquisition: (0020,0012) or (0020,9156), empty when absent.
        decimals: how many the header writes of each coordinate of the position; empty without one.
    """

    instance: int
    number: int
    position_mm: Numbers | None
    orientation: Numbers | None
    spacing_mm: Numbers | None
    slope: float | None
    intercept: float | None
    thickness_mm: float | None
    acquisition: str
    decimals: tuple[int, ...] = ()


def frames_of(series: SeriesInfo) -> list[Frame]:
    """Return every frame of a series, instance by instance.

    Multi-frame instances (PS3.3 C.7.6.16) are described by their shared and per-frame
    functional groups; what those lack is looked up at the top level, but for the position of
    one frame of several.
    """
    return [
        frame
        for instance, header in enumerate(series.headers)
        for frame in instance_frames(header, instance)
        if series.kept is None or (instance, frame.number) in series.kept
    ]


def instance_frames(header: Dataset, instance: int = 0) -> Iterator[Frame]:
    """Yield the frames of one instance; see :func:`frames_of`."""
    count = frame_count(header)
    alone = header if count == 1 else Dataset()
    for number in range(count):
        own, groups = _own_groups(header, number), functional_groups(header, number)
        look = partial(look_up, header, groups)
        position = look_up(alone, own, "PlanePositionSequence", "ImagePositionPatient")
        position_mm = _numbers(position, 3)
        yield Frame(
            instance=instance,
            number=number,
            position_mm=position_mm,
            orientation=_numbers(look("PlaneOrientationSequence", "ImageOrientationPatient"), 6),
            spacing_mm=_numbers(look("PixelMeasuresSequence", "PixelSpacing"), 2),
            slope=_number(look("PixelValueTransformationSequence", "RescaleSlope")),
            intercept=_number(look("PixelValueTransformationSequence", "RescaleIntercept")),
            thickness_mm=length_mm(look("PixelMeasuresSequence", "SliceThickness")),
            acquisition=_acquisition(header, groups),
            decimals=decimals_of(position) if position_mm else (),
        )


def functional_groups(header: Dataset, number: int) -> list[Dataset]:
    """Return what describes one frame (PS3.3 C.7.6.16): its own group, then the shared one."""
    shared = _first(header, "SharedFunctionalGroupsSequence")
    own = _own_groups(header, number)
    return own if shared is None else [*own, shared]


def _own_groups(header: Dataset, number: int) -> list[Dataset]:
    return list((header.get("PerFrameFunctionalGroupsSequence") or [])[number : number + 1])


def frame_count(header: Dataset) -> int:
    """NumberOfFrames (0028,0008), 1 when absent; at least 1 and at most MAX_FRAMES."""
    return min(max(1, whole_number(header, "NumberOfFrames") or 1), MAX_FRAMES)


def _acquisition(header: Dataset, groups: list[Dataset]) -> str:
    number = look_up(header, groups, "FrameContentSequence", "FrameAcquisitionNumber")
    if number is None:
        number = header.get("AcquisitionNumber")
    return "" if number is None else str(number)


def look_up(header: Dataset, groups: list[Dataset], sequence: str, keyword: str) -> Any:
    """Return an attribute from the first group whose ``sequence`` has it, else of the header."""
    for group in groups:
        item = _first(group, sequence)
        if item is not None and item.get(keyword) is not None:
            return item.get(keyword)
    return header.get(keyword)


def _first(dataset: Dataset, sequence: str) -> Dataset | None:
    items = dataset.get(sequence)
    return items[0] if items else None


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def length_mm(value: Any) -> float | None:
    """Return a header's value that is one positive, finite number; None for anything else."""
    number = _number(value)
    return number if number is not None and 0 < number < inf else None


def _numbers(value: Any, count: int) -> Numbers | None:
    try:
        numbers = tuple(float(one) for one in value or ())
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and all(map(isfinite, numbers)) else None
