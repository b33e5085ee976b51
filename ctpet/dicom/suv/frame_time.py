"""When each slice of a PET was acquired, and what its header says of decay in its frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import log

from pydicom import Dataset

from ctpet.dicom.suv.header import number, text
from ctpet.dicom.suv.scanner_time import acquisition_datetime, series_datetime
from ctpet.findings import Finding
from ctpet.suv import decay_constant_per_s, mean_activity_time_s

LONGEST_SCAN = timedelta(hours=3)
"""A scan over midnight is believed up to this length; dynamic FDG takes about 1.5 h."""

SHORTEST_FRAME_S, LONGEST_FRAME_S = 1.0, 3 * 3600.0
"""Frames of dynamic scans last 1 s or more; less was written in seconds, more in microseconds."""

LONGEST_OFFSET_S = 30 * 86400.0
"""No frame lies farther from the instant that its decay was corrected to."""

LARGEST_DECAY_FACTOR = 1e6
"""Twenty half-lives: nothing is left to see."""

SLACK = timedelta(seconds=60)
"""By which an acquisition may precede the series time that it belongs to."""

HALF_A_DAY = timedelta(hours=12)

MOST_DOUBT = timedelta(seconds=60)
"""A Decay Factor whose decimals leave more doubt than this about its instant says nothing."""


@dataclass(frozen=True, slots=True)
class FrameTime:
    """The frame of one slice.

    Attributes:
        acquired: start of the acquisition on the scanner's clock, or None.
        duration_s: Actual Frame Duration (0018,1242), or None where it is not believed.
        reference_s: Frame Reference Time (0054,1300), or None where it is not believed.
        decay_factor: Decay Factor (0054,1321) as it is written; empty when absent.
    """

    acquired: datetime | None
    duration_s: float | None
    reference_s: float | None
    decay_factor: str

    @property
    def ended(self) -> datetime | None:
        """Return the end of the frame; its start where the duration is unknown."""
        if self.acquired is None:
            return None
        return self.acquired + timedelta(seconds=self.duration_s or 0.0)

    def mean_activity(self, half_life_s: float) -> datetime | None:
        """Return when the activity equals the frame's mean, None where times are missing."""
        if self.acquired is None or self.duration_s is None:
            return None
        late_s = mean_activity_time_s(self.duration_s, half_life_s)
        return self.acquired + timedelta(seconds=late_s)

    def corrected_to(self, half_life_s: float) -> datetime | None:
        """Return the instant to which Decay Factor says that this frame was corrected.

        The factor is exp(λ (t − t₀)) with t the frame's mean activity and t₀ the instant corrected
        to (PS3.3 C.8.9.4; GE and Siemens write it so). None where it says nothing: absent, 1
        (written by many who do not know it), below 1, or too few decimals.
        """
        mean, factor = self.mean_activity(half_life_s), _positive(self.decay_factor)
        if mean is None or factor is None or not 1.0 < factor <= LARGEST_DECAY_FACTOR:
            return None
        if self.decay_doubt(half_life_s) > MOST_DOUBT:
            return None
        return mean - timedelta(seconds=log(factor) / decay_constant_per_s(half_life_s))

    def decay_doubt(self, half_life_s: float) -> timedelta:
        """Return by how much the decimals of Decay Factor leave its instant open, either way."""
        seconds = _half_a_digit(self.decay_factor) / decay_constant_per_s(half_life_s)
        return timedelta(seconds=seconds)


def read_frames(
    headers: Sequence[Dataset],
) -> tuple[tuple[FrameTime, ...], tuple[Finding, ...]]:
    """Read the frame of every slice; dates that were not turned at midnight are turned.

    Args:
        headers: of all slices; the frames are parallel to them.
    """
    frames = tuple(_frame(ds) for ds in headers)
    stated = [frame.acquired for frame in frames if frame.acquired is not None]
    series = min((time for ds in headers if (time := series_datetime(ds))), default=None)
    begun = _before_midnight(stated, series)
    if begun is None:
        return frames, ()
    turned = tuple(_turned(frame, begun) for frame in frames)
    count = sum(one is not other for one, other in zip(frames, turned, strict=True))
    message = f"{count} slices were acquired after midnight and bear the date of the day before"
    finding = Finding("midnight-date-kept", "warning", f"{message}; the next day was taken")
    return turned, (finding,)


def _frame(ds: Dataset) -> FrameTime:
    return FrameTime(
        acquired=acquisition_datetime(ds),
        duration_s=_duration_s(ds),
        reference_s=_reference_s(ds),
        decay_factor=text(ds, "DecayFactor"),
    )


def _reference_s(ds: Dataset) -> float | None:
    """Return Frame Reference Time (0054,1300) in seconds, None when absent or beyond reason."""
    reference_ms = number(ds, "FrameReferenceTime")
    if reference_ms is None or abs(reference_ms) > 1000.0 * LONGEST_OFFSET_S:
        return None
    return reference_ms / 1000.0


def _duration_s(ds: Dataset) -> float | None:
    """Return Actual Frame Duration (0018,1242) in seconds, None when absent or not believed."""
    duration_ms = number(ds, "ActualFrameDuration")
    if duration_ms is None or not SHORTEST_FRAME_S <= duration_ms / 1000.0 <= LONGEST_FRAME_S:
        return None
    return duration_ms / 1000.0


def _before_midnight(stated: Sequence[datetime], series: datetime | None) -> datetime | None:
    """Return the start of a scan of which some slices seem to lie nearly a day before it.

    They do where a clock went over midnight and the date stayed: all other slices, or the series,
    begin late on that day, and a day later these slices continue them.
    """
    late = [time for time in stated if max(stated) - time < HALF_A_DAY]
    if late and len(late) < len(stated):
        begun = min(late)
    elif series is not None:
        begun = series
    else:
        return None
    early = [time for time in stated if begun - time > HALF_A_DAY]
    late_by = [time + timedelta(days=1) - begun for time in early]
    fits = all(-SLACK <= after <= LONGEST_SCAN for after in late_by)
    return begun if early and fits else None


def _turned(frame: FrameTime, begun: datetime) -> FrameTime:
    if frame.acquired is None or begun - frame.acquired <= HALF_A_DAY:
        return frame
    return replace(frame, acquired=frame.acquired + timedelta(days=1))


def _positive(value: str) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return found if 0 < found < float("inf") else None


def _half_a_digit(value: str) -> float:
    """Return half a unit of the last digit of a decimal string such as 1.0159 or 1.5e0."""
    mantissa, _, exponent = value.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(0.5 * 10.0 ** (int(exponent or 0) - decimals))
