"""When the injection was, given the time the voxels stand for: rule 5 of the SUV engine."""

from datetime import UTC, datetime, time, timedelta

from ctpet.dicom.suv.injection import Injection
from ctpet.errors import InputRefused
from ctpet.findings import Finding

SHORTEST_UPTAKE = timedelta(minutes=30)
"""Less is not a static FDG scan (EANM guideline 2.0: 60 min; Boellaard et al., EJNMMI 2015)."""

CLOCK_ALONE_UP_TO_S = 11.5 * 3600
"""Half-life up to which a time of day tells the day too; a longer-lived tracer is scanned on
another day."""

LONGEST_UPTAKE_SLACK = timedelta(hours=1)
"""Beyond :attr:`Injection.longest_uptake` by more, a time of day is not believed: one clock may be
UTC and the other not."""

LONGEST_LEAD = timedelta(minutes=30)
"""A dynamic scan begins at most so long before the injection (first a transmission scan)."""

SAME_INSTANT = timedelta(seconds=1)

SAME_CLOCK_S = 60.0
"""Start Time and Start DateTime closer than this are one clock."""

_DAY = timedelta(days=1)
_STATE_THE_ZONE = (
    "Add Timezone Offset From UTC (0008,0201) of the scan, or Start Time (0018,1072) of the"
    " injection."
)


def injection_time(
    injection: Injection, reference: datetime, scan_end: datetime | None = None
) -> tuple[datetime, tuple[Finding, ...]]:
    """Return when the injection was, given the time the voxels stand for.

    Radiopharmaceutical Start DateTime if it is at most :attr:`Injection.longest_uptake` before the
    reference; else the time of day on the reference's date, or on the day before if it was late on
    that (midnight lay between). An injection after the reference and before the end of the scan
    belongs to a dynamic scan that began first. A Start DateTime whose offset from UTC cannot be
    placed yields to Start Time.

    Args:
        injection: of :func:`ctpet.dicom.suv.injection.read_injection`.
        reference: the instant the voxels stand for, on the scanner's clock.
        scan_end: when the last frame ended, where it is known.

    Raises:
        InputRefused: ``injection-time-missing``, ``injection-time-unplaced``, ``negative-uptake``
            or ``uptake-implausible``.
    """
    latest = max(reference, min(scan_end or reference, reference + LONGEST_LEAD))
    start, clock = injection.start, injection.start_clock
    if start is not None and (clock is None or _is_placed(injection, start, clock)):
        if reference - injection.longest_uptake <= start < latest or start == reference:
            return start, _clock_findings(injection) + _during_scan(start, reference)
        if clock is None and injection.unplaced_offset is not None:
            raise _unplaced(start, reference)
    clock = clock or (start.time() if start else None)
    if clock is None or injection.half_life_s > CLOCK_ALONE_UP_TO_S:
        raise InputRefused(
            "injection-time-missing",
            "No usable Radiopharmaceutical Start DateTime (0018,1078) or Start Time (0018,1072)",
            remedy="Without the time of injection there is no SUV; take the PET from its source.",
        )
    found = _on_day_of(clock, injection, reference, latest)
    return found, _start_findings(injection, found) + _during_scan(found, reference)


def uptake_findings(injection: Injection, uptake: timedelta) -> tuple[Finding, ...]:
    """Say whether the time from injection to scan is too short or too long to be usual."""
    minutes = uptake.total_seconds() / 60
    if uptake < SHORTEST_UPTAKE:
        message = f"Uptake time is {minutes:.1f} min; static FDG-PET has about 60"
        return (Finding("short-uptake", "warning", message, "Compare it with similar scans only."),)
    if uptake > injection.longest_uptake:
        message = f"Uptake time is {minutes:.0f} min, so long that a date or time may be wrong"
        return (Finding("long-uptake", "warning", message, "Check the time of injection."),)
    return ()


def _on_day_of(
    clock: time, injection: Injection, reference: datetime, latest: datetime
) -> datetime:
    """Return the time of day on the day that makes the most believable uptake."""
    days = [datetime.combine(reference.date() + _DAY * shift, clock) for shift in (0, -1, 1)]
    for found in days:
        if timedelta(0) <= reference - found <= injection.longest_uptake:
            return found
    for found in days:
        if reference < found < latest:
            return found
    same_day = days[0]
    if same_day > reference:
        late = (same_day - reference).total_seconds() / 60
        raise InputRefused(
            "negative-uptake",
            f"The injection lies {late:.1f} min after the time the voxels stand for",
            remedy="One of the clocks is wrong, or times were altered in de-identification.",
        )
    if reference - same_day > injection.longest_uptake + LONGEST_UPTAKE_SLACK:
        hours = (reference - same_day).total_seconds() / 3600
        raise InputRefused(
            "uptake-implausible",
            f"The injection lies {hours:.1f} h before the time the voxels stand for",
            remedy="One of the clocks is wrong, or times were altered in de-identification.",
        )
    return same_day


def _is_placed(injection: Injection, start: datetime, clock: time) -> bool:
    """Return whether Start DateTime is on the scanner's clock, as Start Time is."""
    return injection.unplaced_offset is None or _clocks_apart_s(start, clock) <= SAME_CLOCK_S


def _unplaced(start: datetime, reference: datetime) -> InputRefused:
    uptake_h = (reference - start).total_seconds() / 3600
    return InputRefused(
        "injection-time-unplaced",
        "Radiopharmaceutical Start DateTime (0018,1078) states an offset from UTC and alone would"
        f" give an uptake of {uptake_h:.1f} h",
        remedy=_STATE_THE_ZONE,
    )


def _during_scan(found: datetime, reference: datetime) -> tuple[Finding, ...]:
    if found - reference <= SAME_INSTANT:
        return ()
    late = (found - reference).total_seconds() / 60
    message = (
        f"The injection lies {late:.1f} min after the reference time and before the scan's end:"
        " a dynamic scan that began first"
    )
    return (Finding("injection-during-scan", "warning", message),)


def _clock_findings(injection: Injection) -> tuple[Finding, ...]:
    """Say what is doubtful about Start DateTime where it was taken."""
    if injection.start is None:
        return ()
    if injection.start_clock is None:
        if injection.unplaced_offset != UTC:
            return ()
        message = (
            "Start DateTime of the injection is in UTC and the scan does not state its zone; its"
            " clock was taken as the scanner's"
        )
        return (Finding("injection-offset-unplaced", "warning", message, _STATE_THE_ZONE),)
    apart_s = _clocks_apart_s(injection.start, injection.start_clock)
    if apart_s <= SAME_CLOCK_S:
        return ()
    message = f"Start Time and Start DateTime of the injection differ by {apart_s / 60:.0f} min"
    return (Finding("injection-times-disagree", "warning", message + "; the latter was used"),)


def _start_findings(injection: Injection, found: datetime) -> tuple[Finding, ...]:
    """Say why Start DateTime was not taken as it stands."""
    if injection.start is None or injection.start == found:
        return ()
    if not _is_placed(injection, injection.start, found.time()):
        message = (
            "Start DateTime of the injection states an offset from UTC, the scan does not state its"
            " own, and Start Time differs; Start Time was used"
        )
        return (Finding("injection-offset-unplaced", "warning", message),)
    message = "The date of Radiopharmaceutical Start DateTime does not fit the scan; the scan's own"
    return (Finding("injection-date-replaced", "warning", message + " date was used"),)


def _clocks_apart_s(start: datetime, clock: time) -> float:
    apart_s = abs((datetime.combine(start.date(), clock) - start).total_seconds())
    return min(apart_s, 86400 - apart_s)
