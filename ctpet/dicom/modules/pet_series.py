"""The series: that it is PET in SUVbw, synthetic, and when its CT was taken."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset

from ctpet.dicom.bound import Bound
from ctpet.dicom.modules.body_part import put_body_part
from ctpet.dicom.source_text import Report, source_text, why_illegal
from ctpet.findings import Finding


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A date (DA) and a time (TM) as DICOM writes them."""

    date: str
    time: str


_SOURCES_OF_TIME = (
    ("Acquisition", "AcquisitionDate", "AcquisitionTime"),
    ("Series", "SeriesDate", "SeriesTime"),
    ("Study", "StudyDate", "StudyTime"),
    ("Content", "ContentDate", "ContentTime"),
)
_FIRST_NUMBER = {None: 9000, "lower": 20000, "upper": 30000}
_UNKNOWN_MOMENT = Moment("19000101", "000000")


def acquisition_moment(headers: Sequence[Dataset], report: Report) -> Moment:
    """Return when the CT was acquired: the earliest moment any instance gives.

    Acquisition DateTime (0008,002A), then Acquisition, Series, Study and Content Date and Time;
    content last, because processing rewrites it. Series Date and Time are type 1 in PET
    (PS3.3 C.8.9.1), so a CT without any date gets 1900-01-01, with a finding.

    Args:
        headers: the instances' headers.
        report: is given ``acquisition-time`` where it is not the acquisition's own.
    """
    if moments := [m for m in map(_from_datetime, headers) if m]:
        return min(moments)
    for name, date, time in _SOURCES_OF_TIME:
        moments = [m for m in (_from_pair(ds, date, time) for ds in headers) if m]
        if not moments:
            continue
        if name != "Acquisition":
            report(
                Finding(
                    "acquisition-time",
                    "info",
                    f"The CT does not say when it was acquired; its {name} Date and Time stand "
                    "for it in the PET series",
                )
            )
        return min(moments)
    report(
        Finding(
            "acquisition-time",
            "warning",
            "The CT carries no date and time at all; the PET series is dated 1900-01-01, as "
            "the standard wants a value",
        )
    )
    return _UNKNOWN_MOMENT


def _from_datetime(ds: Dataset) -> Moment | None:
    text = source_text(ds, "AcquisitionDateTime", _unreported) or ""
    match = re.match(r"(\d{8})(\d{6}(?:\.\d{1,6})?)(?:[+-]\d{4})?$", text)
    return _legal_moment(match[1], match[2]) if match else None


def _from_pair(ds: Dataset, date: str, time: str) -> Moment | None:
    return _legal_moment(
        source_text(ds, date, _unreported) or "", source_text(ds, time, _unreported) or ""
    )


def _legal_moment(date: str, time: str) -> Moment | None:
    legal = date and time and not why_illegal("DA", date) and not why_illegal("TM", time)
    return Moment(date, time) if legal else None


def _unreported(finding: Finding) -> None:
    """Dates have no characters to misread."""


def put_general_series(
    ds: Dataset, source: Dataset, tracer: str, bound: Bound | None, report: Report
) -> None:
    """Write General Series, PS3.3 C.7.3.1, but for its UID and Patient Position."""
    ds.Modality = "PT"
    ds.SeriesNumber = _series_number(source, bound)
    put_body_part(ds, source, report)
    shows = f"{tracer[:8]}-PET SUVbw (AI from CT)"
    if bound is not None:
        shows = f"{tracer[:7]}-PET {bound.in_words} (AI)"
    ds.SeriesDescription = f"SYNTHETIC {shows} NOT FOR DIAGNOSIS"


def _series_number(source: Dataset, bound: Bound | None) -> str:
    """Return a number that sorts behind the study's own series and tells which CT it is of.

    Bounds sort behind the PETs of all CTs.
    """
    text = source_text(source, "SeriesNumber", _unreported) or ""
    number = int(text) if re.fullmatch(r" *\+?\d{1,4} *", text) else 0
    return str(_FIRST_NUMBER[None if bound is None else bound.side] + number)


def put_pet_series(ds: Dataset, moment: Moment, number_of_slices: int) -> None:
    """Write the PET Series module, PS3.3 C.8.9.1.

    Pixel × slope is SUVbw in g/mL. Decay correction START and a frame reference time of 0 say
    that nothing is left to correct.
    """
    ds.SeriesDate = moment.date
    ds.SeriesTime = moment.time
    ds.Units = "GML"
    ds.SUVType = "BW"
    ds.CountsSource = "EMISSION"
    ds.SeriesType = ["WHOLE BODY", "IMAGE"]
    ds.NumberOfSlices = number_of_slices
    ds.CorrectedImage = ["ATTN", "DECY"]
    ds.DecayCorrection = "START"
    ds.CollimatorType = "NONE"
