"""What the header says of the injection: activity, half-life, times. Rules 5 and 6."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

from pydicom import Dataset

from ctpet.dicom.suv.header import number, text
from ctpet.dicom.suv.scanner_time import parse_datetime, parse_time, stated_offset, zone
from ctpet.dicom.suv.tracer import injection_count, injection_item, names_fdg, nuclide
from ctpet.errors import InputRefused
from ctpet.findings import Finding
from ctpet.suv import F18_HALF_LIFE_S, HALF_LIFE_S

DOSE_IS_MBQ_BELOW = 1e4
"""A Radionuclide Total Dose below this was written in MBq: 10 kBq is in no patient, and 10 GBq
neither. The standard wants Bq (PS3.3 C.8.9.2); GE and Philips exports in MBq are seen."""

BELIEVED_MBQ_PER_KG = (0.15, 60.0)
"""Injected activity per body weight: from total-body PET at a tenth of the usual dose (0.37, Tan et
al., J Nucl Med 2022) to Rb-82 in the heart."""

MOST_MBQ_PER_KG_OF_F18 = 30.0
"""A neonate of 2 kg gets 14 to 26 MBq of FDG (EANM dosage card), a light adult 20 MBq/kg."""

USUAL_MCI_IN_MBQ_PER_KG = (1.5, 12.0)
"""What a number too small for MBq would mean as mCi, if it were the usual dose of an adult."""

MBQ_PER_MCI = 37.0

POSSIBLE_HALF_LIFE_S = (1.0, 1e8)
"""From gases of seconds to Na-22, of 2.6 years, in phantoms."""

_HALF_LIFE_REMEDY = "Correct the nuclide's code or Radionuclide Half Life (0018,1075), in seconds."
_DOSE_REMEDY = "Write Radionuclide Total Dose (0018,1074) in Bq: 1 mCi is 3.7e7, 1 MBq is 1e6."

LONGEST_UPTAKE = timedelta(hours=6)
"""An injection longer ago than this, or twice the half-life where that is more, is a wrong date."""


@dataclass(frozen=True, slots=True)
class Injection:
    """What Radiopharmaceutical Information Sequence (0054,0016) says of the injection.

    Attributes:
        dose_bq: activity at the time of injection, Bq.
        half_life_s: of the nuclide, seconds.
        start: Radiopharmaceutical Start DateTime (0018,1078) on the scanner's clock, or None.
        start_clock: Radiopharmaceutical Start Time (0018,1072), or None.
        unplaced_offset: from UTC, stated by ``start`` where the scan does not state its own; None
            where ``start`` is on the scanner's clock.
        findings: what was changed or is doubtful.
    """

    dose_bq: float
    half_life_s: float
    start: datetime | None
    start_clock: time | None
    unplaced_offset: timezone | None = None
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
    start, local = text(item, "RadiopharmaceuticalStartDateTime"), zone(headers[0])
    return Injection(
        dose_bq=dose_bq,
        half_life_s=half_life_s,
        start=parse_datetime(start, local),
        unplaced_offset=stated_offset(start) if local is None else None,
        start_clock=parse_time(text(item, "RadiopharmaceuticalStartTime")),
        findings=dose_findings + half_life_findings,
    )


def refuse_implausible_dose(injection: Injection, weight_kg: float) -> None:
    """Refuse a dose that no patient of that weight is given, or whose unit cannot be told.

    Raises:
        InputRefused: ``dose-implausible`` or ``dose-unit-unclear``.
    """
    least, most = BELIEVED_MBQ_PER_KG
    if abs(injection.half_life_s / F18_HALF_LIFE_S - 1) <= 0.05:
        most = MOST_MBQ_PER_KG_OF_F18
    mbq_per_kg = injection.dose_bq / 1e6 / weight_kg
    if not least <= mbq_per_kg <= most:
        raise InputRefused(
            "dose-implausible",
            f"An injected activity of {injection.dose_bq / 1e6:.4g} MBq does not fit the patient's"
            f" weight: {least} to {most:g} MBq/kg are believed",
            remedy=f"{_DOSE_REMEDY} Check Patient's Weight (0010,1030) in kg, too.",
        )
    usual_least, usual_most = USUAL_MCI_IN_MBQ_PER_KG
    stated_in_mbq = any(finding.code == "dose-in-mbq" for finding in injection.findings)
    low = mbq_per_kg < usual_least
    if stated_in_mbq and low and usual_least <= MBQ_PER_MCI * mbq_per_kg <= usual_most:
        raise InputRefused(
            "dose-unit-unclear",
            f"Radionuclide Total Dose is {injection.dose_bq / 1e6:g}: little in MBq, usual in mCi",
            remedy=_DOSE_REMEDY,
        )


def read_half_life_s(item: Dataset) -> tuple[float, tuple[Finding, ...]]:
    """Return Radionuclide Half Life (0018,1075) in seconds and what is doubtful about it.

    Absent or zero, it is taken from the nuclide's code for F-18 only.

    Raises:
        InputRefused: ``half-life-missing``, or ``half-life-implausible`` when it is off by more
            than 5 % (2 % in an SUV after an hour), as when it was written in minutes.
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
    if not POSSIBLE_HALF_LIFE_S[0] <= half_life_s <= POSSIBLE_HALF_LIFE_S[1]:
        message = f"The half-life is {half_life_s:g} s, of no nuclide that PET images"
        raise InputRefused("half-life-implausible", message, remedy=_HALF_LIFE_REMEDY)
    isotope = isotope or ("F-18" if names_fdg(item) else None)
    if isotope is None:
        return half_life_s, _of_unnamed_nuclide(half_life_s)
    expected = HALF_LIFE_S.get(isotope)
    if expected is None or abs(half_life_s / expected - 1) <= 0.01:
        return half_life_s, ()
    message = f"The half-life is {half_life_s:g} s; {isotope} has {expected:g} s"
    if abs(half_life_s / expected - 1) > 0.05:
        raise InputRefused("half-life-implausible", message, remedy=_HALF_LIFE_REMEDY)
    return half_life_s, (Finding("half-life-implausible", "warning", message + "; used as is"),)


def _of_unnamed_nuclide(half_life_s: float) -> tuple[Finding, ...]:
    """Say whether a half-life is that of a nuclide one images, in seconds."""
    if _is_a_half_life(half_life_s):
        return ()
    for unit, seconds in (("minutes", 60.0), ("hours", 3600.0), ("days", 86400.0), ("ms", 0.001)):
        if _is_a_half_life(half_life_s * seconds):
            raise InputRefused(
                "half-life-implausible",
                f"The half-life is {half_life_s:g} s, of no PET nuclide; in {unit} it would be one",
                remedy=_HALF_LIFE_REMEDY,
            )
    message = f"The half-life is {half_life_s:g} s, of no common PET nuclide; used as is"
    return (Finding("half-life-unknown", "warning", message, _HALF_LIFE_REMEDY),)


def _is_a_half_life(half_life_s: float) -> bool:
    return any(abs(half_life_s / known - 1) <= 0.01 for known in HALF_LIFE_S.values())


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


def _told(item: Dataset) -> tuple[object, ...]:
    numbers = ("RadionuclideTotalDose", "RadionuclideHalfLife")
    start, clock = "RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime"
    times = parse_datetime(text(item, start), None), parse_time(text(item, clock))
    return (*(number(item, key) for key in numbers), *times)


def _dose_bq(item: Dataset) -> tuple[float, tuple[Finding, ...]]:
    dose = number(item, "RadionuclideTotalDose")
    if dose is None or dose <= 0:
        raise InputRefused(
            "dose-missing",
            "Radionuclide Total Dose (0018,1074) is missing or zero",
            remedy="Without the dose there is no SUV; export the header complete.",
        )
    if dose < DOSE_IS_MBQ_BELOW:
        message = f"Radionuclide Total Dose is {dose:g}, read as MBq"
        return dose * 1e6, (Finding("dose-in-mbq", "warning", message),)
    if dose < 1e6:
        raise InputRefused(
            "dose-unit-unclear",
            f"Radionuclide Total Dose is {dose:g}: too little in Bq, too much in MBq",
            remedy=f"{_DOSE_REMEDY} Is it kBq or µCi?",
        )
    return dose, ()
