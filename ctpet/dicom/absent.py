"""Evidence in headers that images of a series are not here."""

from collections.abc import Iterable, Sequence
from math import prod

from pydicom import Dataset

from ctpet.dicom.frames import frame_count
from ctpet.dicom.header import whole_number
from ctpet.dicom.series import SeriesInfo
from ctpet.findings import Finding

_SCHEME = 100
"""Numbers that begin after a multiple of it, twice as many as there are images, follow a scheme."""

_NUMBERS = {
    "InstanceNumber": "InstanceNumber (0020,0013)",
    "ImageIndex": "Image Index (0054,1330)",
}
_TIME_POINTS = (
    ("NumberOfTimeSlices", "Number of Time Slices (0054,0101)"),
    ("NumberOfTemporalPositions", "NumberOfTemporalPositions (0020,0105)"),
)


def absent_findings(
    stack: SeriesInfo, series: Sequence[Dataset], stacks_in_series: int
) -> list[Finding]:
    """Say what the headers of a stack name and the series has not.

    Positions show what is missing inside a stack. Only counts and numbers show what is missing at
    its ends.

    Args:
        stack: whose headers are asked.
        series: the headers of every image of its series, whatever stack they belong to and
            whether or not they were left out.
        stacks_in_series: how many stacks the series was divided into.
    """
    unique = _unique(series)
    told = [
        *_slices(stack, unique),
        *_time_points(stack, stacks_in_series),
        *_acquisitions(stack, unique),
        *_related(stack, unique),
        *_concatenations(unique),
        *(text for keyword in _NUMBERS for text in _numbers(stack, unique, keyword)),
    ]
    if not told:
        return []
    return [
        Finding(
            "images-absent",
            "warning",
            f"The headers say that images of this series are not here: {'; '.join(told)}",
            "Send the whole series again from the scanner or archive, unless it was cut on purpose",
        )
    ]


def _unique(headers: Iterable[Dataset]) -> list[Dataset]:
    """Return one header of each SOP instance."""
    by_uid = {str(header.get("SOPInstanceUID") or id(header)): header for header in headers}
    return list(by_uid.values())


def _most(headers: Iterable[Dataset], keyword: str) -> int:
    return max((whole_number(header, keyword) or 0 for header in headers), default=0)


def _count(headers: Iterable[Dataset]) -> int:
    return sum(frame_count(header) for header in headers)


def _slices(stack: SeriesInfo, series: Sequence[Dataset]) -> list[str]:
    """By Number of Slices (0054,0081), which counts those of one time point (PS3.3 C.8.9.4.1).

    Where the whole series has them, they only lie in several stacks.
    """
    said = _most(stack.headers, "NumberOfSlices")
    here = len(_unique(stack.headers)) if stack.kept is None else stack.frame_count
    times = prod(
        max(1, _most(stack.headers, keyword))
        for keyword in ("NumberOfTimeSlices", "NumberOfTimeSlots", "NumberOfRRIntervals")
    )
    if said <= here or _count(series) == said * times:
        return []
    return [f"Number of Slices (0054,0081) is {said}, and {here} are here"]


def _time_points(stack: SeriesInfo, stacks_in_series: int) -> list[str]:
    for keyword, name in _TIME_POINTS:
        said = _most(stack.headers, keyword)
        if said > max(1, stacks_in_series):
            return [f"{name} is {said}, and {stacks_in_series} are here"]
    return []


def _acquisitions(stack: SeriesInfo, series: Sequence[Dataset]) -> list[str]:
    """By ImagesInAcquisition (0020,1002), one acquisition after the other."""
    told = []
    for number in sorted({str(header.get("AcquisitionNumber") or "") for header in stack.headers}):
        alike = [one for one in series if str(one.get("AcquisitionNumber") or "") == number]
        said, here = _most(alike, "ImagesInAcquisition"), _count(alike)
        if said > here:
            name = f" of acquisition {number}" if number else ""
            told.append(f"ImagesInAcquisition (0020,1002){name} is {said}, and {here} are here")
    return told


def _related(stack: SeriesInfo, series: Sequence[Dataset]) -> list[str]:
    said = _most(stack.headers, "NumberOfSeriesRelatedInstances")
    if said <= len(series):
        return []
    return [
        f"NumberOfSeriesRelatedInstances (0020,1209) is {said}, and {len(series)} files are here"
    ]


def _concatenations(series: Sequence[Dataset]) -> list[str]:
    """By In-concatenation Total Number (0020,9163): files that one instance was divided into."""
    files: dict[str, list[Dataset]] = {}
    for header in series:
        if uid := str(header.get("ConcatenationUID") or ""):
            files.setdefault(uid, []).append(header)
    return [
        f"a concatenation has {said} files (0020,9163), and {len(some)} are here"
        for some in files.values()
        if (said := _most(some, "InConcatenationTotalNumber")) > len(some)
    ]


def _numbers(stack: SeriesInfo, series: Sequence[Dataset], keyword: str) -> list[str]:
    """By numbers that should run from 1 (or 0) without a gap through the series."""
    own = [whole_number(header, keyword) for header in _unique(stack.headers)]
    if None in own or len(set(own)) < len(own) or _count(series) > len(series):
        return []
    known = {whole_number(header, keyword) for header in series} - {None}
    numbers = sorted(number for number in known if number is not None)
    first, last = numbers[0], numbers[-1]
    before, between = max(0, first - 1), last - first + 1 - len(numbers)
    if before % _SCHEME == 0 and before >= 2 * len(numbers):
        before = 0
    if between > len(numbers) * _SCHEME or not before + between:
        return []
    where = [f"{before} below them"] * bool(before) + [f"{between} among them"] * bool(between)
    return [f"{_NUMBERS[keyword]} runs from {first} to {last} and lacks {' and '.join(where)}"]
