"""To which instant a scanner corrected decay under DecayCorrection START: rule 4.

The standard says "the start of the acquisition" (PS3.3 C.8.9.1) and vendors differ: the series
time may be that of a reprocessing, the acquisition time that of a later bed. So every hint is
collected, and where they disagree the choice is made in a fixed order and recorded. Sources: QIBA
vendor-neutral SUV pseudo-code; IBSI-SUV benchmark (Vácha et al., oncoray/suv_computation); Fritsak
et al., arXiv 2410.13348, on GE, Philips and Siemens conformance statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low
from typing import NamedTuple

from pydicom import Dataset

from ctpet.dicom.suv.header import number, private_text, text
from ctpet.dicom.suv.scanner_time import (
    acquisition_datetime,
    parse_datetime,
    series_datetime,
    zone,
)
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import mean_activity_time_s

AGREEMENT = timedelta(seconds=60)
"""Hints closer than this agree: F-18 loses 0.6 % in it."""

SAME_INSTANT = timedelta(seconds=1)
"""Siemens writes an acquisition time 15 µs before the same series time."""

ONE_FRAME_ANSWER = timedelta(seconds=10)
"""Beds whose frame times lead back to instants closer than this tell the same reference."""

VENDOR_PRIVATE = "vendor-private"
PHILIPS_RATIO = "philips-factor-ratio"
FRAME_REFERENCE = "frame-reference"
SERIES_TIME = "series-time"
EARLIEST_ACQUISITION = "earliest-acquisition"

_TRUST_WHERE_ALL_AGREE = (
    VENDOR_PRIVATE,
    SERIES_TIME,
    FRAME_REFERENCE,
    EARLIEST_ACQUISITION,
    PHILIPS_RATIO,
)
_TRUST_WHERE_THEY_DIFFER = (
    VENDOR_PRIVATE,
    PHILIPS_RATIO,
    FRAME_REFERENCE,
    SERIES_TIME,
    EARLIEST_ACQUISITION,
)

_PRIVATE_TIMES = (
    (0x0009, "GEMS_PETD_01", 0x0D),
    (0x0071, "SIEMENS MED PT", 0x22),
)
"""GE's PET scan datetime, Siemens' Decay Correction DateTime (their conformance statements)."""


@dataclass(frozen=True, slots=True)
class ReferenceTime:
    """The instant chosen.

    Attributes:
        name: the candidate that won.
        time: on the scanner's clock.
        agreed: whether all candidates lay within :data:`AGREEMENT`.
    """

    name: str
    time: datetime
    agreed: bool


class _Bed(NamedTuple):
    acquired: datetime
    frame_reference_s: float
    duration_s: float | None


def reference_candidates(
    headers: Sequence[Dataset], half_life_s: float
) -> tuple[dict[str, datetime], tuple[Finding, ...]]:
    """Return every instant that the headers hint at, by name, and what was seen on the way.

    Args:
        headers: of all slices, in any order; one slice may stand for a series.
        half_life_s: of the nuclide, seconds.
    """
    found: dict[str, datetime] = {}
    private, findings = _private_time(headers)
    if private is not None:
        found[VENDOR_PRIVATE] = private
    acquired = [time for ds in headers if (time := acquisition_datetime(ds)) is not None]
    series = min((time for ds in headers if (time := series_datetime(ds))), default=None)
    if series is not None and (not acquired or series <= min(acquired) + SAME_INSTANT):
        found[SERIES_TIME] = series
    elif series is not None:
        findings += (_series_late(series - min(acquired)),)
    if acquired:
        found[EARLIEST_ACQUISITION] = min(acquired)
    frame, frame_findings = _frame_reference(headers, half_life_s)
    if frame is not None:
        found[FRAME_REFERENCE] = frame
    return found, findings + frame_findings


def choose_reference(candidates: Mapping[str, datetime]) -> ReferenceTime:
    """Choose among the candidates; see the module's order.

    Raises:
        InputRefused: ``reference-time-missing`` when there is none.
    """
    if not candidates:
        raise InputRefused(
            "reference-time-missing",
            "Neither series time, acquisition time nor a private decay correction time is there",
            remedy="Without the time the voxels stand for there is no SUV; export it complete.",
        )
    times = candidates.values()
    agreed = max(times) - min(times) <= AGREEMENT
    order = _TRUST_WHERE_ALL_AGREE if agreed else _TRUST_WHERE_THEY_DIFFER
    name = next(name for name in order if name in candidates)
    return ReferenceTime(name, candidates[name], agreed)


def frame_duration_s(ds: Dataset) -> float | None:
    """Return Actual Frame Duration (0018,1242) in seconds, None when absent or negative."""
    duration_ms = number(ds, "ActualFrameDuration")
    return None if duration_ms is None or duration_ms < 0 else duration_ms / 1000.0


def _private_time(headers: Sequence[Dataset]) -> tuple[datetime | None, tuple[Finding, ...]]:
    """Return the time in the maker's private element if all slices carry the same."""
    for group, creator, element in _PRIVATE_TIMES:
        times = [
            parse_datetime(private_text(ds, group, creator, element), zone(ds)) for ds in headers
        ]
        told = [time for time in times if time is not None]
        if not told:
            continue
        if len(told) == len(times) and max(told) - min(told) <= SAME_INSTANT:
            return min(told), ()
        message = f"The private decay correction time of {creator} differs or is absent by slice"
        return None, (Finding("private-time-varies", "warning", message + "; it was not used"),)
    return None, ()


def _frame_reference(
    headers: Sequence[Dataset], half_life_s: float
) -> tuple[datetime | None, tuple[Finding, ...]]:
    """Return the series reference to which the frame times of all beds lead back.

    Frame Reference Time (0054,1300) is the offset in ms from the reference to the instant at which
    the voxels have their value (PS3.3 C.8.9.4.1.5): acq + ln(λT/(1−e^(−λT)))/λ − FRT. GE counts it
    to the start of the frame instead, and so does whoever writes 0 for the first frame.
    """
    beds = [bed for bed in {_bed(ds) for ds in headers} if bed is not None]
    if not beds or any(_bed(ds) is None for ds in headers):
        return None, ()
    to_start = text(headers[0], "Manufacturer").upper().startswith("GE") or any(
        bed.frame_reference_s == 0 for bed in beds
    )
    if not to_start and any(bed.duration_s is None for bed in beds):
        return None, ()
    instants = sorted(
        bed.acquired
        + timedelta(
            seconds=(0.0 if to_start else mean_activity_time_s(bed.duration_s or 0.0, half_life_s))
            - bed.frame_reference_s
        )
        for bed in beds
    )
    if instants[-1] - instants[0] > ONE_FRAME_ANSWER:
        message = "The frame reference times of the beds do not lead to one instant; not used"
        return None, (Finding("frame-reference-inconsistent", "info", message),)
    return median_low(instants), ()


def _bed(ds: Dataset) -> _Bed | None:
    acquired, frame_ms = acquisition_datetime(ds), number(ds, "FrameReferenceTime")
    if acquired is None or frame_ms is None:
        return None
    return _Bed(acquired, frame_ms / 1000.0, frame_duration_s(ds))


def _series_late(late: timedelta) -> Finding:
    return Finding(
        "series-after-acquisition",
        "info",
        f"The series time lies {late.total_seconds() / 60:.1f} min after the first acquisition"
        " and is not the decay reference (a reprocessed series)",
    )
