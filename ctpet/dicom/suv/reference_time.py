"""To which instant a scanner corrected decay under DecayCorrection START: rule 4.

The standard says "the start of the acquisition" (PS3.3 C.8.9.1) and vendors differ: the series
time may be that of a reprocessing, the acquisition time that of a later bed. So every hint is a
witness, and where they disagree the choice is made in a fixed order and recorded. Sources: QIBA
vendor-neutral SUV pseudo-code; IBSI-SUV benchmark (Vácha et al., oncoray/suv_computation); Fritsak
et al., arXiv 2410.13348, on GE, Philips and Siemens conformance statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low
from typing import NamedTuple

from pydicom import Dataset

from ctpet.dicom.suv.frame_time import FrameTime
from ctpet.dicom.suv.scanner_time import parse_datetime, series_datetime, stated_offset, zone
from ctpet.dicom.suv.vendor import GE_SCAN_TIME, REFERENCE_TIMES, made_by, vendor_values
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import mean_activity_time_s

AGREEMENT = timedelta(seconds=60)
"""Hints closer than this agree: F-18 loses 0.6 % in it."""

SAME_INSTANT = timedelta(seconds=1)
"""Siemens writes an acquisition time 15 µs before the same series time."""

ONE_FRAME_ANSWER = timedelta(seconds=10)
"""Beds whose frame times lead back to instants closer than this tell the same reference."""

MOST_SLICES = 0.75
"""Where beds overlap, GE gives a slice the time of one and the Decay Factor of the other."""

VENDOR_PRIVATE = "vendor-private"
PHILIPS_RATIO = "philips-factor-ratio"
DECAY_FACTOR = "decay-factor"
FRAME_REFERENCE = "frame-reference"
SERIES_TIME = "series-time"
EARLIEST_ACQUISITION = "earliest-acquisition"

_TRUST_WHERE_ALL_AGREE = (
    VENDOR_PRIVATE,
    SERIES_TIME,
    FRAME_REFERENCE,
    DECAY_FACTOR,
    EARLIEST_ACQUISITION,
    PHILIPS_RATIO,
)
_TRUST_OF_MAKERS = (VENDOR_PRIVATE, PHILIPS_RATIO)
_TRUST_WHERE_THEY_DIFFER = (FRAME_REFERENCE, DECAY_FACTOR, SERIES_TIME, EARLIEST_ACQUISITION)


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


def reference_candidates(
    headers: Sequence[Dataset], frames: Sequence[FrameTime], half_life_s: float
) -> tuple[dict[str, datetime], tuple[Finding, ...]]:
    """Return every instant that the headers hint at, by name, and what was seen on the way.

    Args:
        headers: of all slices, in any order; one slice may stand for a series.
        frames: parallel to the headers.
        half_life_s: of the nuclide, seconds.
    """
    found: dict[str, datetime] = {}
    acquired = [frame.acquired for frame in frames if frame.acquired is not None]
    private, findings = _private_time(headers, acquired)
    if private is not None:
        found[VENDOR_PRIVATE] = private
    series = min((time for ds in headers if (time := series_datetime(ds))), default=None)
    if series is not None and (not acquired or series <= min(acquired) + SAME_INSTANT):
        found[SERIES_TIME] = series
    elif series is not None:
        findings += (_series_late(series - min(acquired)),)
    if acquired:
        found[EARLIEST_ACQUISITION] = min(acquired)
    if series is not None and _acquired_is_series(headers[0], frames, series):
        return found, findings
    factor, factor_findings = _decay_factor(frames, half_life_s)
    if factor is not None:
        found[DECAY_FACTOR] = factor
    frame, frame_findings = _frame_reference(headers[0], frames, half_life_s)
    if frame is not None:
        found[FRAME_REFERENCE] = frame
    return found, findings + factor_findings + frame_findings


def choose_reference(
    candidates: Mapping[str, datetime], frames: Sequence[FrameTime]
) -> ReferenceTime:
    """Choose among the candidates; see the module's order.

    Where they differ: what the maker says in private; else Frame Reference Time or Decay Factor,
    whichever the other, the series time or the first acquisition bears out; else the first that is
    there. A Frame Reference Time of 0 in every slice is a placeholder where the Decay Factor knows
    better.

    Raises:
        InputRefused: ``reference-time-missing`` when there is none, ``reference-time-contradicted``
            when Decay Factor and Frame Reference Time contradict each other and no other time
            bears either out.
    """
    if not candidates:
        raise InputRefused(
            "reference-time-missing",
            "Neither series time, acquisition time nor a private decay correction time is there",
            remedy="Without the time the voxels stand for there is no SUV; export it complete.",
        )
    times = candidates.values()
    agreed = max(times) - min(times) <= AGREEMENT
    if agreed:
        name = next(name for name in _TRUST_WHERE_ALL_AGREE if name in candidates)
    else:
        name = _among_differing(candidates, frames)
    return ReferenceTime(name, candidates[name], agreed)


def _among_differing(candidates: Mapping[str, datetime], frames: Sequence[FrameTime]) -> str:
    for name in _TRUST_OF_MAKERS:
        if name in candidates:
            return name
    heard = [name for name in _TRUST_WHERE_THEY_DIFFER if name in candidates]
    if DECAY_FACTOR in heard and not any(frame.reference_s for frame in frames):
        heard = [name for name in heard if name != FRAME_REFERENCE]
    of_frames = [name for name in (FRAME_REFERENCE, DECAY_FACTOR) if name in heard]
    for witnesses in ((*of_frames, SERIES_TIME), (EARLIEST_ACQUISITION,)):
        for name in of_frames:
            others = (other for other in witnesses if other in candidates and other != name)
            if any(abs(candidates[name] - candidates[other]) <= AGREEMENT for other in others):
                return name
    if len(of_frames) > 1:
        raise _contradicted(candidates[DECAY_FACTOR] - candidates[FRAME_REFERENCE])
    return heard[0]


def _contradicted(apart: timedelta) -> InputRefused:
    return InputRefused(
        "reference-time-contradicted",
        "Decay Factor (0054,1321) and Frame Reference Time (0054,1300) name instants of decay"
        f" correction {abs(apart).total_seconds() / 60:.1f} min apart, and no other time bears"
        " either out",
        remedy="Export the series again from the scanner, or as SUVbw.",
    )


def _private_time(
    headers: Sequence[Dataset], acquired: Sequence[datetime]
) -> tuple[datetime | None, tuple[Finding, ...]]:
    """Return the time in the maker's private element if all slices carry the same."""
    told: tuple[Finding, ...] = ()
    for element in REFERENCE_TIMES:
        values, findings = vendor_values(headers, element, _on_scanner_clock)
        told += findings
        stated = [value for value in values if value is not None]
        if not stated:
            continue
        times = [each.time for each in stated]
        if len(times) < len(values) or max(times) - min(times) > SAME_INSTANT:
            message = f"{element} differs or is absent by slice; it was not used"
            return None, (*told, Finding("private-time-varies", "warning", message))
        if not all(each.placed for each in stated):
            message = f"{element} states an offset from UTC and the scan does not state its own"
            return None, (*told, Finding("private-time-unplaced", "info", message + "; not used"))
        time, moved = _on_day_of_scan(min(times), acquired)
        return time, told + moved
    return None, told


class _Stated(NamedTuple):
    time: datetime
    placed: bool


def _on_scanner_clock(value: str, ds: Dataset) -> _Stated | None:
    local = zone(ds)
    time = parse_datetime(value, local)
    return (
        None if time is None else _Stated(time, local is not None or stated_offset(value) is None)
    )


def _on_day_of_scan(
    time: datetime, acquired: Sequence[datetime]
) -> tuple[datetime, tuple[Finding, ...]]:
    """Return a private time on the day of the scan: shifts of dates often miss private ones."""
    days = round((min(acquired) - time) / timedelta(days=1)) if acquired else 0
    if days == 0:
        return time, ()
    message = f"The private decay correction time lies {abs(days)} days off the scan"
    finding = Finding("private-date-replaced", "warning", message + "; its clock was used")
    return time + timedelta(days=days), (finding,)


def _acquired_is_series(ds: Dataset, frames: Sequence[FrameTime], series: datetime) -> bool:
    """Return whether GE gave every slice the series time for its own, whatever its bed.

    Then frame times count from that time and lead nowhere (seen in Discovery ST exports: frames
    at 1098 s whose acquisition time is the series').
    """
    return made_by(ds, GE_SCAN_TIME) and all(
        frame.acquired is not None
        and abs(frame.acquired - series) <= SAME_INSTANT
        and frame.reference_s is not None
        and frame.reference_s > AGREEMENT.total_seconds()
        for frame in frames
    )


def _decay_factor(
    frames: Sequence[FrameTime], half_life_s: float
) -> tuple[datetime | None, tuple[Finding, ...]]:
    """Return the instant to which the Decay Factors of nearly all slices lead back."""
    instants = [frame.corrected_to(half_life_s) for frame in frames]
    told = [time for time in instants if time is not None]
    if len(told) < len(frames):
        return None, ()
    middle = median_low(told)
    near = sum(
        abs(time - middle) <= ONE_FRAME_ANSWER + frame.decay_doubt(half_life_s)
        for time, frame in zip(told, frames, strict=True)
    )
    if near < MOST_SLICES * len(told):
        message = "The decay factors of the beds do not lead to one instant; not used"
        return None, (Finding("decay-factor-inconsistent", "warning", message),)
    return middle, ()


def _frame_reference(
    ds: Dataset, frames: Sequence[FrameTime], half_life_s: float
) -> tuple[datetime | None, tuple[Finding, ...]]:
    """Return the series reference to which the frame times of all beds lead back.

    Frame Reference Time (0054,1300) is the offset in ms from the reference to the instant at which
    the voxels have their value (PS3.3 C.8.9.4.1.5): acq + ln(λT/(1−e^(−λT)))/λ − FRT. GE counts it
    to the start of the frame instead, and so does whoever writes 0 for the first frame.
    """
    beds = {(frame.acquired, frame.reference_s, frame.duration_s) for frame in frames}
    to_start = made_by(ds, GE_SCAN_TIME) or any(reference_s == 0 for _, reference_s, _ in beds)
    instants = []
    for acquired, reference_s, duration_s in beds:
        if acquired is None or reference_s is None or (duration_s is None and not to_start):
            return None, ()
        late_s = 0.0 if to_start else mean_activity_time_s(duration_s or 0.0, half_life_s)
        instants.append(acquired + timedelta(seconds=late_s - reference_s))
    if max(instants) - min(instants) > ONE_FRAME_ANSWER:
        message = "The frame reference times of the beds do not lead to one instant; not used"
        return None, (Finding("frame-reference-inconsistent", "info", message),)
    return median_low(instants), ()


def _series_late(late: timedelta) -> Finding:
    return Finding(
        "series-after-acquisition",
        "info",
        f"The series time lies {late.total_seconds() / 60:.1f} min after the first acquisition"
        " and is not the decay reference (a reprocessed series)",
    )
