"""What headers say of when and how each plane was acquired, as columns that can be compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ctpet.dicom.frames import Frame, functional_groups, look_up
from ctpet.dicom.suv.scanner_time import parse_date, parse_datetime, parse_time

Kind = Literal["acquisition", "made", "numbering"]
"""What a value is about: the acquisition itself, when the image was made, or only its number."""

Columns = NDArray[np.float64]
_Reader = Callable[[Dataset, list[Dataset]], Any]
_EPOCH = datetime(1900, 1, 1)


@dataclass(frozen=True, eq=False)
class Mark:
    """One attribute in every plane of a stack.

    Attributes:
        name: as a person knows it.
        kind: how much a difference says.
        values: a number a plane, seconds for times, ranks for text; the least less 1 for none.
    """

    name: str
    kind: Kind
    values: Columns

    def of(self, planes: NDArray[np.intp]) -> "Mark":
        """Return the mark for some of the planes."""
        return replace(self, values=self.values[planes])


def marks_of(planes: Sequence[tuple[Dataset, Frame]]) -> list[Mark]:
    """Return what differs among planes, what says most about the acquisition first.

    Args:
        planes: each with the header of its file; every frame has position and orientation.
    """
    looked = [(header, functional_groups(header, frame.number)) for header, frame in planes]
    marks = _places_in_plane([frame for _, frame in planes])
    for name, kind, read in (*_READERS, *_dimensions(looked), *_LAST):
        values = _as_numbers([read(header, groups) for header, groups in looked])
        if len(values) and (values != values[0]).any():
            marks.append(Mark(name, kind, values))
    return marks


def _places_in_plane(frames: Sequence[Frame]) -> list[Mark]:
    """Whole millimetres from the first corner, along rows and along columns."""
    positions = np.array([frame.position_mm for frame in frames], dtype=np.float64)
    axes = np.array(frames[0].orientation, dtype=np.float64).reshape(2, 3)
    beside = np.round((positions - positions[0]) @ axes.T) + 0.0
    names = ("place along rows", "place along columns")
    return [
        Mark(name, "made", values)
        for name, values in zip(names, beside.T, strict=True)
        if values.any()
    ]


def _as_numbers(told: Sequence[Any]) -> Columns:
    """Return numbers as they are, and texts as their ranks."""
    known = {one for one in told if one is not None}
    if not all(isinstance(one, float) for one in known):
        rank = {text: float(n) for n, text in enumerate(sorted(known))}
        return np.array([rank.get(one, -1.0) for one in told])
    absent = min(known, default=0.0) - 1
    return np.array([absent if one is None else one for one in told])


def _number(header: Dataset, groups: list[Dataset], sequence: str, keyword: str) -> float | None:
    value = look_up(header, groups, sequence, keyword)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _text(header: Dataset, groups: list[Dataset], sequence: str, keyword: str) -> str | None:
    value = look_up(header, groups, sequence, keyword)
    return None if value is None else str(value)


def _datetime(header: Dataset, groups: list[Dataset], keyword: str) -> float | None:
    told = look_up(header, groups, "FrameContentSequence", keyword)
    moment = parse_datetime(str(told or ""), None)
    return None if moment is None else (moment - _EPOCH).total_seconds()


def _date_and_time(header: Dataset, _: list[Dataset], name: str) -> float | None:
    clock = parse_time(str(header.get(f"{name}Time") or ""))
    if clock is None:
        return None
    day = parse_date(str(header.get(f"{name}Date") or "")) or _EPOCH.date()
    return (datetime.combine(day, clock) - _EPOCH).total_seconds()


def _dimensions(
    looked: Sequence[tuple[Dataset, list[Dataset]]],
) -> list[tuple[str, Kind, _Reader]]:
    """Make a column of each of DimensionIndexValues (0020,9157), where frames have them."""
    counts = {len(_dimension_values(groups)) for _, groups in looked}
    return [
        (
            f"dimension {n + 1}",
            "acquisition",
            partial(_dimension, number=n),
        )
        for n in range(min(counts, default=0))
    ]


def _dimension(_: Dataset, groups: list[Dataset], *, number: int) -> float:
    return float(_dimension_values(groups)[number])


def _dimension_values(groups: list[Dataset]) -> list[Any]:
    value = look_up(Dataset(), groups, "FrameContentSequence", "DimensionIndexValues")
    if value is None:
        return []
    return [value] if isinstance(value, int) else list(value)


def _acquisition(
    read: Callable[..., Any], keyword: str, sequence: str = ""
) -> tuple[str, Kind, _Reader]:
    return keyword, "acquisition", partial(read, sequence=sequence, keyword=keyword)


_CARDIAC = "CardiacSynchronizationSequence"
_READERS: tuple[tuple[str, Kind, _Reader], ...] = (
    _acquisition(_number, "TemporalPositionIdentifier"),
    _acquisition(_number, "TemporalPositionIndex", "FrameContentSequence"),
    _acquisition(_number, "TemporalPositionTimeOffset", "TemporalPositionSequence"),
    _acquisition(_number, "NominalPercentageOfCardiacPhase", _CARDIAC),
    _acquisition(_number, "NominalCardiacTriggerDelayTime", _CARDIAC),
    _acquisition(
        _number, "NominalPercentageOfRespiratoryPhase", "RespiratorySynchronizationSequence"
    ),
    _acquisition(_number, "TriggerTime"),
    _acquisition(_text, "StackID", "FrameContentSequence"),
    _acquisition(_number, "FrameAcquisitionNumber", "FrameContentSequence"),
    _acquisition(_number, "AcquisitionNumber"),
    *(
        (keyword, "acquisition", partial(_datetime, keyword=keyword))
        for keyword in ("FrameAcquisitionDateTime", "AcquisitionDateTime", "FrameReferenceDateTime")
    ),
    ("AcquisitionTime", "acquisition", partial(_date_and_time, name="Acquisition")),
    _acquisition(_number, "FrameReferenceTime"),
    ("SeriesTime", "acquisition", partial(_date_and_time, name="Series")),
    _acquisition(_number, "LowRRValue"),
    _acquisition(_number, "KVP"),
    _acquisition(_number, "TableHeight"),
    *(
        _acquisition(_text, keyword)
        for keyword in (
            "PatientPosition",
            "FrameOfReferenceUID",
            "ImageType",
            "CorrectedImage",
            "Units",
            "ContrastBolusAgent",
            "SeriesNumber",
            "SeriesDescription",
            "ProtocolName",
            "ImageComments",
        )
    ),
)
_LAST: tuple[tuple[str, Kind, _Reader], ...] = (
    ("ContentTime", "made", partial(_date_and_time, name="Content")),
    ("InstanceCreationTime", "made", partial(_date_and_time, name="InstanceCreation")),
    ("ImageIndex", "numbering", partial(_number, sequence="", keyword="ImageIndex")),
    ("InstanceNumber", "numbering", partial(_number, sequence="", keyword="InstanceNumber")),
)
