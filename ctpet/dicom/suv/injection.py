"""The injected activity and when it was injected: rules 5 and 6 of the SUV engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from pydicom import Dataset

from ctpet.dicom.suv.header import number, text
from ctpet.dicom.suv.scanner_time import parse_datetime, parse_time, zone
from ctpet.dicom.suv.tracer import injection_count, injection_item, nuclide
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import F18_HALF_LIFE_S, HALF_LIFE_S

DOSE_IS_MBQ_BELOW = 1e4
"""A Radionuclide Total Dose below this was written in MBq: 10 kBq is in no patient, and 10 GBq
neither. The standard wants Bq (PS3.3 C.8.9.2); GE and Philips exports in MBq are seen."""

LONGEST_UPTAKE = timedelta(hours=6)
"""An injection longer ago than this, or twice the half-life where that is more, is a wrong date."""

SHORTEST_UPTAKE = timedelta(minutes=30)
"""Less is not a static FDG scan (EANM guideline 2.0: 60 min; Boellaard et al., EJNMMI 2015)."""

CLOCK_ALONE_UP_TO_S = 11.5 * 3600
"""Half-life up to which a time of day tells the day too; a longer-lived tracer is scanned on
another day."""


@dataclass(frozen=True, slots=True)
class Injection:
    """What Radiopharmaceutical Information Sequence (0054,0016) says of the injection.

    Attributes:
        dose_bq: activity at the time of injection, Bq.
        half_life_s: of the nuclide, seconds.
        start: Radiopharmaceutical Start DateTime (0018,1078) on the scanner's clock, or None.
        start_clock: Radiopharmaceutical Start Time (0018,1072), or None.
        findings: what was changed or is doubtful.
    """

    dose_bq: float
    half_life_s: float
    start: datetime | None
    start_clock: time | None
    findings: tuple[Finding, ...] = ()

    @property
    def longest_uptake(self) -> timedelta:
        """Return the uptake above which the injection's date is not believed."""
        return max(LONGEST_UPTAKE, timedelta(seconds=2 * self.half_life_s))


def read_injection(headers: Sequence[Dataset]) -> Injection:
    """Read dose, half-life and start of the injection that all slices share.

    Raises:
        InputRefused: ``injection-missing``, ``several-injections``, ``mixed-headers``,
            ``dose-missing``, ``dose-unit-unclear``, ``half-life-missing`` or
            ``half-life-implausible``.
    """
    item = _only_item(headers)
    dose_bq, dose_findings = _dose_bq(item)
    half_life_s, half_life_findings = read_half_life_s(item)
    return Injection(
        dose_bq=dose_bq,
        half_life_s=half_life_s,
        start=parse_datetime(text(item, "RadiopharmaceuticalStartDateTime"), zone(headers[0])),
        start_clock=parse_time(text(item, "RadiopharmaceuticalStartTime")),
        findings=dose_findings + half_life_findings,
    )


def read_half_life_s(item: Dataset) -> tuple[float, tuple[Finding, ...]]:
    """Return Radionuclide Half Life (0018,1075) in seconds and what is doubtful about it.

    Absent or zero, it is taken from the nuclide's code for F-18 only.

    Raises:
        InputRefused: ``half-life-missing``, or ``half-life-implausible`` when it is off by more
            than half, as when it was written in minutes.
    """
    isotope = nuclide(item)
    half_life_s = number(item, "RadionuclideHalfLife")
    if not half_life_s or half_life_s < 0:
        if isotope != "F-18":
            raise InputRefused(
                "half-life-missing",
                "Radionuclide Half Life (0018,1075) is missing and no code says F-18",
                remedy="Have the scanner or PACS export the header complete.",
            )
        message = f"Radionuclide Half Life is missing; {F18_HALF_LIFE_S} s of F-18 taken"
        return F18_HALF_LIFE_S, (Finding("half-life-from-code", "warning", message),)
    expected = HALF_LIFE_S.get(isotope or "")
    if expected is None or abs(half_life_s / expected - 1) <= 0.01:
        return half_life_s, ()
    message = f"The half-life is {half_life_s:g} s; {isotope} has {expected:g} s"
    if abs(half_life_s / expected - 1) > 0.5:
        raise InputRefused(
            "half-life-implausible",
            message,
            remedy="Correct the nuclide's code or Radionuclide Half Life (0018,1075), in seconds.",
        )
    return half_life_s, (Finding("half-life-implausible", "warning", message + "; used as is"),)


def injection_time(
    injection: Injection, reference: datetime
) -> tuple[datetime, tuple[Finding, ...]]:
    """Return when the injection was, given the time the voxels stand for.

    Radiopharmaceutical Start DateTime if it is at most :attr:`Injection.longest_uptake` before the
    reference; else the time of day on the reference's date, a day earlier if that is later than
    the reference and the uptake stays believable (midnight lay between).

    Raises:
        InputRefused: ``injection-time-missing`` or ``negative-uptake``.
    """
    if injection.start is not None:
        uptake = reference - injection.start
        if timedelta(0) <= uptake <= injection.longest_uptake:
            return injection.start, _clock_findings(injection)
    clock = injection.start_clock or (injection.start.time() if injection.start else None)
    if clock is None or injection.half_life_s > CLOCK_ALONE_UP_TO_S:
        raise InputRefused(
            "injection-time-missing",
            "No usable Radiopharmaceutical Start DateTime (0018,1078) or Start Time (0018,1072)",
            remedy="Without the time of injection there is no SUV; take the PET from its source.",
        )
    found = datetime.combine(reference.date(), clock)
    if found > reference and reference - (found - timedelta(days=1)) <= injection.longest_uptake:
        found -= timedelta(days=1)
    if found > reference:
        late = (found - reference).total_seconds() / 60
        raise InputRefused(
            "negative-uptake",
            f"The injection lies {late:.1f} min after the time the voxels stand for",
            remedy="One of the clocks is wrong, or times were altered in de-identification.",
        )
    return found, _date_findings(injection)


def uptake_findings(injection: Injection, uptake: timedelta) -> tuple[Finding, ...]:
    """Say whether the time from injection to scan is too short or too long to believe."""
    minutes = uptake.total_seconds() / 60
    if uptake < SHORTEST_UPTAKE:
        message = f"Uptake time is {minutes:.1f} min; static FDG-PET has about 60"
        return (Finding("short-uptake", "warning", message, "Compare it with similar scans only."),)
    if uptake > injection.longest_uptake:
        message = f"Uptake time is {minutes:.0f} min, so long that a date or time may be wrong"
        return (Finding("long-uptake", "warning", message, "Check the time of injection."),)
    return ()


def _only_item(headers: Sequence[Dataset]) -> Dataset:
    item = injection_item(headers[0])
    if item is None:
        raise InputRefused(
            "injection-missing",
            "Radiopharmaceutical Information Sequence (0054,0016) is missing or empty",
            remedy="Without dose and time of injection there is no SUV; export it complete.",
        )
    if injection_count(headers[0]) > 1:
        raise InputRefused(
            "several-injections",
            f"The series lists {injection_count(headers[0])} radiopharmaceuticals",
            remedy="ctpet cannot tell which one the voxels show.",
        )
    told = {_told(other) for ds in headers if (other := injection_item(ds)) is not None}
    if len(told) > 1 or any(injection_item(ds) is None for ds in headers):
        raise InputRefused(
            "mixed-headers",
            "Dose, half-life or time of injection differ among the slices of one PET series",
            remedy="Export the series again, or separate what was merged into it.",
        )
    return item


def _told(item: Dataset) -> tuple[str | float | None, ...]:
    numbers = ("RadionuclideTotalDose", "RadionuclideHalfLife")
    times = ("RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime")
    return (*(number(item, key) for key in numbers), *(text(item, key) for key in times))


def _dose_bq(item: Dataset) -> tuple[float, tuple[Finding, ...]]:
    dose = number(item, "RadionuclideTotalDose")
    if dose is None or dose <= 0:
        raise InputRefused(
            "dose-missing",
            "Radionuclide Total Dose (0018,1074) is missing or zero",
            remedy="Without the dose there is no SUV; export the header complete.",
        )
    findings: tuple[Finding, ...] = ()
    if dose < DOSE_IS_MBQ_BELOW:
        message = f"Radionuclide Total Dose is {dose:g}, read as MBq"
        findings = (Finding("dose-in-mbq", "warning", message),)
        dose *= 1e6
    if dose < 1e6:
        raise InputRefused(
            "dose-unit-unclear",
            f"Radionuclide Total Dose is {dose:g}: too little in Bq, too much in MBq",
            remedy="Correct (0018,1074); the standard wants Bq.",
        )
    if not 2e7 <= dose <= 2e9:
        message = f"An injected activity of {dose / 1e6:.4g} MBq is unusual for a patient"
        findings += (Finding("dose-implausible", "warning", message, "Check (0018,1074)."),)
    return dose, findings


def _clock_findings(injection: Injection) -> tuple[Finding, ...]:
    if injection.start is None or injection.start_clock is None:
        return ()
    other = datetime.combine(injection.start.date(), injection.start_clock)
    apart_s = abs((other - injection.start).total_seconds())
    if min(apart_s, 86400 - apart_s) <= 60:
        return ()
    message = f"Start Time and Start DateTime of the injection differ by {apart_s / 60:.0f} min"
    return (Finding("injection-times-disagree", "warning", message + "; the latter was used"),)


def _date_findings(injection: Injection) -> tuple[Finding, ...]:
    if injection.start is None:
        return ()
    message = "The date of Radiopharmaceutical Start DateTime does not fit the scan; the scan's own"
    return (Finding("injection-date-replaced", "warning", message + " date was used"),)
